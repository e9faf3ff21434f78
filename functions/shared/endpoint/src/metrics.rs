//! Metrics of a request, as one line in the embedded metric format of `CloudWatch`.
//!
//! Written by hand: this needs three directives of the format, and a crate for it brings thirty packages, or a recorder
//! for the whole process. `CloudWatch` charges for every metric by its dimensions, so there are few: what Lambda and API
//! Gateway count by themselves is not counted again.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use serde_json::{Map, Value, json};
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
        (self.write)(&format!("{}\n", self.document(measured, now)));
    }

    fn document(&self, measured: &Measured, now: OffsetDateTime) -> Value {
        let mut line = Line::default();
        let failed_to_authenticate = measured.status == 401;
        let stack = [
            Some(("Requests", "Count", json!(1))),
            Some(("ReadUnits", "Count", json!(measured.read_units))),
            Some(("WriteUnits", "Count", json!(measured.write_units))),
            // A metric that is nothing but zeros costs as much as another.
            failed_to_authenticate.then(|| ("AuthenticationFailures", "Count", json!(1))),
            (measured.conflicts > 0).then(|| ("ConflictsRetried", "Count", json!(measured.conflicts))),
            (measured.throttles > 0).then(|| ("ThrottlesRetried", "Count", json!(measured.throttles))),
            measured.token_days_left.map(|days| ("TokenDaysLeft", "None", json!(days))),
        ];
        line.metrics(&[&["Stack"]], stack.into_iter().flatten());
        // By function: a bulk job takes as long as it may.
        let milliseconds = measured.duration.as_secs_f64() * 1000.0;
        line.metrics(&[&["Function"]], [("DurationMilliseconds", "Milliseconds", json!(milliseconds))]);
        let status_class = match measured.status {
            400..500 => Some("4xx"),
            500.. => Some("5xx"),
            _ => None,
        };
        if let Some(status_class) = status_class {
            line.dimension("StatusClass", status_class);
            let error = [("Errors", "Count", json!(1))];
            match measured.scim_type {
                Some(scim_type) => {
                    line.dimension("ScimType", scim_type);
                    line.metrics(&[&["Stack", "StatusClass"], &["Stack", "ScimType"]], error);
                }
                None => line.metrics(&[&["Stack", "StatusClass"]], error),
            }
        }
        line.dimension("Stack", &self.stack);
        line.dimension("Function", &self.function);
        line.finish(now)
    }
}

/// A document of the format: directives, beside the values and dimensions that they name.
#[derive(Default)]
struct Line {
    directives: Vec<Value>,
    members: Map<String, Value>,
}

impl Line {
    /// Metrics, each a name, a unit and a value, under sets of dimensions.
    fn metrics(
        &mut self,
        dimensions: &[&[&str]],
        metrics: impl IntoIterator<Item = (&'static str, &'static str, Value)>,
    ) {
        let mut definitions = Vec::new();
        for (name, unit, value) in metrics {
            definitions.push(json!({"Name": name, "Unit": unit}));
            self.members.insert(name.to_owned(), value);
        }
        let directive = json!({"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": definitions});
        self.directives.push(directive);
    }

    fn dimension(&mut self, name: &str, value: &str) {
        self.members.insert(name.to_owned(), value.into());
    }

    fn finish(mut self, now: OffsetDateTime) -> Value {
        let milliseconds = i64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX);
        let about = json!({"Timestamp": milliseconds, "CloudWatchMetrics": self.directives});
        self.members.insert("_aws".to_owned(), about);
        Value::Object(self.members)
    }
}

#[cfg(test)]
mod tests {
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
            "Requests": 1, "ReadUnits": 1.5, "WriteUnits": 4.0, "ConflictsRetried": 2, "DurationMilliseconds": 12.5,
            "Errors": 1,
        });
        assert_eq!(metrics.document(&measured, datetime!(2026-11-21 00:00:00.5 UTC)), expected);
    }
}
