//! Answers: SCIM bodies and headers, and what becomes of an error below.

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
    let mut answer = Response::new(Body::from(body.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(SCIM_JSON));
    answer
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
/// `Content-Location` are the location (RFC 7643 §3.1), under `/Me` as well.
pub(crate) fn resource(status: StatusCode, resource: Object, version: &str, location: &str) -> Answer {
    let answer = with_header(json(status, &Value::Object(resource)), header::ETAG, version);
    with_header(with_header(answer, header::LOCATION, location), header::CONTENT_LOCATION, location)
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
            tracing::error!(cause = %cause, "the table does not answer");
            Error::new(ErrorKind::Unavailable, "The table does not answer: repeat the request")
        }
        Table::Unreadable { item, reason } => {
            tracing::error!(item, reason, "an item of the table cannot be read");
            Error::new(ErrorKind::Internal, "Internal error: the cause is in the log under this request's id")
        }
    }
}
