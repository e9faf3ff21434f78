//! `dateTime` values (RFC 7643 §2.3.5): an xsd:dateTime, compared as an instant.

use time::{
    OffsetDateTime, PrimitiveDateTime,
    format_description::well_known::{Iso8601, Rfc3339},
    macros::format_description,
};

/// The instant that `text` names; one without a time zone is read as UTC.
///
/// `None` where `text` is not a full date and time: a date alone, or parts without leading zeroes.
#[must_use]
pub fn parse(text: &str) -> Option<OffsetDateTime> {
    // The four-digit year and the separators are checked here: ISO 8601 itself allows many more spellings.
    let bytes = text.as_bytes();
    if bytes.len() < 19 || bytes[4] != b'-' || bytes[10] != b'T' || bytes[13] != b':' || bytes[16] != b':' {
        return None;
    }
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| PrimitiveDateTime::parse(text, &Iso8601::DEFAULT).map(PrimitiveDateTime::assume_utc))
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

    #[test]
    fn a_full_date_and_time_is_an_instant_whatever_its_zone() {
        let zulu = parse("2026-11-21T01:00:00Z").expect("valid");
        assert_eq!(parse("2026-11-21T03:00:00+02:00"), Some(zulu));
        assert_eq!(parse("2026-11-21T01:00:00.000Z"), Some(zulu));
        assert_eq!(parse("2026-11-21T01:00:00"), Some(zulu));
        assert_eq!(format(zulu), "2026-11-21T01:00:00.000Z");
    }

    #[test]
    fn anything_less_is_not() {
        for text in [
            "",
            "1/5/2026",
            "01/05/2026",
            "2026-1-5T00:00:00Z",
            "2026-11-21",
            "20261121T010000Z",
            "2026-13-01T00:00:00Z",
            "2026-11-21 01:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
