//! The connection to the engine, which remembers requests and can fail as AWS does and the engine cannot.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};

/// A request's operation, as in `GetItem`, and its body.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) operation: String,
    pub(crate) body: String,
}

/// What goes wrong with a request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It is answered 400 with this body, and not done.
    Refused(String),
    /// It is done, and the answer is lost.
    AnswerLost,
    /// Of a batch, nothing is done, and the answer says so.
    HeldBack,
}

#[derive(Clone)]
pub(crate) struct Wire {
    inner: SharedHttpClient,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    sent: Vec<Sent>,
    /// Operation and fault: the first that fits is used up.
    faults: Vec<(&'static str, Fault)>,
}

impl Wire {
    pub(crate) fn new(inner: SharedHttpClient) -> Self {
        Self { inner, state: Arc::default() }
    }

    /// The next `times` requests of this operation fail.
    pub(crate) fn fail(&self, operation: &'static str, times: usize, fault: &Fault) {
        let faults = std::iter::repeat_n((operation, fault.clone()), times);
        self.state.lock().expect("a lock").faults.extend(faults);
    }

    /// The requests of this operation so far.
    pub(crate) fn sent(&self, operation: &str) -> Vec<Sent> {
        let state = self.state.lock().expect("a lock");
        state.sent.iter().filter(|sent| sent.operation == operation).cloned().collect()
    }

    /// Forgets what was sent.
    pub(crate) fn clear(&self) {
        self.state.lock().expect("a lock").sent.clear();
    }

    fn note(&self, request: &HttpRequest) -> Option<Fault> {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let mut state = self.state.lock().expect("a lock");
        let place = state.faults.iter().position(|(fails, _)| *fails == operation);
        state.sent.push(Sent { operation, body });
        place.map(|place| state.faults.remove(place).1)
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector { inner, wire: self.clone() })
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    wire: Wire,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let fault = self.wire.note(&request);
        match fault {
            Some(Fault::Refused(body)) => {
                let status = StatusCode::try_from(400).expect("a status");
                HttpConnectorFuture::ready(Ok(HttpResponse::new(status, body.into())))
            }
            Some(Fault::HeldBack) => {
                let status = StatusCode::try_from(200).expect("a status");
                let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default());
                let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
                let items = &body["RequestItems"];
                let answer = serde_json::json!({ "UnprocessedKeys": items, "UnprocessedItems": items });
                HttpConnectorFuture::ready(Ok(HttpResponse::new(status, answer.to_string().into())))
            }
            Some(Fault::AnswerLost) => {
                let answer = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    answer.await?;
                    Err(ConnectorError::io("the connection was closed".into()))
                })
            }
            None => self.inner.call(request),
        }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

/// A cancelled transaction, with a reason for each action.
pub(crate) fn cancelled(codes: &[&str]) -> Fault {
    let reasons: Vec<_> = codes.iter().map(|code| format!(r#"{{"Code":"{code}"}}"#)).collect();
    Fault::Refused(format!(
        r#"{{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"Transaction cancelled","CancellationReasons":[{}]}}"#,
        reasons.join(",")
    ))
}

/// An error of this name.
pub(crate) fn refused(name: &str) -> Fault {
    Fault::Refused(format!(
        r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{name}","message":"for the test"}}"#
    ))
}
