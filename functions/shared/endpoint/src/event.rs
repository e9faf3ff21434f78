//! The event of API Gateway, read in a way that no request of a client can spoil.

use std::fmt::Write;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayV2httpRequest};
use http::HeaderName;
use lambda_http::request::LambdaRequest;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Value, value::RawValue};

/// A request as API Gateway sends it, in the format of a REST API or of an HTTP API.
///
/// API Gateway passes on header values in any characters; the `http` crate takes them from text only where they are
/// ASCII. One such value, in a `User-Agent` for instance, must not cost the whole request, nor must a member that is null,
/// or a quote in a query that a client has not encoded.
#[derive(Debug)]
pub(crate) struct Event(pub(crate) LambdaRequest);

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: Box<RawValue> = Box::deserialize(deserializer)?;
        if let Some(request) = read(raw.get()) {
            return Ok(Self(request));
        }
        let mut event: Value = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
        remove_nulls(&mut event);
        for headers in ["headers", "multiValueHeaders"] {
            if let Some(Value::Object(headers)) = event.get_mut(headers) {
                headers.retain(|name, _| HeaderName::from_bytes(name.as_bytes()).is_ok());
                headers.values_mut().for_each(to_ascii);
            }
        }
        // Nothing of the event goes into the error: it holds the token.
        let request = read(&event.to_string()).ok_or_else(|| D::Error::custom("not an event of API Gateway"));
        request.map(Self)
    }
}

fn read(event: &str) -> Option<LambdaRequest> {
    if let Ok(request) = serde_json::from_str::<ApiGatewayProxyRequest>(event) {
        return Some(LambdaRequest::ApiGatewayV1(request));
    }
    let mut request = serde_json::from_str::<ApiGatewayV2httpRequest>(event).ok()?;
    request.raw_query_string = request.raw_query_string.as_deref().map(encoded);
    Some(LambdaRequest::ApiGatewayV2(request))
}

/// A query as it came, but for what no URL may hold, which is percent-encoded: clients send the quotes of a filter so.
fn encoded(query: &str) -> String {
    let mut text = String::with_capacity(query.len());
    for byte in query.bytes() {
        if matches!(byte, b'"' | b'#' | b'<' | b'>' | ..=b' ' | 0x7f..) {
            // Nothing keeps a text from growing.
            let _ = write!(text, "%{byte:02X}");
        } else {
            text.push(char::from(byte));
        }
    }
    text
}

/// A member that is null is one that is not there.
fn remove_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null());
            members.values_mut().for_each(remove_nulls);
        }
        Value::Array(values) => values.retain(|value| !value.is_null()),
        _ => {}
    }
}

/// The value of a header, or its values, with a question mark for each character that is not visible ASCII.
fn to_ascii(value: &mut Value) {
    match value {
        Value::String(text) => {
            *text = text.chars().map(|it| if matches!(it, ' '..='~' | '\t') { it } else { '?' }).collect();
        }
        Value::Array(values) => values.iter_mut().for_each(to_ascii),
        _ => {}
    }
}
