//! A request of DynamoDB's JSON protocol: its operation, and what it writes.

use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::{Map, Value};

use crate::gate::Gate;

/// An item, or its key, as it is sent: attribute → `{"S": "…"}`.
pub type Item = Map<String, Value>;

/// A request's operation, as in `GetItem`, and its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The operation, as in `GetItem`.
    pub operation: String,
    /// The body: JSON.
    pub body: String,
}

/// A request on its way. Rules read it, and may change what goes on.
#[derive(Debug)]
pub struct Request {
    sent: Sent,
    json: Value,
    is_changed: bool,
    /// How long it is held up before it goes on.
    pub delay: Duration,
    /// Where it waits after that.
    pub gates: Vec<Gate>,
}

/// One item that a request writes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Write<'a> {
    /// The whole item.
    Put(&'a Item),
    /// The item of this key goes.
    Delete(&'a Item),
    /// The item of this key changes; the values of the expression.
    Update(&'a Item, Option<&'a Item>),
    /// A transaction's look at the item of this key.
    Check(&'a Item),
}

impl Request {
    /// A request of `operation` with this body.
    #[must_use]
    pub fn new(operation: &str, body: &Value) -> Self {
        Self::of(Sent { operation: operation.to_owned(), body: body.to_string() })
    }

    pub(crate) fn read(request: &HttpRequest) -> Self {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        Self::of(Sent { operation, body })
    }

    fn of(sent: Sent) -> Self {
        let json = serde_json::from_str(&sent.body).unwrap_or_default();
        Self { sent, json, is_changed: false, delay: Duration::ZERO, gates: Vec::new() }
    }

    /// What was sent, whatever rules have made of it.
    #[must_use]
    pub const fn sent(&self) -> &Sent {
        &self.sent
    }

    /// The operation, as in `GetItem`.
    #[must_use]
    pub fn operation(&self) -> &str {
        &self.sent.operation
    }

    /// The body; null where it is no JSON.
    #[must_use]
    pub const fn body(&self) -> &Value {
        &self.json
    }

    /// The body, to change it.
    pub const fn body_mut(&mut self) -> &mut Value {
        self.is_changed = true;
        &mut self.json
    }

    /// Writes what rules have changed into the request that goes on.
    pub(crate) fn apply(&self, request: &mut HttpRequest) {
        if !self.is_changed {
            return;
        }
        let body = self.body().to_string();
        if request.headers().contains_key("content-length") {
            request.headers_mut().insert("content-length", body.len().to_string());
        }
        *request.body_mut() = body.into();
    }

    /// What it writes, in order; nothing for a read.
    #[must_use]
    pub fn writes(&self) -> Vec<Write<'_>> {
        let body = self.body();
        match self.operation() {
            "PutItem" => Write::put(body).into_iter().collect(),
            "DeleteItem" => Write::delete(body).into_iter().collect(),
            "UpdateItem" => Write::update(body).into_iter().collect(),
            "BatchWriteItem" => {
                let requests = body["RequestItems"].as_object().into_iter().flat_map(Map::values);
                requests.filter_map(Value::as_array).flatten().filter_map(Write::of_batch).collect()
            }
            "TransactWriteItems" => {
                let actions = body["TransactItems"].as_array();
                actions.into_iter().flatten().filter_map(Write::of_transaction).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether it writes everything or nothing.
    #[must_use]
    pub fn is_transaction(&self) -> bool {
        self.operation() == "TransactWriteItems"
    }
}

impl<'a> Write<'a> {
    fn put(body: &'a Value) -> Option<Self> {
        body["Item"].as_object().map(Self::Put)
    }

    fn delete(body: &'a Value) -> Option<Self> {
        body["Key"].as_object().map(Self::Delete)
    }

    fn update(body: &'a Value) -> Option<Self> {
        let values = body["ExpressionAttributeValues"].as_object();
        body["Key"].as_object().map(|key| Self::Update(key, values))
    }

    fn of_batch(request: &'a Value) -> Option<Self> {
        Self::put(&request["PutRequest"]).or_else(|| Self::delete(&request["DeleteRequest"]))
    }

    fn of_transaction(action: &'a Value) -> Option<Self> {
        Self::put(&action["Put"])
            .or_else(|| Self::delete(&action["Delete"]))
            .or_else(|| Self::update(&action["Update"]))
            .or_else(|| action["ConditionCheck"]["Key"].as_object().map(Self::Check))
    }

    /// The item, or its key: `pk` and `sk` are in both.
    #[must_use]
    pub const fn item(self) -> &'a Item {
        match self {
            Self::Put(item) | Self::Delete(item) | Self::Update(item, _) | Self::Check(item) => item,
        }
    }

    /// Its partition and sort key.
    #[must_use]
    pub fn key(self) -> (String, String) {
        key(self.item())
    }
}

/// An item's partition and sort key.
pub(crate) fn key(item: &Item) -> (String, String) {
    let part =
        |name: &str| item.get(name).and_then(|value| value["S"].as_str()).unwrap_or_default().to_owned();
    (part("pk"), part("sk"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(operation: &str, body: Value, expected: &[&str]) {
        let request = Request::new(operation, &body);
        let written: Vec<_> = request.writes().iter().map(|write| write.key().0).collect();
        assert_eq!(written, expected, "{operation}");
    }

    #[test]
    fn the_writes_of_each_operation_are_known() {
        let key = |pk: &str| json!({ "pk": { "S": pk }, "sk": { "S": "!" } });
        check("PutItem", json!({ "Item": key("a") }), &["a"]);
        check("DeleteItem", json!({ "Key": key("a") }), &["a"]);
        check("UpdateItem", json!({ "Key": key("a") }), &["a"]);
        let batch = json!({ "RequestItems": { "t": [
            { "PutRequest": { "Item": key("a") } }, { "DeleteRequest": { "Key": key("b") } }
        ] } });
        check("BatchWriteItem", batch, &["a", "b"]);
        let transaction = json!({ "TransactItems": [
            { "Put": { "Item": key("a") } }, { "Delete": { "Key": key("b") } },
            { "Update": { "Key": key("c") } }, { "ConditionCheck": { "Key": key("d") } }
        ] });
        check("TransactWriteItems", transaction, &["a", "b", "c", "d"]);
        check("GetItem", json!({ "Key": key("a") }), &[]);
        check("PutItem", json!("no object"), &[]);
    }

    #[test]
    fn a_changed_body_goes_on_with_its_own_length() {
        let mut http = HttpRequest::new("{\"Limit\": 10}".into());
        http.headers_mut().insert("x-amz-target", "DynamoDB_20120810.Query");
        http.headers_mut().insert("content-length", "13");
        let mut request = Request::read(&http);
        request.apply(&mut http);
        assert_eq!(http.body().bytes(), Some(&b"{\"Limit\": 10}"[..]), "unchanged");
        request.body_mut()["Limit"] = json!(1);
        request.apply(&mut http);
        assert_eq!(http.body().bytes(), Some(&b"{\"Limit\":1}"[..]));
        assert_eq!(http.headers().get("content-length"), Some("11"));
        assert_eq!((request.operation(), &*request.sent().body), ("Query", "{\"Limit\": 10}"));
    }
}
