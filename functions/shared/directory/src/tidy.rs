//! Tidying up behind requests that were cut off. The table is right without it: readers see what was committed, and
//! whoever comes next finishes it; this only sees to it that somebody comes.
//!
//! [`note`](crate::Directory::note) reads the table's stream and notes [`task`]s, due when the request that is at it must have
//! ended; [`tidy`](crate::Directory::tidy), called every minute, does those that are due. Both may be done again at any time.

mod carry;
mod note;
mod task;

use aws_sdk_dynamodb::types::AttributeValue;
use time::OffsetDateTime;

pub use carry::Tidied;

/// An item as the table's stream shows it.
pub type Image = std::collections::HashMap<String, AttributeValue>;

/// One change of an item, as the table's stream tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// When it was made, to the second.
    pub at: OffsetDateTime,
    /// The item before; `None` where there was none.
    pub old: Option<Image>,
    /// The item after; `None` where it was deleted.
    pub new: Option<Image>,
}
