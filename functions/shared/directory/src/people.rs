//! Users that others name by whatever an identity provider knows of them.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use scim::{Kind, ResourceId, resource_type::USERS};

use crate::{
    Consistency, Directory, Error, Lookup, Scope, keys,
    members::display_name,
    record::text,
    table::{CONCURRENT_CALLS, Projection},
};

/// A user that somebody names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRef {
    /// The user's id.
    pub id: ResourceId,
    /// The user's `displayName`.
    pub display: Option<String>,
}

impl Directory {
    /// The users that these values name, by value: as an id, else as an `externalId` of the scope's connector, else as a
    /// `userName`. Values that name nobody are left out.
    ///
    /// One round trip where all values are ids of users, three otherwise; what is shown of them may be a moment old.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unreadable`]
    pub async fn people(
        &self,
        scope: &Scope,
        values: BTreeSet<String>,
    ) -> Result<BTreeMap<String, UserRef>, Error> {
        let ids = values.iter().filter_map(|value| Some((value.clone(), user_id(value)?)));
        let mut people = self.named(scope, ids.collect()).await?;
        let others: Vec<_> = values.into_iter().filter(|value| !people.contains_key(value)).collect();
        let found: Vec<_> = stream::iter(others)
            .map(async |value: String| {
                let id = self.person(scope, &value).await?;
                Ok::<_, Error>(id.map(|id| (value, id)))
            })
            .buffer_unordered(CONCURRENT_CALLS)
            .try_collect()
            .await?;
        people.extend(self.named(scope, found.into_iter().flatten().collect()).await?);
        Ok(people)
    }

    /// The user of an `externalId` or of a `userName`.
    async fn person(&self, scope: &Scope, value: &str) -> Result<Option<ResourceId>, Error> {
        let (external_id, user_name) =
            (Lookup::ExternalId(value.to_owned()), Lookup::UserName(value.to_owned()));
        let (by_external_id, by_user_name) =
            futures::try_join!(self.find(scope, &USERS, &external_id), self.find(scope, &USERS, &user_name))?;
        Ok(by_external_id.into_iter().chain(by_user_name).next())
    }

    /// Those of these users that exist, with their names.
    async fn named(
        &self,
        scope: &Scope,
        ids: Vec<(String, ResourceId)>,
    ) -> Result<BTreeMap<String, UserRef>, Error> {
        let keys = ids.iter().filter_map(|(_, id)| keys::member_record(&scope.tenant, id)).collect();
        let users = self.items(&scope.usage, keys, Projection::DisplayName, Consistency::Eventual).await?;
        let names: BTreeMap<_, _> =
            users.iter().filter_map(|user| Some((text(user, "sk")?, display_name(user)))).collect();
        let there = ids.into_iter().filter_map(|(value, id)| {
            let display = names.get(id.as_str())?.clone();
            Some((value, UserRef { id, display }))
        });
        Ok(there.collect())
    }
}

fn user_id(value: &str) -> Option<ResourceId> {
    ResourceId::parse(value).filter(|id| id.kind() == Kind::User)
}
