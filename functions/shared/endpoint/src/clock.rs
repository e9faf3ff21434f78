//! The only place that reads the clock and draws randomness.
#![expect(clippy::disallowed_methods, reason = "this is the one file that may")]

use scim::{Kind, ResourceId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::cursor::Nonce;

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

/// Random bytes that no one draws again: what is sealed with them is sealed with them alone.
///
/// # Errors
///
/// When the operating system has no randomness to give.
pub(crate) fn nonce() -> Result<Nonce, getrandom::Error> {
    let mut nonce = Nonce::default();
    getrandom::fill(&mut nonce)?;
    Ok(nonce)
}

/// A secret that is drawn for this process, and ends with it.
///
/// # Errors
///
/// When the operating system has no randomness to give.
pub(crate) fn secret() -> Result<[u8; 32], getrandom::Error> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    Ok(secret)
}
