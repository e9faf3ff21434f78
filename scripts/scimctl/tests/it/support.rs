//! The program, and a local server's stand-ins for it to work on.

use axum::{Router, body::Body};
use http::Request;
use local::{Options, Stack};
use serde_json::Value;
use tokio::process::Command;
use tower::ServiceExt as _;

/// How the program ended: its code, and what it printed.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// What it printed as JSON; it must have ended well.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        serde_json::from_str(&self.out).unwrap()
    }
}

/// Runs the program, as where nothing is configured.
pub(crate) async fn scimctl(arguments: &[&str]) -> Ended {
    let mut program = Command::new(env!("CARGO_BIN_EXE_scimctl"));
    let program = program.args(arguments).env_remove("TABLE_NAME").env_remove("SECRETS_PREFIX");
    let ended = program.stdin(std::process::Stdio::null()).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: ended.status.code(), out: text(ended.stdout), err: text(ended.stderr) }
}

/// A local endpoint.
pub(crate) struct Server {
    pub(crate) stack: Stack,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self { stack: Stack::start(&Options::default()).await.unwrap() }
    }

    /// One that is configured in another way.
    pub(crate) async fn with(options: &Options) -> Self {
        Self { stack: Stack::start(options).await.unwrap() }
    }

    /// Runs a command that works on secrets.
    pub(crate) async fn secrets(&self, arguments: &[&str]) -> Ended {
        scimctl(&[arguments, &["--secrets", self.stack.stand_ins.secrets.url()]].concat()).await
    }

    /// Runs a command that works on the table.
    pub(crate) async fn table(&self, arguments: &[&str]) -> Ended {
        scimctl(&[arguments, &["--local", self.stack.stand_ins.engine.url()]].concat()).await
    }

    /// Runs a command that works on both.
    pub(crate) async fn both(&self, arguments: &[&str]) -> Ended {
        self.table(&[arguments, &["--secrets", self.stack.stand_ins.secrets.url()]].concat()).await
    }

    /// A function that has just started: it remembers nothing.
    pub(crate) fn function(&self) -> Router {
        self.stack.sandbox(local::aws::dynamodb(self.stack.stand_ins.engine.url()))
    }

    /// What a function that has just started answers.
    pub(crate) async fn get(&self, token: &str, path: &str) -> (u16, Value) {
        ask(self.function(), "GET", token, path, &Value::Null).await
    }

    /// A new token of a connector.
    pub(crate) async fn issue(&self, connector: &str) -> String {
        let ended = self.secrets(&["token", "issue", connector]).await;
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        ended.out.trim_end().to_owned()
    }
}

/// Serves an endpoint over HTTP, until the test ends; its base URL.
pub(crate) async fn serve(endpoint: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/scim/v2", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, endpoint).await });
    url
}

/// What an endpoint answers.
pub(crate) async fn ask(
    endpoint: Router,
    method: &str,
    token: &str,
    path: &str,
    body: &Value,
) -> (u16, Value) {
    let request = Request::builder().method(method).uri(format!("/scim/v2{path}"));
    let request = request.header("authorization", format!("Bearer {token}"));
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let request = request.header("content-type", "application/scim+json").body(body).unwrap();
    let answer = endpoint.oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}
