//! Answers: SCIM bodies and headers, and what becomes of an error below.

use std::{
    io::{self, Write},
    sync::atomic::{AtomicUsize, Ordering},
};

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use scim::{Error, ErrorKind, Object};
use serde_json::Value;

/// The media type of SCIM (RFC 7644 §3.1).
pub(crate) const SCIM_JSON: &str = "application/scim+json";

/// A handler's answer.
pub(crate) type Answer = Response<Body>;

/// An answer with a JSON body.
pub(crate) fn json(status: StatusCode, body: &Value) -> Answer {
    json_text(status, body.to_string())
}

fn json_text(status: StatusCode, body: String) -> Answer {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(SCIM_JSON));
    answer
}

/// An answer with a JSON body, or `None` for one that is larger than Lambda passes on.
pub(crate) fn json_in_bounds(status: StatusCode, body: &Value) -> Option<Answer> {
    let text = body.to_string();
    (size_passed_on(&text) <= MOST_BYTES).then(|| json_text(status, text))
}

/// The most that a body may take, in bytes as it is passed on: Lambda's limit of 6 MB is on the whole event.
const MOST_BYTES: usize = 5_000_000;

/// Whether a resource is so large that no answer with it, and with others of so many bytes together, can be passed on;
/// adds its own bytes to theirs.
pub(crate) fn is_too_much(resource: &Object, others: &AtomicUsize) -> bool {
    let mut size = Size(0);
    // Counting cannot fail.
    let _ = serde_json::to_writer(&mut size, resource);
    others.fetch_add(size.0, Ordering::Relaxed) + size.0 > MOST_BYTES
}

/// Counts the bytes of a body as they are passed on: as a JSON string in the event, quotes and backslashes escaped.
struct Size(usize);

impl Write for Size {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() + bytes.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn size_passed_on(body: &str) -> usize {
    let mut size = Size(0);
    let _ = size.write_all(body.as_bytes());
    size.0
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

/// An answer with a header more; a value that cannot be a header is left out.
pub(crate) fn with_header(mut answer: Answer, name: header::HeaderName, value: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
    answer
}

/// An answer with one resource and the headers that repeat its `meta`: `ETag` is the version, `Location` and
/// `Content-Location` are the location (RFC 7643 §3.1), under `/Me` as well. `None` where the resource is larger than
/// Lambda passes on.
pub(crate) fn resource(
    status: StatusCode,
    resource: Object,
    version: &str,
    location: &str,
) -> Option<Answer> {
    let answer = with_header(json_in_bounds(status, &Value::Object(resource))?, header::ETAG, version);
    Some(with_header(with_header(answer, header::LOCATION, location), header::CONTENT_LOCATION, location))
}

/// The error message, with the headers that its status asks for. The error itself goes along for the log.
pub(crate) fn error(error: Error) -> Answer {
    /// Seconds after which a request that met a busy or absent dependency is worth repeating.
    const RETRY_AFTER_SECONDS: &str = "5";
    let (status, _) = error.kind().wire();
    let mut answer = json(status, &error.to_json());
    answer = match error.kind() {
        ErrorKind::Unauthorized => with_header(answer, header::WWW_AUTHENTICATE, r#"Bearer realm="scim""#),
        ErrorKind::Unavailable | ErrorKind::TooManyRequests => {
            with_header(answer, header::RETRY_AFTER, RETRY_AFTER_SECONDS)
        }
        _ => answer,
    };
    answer.extensions_mut().insert(error);
    answer
}

/// What a client is told of an error of the table. Causes that are not its own are logged here, once.
pub(crate) fn from_directory(error: directory::Error) -> Error {
    use directory::Error as Table;
    match error {
        Table::Taken { attribute, value, other } => {
            let detail = format!(
                "Attribute {attribute} must be unique: {} is taken by {other}",
                scim::value::quoted(&value)
            );
            Error::new(ErrorKind::Uniqueness, detail).at(attribute)
        }
        Table::Changed => Error::new(
            ErrorKind::PreconditionFailed,
            "The resource was changed by another request meanwhile: read it again",
        ),
        Table::TooManyEmails { count, limit } => {
            let detail =
                format!("Attribute emails has {count} different addresses: at most {limit} are taken");
            Error::new(ErrorKind::InvalidValue, detail).at("emails")
        }
        Table::TooManyLookups { count, limit } => {
            let detail =
                format!("The resource has {count} unique or matchable values: at most {limit} are taken");
            Error::new(ErrorKind::InvalidValue, detail)
        }
        Table::TooLarge { size_bytes, limit_bytes } => {
            let detail = format!("The resource takes {size_bytes} bytes: at most {limit_bytes} are stored");
            Error::new(ErrorKind::PayloadTooLarge, detail)
        }
        Table::Unstorable { attribute, reason } => {
            let detail = format!("Value in attribute {attribute} cannot be stored: {reason}");
            Error::new(ErrorKind::InvalidValue, detail).at(attribute)
        }
        Table::Busy => Error::new(ErrorKind::Unavailable, "The table is busy: repeat the request"),
        Table::Unavailable(cause) => {
            tracing::error!(cause = chain(&*cause), "the table does not answer");
            Error::new(ErrorKind::Unavailable, "The table does not answer: repeat the request")
        }
        Table::Unreadable { item, reason } => {
            tracing::error!(item, reason, "an item of the table cannot be read");
            Error::new(ErrorKind::Internal, "Internal error: the cause is in the log under this request's id")
        }
    }
}

/// An error and what caused it, in words: the SDK's own are no more than "service error".
fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_measured_as_it_is_passed_on() {
        let body = |length: usize| Value::String("x".repeat(length));
        let check = |body: &Value, fits: bool| {
            let size = serde_json::to_string(&body.to_string()).map(|text| text.len() - 2);
            assert_eq!(size.ok(), Some(size_passed_on(&body.to_string())));
            assert_eq!(json_in_bounds(StatusCode::OK, body).is_some(), fits);
        };
        check(&body(MOST_BYTES - 4), true);
        check(&body(MOST_BYTES - 3), false);
        let quotes = |count: usize| Value::String("\"".repeat(count));
        check(&quotes(MOST_BYTES / 4 - 1), true);
        check(&quotes(MOST_BYTES / 4), false);
    }

    #[test]
    fn resources_are_too_much_together() {
        let resource = |length: usize| Object::from_iter([("x".to_owned(), "x".repeat(length).into())]);
        let others = AtomicUsize::new(0);
        assert!(!is_too_much(&resource(MOST_BYTES / 2), &others));
        assert!(!is_too_much(&resource(MOST_BYTES / 2 - 30), &others));
        assert!(is_too_much(&resource(30), &others));
    }
}
