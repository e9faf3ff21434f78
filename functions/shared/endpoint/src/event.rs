//! The event of API Gateway, read in a way that no request of a client can spoil.

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayV2httpRequest};
use lambda_http::request::LambdaRequest;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Value, value::RawValue};

/// A request as API Gateway sends it, in the format of a REST API or of an HTTP API.
///
/// API Gateway passes on header values in any characters; the `http` crate takes them from text only where they are
/// ASCII. One such value, in a `User-Agent` for instance, must not cost the whole request.
#[derive(Debug)]
pub(crate) struct Event(pub(crate) LambdaRequest);

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: Box<RawValue> = Box::deserialize(deserializer)?;
        if let Some(request) = read(raw.get()) {
            return Ok(Self(request));
        }
        let mut event: Value = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
        for headers in ["headers", "multiValueHeaders"] {
            if let Some(Value::Object(headers)) = event.get_mut(headers) {
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
    let request = serde_json::from_str::<ApiGatewayV2httpRequest>(event).ok()?;
    Some(LambdaRequest::ApiGatewayV2(request))
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
