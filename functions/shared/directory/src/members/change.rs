//! Changing who is in a group: the memberships, and the revision of the group that shows them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use futures::{StreamExt as _, stream};
use scim::ResourceId;
use time::OffsetDateTime;

use super::{
    Member,
    edge::{deletes, ends, puts},
};
use crate::{
    Consistency, Directory, Error, Record, Scope,
    expression::Change,
    keys,
    record::{milliseconds, number, text, timestamp},
    table::{CONCURRENT_CALLS, Item, Projection, Query},
    update::Written,
};

/// A change of up to so many members writes them unseen; a larger one reads them first and writes in batches.
const UNSEEN: usize = 100;
/// Memberships of a deleted group that are taken away at a time.
const DISBANDED_AT_ONCE: u64 = 1000;

/// Members to add and to remove. An id in both is a member afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberChange {
    /// Who is to be a member. One without `display` keeps the one that is stored.
    pub add: Vec<Member>,
    /// Who is not to be one.
    pub remove: Vec<ResourceId>,
}

/// How a group's revision moves with its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bump {
    /// After the members, if one of them changed, whatever the revision is by then.
    After,
    /// Before the members, if one of them will change and the revision is still the record's: `If-Match`.
    Before,
    /// Not at all: [`Directory::update`] has moved it for the same request.
    Done,
}

/// A [`MemberChange`] that names each member once.
#[derive(Debug, Clone, Default)]
struct Difference {
    add: BTreeMap<ResourceId, Option<String>>,
    remove: BTreeSet<ResourceId>,
}

impl Directory {
    /// Adds and removes members, and returns the group as it is then: at the same revision if nothing changed.
    ///
    /// Members to add must exist: see [`Directory::group_and_missing`].
    ///
    /// # Errors
    ///
    /// [`Error::Changed`] when the group was deleted or, with [`Bump::Before`], changed meanwhile;
    /// [`Error::Busy`], [`Error::Unavailable`], after which a part may be written; repeating it is safe.
    #[tracing::instrument(level = "debug", skip_all, fields(add = change.add.len(), remove = change.remove.len()))]
    pub async fn change_members(
        &self,
        scope: &Scope,
        group: &Record,
        change: &MemberChange,
        bump: Bump,
        now: OffsetDateTime,
    ) -> Result<Record, Error> {
        let difference = Difference::of(change);
        if bump != Bump::Before && difference.len() <= UNSEEN {
            return self.write_unseen(scope, group, difference, bump, now).await;
        }
        let ids = difference.add.keys().chain(&difference.remove);
        let keys = ids.map(|id| ends(scope, &group.id, id)).map(|[of_group, _]| of_group).collect();
        let items = self.items(&scope.usage, keys, Projection::All, Consistency::Strong).await?;
        let stored = items.iter().map(Member::from_item).collect::<Result<Vec<_>, _>>()?;
        self.write_difference(scope, group, difference.from(stored), bump, now).await
    }

    /// Makes `wanted` the members of the group, and returns it as [`Self::change_members`] does.
    ///
    /// # Errors
    ///
    /// As [`Self::change_members`], and [`Error::Unreadable`].
    #[tracing::instrument(level = "debug", skip_all, fields(wanted = wanted.len()))]
    pub async fn replace_members(
        &self,
        scope: &Scope,
        group: &Record,
        wanted: &[Member],
        bump: Bump,
        now: OffsetDateTime,
    ) -> Result<Record, Error> {
        let stored = self.members(scope, &group.id).await?;
        let remove = stored.iter().map(|member| member.id.clone()).collect();
        let difference = Difference::of(&MemberChange { add: wanted.to_vec(), remove });
        self.write_difference(scope, group, difference.from(stored), bump, now).await
    }

    /// Writes each membership by itself, which tells whether it changed anything.
    async fn write_unseen(
        &self,
        scope: &Scope,
        group: &Record,
        difference: Difference,
        bump: Bump,
        now: OffsetDateTime,
    ) -> Result<Record, Error> {
        let Difference { add, remove } = difference;
        let add = add.into_iter().map(|(id, display)| (Member { id, display }, true));
        let remove = remove.into_iter().map(|id| (Member { id, display: None }, false));
        let outcomes: Vec<_> = stream::iter(add.chain(remove))
            .map(|(member, is_added)| async move {
                if is_added {
                    self.join(scope, &group.id, &member).await
                } else {
                    self.leave(scope, &group.id, &member.id).await
                }
            })
            .buffer_unordered(CONCURRENT_CALLS / 2)
            .collect()
            .await;
        // A write that failed may have been done all the same: then the group has changed.
        let has_changed = outcomes.iter().any(|outcome| !matches!(outcome, Ok(false)));
        let bumped = if has_changed && bump == Bump::After {
            Some(self.bump(scope, &group.id, None, now).await)
        } else {
            None
        };
        outcomes.into_iter().try_for_each(|outcome| outcome.map(drop))?;
        bumped.map_or_else(|| Ok(group.clone()), |item| Record::from_item(scope, item?))
    }

    /// Writes what is known to change.
    async fn write_difference(
        &self,
        scope: &Scope,
        group: &Record,
        difference: Difference,
        bump: Bump,
        now: OffsetDateTime,
    ) -> Result<Record, Error> {
        if difference.len() == 0 {
            return Ok(group.clone());
        }
        let mut requests = Vec::with_capacity(2 * difference.len());
        for (id, display) in difference.add {
            requests.extend(puts(scope, &group.id, &Member { id, display })?);
        }
        for id in &difference.remove {
            requests.extend(deletes(scope, &group.id, id)?);
        }
        match bump {
            Bump::Before => {
                let item = self.bump(scope, &group.id, Some(group.revision), now).await?;
                self.write(&scope.usage, requests).await?;
                Record::from_item(scope, item)
            }
            Bump::After => {
                let written = self.write(&scope.usage, requests).await;
                let bumped = self.bump(scope, &group.id, None, now).await;
                written?;
                Record::from_item(scope, bumped?)
            }
            Bump::Done => self.write(&scope.usage, requests).await.map(|()| group.clone()),
        }
    }

    /// Moves a group's revision by one and returns its item.
    async fn bump(
        &self,
        scope: &Scope,
        group: &ResourceId,
        expected: Option<u64>,
        now: OffsetDateTime,
    ) -> Result<Item, Error> {
        let modified = timestamp(milliseconds(now));
        let change = Change::new(keys::member_record(&scope.tenant, group).ok_or(Error::Changed)?)
            .set([
                ("modified".to_owned(), AttributeValue::S(modified.clone())),
                ("rid".to_owned(), AttributeValue::S(scope.request_id.clone())),
                ("by".to_owned(), AttributeValue::S(scope.connector.clone())),
            ])
            .add("rev", 1);
        let change = match expected {
            Some(revision) => change.if_revision(revision),
            None => change.if_present(),
        };
        match self.write_one(scope, change, ReturnValue::AllNew).await? {
            Written::Done(item) => Ok(item),
            // An earlier attempt was done, and its answer was lost.
            Written::Refused(Some(item))
                if expected.is_some_and(|expected| number(&item, "rev") == Some(expected + 1))
                    && text(&item, "rid") == Some(&scope.request_id)
                    && text(&item, "modified") == Some(&modified) =>
            {
                Ok(item)
            }
            Written::Refused(_) => Err(Error::Changed),
        }
    }

    /// Takes a deleted resource out of the groups it was in.
    pub(crate) async fn leave_groups(
        &self,
        scope: &Scope,
        member: &ResourceId,
        groups: &[ResourceId],
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let mut requests = Vec::with_capacity(2 * groups.len());
        for group in groups {
            requests.extend(deletes(scope, group, member)?);
        }
        let written = self.write(&scope.usage, requests).await;
        let bumped: Vec<_> = stream::iter(groups.to_vec())
            .map(|group| async move { self.bump(scope, &group, None, now).await })
            .buffer_unordered(CONCURRENT_CALLS)
            .collect()
            .await;
        written?;
        bumped.into_iter().try_for_each(|outcome| match outcome {
            // The group has been deleted too.
            Ok(_) | Err(Error::Changed) => Ok(()),
            Err(error) => Err(error),
        })
    }

    /// Takes all members out of a deleted group.
    pub(crate) async fn disband(&self, scope: &Scope, group: &ResourceId) -> Result<(), Error> {
        let pk = keys::members(&scope.tenant, group);
        let mut after: Option<String> = None;
        loop {
            let (limit, consistency) = (Some(DISBANDED_AT_ONCE), Consistency::Strong);
            let items = self.query(&scope.usage, Query { pk: &pk, after, limit, consistency }).await?;
            let Some(last) = items.last() else { return Ok(()) };
            after = text(last, "sk").map(str::to_owned);
            let mut requests = Vec::with_capacity(2 * items.len());
            for item in &items {
                requests.extend(deletes(scope, group, &super::other_end(item)?)?);
            }
            self.write(&scope.usage, requests).await?;
            if (items.len() as u64) < DISBANDED_AT_ONCE {
                return Ok(());
            }
        }
    }
}

impl Difference {
    fn of(change: &MemberChange) -> Self {
        let mut add = BTreeMap::new();
        for Member { id, display } in &change.add {
            let stored: &mut Option<String> = add.entry(id.clone()).or_default();
            *stored = display.clone().or(stored.take());
        }
        let remove = change.remove.iter().filter(|id| !add.contains_key(*id)).cloned().collect();
        Self { add, remove }
    }

    fn len(&self) -> usize {
        self.add.len() + self.remove.len()
    }

    /// What of this is left to do where `stored` are members already, and no other that is named here.
    fn from(mut self, stored: Vec<Member>) -> Self {
        let mut remove = BTreeSet::new();
        for member in stored {
            if self.remove.remove(&member.id) {
                remove.insert(member.id);
            } else if let Some(display) = self.add.get_mut(&member.id) {
                let is_same = display.is_none() || *display == member.display;
                if is_same {
                    self.add.remove(&member.id);
                }
            }
        }
        Self { add: self.add, remove }
    }
}
