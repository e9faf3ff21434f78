//! A stored resource, and the item that holds it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use scim::{Kind, Object, ResourceId, ResourceType};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

use crate::{
    Error, Scope,
    document::{self, size_bytes},
    keys,
    members::Pending,
    table::Item,
};

/// The version of the item format, on every item.
pub(crate) const FORMAT: u32 = 1;
/// Items hold 400 KB; what is left is for attributes that other writers add.
const LARGEST_ITEM_BYTES: usize = 350 * 1024;

/// A resource as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its id.
    pub id: ResourceId,
    /// Its attributes, but for `id`, `meta`, `schemas`, `externalId`, `groups` and `members`.
    pub attributes: Object,
    /// Its `externalId`, as the connector of the scope knows it.
    pub external_id: Option<String>,
    /// 1 when created, one more with every change of the resource or its members.
    pub revision: u64,
    /// When it was created, in milliseconds.
    pub created: OffsetDateTime,
    /// When it was last changed, in milliseconds.
    pub modified: OffsetDateTime,
    /// Connector → `externalId`, of all connectors.
    pub(crate) external_ids: BTreeMap<String, String>,
    /// Every lookup item it owns, as [`keys::Key::encode`] writes them.
    pub(crate) keys: BTreeSet<String>,
    /// Of a group: the change of its members that is under way.
    pub(crate) pending: Pending,
}

/// What a write shall store.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// The attributes, as in [`Record::attributes`].
    pub attributes: Object,
    /// The `externalId` of the scope's connector; those of other connectors stay as they are.
    pub external_id: Option<String>,
    /// The hash of a new password; `None` leaves the one that is kept.
    pub password: Option<String>,
}

impl Record {
    /// The record that `draft` begins, without lookup keys.
    pub(crate) fn first(
        scope: &Scope,
        id: ResourceId,
        draft: Draft,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let now = milliseconds(now);
        let external_id = draft.external_id;
        Ok(Self {
            id,
            attributes: document::storable(draft.attributes)?,
            external_ids: external_id.iter().map(|id| (scope.connector.clone(), id.clone())).collect(),
            external_id,
            revision: 1,
            created: now,
            modified: now,
            keys: BTreeSet::new(),
            pending: Pending::default(),
        })
    }

    /// The record that `draft` makes of this one, with this one's lookup keys; `None` when that changes nothing.
    pub(crate) fn next(
        &self,
        scope: &Scope,
        draft: Draft,
        now: OffsetDateTime,
    ) -> Result<Option<Self>, Error> {
        let attributes = document::storable(draft.attributes)?;
        if attributes == self.attributes && draft.external_id == self.external_id && draft.password.is_none()
        {
            return Ok(None);
        }
        let mut external_ids = self.external_ids.clone();
        match &draft.external_id {
            Some(id) => external_ids.insert(scope.connector.clone(), id.clone()),
            None => external_ids.remove(&scope.connector),
        };
        Ok(Some(Self {
            attributes,
            external_id: draft.external_id,
            external_ids,
            revision: self.revision + 1,
            modified: milliseconds(now),
            ..self.clone()
        }))
    }

    /// The item that holds the record, written by the scope's request.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`]
    pub(crate) fn to_item(&self, scope: &Scope, resource_type: &ResourceType) -> Result<Item, Error> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let external_ids = self.external_ids.iter().map(|(connector, id)| (connector.clone(), text(id)));
        let mut item = keys::record(&scope.tenant, resource_type, &self.id).attributes();
        item.extend(kind(kind_name(resource_type.kind)));
        item.extend([
            ("doc".to_owned(), document::to_map(&self.attributes)?),
            ("externalIds".to_owned(), AttributeValue::M(external_ids.collect())),
            ("rev".to_owned(), AttributeValue::N(self.revision.to_string())),
            ("created".to_owned(), AttributeValue::S(timestamp(self.created))),
            ("modified".to_owned(), AttributeValue::S(timestamp(self.modified))),
            ("rid".to_owned(), text(&scope.request_id)),
            ("by".to_owned(), text(&scope.connector)),
        ]);
        if resource_type.kind == Kind::Other {
            item.insert("type".to_owned(), text(&resource_type.name));
        }
        if !self.keys.is_empty() {
            item.insert("keys".to_owned(), AttributeValue::Ss(self.keys.iter().cloned().collect()));
        }
        let size_bytes = size_bytes(&item);
        if size_bytes > LARGEST_ITEM_BYTES {
            return Err(Error::TooLarge { size_bytes, limit_bytes: LARGEST_ITEM_BYTES });
        }
        Ok(item)
    }

    /// The record that `item` holds, as the scope's connector sees it.
    ///
    /// # Errors
    ///
    /// [`Error::Unreadable`]
    pub(crate) fn from_item(scope: &Scope, mut item: Item) -> Result<Self, Error> {
        let sk = text(&item, "sk").unwrap_or_default().to_owned();
        Self::read(scope, &sk, &mut item).map_err(|reason| Error::Unreadable { item: sk, reason })
    }

    fn read(scope: &Scope, sk: &str, item: &mut Item) -> Result<Self, String> {
        let missing = |name: &str| format!("no {name}, or of another type");
        let format = number(item, "v").ok_or_else(|| missing("v"))?;
        if format != u64::from(FORMAT) {
            return Err(format!("format {format}, this version reads {FORMAT}"));
        }
        let time = |name: &str| {
            let text = text(item, name).ok_or_else(|| missing(name))?;
            OffsetDateTime::parse(text, &Rfc3339).map_err(|error| format!("{name}: {error}"))
        };
        let (created, modified) = (time("created")?, time("modified")?);
        let external_ids: BTreeMap<_, _> = match item.remove("externalIds") {
            Some(AttributeValue::M(map)) => map
                .into_iter()
                .filter_map(|(connector, id)| Some((connector, id.as_s().ok()?.clone())))
                .collect(),
            _ => return Err(missing("externalIds")),
        };
        let keys = match item.remove("keys") {
            Some(AttributeValue::Ss(keys)) => keys.into_iter().collect(),
            None => BTreeSet::new(),
            Some(_) => return Err(missing("keys")),
        };
        let pending = Pending::from_item(item).ok_or_else(|| missing("intent"))?;
        let Some(AttributeValue::M(document)) = item.remove("doc") else { return Err(missing("doc")) };
        Ok(Self {
            id: ResourceId::parse(sk).ok_or_else(|| "the sort key is not an id".to_owned())?,
            attributes: document::from_map(document)?,
            external_id: external_ids.get(&scope.connector).cloned(),
            revision: number(item, "rev").ok_or_else(|| missing("rev"))?,
            created,
            modified,
            external_ids,
            keys,
            pending,
        })
    }

    /// Whether `item` holds this very record, written by the scope's request: the write was done, only its
    /// answer was lost. How far a change of members has come since does not matter.
    pub(crate) fn is_written(&self, scope: &Scope, item: Option<&Item>) -> bool {
        item.is_some_and(|item| {
            text(item, "rid") == Some(&scope.request_id)
                && Self::from_item(scope, item.clone())
                    .is_ok_and(|stored| Self { pending: self.pending.clone(), ..stored } == *self)
        })
    }
}

/// `kind` and format version: what every item has.
pub(crate) fn kind(kind: &str) -> [(String, AttributeValue); 2] {
    [
        ("kind".to_owned(), AttributeValue::S(kind.to_owned())),
        ("v".to_owned(), AttributeValue::N(FORMAT.to_string())),
    ]
}

const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "User",
        Kind::Group => "Group",
        Kind::Other => "Resource",
    }
}

/// The text of an item's attribute.
pub(crate) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// The number of an item's attribute.
pub(crate) fn number(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// `time` cut to the precision that is stored.
pub(crate) fn milliseconds(time: OffsetDateTime) -> OffsetDateTime {
    let time = time.to_offset(UtcOffset::UTC);
    time.replace_millisecond(time.millisecond()).unwrap_or(time)
}

/// `time` as RFC 3339, in UTC with milliseconds: texts that sort as the times do.
pub(crate) fn timestamp(time: OffsetDateTime) -> String {
    let time = time.to_offset(UtcOffset::UTC);
    let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
    let (hour, minute, second, milli) = time.to_hms_milli();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_time_is_stored_in_utc_with_milliseconds() {
        for (time, expected) in [
            (datetime!(2026-11-21 23:05:09.000_999 UTC), "2026-11-21T23:05:09.000Z"),
            (datetime!(2026-01-01 00:30:00.12 +01:00), "2025-12-31T23:30:00.120Z"),
        ] {
            assert_eq!(timestamp(time), expected);
            assert_eq!(OffsetDateTime::parse(expected, &Rfc3339), Ok(milliseconds(time)));
        }
    }
}
