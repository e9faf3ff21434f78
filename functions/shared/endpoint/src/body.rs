//! A request's body: its media type, its size, and the JSON object in it.

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, header},
};
use scim::{Error, ErrorKind, Object};
use serde_json::Value;

/// The JSON object of a body of at most `limit_bytes`.
///
/// # Errors
///
/// [`ErrorKind::UnsupportedMediaType`], [`ErrorKind::PayloadTooLarge`] or [`ErrorKind::InvalidSyntax`].
pub(crate) async fn object(headers: &HeaderMap, body: Body, limit_bytes: usize) -> Result<Object, Error> {
    check_media_type(headers)?;
    let bytes = to_bytes(body, limit_bytes).await.map_err(|error| {
        if is_too_long(&error) {
            let detail = format!("The body is larger than {limit_bytes} bytes, the limit of this endpoint");
            Error::new(ErrorKind::PayloadTooLarge, detail)
        } else {
            Error::new(ErrorKind::InvalidSyntax, "The body ended early")
        }
    })?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::new(ErrorKind::InvalidSyntax, "The body is empty: expected a JSON object"));
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => {
            let detail = format!("The body is not a JSON object: got {}", scim::value::json_type(&other));
            Err(Error::new(ErrorKind::InvalidSyntax, detail))
        }
        Err(error) => {
            Err(Error::new(ErrorKind::InvalidSyntax, format!("The body is not valid JSON: {error}")))
        }
    }
}

/// SCIM or JSON, with any parameters; a body without a type is taken for JSON.
fn check_media_type(headers: &HeaderMap) -> Result<(), Error> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let text = value.to_str().unwrap_or_default();
    let media_type = text.split(';').next().unwrap_or_default().trim();
    if media_type.is_empty()
        || ["application/scim+json", "application/json"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(media_type))
    {
        return Ok(());
    }
    let detail = format!(
        "Content-Type {} is not served: expected application/scim+json or application/json",
        scim::value::quoted(media_type)
    );
    Err(Error::new(ErrorKind::UnsupportedMediaType, detail))
}

fn is_too_long(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}
