//! Answers that are made here, and answers of the engine that are read here.

use aws_smithy_runtime_api::{
    client::{orchestrator::HttpResponse, result::ConnectorError},
    http::StatusCode,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use serde_json::Value;

/// An answer of this status and body.
pub(crate) fn made(status: u16, body: String) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
    Ok(HttpResponse::new(status, body.into()))
}

/// The engine's answer with its body read and changed; an error's, or one that is no JSON, stays as it is.
pub(crate) async fn changed(
    mut answer: HttpResponse,
    change: impl FnOnce(&mut Value),
) -> Result<HttpResponse, ConnectorError> {
    if !answer.status().is_success() {
        return Ok(answer);
    }
    let body = std::mem::replace(answer.body_mut(), SdkBody::empty());
    let read = ByteStream::new(body).collect().await;
    let bytes = read.map_err(|error| ConnectorError::io(error.into()))?.to_vec();
    let Ok(mut json) = serde_json::from_slice::<Value>(&bytes) else {
        *answer.body_mut() = SdkBody::from(bytes);
        return Ok(answer);
    };
    change(&mut json);
    // Its headers tell length and checksum of the body that was.
    made(200, json.to_string())
}
