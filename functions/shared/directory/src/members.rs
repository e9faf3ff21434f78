//! Who is in which group. A membership is two items, one under the group and one under the member, so that
//! both can be listed and neither grows a document.

mod change;
mod edge;

use std::collections::HashMap;

use scim::{Kind, ResourceId};

use crate::{
    Consistency, Directory, Error, Scope, keys,
    record::text,
    table::{Item, Projection, Query},
};

pub use change::{Bump, MemberChange};

/// A member of a group, as the group shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The user or group.
    pub id: ResourceId,
    /// The `display` that came with it, if one did.
    pub display: Option<String>,
}

/// A group, as its members show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRef {
    /// The group.
    pub id: ResourceId,
    /// Its `displayName`.
    pub display: Option<String>,
}

impl Directory {
    /// All members of a group, in the order of their ids.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unreadable`]
    pub async fn members(&self, scope: &Scope, group: &ResourceId) -> Result<Vec<Member>, Error> {
        let pk = keys::members(&scope.tenant, group);
        let query = Query { pk: &pk, after: None, limit: None, consistency: Consistency::Strong };
        self.query(&scope.usage, query).await?.iter().map(Member::from_item).collect()
    }

    /// The groups that a user or group is a direct member of, in the order of their ids.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unreadable`]
    pub async fn groups_of(
        &self,
        scope: &Scope,
        member: &ResourceId,
        consistency: Consistency,
    ) -> Result<Vec<GroupRef>, Error> {
        let ids = self.group_ids(scope, member, consistency).await?;
        let keys = ids.iter().filter_map(|id| keys::member_record(&scope.tenant, id)).collect();
        let groups = self.items(&scope.usage, keys, Projection::DisplayName, consistency).await?;
        // A group that was deleted a moment ago may have left its memberships behind.
        let mut names: HashMap<_, _> =
            groups.iter().filter_map(|group| Some((text(group, "sk")?, display_name(group)))).collect();
        Ok(ids
            .into_iter()
            .filter_map(|id| names.remove(id.as_str()).map(|display| GroupRef { id, display }))
            .collect())
    }

    /// The groups that have a membership of this user or group, whether or not they still exist.
    pub(crate) async fn group_ids(
        &self,
        scope: &Scope,
        member: &ResourceId,
        consistency: Consistency,
    ) -> Result<Vec<ResourceId>, Error> {
        if member.kind() == Kind::Other {
            return Ok(Vec::new());
        }
        let pk = keys::memberships(&scope.tenant, member);
        let query = Query { pk: &pk, after: None, limit: None, consistency };
        self.query(&scope.usage, query).await?.iter().map(other_end).collect()
    }
}

impl Member {
    fn from_item(item: &Item) -> Result<Self, Error> {
        Ok(Self { id: other_end(item)?, display: text(item, "display").map(str::to_owned) })
    }
}

/// The id that a membership item's sort key is.
fn other_end(item: &Item) -> Result<ResourceId, Error> {
    let sk = text(item, "sk").unwrap_or_default();
    ResourceId::parse(sk).ok_or_else(|| Error::Unreadable {
        item: sk.to_owned(),
        reason: "the sort key is not an id".to_owned(),
    })
}

fn display_name(group: &Item) -> Option<String> {
    let document = group.get("doc")?.as_m().ok()?;
    text(document, "displayName").map(str::to_owned)
}
