//! The only place that reads the clock and draws randomness.
#![expect(clippy::disallowed_methods, reason = "this is the one file that may")]

use scim::{Kind, ResourceId};
use time::OffsetDateTime;
use uuid::Uuid;

/// The time now, UTC.
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// A fresh id for a resource on one of `shards` shards.
pub(crate) fn new_id(kind: Kind, shards: u8) -> ResourceId {
    ResourceId::new(kind, shards, Uuid::new_v4())
}

/// A fresh id for a request that came without one.
pub(crate) fn new_request_id() -> String {
    Uuid::new_v4().to_string()
}
