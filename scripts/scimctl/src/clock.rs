//! The time.

use time::OffsetDateTime;

/// The time, in whole seconds: what is written down should be short to read.
#[expect(clippy::disallowed_methods, reason = "the one place of this program that reads the clock")]
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc().truncate_to_second()
}
