//! The only place of the worker that reads the clock.
#![expect(clippy::disallowed_methods, reason = "this is the one file that may")]

use std::time::SystemTime;

use time::OffsetDateTime;
use tokio::time::Instant;

/// The time now, UTC.
#[must_use]
pub fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// The same moment on the clock that only goes forward; now, where it is over.
pub(crate) fn instant(moment: SystemTime) -> Instant {
    Instant::now() + moment.duration_since(SystemTime::now()).unwrap_or_default()
}
