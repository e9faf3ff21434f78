//! Another process that serves the same table, whose connection to it can fail.

use aws_sdk_dynamodb::Client;
use aws_smithy_http_client::Builder;
use faults::Wire;
use http::Method;
use local::{Options, aws};
use serde_json::Value;
use tests::Target;

use crate::endpoint::Endpoint;

/// A client of the engine at `url`, and what lies between.
pub(crate) fn client(url: &str) -> (Client, Wire) {
    let wire = Wire::new(Builder::new().build_http());
    let config = aws::dynamodb(url).config().to_builder().http_client(wire.clone()).build();
    (Client::from_conf(config), wire)
}

/// The endpoint as another process serves it.
pub(crate) struct Sandbox {
    /// What goes to the engine and back.
    pub(crate) wire: Wire,
    target: Target,
    headers: [(String, String); 1],
}

impl Sandbox {
    /// One beside `endpoint`, for its connector.
    pub(crate) fn beside(endpoint: &Endpoint) -> Self {
        Self::of(endpoint, endpoint.stack.token().as_str())
    }

    /// One beside `endpoint`, for the connector of a token.
    pub(crate) fn of(endpoint: &Endpoint, token: &str) -> Self {
        let (client, wire) = client(endpoint.stack.stand_ins.engine.url());
        let target = Target::in_process(endpoint.stack.sandbox(client), &Options::default().base_path);
        Self { wire, target, headers: [("authorization".to_owned(), format!("Bearer {token}"))] }
    }

    /// The status and the body of an answer.
    pub(crate) async fn send(&self, method: &Method, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self.target.send(method, path, &self.headers, body).await.unwrap();
        (answer.status.as_u16(), answer.json().unwrap_or_default())
    }
}
