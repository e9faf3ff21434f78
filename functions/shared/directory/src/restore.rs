//! Deleted records that are still there as tombstones, and bringing them back.

use std::sync::{Mutex, PoisonError};

use scim::{ResourceId, ResourceType};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    Consistency, Directory, Error, Record, Scope,
    create::explain,
    expression::Condition,
    keys, lookup,
    record::{milliseconds, number, text},
    scan::Scan,
    table::Item,
    transaction::Outcome,
};

/// What is left of a deleted resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Tombstone {
    /// Its last state.
    pub record: Record,
    /// The name of its resource type.
    pub type_name: String,
    /// When it was deleted.
    pub deleted: OffsetDateTime,
    /// Until when it is kept.
    pub until: OffsetDateTime,
    /// The groups it was a direct member of: up to a thousand of them.
    pub groups: Vec<ResourceId>,
    /// How many groups it was a direct member of.
    pub group_count: u64,
}

impl Directory {
    /// What is left of the deleted resource of this id; `None` where nothing is, or not any more.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unreadable`]
    pub async fn tombstone(
        &self,
        scope: &Scope,
        id: &ResourceId,
        now: OffsetDateTime,
    ) -> Result<Option<Tombstone>, Error> {
        let key = keys::tombstone(&scope.tenant, id);
        let item = self.item(&scope.usage, &key, Consistency::Strong).await?;
        let found = item.map(|item| read(scope, item)).transpose()?;
        Ok(found.filter(|tombstone| tombstone.until > now))
    }

    /// What is left of all deleted resources of a type, the last deleted first: the whole table is read for it, and
    /// `seen` told how many items were looked at.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unreadable`]
    pub async fn tombstones(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        now: OffsetDateTime,
        segments: u16,
        seen: &(dyn Fn(u64) + Sync),
    ) -> Result<Vec<Tombstone>, Error> {
        let found = Mutex::new(Vec::new());
        let scan = Scan {
            filter: "begins_with(pk, :own) AND #kind = :tombstone AND #type = :type",
            values: &[
                (":own", &format!("{}#", scope.tenant)),
                (":tombstone", "Tombstone"),
                (":type", &resource_type.name),
            ],
            projection: None,
            names: &["kind", "type"],
            segments,
            usage: &scope.usage,
        };
        self.scan(scan, seen, async |items| {
            let read = items.into_iter().map(|item| read(scope, item)).collect::<Result<Vec<_>, _>>()?;
            let read = read.into_iter().filter(|tombstone| tombstone.until > now);
            found.lock().unwrap_or_else(PoisonError::into_inner).extend(read);
            Ok(())
        })
        .await?;
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by(|one, other| (other.deleted, &one.record.id).cmp(&(one.deleted, &other.record.id)));
        Ok(found)
    }

    /// Brings a deleted resource back under its id, with the values it is found by: all of them, or nothing. Its
    /// memberships stay gone.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`] where another resource has such a value by now, [`Error::Changed`] where the id is in use or the
    /// tombstone gone, [`Error::TooManyLookups`], [`Error::Busy`], [`Error::Unavailable`]
    pub async fn restore(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        tombstone: &Tombstone,
        now: OffsetDateTime,
    ) -> Result<Record, Error> {
        let last = &tombstone.record;
        // A revision of its own: who knows the one before the deletion has not seen this.
        let mut record = Record { revision: last.revision + 1, modified: milliseconds(now), ..last.clone() };
        let lookups = lookup::of_record(scope, resource_type, &record)?;
        record.keys = lookups.iter().map(|lookup| lookup.key.encode()).collect();
        let mut actions = vec![self.put(record.to_item(scope, resource_type)?, Condition::Absent)?];
        for lookup in &lookups {
            actions.push(self.own(lookup, resource_type, &record.id)?);
        }
        actions.push(self.count_one(scope, resource_type, &record.id, 1)?);
        actions.push(self.remove(&keys::tombstone(&scope.tenant, &record.id), Condition::Present)?);
        match self.transact(&scope.usage, actions).await? {
            Outcome::Committed => Ok(record),
            Outcome::Refused(failures) => explain(scope, record, &failures, &lookups),
        }
    }
}

fn read(scope: &Scope, mut item: Item) -> Result<Tombstone, Error> {
    let pk = text(&item, "pk").unwrap_or_default().to_owned();
    read_parts(scope, &mut item).map_err(|reason| Error::Unreadable { item: pk, reason })
}

fn read_parts(scope: &Scope, item: &mut Item) -> Result<Tombstone, String> {
    let (_, id) = keys::parse_tombstone(item).ok_or("the key is not that of a tombstone")?;
    let type_name = text(item, "type").ok_or("no type")?.to_owned();
    let deleted = text(item, "deleted").and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    let until = number(item, "ttl").and_then(|ttl| i64::try_from(ttl).ok());
    let until = until.and_then(|ttl| OffsetDateTime::from_unix_timestamp(ttl).ok());
    let groups: Vec<_> = match item.remove("groups") {
        Some(groups) => {
            let groups = groups.as_ss().map_err(|_| "groups is no set of texts")?;
            groups.iter().filter_map(|id| ResourceId::parse(id)).collect()
        }
        None => Vec::new(),
    };
    let group_count = number(item, "groupCount").unwrap_or_default();
    // The rest is the record, but for its key.
    item.insert("sk".to_owned(), aws_sdk_dynamodb::types::AttributeValue::S(id.to_string()));
    let record = Record::from_item(scope, std::mem::take(item)).map_err(|error| error.to_string())?;
    Ok(Tombstone {
        record,
        type_name,
        deleted: deleted.ok_or("no deleted")?,
        until: until.ok_or("no ttl")?,
        groups,
        group_count,
    })
}
