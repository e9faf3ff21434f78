//! A group's members as they are: the memberships, and over them what a change under way says.

use std::collections::HashSet;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use scim::ResourceId;

use super::{
    Member,
    difference::Difference,
    intent::{Intent, Stage},
};
use crate::{
    Consistency, Directory, Error, Record, Scope, keys,
    retry::Backoff,
    table::{CONCURRENT_CALLS, Projection, Query},
    usage::Cause,
};

/// A group of more members than this is read in several pages, between which a change can begin and end.
const READ_AT_ONCE: usize = 1000;

impl Directory {
    /// A group and all its members, in the order of their ids; without members where there is no such group.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unreadable`]
    #[tracing::instrument(level = "debug", skip_all)]
    pub async fn group_and_members(
        &self,
        scope: &Scope,
        group: &ResourceId,
    ) -> Result<(Option<Record>, Vec<Member>), Error> {
        let (record, stored) =
            futures::try_join!(self.root(scope, group), self.stored_members(scope, group))?;
        match record {
            Some(record) => {
                let (record, members) = self.overlaid(scope, record, stored).await?;
                Ok((Some(record), members))
            }
            None => Ok((None, Vec::new())),
        }
    }

    /// All members of a group that was read, in the order of their ids.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unreadable`]
    pub async fn members(&self, scope: &Scope, group: &Record) -> Result<Vec<Member>, Error> {
        let stored = self.stored_members(scope, &group.id).await?;
        self.overlaid(scope, group.clone(), stored).await.map(|(_, members)| members)
    }

    /// Those of `members` that are in a group that was read, in the order of their ids.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unreadable`]
    pub async fn members_among(
        &self,
        scope: &Scope,
        group: &Record,
        members: &[ResourceId],
    ) -> Result<Vec<Member>, Error> {
        // First: what is said has been carried out by the time that it cannot be read any more.
        let said = match &group.pending.intent {
            Some(intent) => self.said(scope, &group.id, intent).await?,
            None => None,
        };
        let pk = keys::members(&scope.tenant, &group.id);
        let keys = members.iter().map(|id| keys::Key::new(pk.clone(), id.as_str())).collect();
        let items = self.items(&scope.usage, keys, Projection::All, Consistency::Strong).await?;
        let mut stored = items.iter().map(Member::from_item).collect::<Result<Vec<_>, _>>()?;
        if let Some(said) = said {
            let asked: HashSet<_> = members.iter().collect();
            stored = said.on(stored);
            stored.retain(|member| asked.contains(&member.id));
        }
        stored.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(stored)
    }

    /// A group's item.
    pub(crate) async fn root(&self, scope: &Scope, group: &ResourceId) -> Result<Option<Record>, Error> {
        let Some(key) = keys::member_record(&scope.tenant, group) else { return Ok(None) };
        let item = self.item(&scope.usage, &key, Consistency::Strong).await?;
        item.map(|item| Record::from_item(scope, item)).transpose()
    }

    /// The memberships that are written.
    pub(super) async fn stored_members(
        &self,
        scope: &Scope,
        group: &ResourceId,
    ) -> Result<Vec<Member>, Error> {
        let pk = keys::members(&scope.tenant, group);
        let query = Query { pk: &pk, after: None, limit: None, consistency: Consistency::Strong };
        self.query(&scope.usage, query).await?.iter().map(Member::from_item).collect()
    }

    /// What the group and its memberships, read at about the same time, say together.
    async fn overlaid(
        &self,
        scope: &Scope,
        mut group: Record,
        mut stored: Vec<Member>,
    ) -> Result<(Record, Vec<Member>), Error> {
        let mut backoff = Backoff::new();
        loop {
            match &group.pending.intent {
                Some(intent) if intent.is_committed() => {
                    if let Some(said) = self.said(scope, &group.id, intent).await? {
                        let members = said.on(stored);
                        return Ok((group, members));
                    }
                }
                _ if stored.len() <= READ_AT_ONCE => return Ok((group, stored)),
                _ => {
                    let Some(after) = self.root(scope, &group.id).await? else { return Ok((group, stored)) };
                    if after.pending.epoch == group.pending.epoch {
                        return Ok((group, stored));
                    }
                }
            }
            // A change began or ended meanwhile: what was read is neither the state before it nor after it.
            backoff.wait(&scope.usage, Cause::Conflict).await?;
            let (read, again) =
                futures::try_join!(self.root(scope, &group.id), self.stored_members(scope, &group.id))?;
            let Some(read) = read else { return Ok((group, Vec::new())) };
            (group, stored) = (read, again);
        }
    }

    /// The change that an intent is; `None` when it has been carried out meanwhile. One that is only claimed
    /// says nothing.
    pub(super) async fn said(
        &self,
        scope: &Scope,
        group: &ResourceId,
        intent: &Intent,
    ) -> Result<Option<Difference>, Error> {
        match &intent.stage {
            Stage::Claimed => Ok(Some(Difference::default())),
            Stage::Committed(difference) => Ok(Some(difference.clone())),
            Stage::InParts(_) => {
                // One by one: a batch of reads answers no more than some fifty of them.
                let reads: Vec<_> = intent
                    .parts(&scope.tenant, group)
                    .into_iter()
                    .map(|key| async move { self.item(&scope.usage, &key, Consistency::Strong).await })
                    .collect();
                let parts: Vec<_> =
                    stream::iter(reads).buffer_unordered(CONCURRENT_CALLS).try_collect().await?;
                let mut whole = Difference::default();
                for part in parts {
                    let Some(part) = part else { return Ok(None) };
                    let part = Difference::unpack(&part).ok_or_else(|| Error::Unreadable {
                        item: group.to_string(),
                        reason: "a part of its intent cannot be read".to_owned(),
                    })?;
                    whole.add.extend(part.add);
                    whole.remove.extend(part.remove);
                }
                Ok(Some(whole))
            }
        }
    }
}
