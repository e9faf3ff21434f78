//! Metrics of a request, as one line in the embedded metric format of `CloudWatch`.
//!
//! `CloudWatch` charges for every metric by its dimensions, so there are few: what Lambda and API Gateway count by
//! themselves is not counted again.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use metrique_writer_core::{
    Entry, EntryWriter, Unit,
    format::Format as _,
    unit::{AsCount, NegativeScale},
};
use metrique_writer_format_emf::{Emf, MetricDefinition, MetricDirective, NoMetric};
use time::OffsetDateTime;

/// The namespace of all metrics.
const NAMESPACE: &str = "scim-lambda";

/// Where metrics go, and what tells them from those of others.
#[derive(Debug, Clone)]
pub struct Metrics {
    stack: String,
    function: String,
    write: fn(&str),
}

/// What is measured of a request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Measured {
    pub(crate) status: u16,
    pub(crate) scim_type: Option<&'static str>,
    pub(crate) duration: Duration,
    pub(crate) read_units: f64,
    pub(crate) write_units: f64,
    pub(crate) conflicts: u64,
    pub(crate) throttles: u64,
    /// Whole days until the token ends that was used; a token without an end has none.
    pub(crate) token_days_left: Option<i64>,
}

impl Metrics {
    /// Metrics of the function called `function` in the stack called `stack`; `write` takes a line, its end included.
    #[must_use]
    pub fn new(stack: impl Into<String>, function: impl Into<String>, write: fn(&str)) -> Self {
        Self { stack: stack.into(), function: function.into(), write }
    }

    /// The same, on the standard output, which Lambda passes on line by line.
    pub(crate) fn on_stdout(stack: impl Into<String>, function: impl Into<String>) -> Self {
        // A metric that cannot be written is no reason to fail a request.
        Self::new(stack, function, |line| drop(io::stdout().write_all(line.as_bytes())))
    }

    /// Writes the line of a request.
    pub(crate) fn write(&self, measured: &Measured, now: OffsetDateTime) {
        let mut line = Vec::new();
        let entry = Line { metrics: self, measured, now };
        match entry.format().format(&entry, &mut line) {
            Ok(()) => (self.write)(&String::from_utf8_lossy(&line)),
            // A metric that cannot be written is no reason to fail a request.
            Err(error) => tracing::warn!(%error, "a request's metrics are not written"),
        }
    }
}

/// The line of a request.
struct Line<'a> {
    metrics: &'a Metrics,
    measured: &'a Measured,
    now: OffsetDateTime,
}

impl Line<'_> {
    /// What is a metric by its function, or by the kind of its error, beside those by the stack.
    fn format(&self) -> Emf {
        let stack = || "Stack".to_owned();
        let milliseconds = Unit::Second(NegativeScale::Milli);
        let format = Emf::builder(NAMESPACE.to_owned(), vec![vec![stack()]])
            // A bulk job takes as long as it may.
            .directive(directive(vec![vec!["Function"]], "DurationMilliseconds", milliseconds));
        if self.status_class().is_none() {
            return format.build();
        }
        let mut dimensions = vec![vec!["Stack", "StatusClass"]];
        dimensions.extend(self.measured.scim_type.map(|_| vec!["Stack", "ScimType"]));
        format.directive(directive(dimensions, "Errors", Unit::Count)).build()
    }

    fn status_class(&self) -> Option<&'static str> {
        match self.measured.status {
            400..500 => Some("4xx"),
            500.. => Some("5xx"),
            _ => None,
        }
    }
}

fn directive<'a>(dimensions: Vec<Vec<&'a str>>, name: &'a str, unit: Unit) -> MetricDirective<'a> {
    let metric = MetricDefinition { name, unit, storage_resolution: None };
    MetricDirective { dimensions, metrics: vec![metric], namespace: NAMESPACE }
}

impl Entry for Line<'_> {
    fn write<'a>(&'a self, writer: &mut impl EntryWriter<'a>) {
        let Self { metrics, measured, now } = self;
        // A metric that is nothing but zeros costs as much as another.
        let if_any = |count: u64| (count > 0).then(|| AsCount::from(count));
        writer.timestamp((*now).into());
        writer.value("Stack", &metrics.stack);
        writer.value("Function", &metrics.function);
        writer.value("Requests", &AsCount::from(1_u64));
        writer.value("ReadUnits", &AsCount::from(measured.read_units));
        writer.value("WriteUnits", &AsCount::from(measured.write_units));
        writer.value("AuthenticationFailures", &if_any(u64::from(measured.status == 401)));
        writer.value("ConflictsRetried", &if_any(measured.conflicts));
        writer.value("ThrottlesRetried", &if_any(measured.throttles));
        writer.value("TokenDaysLeft", &measured.token_days_left.and_then(|days| u64::try_from(days).ok()));
        // Not by the stack: their directives name them.
        writer.value("DurationMilliseconds", &NoMetric::from(measured.duration));
        if let Some(status_class) = self.status_class() {
            writer.value("StatusClass", status_class);
            writer.value("ScimType", &measured.scim_type);
            writer.value("Errors", &NoMetric::from(1_u64));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_line_is_what_cloudwatch_reads() {
        let metrics = Metrics::new("scim", "scim-users", |_| ());
        let measured = Measured {
            status: 409,
            scim_type: Some("uniqueness"),
            duration: Duration::from_micros(12_500),
            read_units: 1.5,
            write_units: 4.0,
            conflicts: 2,
            ..Measured::default()
        };
        let expected = json!({
            "_aws": {
                "Timestamp": 1_795_219_200_500_i64,
                "CloudWatchMetrics": [
                    {"Namespace": "scim-lambda", "Dimensions": [["Stack"]], "Metrics": [
                        {"Name": "Requests", "Unit": "Count"},
                        {"Name": "ReadUnits", "Unit": "Count"},
                        {"Name": "WriteUnits", "Unit": "Count"},
                        {"Name": "ConflictsRetried", "Unit": "Count"},
                    ]},
                    {"Namespace": "scim-lambda", "Dimensions": [["Function"]], "Metrics": [
                        {"Name": "DurationMilliseconds", "Unit": "Milliseconds"},
                    ]},
                    {"Namespace": "scim-lambda", "Dimensions": [["Stack", "StatusClass"], ["Stack", "ScimType"]], "Metrics": [
                        {"Name": "Errors", "Unit": "Count"},
                    ]},
                ],
            },
            "Stack": "scim", "Function": "scim-users", "StatusClass": "4xx", "ScimType": "uniqueness",
            "Requests": 1, "ReadUnits": 1.5, "WriteUnits": 4, "ConflictsRetried": 2, "DurationMilliseconds": 12.5,
            "Errors": 1,
        });
        let mut written = Vec::new();
        let line = Line { metrics: &metrics, measured: &measured, now: datetime!(2026-11-21 00:00:00.5 UTC) };
        line.format().format(&line, &mut written).unwrap();
        assert_eq!(written.last(), Some(&b'\n'), "a line");
        assert_eq!(serde_json::from_slice::<Value>(&written).unwrap(), expected);
    }
}
