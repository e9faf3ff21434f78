//! The whole endpoint in this process, and how the tests speak to it.

use http::Method;
use local::{Options, Stack};
use serde_json::Value;
use tests::Target;

/// URN of User.
pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// URN of Group.
pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// An endpoint with an empty table.
pub(crate) struct Endpoint {
    /// What it stands on.
    pub(crate) stack: Stack,
    target: Target,
    headers: [(String, String); 1],
}

impl Endpoint {
    /// A new one.
    pub(crate) async fn start() -> Self {
        Self::on(Stack::start(&Options::default()).await.unwrap())
    }

    /// One below the usual base path.
    pub(crate) fn on(stack: Stack) -> Self {
        let target = Target::in_process(stack.router(), &Options::default().base_path);
        let headers = [("authorization".to_owned(), format!("Bearer {}", stack.token().as_str()))];
        Self { stack, target, headers }
    }

    /// The status and the body of an answer.
    pub(crate) async fn send(&self, method: &Method, path: &str, body: String) -> (u16, Value) {
        let answer = self.target.send(method, path, &self.headers, body.into_bytes()).await.unwrap();
        (answer.status.as_u16(), answer.json().unwrap_or_default())
    }

    /// The body of what can be read.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(&Method::GET, path, String::new()).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Creates a resource; returns its id.
    pub(crate) async fn create(&self, path: &str, body: &Value) -> String {
        let (status, created) = self.send(&Method::POST, path, body.to_string()).await;
        assert_eq!(status, 201, "{created}");
        created["id"].as_str().unwrap().to_owned()
    }
}
