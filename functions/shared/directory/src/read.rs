//! Records by id, with strongly consistent reads.

use std::collections::HashMap;

use scim::{Kind, ResourceId, ResourceType};

use crate::{Consistency, Directory, Error, Record, Scope, keys, record::text, table::Projection};

impl Directory {
    /// The record of this id, `None` where there is none of this type.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unreadable`]
    pub async fn get(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        id: &ResourceId,
    ) -> Result<Option<Record>, Error> {
        if id.kind() != resource_type.kind {
            return Ok(None);
        }
        let key = keys::record(&scope.tenant, resource_type, id);
        let item = self.item(&scope.usage, &key, Consistency::Strong).await?;
        item.map(|item| Record::from_item(scope, item)).transpose()
    }

    /// The records of these ids that exist, each once, in the order of the ids.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unreadable`]
    pub async fn get_many(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        ids: &[ResourceId],
    ) -> Result<Vec<Record>, Error> {
        let keys = ids
            .iter()
            .filter(|id| id.kind() == resource_type.kind)
            .map(|id| keys::record(&scope.tenant, resource_type, id))
            .collect();
        let items = self.items(&scope.usage, keys, Projection::All, Consistency::Strong).await?;
        let mut records = items
            .into_iter()
            .map(|item| Record::from_item(scope, item).map(|record| (record.id.clone(), record)))
            .collect::<Result<HashMap<_, _>, _>>()?;
        Ok(ids.iter().filter_map(|id| records.remove(id)).collect())
    }

    /// Which of these ids name no user and no group, in their order. Other types cannot be members: they are
    /// missing.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`]
    pub async fn missing(&self, scope: &Scope, ids: &[ResourceId]) -> Result<Vec<ResourceId>, Error> {
        let keys = ids.iter().filter_map(|id| keys::member_record(&scope.tenant, id)).collect();
        let items = self.items(&scope.usage, keys, Projection::Keys, Consistency::Strong).await?;
        let found: std::collections::HashSet<_> = items.iter().filter_map(|item| text(item, "sk")).collect();
        Ok(ids.iter().filter(|id| !found.contains(id.as_str())).cloned().collect())
    }

    /// A group, and which of `members` are [`missing`](Self::missing), in one round trip.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unreadable`]
    pub async fn group_and_missing(
        &self,
        scope: &Scope,
        group: &ResourceId,
        members: &[ResourceId],
    ) -> Result<(Option<Record>, Vec<ResourceId>), Error> {
        let record = async {
            if group.kind() != Kind::Group {
                return Ok(None);
            }
            let Some(key) = keys::member_record(&scope.tenant, group) else { return Ok(None) };
            let item = self.item(&scope.usage, &key, Consistency::Strong).await?;
            item.map(|item| Record::from_item(scope, item)).transpose()
        };
        futures::try_join!(record, self.missing(scope, members))
    }
}
