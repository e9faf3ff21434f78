//! Resource identifiers (RFC 7643 §3.1): UUIDs that also say what they name and where it lies.

use std::fmt;

use uuid::{Builder, Uuid};

/// What a resource is to the table. Every resource type beyond User and Group is [`Kind::Other`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A User; ids begin with 0 to 7.
    User,
    /// A Group; ids begin with 8 to b.
    Group,
    /// Any further resource type; ids begin with c to f.
    Other,
}

impl Kind {
    /// First hexadecimal digits that ids of this kind may have, as (first, how many).
    const fn digits(self) -> (u8, u8) {
        match self {
            Self::User => (0, 8),
            Self::Group => (8, 4),
            Self::Other => (12, 4),
        }
    }

    /// The shards (first digits) in use when `count` of them are configured.
    pub fn shards(self, count: u8) -> impl Iterator<Item = char> {
        let (first, most) = self.digits();
        (first..first + count.clamp(1, most)).filter_map(|digit| char::from_digit(digit.into(), 16))
    }
}

/// The `id` of a resource: a version 4 UUID in lower case whose first digit names kind and shard.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId(String);

impl ResourceId {
    /// An id for a new resource of `kind` on one of its first `shards` shards, made of `random`.
    #[must_use]
    pub fn new(kind: Kind, shards: u8, random: Uuid) -> Self {
        let (first, most) = kind.digits();
        let mut bytes = *random.as_bytes();
        let digit = first + (bytes[0] >> 4) % shards.clamp(1, most);
        bytes[0] = (digit << 4) | (bytes[0] & 0x0f);
        Self(Builder::from_random_bytes(bytes).into_uuid().to_string())
    }

    /// The id that `text` is, or `None` where no resource could ever have it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let uuid = Uuid::try_parse(text).ok()?;
        (uuid.get_version_num() == 4 && uuid.to_string() == text).then(|| Self(text.to_owned()))
    }

    /// What the id names.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.shard() {
            '0'..='7' => Kind::User,
            '8'..='b' => Kind::Group,
            _ => Kind::Other,
        }
    }

    /// The first digit: the collection that holds the resource.
    #[must_use]
    pub fn shard(&self) -> char {
        self.0.chars().next().unwrap_or('0')
    }

    /// The second digit: which of the sixteen counters the resource is counted in.
    #[must_use]
    pub fn counter(&self) -> char {
        self.0.chars().nth(1).unwrap_or('0')
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_its_kind_and_shard() {
        for byte in 0..=255 {
            let random = Builder::from_bytes([byte; 16]).into_uuid();
            for (kind, shards) in [(Kind::User, 4), (Kind::Group, 2), (Kind::Other, 1)] {
                let id = ResourceId::new(kind, shards, random);
                assert_eq!(id.kind(), kind);
                assert!(kind.shards(shards).any(|shard| shard == id.shard()), "{id}");
                assert_eq!(ResourceId::parse(id.as_str()), Some(id));
            }
        }
    }

    #[test]
    fn what_is_not_our_shape_is_no_id() {
        for text in [
            "",
            "none",
            "bulkId:x",
            "00000000-0000-1000-8000-000000000000",
            "0E9F1B1C-3C5A-4D52-9A8B-0D5B7C1F2A3B",
        ] {
            assert_eq!(ResourceId::parse(text), None, "{text}");
        }
    }
}
