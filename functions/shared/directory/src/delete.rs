//! The end of a record: its document, lookup items and count go in one transaction, its memberships after it.

use aws_sdk_dynamodb::types::AttributeValue;
use scim::{Kind, ResourceId, ResourceType};
use time::{Duration, OffsetDateTime};

use crate::{
    Consistency, Directory, Error, Record, Scope,
    expression::Condition,
    keys,
    record::{kind, timestamp},
    retry::Backoff,
    table::Item,
    transaction::Outcome,
    update::stored_key,
    usage::Cause,
};

/// How long the last state of a deleted record is kept.
const TOMBSTONE_KEPT: Duration = Duration::days(30);
/// The most groups that a tombstone names: with a document of the largest size it is an item that can be stored.
const MOST_GROUPS: usize = 1000;

impl Directory {
    /// Deletes a resource and returns its last state; `None` where there is none of this type.
    ///
    /// With `expected` only at that revision. Its memberships go too, on both sides, after the record itself:
    /// one that is left behind by a failure names a resource that does not exist, and is not seen.
    ///
    /// # Errors
    ///
    /// [`Error::Changed`] when the record is not at the revision `expected`, [`Error::Busy`],
    /// [`Error::Unavailable`], [`Error::Unreadable`]
    pub async fn delete(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        id: &ResourceId,
        expected: Option<u64>,
        now: OffsetDateTime,
    ) -> Result<Option<Record>, Error> {
        let mut backoff = Backoff::new();
        loop {
            let (record, groups) = futures::try_join!(
                self.get(scope, resource_type, id),
                self.group_ids(scope, id, Consistency::Strong)
            )?;
            let Some(record) = record else { return Ok(None) };
            if expected.is_some_and(|expected| expected != record.revision) {
                return Err(Error::Changed);
            }
            if self.delete_record(scope, resource_type, &record, &groups, now).await? {
                self.leave_groups(scope, id, &groups, now).await?;
                if resource_type.kind == Kind::Group {
                    self.disband(scope, id).await?;
                    let parts = record.pending.intent.as_ref().map(|intent| intent.parts(&scope.tenant, id));
                    self.forget(scope, &parts.unwrap_or_default()).await?;
                }
                return Ok(Some(record));
            }
            // The record was changed between the read and the write. Without an expected revision it is to go
            // in whatever state it is.
            if expected.is_some() {
                return Err(Error::Changed);
            }
            backoff.wait(&scope.usage, Cause::Conflict).await?;
        }
    }

    /// Deletes the record if it is still at this revision.
    async fn delete_record(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        record: &Record,
        groups: &[ResourceId],
        now: OffsetDateTime,
    ) -> Result<bool, Error> {
        let key = keys::record(&scope.tenant, resource_type, &record.id);
        let mut actions = vec![self.remove(&key, Condition::Revision(record.revision))?];
        for key in &record.keys {
            actions.push(self.remove(&stored_key(record, key)?, Condition::None)?);
        }
        actions.push(self.count_one(scope, resource_type, &record.id, -1)?);
        actions.push(self.put(tombstone(scope, resource_type, record, groups, now)?, Condition::None)?);
        let outcome = self.transact(&scope.usage, actions).await?;
        Ok(matches!(outcome, Outcome::Committed))
    }
}

/// The item that keeps the last state of a deleted record, and the groups that it was in. It is found by id alone and
/// so needs no `keys`.
fn tombstone(
    scope: &Scope,
    resource_type: &ResourceType,
    record: &Record,
    groups: &[ResourceId],
    now: OffsetDateTime,
) -> Result<Item, Error> {
    let last = Record { keys: std::collections::BTreeSet::new(), ..record.clone() };
    let mut item = last.to_item(scope, resource_type)?;
    item.extend(keys::tombstone(&scope.tenant, &record.id).attributes());
    item.extend(kind("Tombstone"));
    let ttl = (now + TOMBSTONE_KEPT).unix_timestamp();
    item.extend([
        ("type".to_owned(), AttributeValue::S(resource_type.name.clone())),
        ("deleted".to_owned(), AttributeValue::S(timestamp(now))),
        ("ttl".to_owned(), AttributeValue::N(ttl.to_string())),
    ]);
    if !groups.is_empty() {
        let named = groups.iter().take(MOST_GROUPS).map(ToString::to_string).collect();
        item.insert("groups".to_owned(), AttributeValue::Ss(named));
        item.insert("groupCount".to_owned(), AttributeValue::N(groups.len().to_string()));
    }
    Ok(item)
}
