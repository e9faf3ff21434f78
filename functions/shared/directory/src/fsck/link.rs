//! What an item must agree with, read beside it.

use std::collections::{BTreeSet, HashMap};

use crate::{keys::Key, table::Item};

/// Keys of the items that an item must agree with.
#[derive(Debug, Clone, Default)]
pub(super) struct Links {
    /// Small ones, to be read whole.
    pub(super) whole: BTreeSet<Key>,
    /// Those of which only kind, keys, intent and time of deletion matter: documents are large.
    pub(super) bare: BTreeSet<Key>,
}

impl Links {
    pub(super) fn len(&self) -> usize {
        self.whole.len() + self.bare.len()
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.whole.extend(other.whole);
        self.bare.extend(other.bare);
    }
}

/// Items by key, as they were read.
pub(super) type Others = HashMap<Key, Item>;

/// The key of an item.
pub(super) fn key_of(item: &Item) -> Key {
    let part = |name: &str| crate::record::text(item, name).unwrap_or_default().to_owned();
    Key::new(part("pk"), part("sk"))
}
