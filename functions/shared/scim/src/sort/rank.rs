//! What a resource is sorted by, comparable and as text.

use std::{cmp::Ordering, fmt};

use time::OffsetDateTime;

/// How much of a text counts, in bytes and to the end of the character there: a rank has to fit into a URL. Cut so,
/// texts that are in order are in order still.
const LONGEST_TEXT: usize = 509;

/// A value as it sorts, absence after all values.
///
/// [`Display`](fmt::Display) prints what [`Rank::parse`] reads back as the same rank.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank(Value);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Boolean(bool),
    Number(Number),
    Instant(OffsetDateTime),
    Text(String),
    Absent,
}

impl Rank {
    /// The rank of a resource without the attribute.
    pub const ABSENT: Self = Self(Value::Absent);

    pub(super) fn boolean(value: bool) -> Self {
        Self(Value::Boolean(value))
    }

    pub(super) fn number(value: f64) -> Self {
        // Without the sum, minus zero would come before zero.
        Self(Value::Number(Number(value + 0.0)))
    }

    pub(super) fn instant(value: OffsetDateTime) -> Self {
        Self(Value::Instant(value))
    }

    /// The rank of a text, folded unless the attribute is case-exact.
    #[must_use]
    pub fn text(mut value: String) -> Self {
        value.truncate(value.ceil_char_boundary(LONGEST_TEXT));
        Self(Value::Text(value))
    }

    /// The text that all texts of this rank begin with, and whether it is all of them.
    #[must_use]
    pub fn beginning(&self) -> Option<(&str, bool)> {
        match &self.0 {
            Value::Text(text) => Some((text, text.len() < LONGEST_TEXT)),
            _ => None,
        }
    }

    /// The rank that `text` is.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let Some(kind) = text.chars().next() else { return Some(Self::ABSENT) };
        let value = &text[kind.len_utf8()..];
        Some(Self(match kind {
            'b' => Value::Boolean(value.parse().ok()?),
            'n' => Value::Number(Number(f64::from_bits(u64::from_str_radix(value, 16).ok()?))),
            'i' => Value::Instant(OffsetDateTime::from_unix_timestamp_nanos(value.parse().ok()?).ok()?),
            't' => Value::Text(value.to_owned()),
            _ => return None,
        }))
    }
}

impl fmt::Display for Rank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Value::Boolean(value) => write!(f, "b{value}"),
            // Digits would be rounded on the way.
            Value::Number(value) => write!(f, "n{:x}", value.0.to_bits()),
            Value::Instant(value) => write!(f, "i{}", value.unix_timestamp_nanos()),
            Value::Text(value) => write!(f, "t{value}"),
            Value::Absent => Ok(()),
        }
    }
}

/// A number, with the total order that sorting needs.
#[derive(Debug, Clone, Copy)]
struct Number(f64);

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    fn rank() -> impl Strategy<Value = Rank> {
        prop_oneof![
            Just(Rank::ABSENT),
            any::<bool>().prop_map(Rank::boolean),
            any::<f64>().prop_map(Rank::number),
            any::<i64>().prop_map(|nanoseconds| {
                Rank::instant(datetime!(2026-11-21 00:00 UTC) + time::Duration::nanoseconds(nanoseconds))
            }),
            ".{0,300}".prop_map(Rank::text),
        ]
    }

    proptest! {
        #[test]
        fn a_rank_is_read_back_as_the_same(rank in rank()) {
            prop_assert_eq!(Rank::parse(&rank.to_string()), Some(rank));
        }

        #[test]
        fn ranks_are_in_the_order_of_their_texts(
            start in 500_usize..512,
            mut texts in proptest::collection::vec("[aé€😀z]{0,6}", 2..6),
        ) {
            texts.sort_unstable();
            let ranks = texts.into_iter().map(|end| Rank::text(format!("{}{end}", "x".repeat(start))));
            prop_assert!(ranks.is_sorted());
        }

        #[test]
        fn no_text_makes_reading_panic(text in ".{0,20}") {
            let _ = Rank::parse(&text);
        }
    }

    #[test]
    fn the_beginning_of_a_long_text_counts() {
        let long = "é".repeat(1000);
        let rank = Rank::text(long.clone());
        assert_eq!(rank.to_string().len(), 1 + LONGEST_TEXT + 1, "an é is not cut");
        assert_eq!(rank, Rank::text(long + "x"));
        assert!(rank > Rank::text("e".repeat(1000)));
    }

    #[test]
    fn what_is_no_rank_is_not_read() {
        for text in ["x", "bmaybe", "n", "nxyz", "i", "i1e9", "\u{20ac}"] {
            assert_eq!(Rank::parse(text), None, "{text}");
        }
    }
}
