//! The program, and a local server's stand-ins for it to work on.

use std::{
    collections::{BTreeMap, HashMap},
    io::{Seek as _, Write as _},
};

use aws_sdk_dynamodb::types::AttributeValue;
use axum::{Router, body::Body};
use directory::Directory;
use endpoint::Operator;
use http::{Method, Request};
use local::{Options, Stack, TABLE};
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

impl Ended {
    /// What it printed as JSON, one value a line.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Asserts that it ended so, and what it printed then.
    pub(crate) fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self
    }
}

/// Every item of a table, by its key.
pub(crate) type Items = BTreeMap<String, HashMap<String, AttributeValue>>;

/// Runs the program, as where nothing is configured.
pub(crate) async fn scimctl(arguments: &[&str]) -> Ended {
    scimctl_with(arguments, "").await
}

/// The same, with this on standard input.
pub(crate) async fn scimctl_with(arguments: &[&str], input: &str) -> Ended {
    let mut program = Command::new(env!("CARGO_BIN_EXE_scimctl"));
    let program = program.args(arguments).env_remove("TABLE_NAME").env_remove("SECRETS_PREFIX");
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input.as_bytes()).unwrap();
    file.rewind().unwrap();
    let ended = program.stdin(file).output().await.unwrap();
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

    /// Every item of the table.
    pub(crate) async fn items(&self) -> Items {
        let client = local::aws::dynamodb(self.stack.stand_ins.engine.url());
        let scan = client.scan().table_name(TABLE).into_paginator().items().send();
        let items: Vec<_> = scan.collect::<Result<_, _>>().await.unwrap();
        let key = |item: &HashMap<String, AttributeValue>| {
            format!("{} {}", item["pk"].as_s().unwrap(), item["sk"].as_s().unwrap())
        };
        items.into_iter().map(|item| (key(&item), item)).collect()
    }

    /// Sets a text of an item.
    pub(crate) async fn set(&self, pk: &str, sk: &str, name: &str, text: &str) {
        let client = local::aws::dynamodb(self.stack.stand_ins.engine.url());
        let value = |text: &str| AttributeValue::S(text.to_owned());
        let call = client.update_item().table_name(TABLE).key("pk", value(pk)).key("sk", value(sk));
        let call = call.update_expression("SET #name = :value").expression_attribute_names("#name", name);
        call.expression_attribute_values(":value", value(text)).send().await.unwrap();
    }

    /// An operator of a tenant, in this process.
    pub(crate) fn operator(&self, tenant: &str) -> Operator {
        let client = local::aws::dynamodb(self.stack.stand_ins.engine.url());
        Operator::new(Directory::new(client, TABLE), tenant, "default").unwrap()
    }

    /// Makes a resource in a tenant; its id.
    pub(crate) async fn make(&self, tenant: &str, path: &str, mut body: Value) -> String {
        let name = if path == "/Users" { "User" } else { "Group" };
        if body["schemas"].is_null() {
            body["schemas"] = serde_json::json!([format!("urn:ietf:params:scim:schemas:core:2.0:{name}")]);
        }
        let reply = self.operator(tenant).call(Method::POST, path, Some(&body)).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        reply.body["id"].as_str().unwrap().to_owned()
    }

    /// All resources at a path of a tenant, by what they are called.
    pub(crate) async fn all(&self, tenant: &str, path: &str) -> BTreeMap<String, Value> {
        let reply = self.operator(tenant).call(Method::GET, &format!("{path}?count=1000"), None).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let name = |it: &Value| {
            it["userName"].as_str().or_else(|| it["displayName"].as_str()).unwrap_or_default().to_owned()
        };
        let found = reply.body["Resources"].as_array().cloned().unwrap_or_default();
        found.into_iter().map(|it| (name(&it), it)).collect()
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
