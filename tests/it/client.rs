//! Clients of connectors, several of one deployment.

use axum::body::Bytes;
use directory::{Directory, Setting};
use http::Method;
use local::{Options, PREFIX, Stack, TABLE, Token, aws};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::Target;

/// What a client sends with every request.
pub(crate) struct Client {
    target: Target,
    headers: Vec<(String, String)>,
}

impl Client {
    /// The client of a new connector of this name.
    pub(crate) fn of(stack: &Stack, tenant: &str, connector: &str) -> Self {
        let token = Token::generate(connector).unwrap();
        set_tokens(stack, tenant, connector, &[("t1", &token, None)]);
        Self::with(stack, &format!("Bearer {}", token.as_str()))
    }

    /// One that sends this as `Authorization`.
    pub(crate) fn with(stack: &Stack, authorization: &str) -> Self {
        let target = Target::in_process(stack.router(), &Options::default().base_path);
        Self { target, headers: vec![("authorization".to_owned(), authorization.to_owned())] }
    }

    /// The status and the body of an answer.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        self.send_with(method, path, body, &[]).await
    }

    /// The same with more headers.
    pub(crate) async fn send_with(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        more: &[(&str, &str)],
    ) -> (u16, Value) {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let headers: Vec<_> = self.headers.iter().cloned().chain(more).collect();
        let answer = self.target.send(&method, path, &headers, body).await.unwrap();
        (answer.status.as_u16(), answer.json().unwrap_or_default())
    }

    /// The body of what can be read.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(Method::GET, path, &Value::Null).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// How many a filter finds.
    pub(crate) async fn count(&self, collection: &str, filter: &str) -> Value {
        let filter: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        self.get(&format!("{collection}?filter={filter}")).await["totalResults"].clone()
    }

    /// Creates a resource; returns its id.
    pub(crate) async fn create(&self, path: &str, body: &Value) -> String {
        let (status, created) = self.send(Method::POST, path, body).await;
        assert_eq!(status, 201, "{created}");
        created["id"].as_str().unwrap().to_owned()
    }

    /// Changes a resource with one operation of PATCH; the answer's body.
    pub(crate) async fn patch(&self, path: &str, operation: Value) -> Value {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [operation],
        });
        let (status, answer) = self.send(Method::PATCH, path, &body).await;
        assert!([200, 204].contains(&status), "{path}: {answer}");
        answer
    }
}

/// Gives a connector these tokens and no others: an id, the token, and when it ends.
pub(crate) fn set_tokens(
    stack: &Stack,
    tenant: &str,
    connector: &str,
    tokens: &[(&str, &Token, Option<&str>)],
) {
    let tokens: Vec<_> = tokens
        .iter()
        .map(|(id, token, not_after)| {
            let digest = format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(token.as_str())));
            match not_after {
                Some(end) => json!({"id": id, "sha256": digest, "notAfter": end}),
                None => json!({"id": id, "sha256": digest}),
            }
        })
        .collect();
    let secret = json!({"tenant": tenant, "tokens": tokens}).to_string();
    stack.stand_ins.secrets.set(&format!("{PREFIX}/connectors/{connector}"), &secret).unwrap();
}

/// The table, as an operator reaches it.
pub(crate) fn directory(stack: &Stack) -> Directory {
    Directory::new(aws::dynamodb(stack.stand_ins.engine.url()), TABLE)
}

/// Puts a document of a tenant's configuration.
pub(crate) async fn configure(stack: &Stack, tenant: &str, name: &str, document: Value) {
    let document = document.as_object().unwrap().clone();
    let setting = Setting { name: name.to_owned(), document };
    directory(stack).configure(tenant, &setting).await.unwrap();
}
