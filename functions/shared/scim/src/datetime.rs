//! `dateTime` values (RFC 7643 §2.3.5): an xsd:dateTime, compared as an instant.

use time::{
    OffsetDateTime, PrimitiveDateTime, format_description::BorrowedFormatItem,
    format_description::well_known::Rfc3339, macros::format_description,
};

/// Without a time zone, which RFC 3339 does not allow and xsd:dateTime does.
const LOCAL: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]");

/// The instant that `text` names; one without a time zone is read as UTC.
///
/// `None` where `text` is not a full date and time: a date alone, or parts without leading zeroes.
#[must_use]
pub fn parse(text: &str) -> Option<OffsetDateTime> {
    // RFC 3339 allows another separator, or a lower-case one; xsd:dateTime does not.
    if text.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| PrimitiveDateTime::parse(text, LOCAL).map(PrimitiveDateTime::assume_utc))
        .ok()
}

/// `instant` as this service writes it: UTC, milliseconds.
#[must_use]
pub fn format(instant: OffsetDateTime) -> String {
    instant
        .to_offset(time::UtcOffset::UTC)
        .format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether each of `texts` is the instant that is written `expected`.
    fn check(texts: &[&str], expected: Option<&str>) {
        for text in texts {
            assert_eq!(parse(text).map(format).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_full_date_and_time_is_an_instant_whatever_its_zone() {
        check(
            &[
                "2026-11-21T01:00:00Z",
                "2026-11-21T03:00:00+02:00",
                "2026-11-20T18:30:00-06:30",
                "2026-11-21T01:00:00.000Z",
                "2026-11-21T01:00:00",
                "2026-11-21T01:00:00.0000",
            ],
            Some("2026-11-21T01:00:00.000Z"),
        );
        check(
            &["2026-11-21T01:00:00.123456789Z", "2026-11-21T01:00:00.1234567"],
            Some("2026-11-21T01:00:00.123Z"),
        );
        check(&["2024-02-29T23:59:59Z"], Some("2024-02-29T23:59:59.000Z"));
    }

    #[test]
    fn anything_less_is_not() {
        check(
            &[
                "",
                "1/5/2026",
                "01/05/2026",
                "2026-1-5T00:00:00Z",
                "2026-11-21",
                "2026-11-21T01:00Z",
                "2026-11-21T01:00",
                "20261121T010000Z",
                "2026-13-01T00:00:00Z",
                "2026-02-29T00:00:00Z",
                "2026-11-21T25:00:00",
                "2026-11-21 01:00:00Z",
                "2026-11-21t01:00:00z",
                " 2026-11-21T01:00:00Z",
                "2026-11-21T01:00:00Z ",
                "2026-11-21T01:00:00,5",
                "2026-11-21T01:00:00.",
                "+002026-11-21T01:00:00Z",
            ],
            None,
        );
    }

    #[test]
    fn a_zone_is_never_passed_over() {
        check(
            &[
                "2026-11-21T01:00:00+0200",
                "2026-11-21T01:00:00+02",
                "2026-11-21T01:00:00 +02:00",
                "2026-11-21T01:00:00+25:00",
                "2026-11-21T01:00:00CET",
                "2026-W47-6T01:00:00",
                "2026-W47-6T01:00:00+0200",
            ],
            None,
        );
    }
}
