//! Who is in which group. A membership is two items, one under the group and one under the member, so that
//! both can be listed and neither grows a document.
//!
//! [`few`] changes a few members one by one; everything else goes through an [`intent`], which [`commit`] writes
//! with the group and [`apply`] carries out. [`overlay`] reads a group's members as they are, whatever is under way.

mod apply;
mod commit;
mod difference;
mod edge;
mod few;
mod intent;
mod leave;
mod overlay;

use std::collections::HashMap;

use scim::{Kind, ResourceId};

use crate::{
    Consistency, Directory, Error, Scope, keys,
    record::text,
    table::{Item, Projection, Query},
};

pub use apply::Finished;
pub use commit::GroupChange;
pub(crate) use few::bump;
pub use intent::Claim;
pub(crate) use intent::Pending;

/// A member of a group, as the group shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The user or group.
    pub id: ResourceId,
    /// The `display` that came with it, if one did.
    pub display: Option<String>,
}

/// Members to add and to remove. An id in both is a member afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberChange {
    /// Who is to be a member. One without `display` keeps the one that is stored.
    pub add: Vec<Member>,
    /// Who is not to be one.
    pub remove: Vec<ResourceId>,
}

impl MemberChange {
    /// Whether it names nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }
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
    /// The groups that a user or group is a direct member of, in the order of their ids.
    ///
    /// A large change of a group's members is seen here when it has been carried out for this member: within
    /// a minute of its answer.
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

pub(crate) fn display_name(group: &Item) -> Option<String> {
    let document = group.get("doc")?.as_m().ok()?;
    text(document, "displayName").map(str::to_owned)
}
