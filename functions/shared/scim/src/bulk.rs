//! Bulk jobs (RFC 7644 §3.7): several requests in one, which may refer to what others of them create.
//!
//! A [`Job`] does no request itself: it says which are to be made next, takes their answers, and ends in a
//! `BulkResponse`. Operations run in the order of the request, except that one waits for those it refers to and
//! for earlier ones on the same resource. Those that refer to each other in a circle are created without what is
//! not there yet, which is added afterwards; they succeed together or are undone together.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    Error, ErrorKind, Object, ResourceType,
    client::Dialect,
    resource::take,
    value::{json_type, quoted},
};

mod circle;
mod claims;
mod defer;
mod job;
mod operation;
mod order;
#[cfg(test)]
mod properties;
mod reference;
mod report;

pub use job::{Job, Reply, Request};
pub use report::Report;

use operation::{Door, Operation, syntax};

/// URN of the `BulkRequest` message.
pub const BULK_REQUEST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// URN of the `BulkResponse` message.
pub const BULK_RESPONSE_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// The most operations of a job (`bulk.maxOperations` of the service provider's configuration).
pub const MOST_OPERATIONS: usize = 1000;
/// The largest job, in bytes (`bulk.maxPayloadSize`): Lambda takes 6 MB, in which a body may stand in base64.
pub const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Reads the `BulkRequest` message of a client of this dialect. Its paths lead to `resource_types`, and may be
/// whole URLs below `base`.
///
/// An operation that is at fault fails by itself.
///
/// # Errors
///
/// [`ErrorKind::InvalidSyntax`] or [`ErrorKind::InvalidValue`] for what is no such message,
/// [`ErrorKind::PayloadTooLarge`] for more than [`MOST_OPERATIONS`].
pub fn read(
    mut body: Object,
    resource_types: &[Arc<ResourceType>],
    base: &str,
    dialect: Dialect,
) -> Result<Job, Error> {
    let named =
        |urn: &Value| urn.as_str().is_some_and(|urn| urn.trim().eq_ignore_ascii_case(BULK_REQUEST_SCHEMA));
    if !take(&mut body, "schemas")
        .is_some_and(|urns| urns.as_array().is_some_and(|urns| urns.iter().any(named)))
    {
        let detail = format!("Attribute schemas of a bulk job must name {BULK_REQUEST_SCHEMA}");
        return Err(syntax(detail).at("schemas"));
    }
    let fail_on_errors = fail_on_errors(take(&mut body, "failOnErrors"))?;
    let operations = match take(&mut body, "Operations") {
        Some(Value::Array(operations)) if !operations.is_empty() => operations,
        Some(Value::Array(_)) => {
            return Err(syntax("Attribute Operations is empty: expected at least one operation"));
        }
        None | Some(Value::Null) => {
            return Err(syntax("Missing attribute Operations: expected an array of operations"));
        }
        Some(other) => {
            let got = json_type(&other);
            return Err(syntax(format!(
                "Bad value type for attribute Operations: expected array, got {got}"
            )));
        }
    };
    if operations.len() > MOST_OPERATIONS {
        let detail = format!(
            "{} operations in one bulk job: the limit is {MOST_OPERATIONS} (maxOperations)",
            operations.len()
        );
        return Err(Error::new(ErrorKind::PayloadTooLarge, detail));
    }
    if let Some(unknown) = body.keys().next().filter(|_| dialect.strict) {
        return Err(syntax(format!("Unknown attribute {} of a bulk job", quoted(unknown))));
    }
    let door = Door { resource_types, base, dialect };
    let operations = operations
        .into_iter()
        .enumerate()
        .map(|(at, operation)| {
            Operation::read(operation, &door).map_err(|error| error.within(&format!("operation {}", at + 1)))
        })
        .collect::<Result<_, _>>()?;
    Ok(Job::new(operations, fail_on_errors, base, dialect))
}

/// How many errors end the job; clients whose numbers cannot be missing write 0 for no limit.
fn fail_on_errors(value: Option<Value>) -> Result<Option<usize>, Error> {
    let number = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value.as_u64().ok_or_else(|| {
            let got = if value.is_number() { value.to_string() } else { json_type(&value).to_owned() };
            let detail =
                format!("Bad value for attribute failOnErrors: expected a positive integer, got {got}");
            Error::new(ErrorKind::InvalidValue, detail).at("failOnErrors")
        })?,
    };
    Ok(usize::try_from(number).ok().filter(|number| *number > 0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource_type::USERS;

    fn read_users(body: &Value) -> Result<Job, Error> {
        read(
            body.as_object().cloned().unwrap_or_default(),
            &[Arc::clone(&USERS)],
            "https://h",
            Dialect::default(),
        )
    }

    fn check_error(mut body: Value, kind: ErrorKind, detail: &str) {
        if body.get("schemas").is_none() {
            body["schemas"] = json!([BULK_REQUEST_SCHEMA]);
        }
        let error = read_users(&body).expect_err("a refusal");
        assert_eq!((error.kind(), error.detail()), (kind, detail), "{body}");
    }

    #[test]
    fn what_is_no_bulk_request_is_refused() {
        let syntax = ErrorKind::InvalidSyntax;
        let urn = format!("Attribute schemas of a bulk job must name {BULK_REQUEST_SCHEMA}");
        check_error(json!({"schemas": []}), syntax, &urn);
        check_error(json!({"schemas": BULK_REQUEST_SCHEMA}), syntax, &urn);
        check_error(json!({}), syntax, "Missing attribute Operations: expected an array of operations");
        check_error(
            json!({"Operations": {}}),
            syntax,
            "Bad value type for attribute Operations: expected array, got object",
        );
        check_error(
            json!({"Operations": []}),
            syntax,
            "Attribute Operations is empty: expected at least one operation",
        );
        check_error(json!({"Operations": [{}, "x"]}), syntax, "operation 2: expected an object, got string");
        for (value, got) in [(json!(-1), "-1"), (json!(1.5), "1.5"), (json!("1"), "string")] {
            let detail =
                format!("Bad value for attribute failOnErrors: expected a positive integer, got {got}");
            check_error(json!({"failOnErrors": value, "Operations": [{}]}), ErrorKind::InvalidValue, &detail);
        }
    }

    #[test]
    fn one_operation_more_than_the_limit_is_too_many() {
        let request =
            |count: usize| json!({"schemas": [BULK_REQUEST_SCHEMA], "Operations": vec![json!({}); count]});
        assert!(read_users(&request(MOST_OPERATIONS)).is_ok());
        check_error(
            request(MOST_OPERATIONS + 1),
            ErrorKind::PayloadTooLarge,
            "1001 operations in one bulk job: the limit is 1000 (maxOperations)",
        );
    }
}
