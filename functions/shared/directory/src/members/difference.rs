//! Which members a change adds and removes: what is left to do of it, and how it is kept while it is under way.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use scim::ResourceId;
use uuid::Uuid;

use super::{Member, MemberChange};
use crate::table::Item;

/// Bytes of one packed part: an item holds 400 KB.
const PART_BYTES: usize = 300 * 1024;
/// Bytes of an id as it is packed.
const ID_BYTES: usize = 16;

/// A [`MemberChange`] that names each member once.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Difference {
    /// Who becomes a member, with the `display` to be stored.
    pub(super) add: BTreeMap<ResourceId, Option<String>>,
    pub(super) remove: BTreeSet<ResourceId>,
}

impl Difference {
    pub(super) fn of(change: &MemberChange) -> Self {
        let mut add = BTreeMap::new();
        for Member { id, display } in &change.add {
            let stored: &mut Option<String> = add.entry(id.clone()).or_default();
            *stored = display.clone().or(stored.take());
        }
        let remove = change.remove.iter().filter(|id| !add.contains_key(*id)).cloned().collect();
        Self { add, remove }
    }

    pub(super) fn len(&self) -> usize {
        self.add.len() + self.remove.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everybody it names.
    pub(super) fn ids(&self) -> impl Iterator<Item = &ResourceId> {
        self.add.keys().chain(&self.remove)
    }

    /// What of this is left to do where `stored` are members already, and no other that is named here.
    pub(super) fn from(mut self, stored: Vec<Member>) -> Self {
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

    /// `members` as they are after it, in the order of their ids.
    pub(super) fn on(&self, members: Vec<Member>) -> Vec<Member> {
        let mut after: BTreeMap<_, _> = members
            .into_iter()
            .filter(|member| !self.remove.contains(&member.id))
            .map(|member| (member.id, member.display))
            .collect();
        after.extend(self.add.iter().map(|(id, display)| (id.clone(), display.clone())));
        after.into_iter().map(|(id, display)| Member { id, display }).collect()
    }

    /// Whether nobody is named by both.
    pub(super) fn is_apart_from(&self, other: &Self) -> bool {
        let is_named = |id: &ResourceId| self.add.contains_key(id) || self.remove.contains(id);
        !other.ids().any(is_named)
    }

    /// The same in parts of at most `most` changes each.
    pub(super) fn chunks(self, most: usize) -> Vec<Self> {
        let add = self.add.into_iter().map(Ok);
        let mut all = add.chain(self.remove.into_iter().map(Err)).peekable();
        let mut chunks = Vec::new();
        while all.peek().is_some() {
            let mut chunk = Self::default();
            for change in all.by_ref().take(most) {
                match change {
                    Ok((id, display)) => drop(chunk.add.insert(id, display)),
                    Err(id) => drop(chunk.remove.insert(id)),
                }
            }
            chunks.push(chunk);
        }
        chunks
    }

    /// The same as attributes of items, each small enough for one.
    pub(super) fn packed(self) -> Vec<Item> {
        let size = |display: Option<&String>| ID_BYTES + display.map_or(1, |text| text.len() + 1);
        let mut parts = vec![Self::default()];
        let mut left = PART_BYTES;
        let changes = self.add.into_iter().map(Ok).chain(self.remove.into_iter().map(Err));
        for change in changes {
            let bytes = size(change.as_ref().ok().and_then(|(_, display)| display.as_ref()));
            if bytes > left {
                parts.push(Self::default());
                left = PART_BYTES;
            }
            left = left.saturating_sub(bytes);
            if let Some(part) = parts.last_mut() {
                match change {
                    Ok((id, display)) => drop(part.add.insert(id, display)),
                    Err(id) => drop(part.remove.insert(id)),
                }
            }
        }
        parts.into_iter().map(Self::pack).collect()
    }

    /// As attributes of one item.
    pub(super) fn pack(self) -> Item {
        let mut item = Item::new();
        if self.add.values().any(Option::is_some) {
            let display =
                |text: &Option<String>| text.clone().map_or(AttributeValue::Null(true), AttributeValue::S);
            item.insert("displays".to_owned(), AttributeValue::L(self.add.values().map(display).collect()));
        }
        item.insert("add".to_owned(), ids(self.add.keys()));
        item.insert("remove".to_owned(), ids(self.remove.iter()));
        item
    }

    /// What [`Self::pack`] wrote.
    pub(super) fn unpack(item: &Item) -> Option<Self> {
        let ids = |name: &str| -> Option<Vec<ResourceId>> {
            let bytes = item.get(name)?.as_b().ok()?.as_ref().chunks_exact(ID_BYTES);
            bytes.map(|bytes| ResourceId::parse(&Uuid::from_slice(bytes).ok()?.to_string())).collect()
        };
        let added = ids("add")?;
        let mut displays = item.get("displays").and_then(|list| list.as_l().ok()).into_iter().flatten();
        let display = |_: &ResourceId| displays.next().and_then(|text| text.as_s().ok().cloned());
        let texts: Vec<_> = added.iter().map(display).collect();
        let remove = ids("remove")?.into_iter().collect();
        Some(Self { add: added.into_iter().zip(texts).collect(), remove })
    }
}

fn ids<'a>(ids: impl Iterator<Item = &'a ResourceId>) -> AttributeValue {
    let bytes = ids.filter_map(|id| Uuid::try_parse(id.as_str()).ok()).flat_map(Uuid::into_bytes);
    AttributeValue::B(Blob::new(bytes.collect::<Vec<u8>>()))
}

#[cfg(test)]
mod tests {
    use scim::Kind;
    use uuid::Builder;

    use super::*;

    fn id() -> ResourceId {
        ResourceId::new(
            Kind::User,
            4,
            Builder::from_random_bytes(fastrand::u128(..).to_be_bytes()).into_uuid(),
        )
    }

    fn difference(add: usize, remove: usize, display: Option<&str>) -> Difference {
        let display = |nth: usize| display.filter(|_| nth.is_multiple_of(2)).map(str::to_owned);
        Difference {
            add: (0..add).map(|nth| (id(), display(nth))).collect(),
            remove: (0..remove).map(|_| id()).collect(),
        }
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        for (add, remove, display) in [
            (0, 0, None),
            (3, 0, None),
            (0, 2, None),
            (5, 4, Some("Ann")),
            (40_000, 30_000, Some("Barbara Jensen")),
        ] {
            let whole = difference(add, remove, display);
            let parts = whole.clone().packed();
            assert_eq!(parts.len(), 1 + (add * 24 + remove * 17) / PART_BYTES, "{add} {remove}");
            let mut joined = Difference::default();
            for part in &parts {
                assert!(crate::document::size_bytes(part) <= 350 * 1024);
                let part = Difference::unpack(part).expect("a part");
                joined.add.extend(part.add);
                joined.remove.extend(part.remove);
            }
            assert_eq!(joined, whole);
        }
    }

    #[test]
    fn an_item_of_another_shape_is_no_part() {
        assert_eq!(Difference::unpack(&Item::new()), None);
        let mut item = difference(1, 1, None).pack();
        item.insert("add".to_owned(), AttributeValue::B(Blob::new([0_u8; 16])));
        assert_eq!(Difference::unpack(&item), None, "no id has this version");
    }

    #[test]
    fn chunks_hold_every_change_once() {
        let whole = difference(5, 4, Some("x"));
        let chunks = whole.clone().chunks(2);
        assert_eq!(chunks.iter().map(Difference::len).collect::<Vec<_>>(), [2, 2, 2, 2, 1]);
        let mut joined = Difference::default();
        for chunk in chunks {
            joined.add.extend(chunk.add);
            joined.remove.extend(chunk.remove);
        }
        assert_eq!(joined, whole);
    }
}
