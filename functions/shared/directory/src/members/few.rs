//! Changing a few members: each membership by itself, then the revision of the group, at the same cost in a group of
//! any size.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use futures::{StreamExt as _, stream};
use scim::ResourceId;
use time::OffsetDateTime;

use super::{Member, difference::Difference, edge::deletes, intent::Watch};
use crate::{
    Directory, Error, Record, Scope,
    expression::Change,
    keys,
    record::{milliseconds, timestamp},
    table::CONCURRENT_CALLS,
    update::Written,
};

/// A change of up to so many members is written one by one.
pub(super) const FEW: usize = 100;

impl Directory {
    /// Writes each membership by itself, which tells whether it changed anything, and then moves the group's
    /// revision.
    ///
    /// If an intent began since the group was read, what was written may have come before or after what that
    /// writes: it is written again when that is done, or at once where the intent names none of these members.
    pub(super) async fn change_few(
        &self,
        scope: &Scope,
        group: &Record,
        difference: &Difference,
        now: OffsetDateTime,
    ) -> Result<Record, Error> {
        let watch = Watch::start(now);
        let mut group = self.make_way(scope, group.clone(), difference, now).await?;
        let mut has_changed = false;
        loop {
            let outcomes = self.write_each(scope, &group.id, difference).await;
            // A write that failed may have been done all the same: then the group has changed.
            has_changed |= outcomes.iter().any(|outcome| !matches!(outcome, Ok(false)));
            if !has_changed {
                return Ok(group);
            }
            let bump = bump(scope, &group.id, now, watch.now())?.if_undisturbed(&group.pending);
            let bumped = self.write_one(scope, bump, ReturnValue::AllNew).await;
            outcomes.into_iter().try_for_each(|outcome| outcome.map(drop))?;
            match bumped? {
                Written::Done(item) => return Record::from_item(scope, item),
                Written::Refused(Some(item)) => {
                    let read = Record::from_item(scope, item)?;
                    group = self.make_way(scope, read, difference, now).await?;
                }
                Written::Refused(None) => {
                    // The group was deleted meanwhile: nobody is a member of it.
                    let mut requests = Vec::with_capacity(2 * difference.add.len());
                    for id in difference.add.keys() {
                        requests.extend(deletes(scope, &group.id, id)?);
                    }
                    self.write(&scope.usage, requests).await?;
                    return Err(Error::Changed);
                }
            }
        }
    }

    /// The group with nothing under way that these members are part of: whatever order the two are carried out in,
    /// the outcome is the same.
    async fn make_way(
        &self,
        scope: &Scope,
        group: Record,
        difference: &Difference,
        now: OffsetDateTime,
    ) -> Result<Record, Error> {
        if let Some(intent) = group.pending.intent.as_ref().filter(|it| it.is_committed() && it.is_held(now))
            && let Some(said) = self.said(scope, &group.id, intent).await?
            && said.is_apart_from(difference)
        {
            return Ok(group);
        }
        self.settle(scope, group, None, now).await
    }

    async fn write_each(
        &self,
        scope: &Scope,
        group: &ResourceId,
        difference: &Difference,
    ) -> Vec<Result<bool, Error>> {
        let add = difference.add.iter().map(|(id, display)| (id, Some(display)));
        let remove = difference.remove.iter().map(|id| (id, None));
        let writes: Vec<_> = add
            .chain(remove)
            .map(|(id, added)| async move {
                match added {
                    Some(display) => {
                        self.join(scope, group, &Member { id: id.clone(), display: display.clone() }).await
                    }
                    None => self.leave(scope, group, id).await,
                }
            })
            .collect();
        stream::iter(writes).buffer_unordered(CONCURRENT_CALLS / 2).collect().await
    }
}

/// One revision more, for a request of `now` that has written members by `at`.
pub(crate) fn bump(
    scope: &Scope,
    group: &ResourceId,
    now: OffsetDateTime,
    at: OffsetDateTime,
) -> Result<Change, Error> {
    let change = Change::new(keys::member_record(&scope.tenant, group).ok_or(Error::Changed)?).set([
        moved(at),
        ("modified".to_owned(), AttributeValue::S(timestamp(milliseconds(now)))),
        ("rid".to_owned(), AttributeValue::S(scope.request_id.clone())),
        ("by".to_owned(), AttributeValue::S(scope.connector.clone())),
    ]);
    Ok(change.add("rev", 1))
}

/// When a group's revision moved last for its members, in milliseconds since 1970: not before these were written.
pub(super) fn moved(at: OffsetDateTime) -> (String, AttributeValue) {
    let millis = at.unix_timestamp_nanos() / 1_000_000;
    ("at".to_owned(), AttributeValue::N(millis.to_string()))
}
