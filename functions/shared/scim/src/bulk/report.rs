//! What a bulk job ends in: the `BulkResponse` message (RFC 7644 §3.7.3).

use http::StatusCode;
use serde_json::{Value, json};

use super::{BULK_RESPONSE_SCHEMA, operation::Operation};
use crate::{Error, Object};

/// The end of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The `BulkResponse` message.
    pub body: Value,
    /// How many operations are in it.
    pub operations: usize,
    /// How many of those failed.
    pub errors: usize,
}

/// How one operation ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    pub(super) status: StatusCode,
    /// The resource's URL; a POST that failed has none.
    pub(super) location: Option<String>,
    pub(super) version: Option<String>,
    /// The error message, of a failure.
    pub(super) error: Option<Value>,
}

impl Outcome {
    /// A failure.
    pub(super) fn failed(error: &Error, location: Option<String>) -> Self {
        let (status, _) = error.kind().wire();
        Self { status, location, version: None, error: Some(error.to_json()) }
    }

    /// Adds to the detail of a failure.
    pub(super) fn explain(&mut self, more: &str) {
        if let Some(Value::String(detail)) = self.error.as_mut().and_then(|error| error.get_mut("detail")) {
            detail.push_str(more);
        }
    }

    pub(super) fn is_error(&self) -> bool {
        self.error.is_some()
    }
}

/// The message; operations without an outcome are left out.
pub(super) fn report<'a>(operations: impl Iterator<Item = (&'a Operation, Option<Outcome>)>) -> Report {
    let mut errors = 0;
    let entries: Vec<_> = operations
        .filter_map(|(operation, outcome)| {
            let outcome = outcome?;
            errors += usize::from(outcome.is_error());
            Some(entry(operation, outcome))
        })
        .collect();
    let operations = entries.len();
    let body = json!({ "schemas": [BULK_RESPONSE_SCHEMA], "Operations": entries });
    Report { body, operations, errors }
}

fn entry(operation: &Operation, outcome: Outcome) -> Value {
    let Outcome { status, location, version, error } = outcome;
    let text = |text: Option<String>| text.map(Value::from);
    let fields = [
        (
            "method",
            operation
                .single
                .as_ref()
                .map_or(text(operation.method.clone()), |single| Some(single.method.as_str().into())),
        ),
        ("bulkId", text(operation.bulk_id.clone())),
        ("version", text(version)),
        ("location", text(location)),
        ("status", Some(status.as_str().into())),
        ("response", error.map(short)),
    ];
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(fields.collect::<Object>())
}

/// An error that an answer can hold a thousand of.
fn short(mut error: Value) -> Value {
    const MOST_CHARACTERS: usize = 2000;
    if let Some(Value::String(detail)) = error.get_mut("detail")
        && let Some((end, _)) = detail.char_indices().nth(MOST_CHARACTERS)
    {
        detail.truncate(end);
        detail.push('…');
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_detail_is_cut_where_it_is_very_long() {
        let detail = |length: usize| {
            let outcome = Outcome::failed(&Error::new(ErrorKind::InvalidValue, "é".repeat(length)), None);
            short(outcome.error.expect("an error"))["detail"].as_str().expect("a detail").chars().count()
        };
        assert_eq!((detail(2000), detail(2001), detail(9000)), (2000, 2001, 2001));
    }
}
