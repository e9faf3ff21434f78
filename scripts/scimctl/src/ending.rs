//! When a token ends.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use time::{Date, OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

/// An end, as it is written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// So long from now.
    After(Duration),
    /// At this time; of a day, at its beginning in UTC.
    At(OffsetDateTime),
}

/// `365d`, `12h 30m`, `2027-11-01` or `2027-11-01T12:00:00Z`.
pub(crate) fn parse(text: &str) -> Result<Ending, String> {
    if let Ok(span) = humantime::parse_duration(text) {
        return Ok(Ending::After(span));
    }
    if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(Ending::At(time));
    }
    Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map(|day| Ending::At(day.midnight().assume_utc()))
        .map_err(|_| {
            "expected a span as in 365d, a day as in 2027-11-01, or that with a time, T12:00:00Z".into()
        })
}

impl Ending {
    /// The time of the end.
    pub(crate) fn at(self, now: OffsetDateTime) -> Result<OffsetDateTime> {
        let end = match self {
            Self::After(span) => after(now, span)?,
            Self::At(time) => time,
        };
        ensure!(end > now, "the end is not in the future: {}", written(end));
        Ok(end)
    }
}

/// So long after a time.
pub(crate) fn after(time: OffsetDateTime, span: Duration) -> Result<OffsetDateTime> {
    let span = time::Duration::try_from(span).ok();
    span.and_then(|span| time.checked_add(span)).context("that is too far in the future")
}

/// A time as it is shown and kept.
pub(crate) fn written(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn check(text: &str, expected: Option<OffsetDateTime>) {
        let now = datetime!(2026-11-22 04:00 UTC);
        let end = parse(text).ok().and_then(|ending| ending.at(now).ok());
        assert_eq!(end, expected, "{text}");
    }

    #[test]
    fn an_end_is_a_span_a_day_or_a_time_and_lies_ahead() {
        check("365d", Some(datetime!(2027-11-22 04:00 UTC)));
        check("1h 30m", Some(datetime!(2026-11-22 05:30 UTC)));
        check("2027-11-01", Some(datetime!(2027-11-01 00:00 UTC)));
        check("2027-11-01T12:00:00Z", Some(datetime!(2027-11-01 12:00 UTC)));
        for text in ["", "365", "0s", "2026-11-22", "2026-02-30", "99999999999y", "soon"] {
            check(text, None);
        }
    }
}
