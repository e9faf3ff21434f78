//! The saved queries of `infra/queries.yaml` ask for what the log has: every field is in a line of a run.

use std::collections::BTreeSet;
use std::fs;

use directory::Directory;
use faults::refused;
use http::Method;
use local::TABLE;
use regex::Regex;
use serde_json::{Map, Value, json};
use tests::requirements::root;
use worker::{Worker, clock};

use crate::endpoint::{Endpoint, GROUP, USER};
use crate::sandbox::{self, Sandbox};
use crate::worker::deleted;
use crate::{logged, metrics};

/// The queries of the template, by the names of its resources.
fn queries() -> Vec<(String, String)> {
    let template = fs::read_to_string(root().join("infra/queries.yaml")).unwrap();
    let mut queries: Vec<(String, String)> = Vec::new();
    let mut name = String::new();
    let mut is_inside = false;
    for line in template.lines() {
        let depth = line.len() - line.trim_start().len();
        if depth == 2 {
            name = line.trim().trim_end_matches(':').to_owned();
        }
        if line.trim() == "QueryString: |" {
            queries.push((name.clone(), String::new()));
            is_inside = true;
        } else if is_inside && depth >= 8 {
            let (_, query) = queries.last_mut().unwrap();
            query.push_str(line.trim());
            query.push('\n');
        } else {
            is_inside = false;
        }
    }
    queries
}

/// The fields that a query asks of a line: its words but for those of the language, and those that it names itself.
fn fields(query: &str) -> BTreeSet<String> {
    const LANGUAGE: [&str; 15] = [
        "and", "as", "asc", "bin", "by", "count", "desc", "fields", "filter", "latest", "like", "limit",
        "max", "min", "or",
    ];
    let literals = Regex::new(r#"(?m)^#.*$|"[^"]*"|/[^/]*/|\b\d+[a-z]?\b"#).unwrap();
    let query = literals.replace_all(query, " ").into_owned();
    let named: BTreeSet<String> =
        Regex::new(r"\bas (\w+)").unwrap().captures_iter(&query).map(|name| name[1].to_owned()).collect();
    let words = Regex::new(r"@?[A-Za-z_][A-Za-z_.]*").unwrap();
    let words = words.find_iter(&query).map(|word| word.as_str().to_owned());
    let language = |word: &str| LANGUAGE.contains(&word) || ["sort", "stats"].contains(&word);
    words.filter(|word| !language(word) && !word.starts_with('@') && !named.contains(word)).collect()
}

/// The fields of the log's lines, as a function writes them: those of the event beside those of every line.
fn logged_fields(log: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in log.lines() {
        let mut line: Map<String, Value> = serde_json::from_str(line).unwrap();
        if let Some(Value::Object(event)) = line.remove("fields") {
            names.extend(event.into_iter().map(|(name, _)| name));
        }
        if let Some(Value::Object(span)) = line.remove("span") {
            names.extend(span.into_iter().map(|(name, _)| format!("span.{name}")));
        }
        names.extend(line.into_iter().map(|(name, _)| name));
    }
    names
}

/// Requests of every kind that a query asks for.
async fn log() -> String {
    logged::keep();
    let endpoint = Endpoint::start().await;
    let sandbox = Sandbox::beside(&endpoint);
    logged::take();
    let user = endpoint.create("/Users", &json!({"schemas": [USER], "userName": "bjensen"})).await;
    let group = json!({"schemas": [GROUP], "displayName": "staff", "members": [{"value": user}]});
    endpoint.create("/Groups", &group).await;
    let patch = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "active", "value": false}],
    });
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{"method": "PATCH", "path": format!("/Users/{user}"), "data": patch}],
    });
    for (method, path, body, expected) in [
        (Method::PATCH, format!("/Users/{user}"), patch, 200),
        (Method::POST, "/Bulk".to_owned(), bulk, 200),
        (Method::GET, "/Users?filter=title%20pr".to_owned(), Value::Null, 200),
        (Method::GET, "/Users?filter=title".to_owned(), Value::Null, 400),
    ] {
        let (status, answer) = sandbox.send(&method, &path, &body).await;
        assert_eq!(status, expected, "{method} {path}: {answer}");
    }
    // A secret that nobody can read is an error within a request.
    endpoint.stack.stand_ins.secrets.set("scim/connectors/odd", "{}").unwrap();
    let odd = Sandbox::of(&endpoint, &format!("scim_odd_{}", "x".repeat(43)));
    assert_eq!(odd.send(&Method::GET, "/Users", &Value::Null).await.0, 500);
    let (client, wire) = sandbox::client(endpoint.stack.stand_ins.engine.url());
    let worker = Worker::new(Directory::new(client, TABLE));
    let odd = json!({"Records": [{"eventSource": "aws:dynamodb", "dynamodb": {"SequenceNumber": "1"}}]});
    worker.answer(odd, &directory::Usage::default(), "test", clock::now()).await.unwrap();
    wire.fail("BatchWriteItem", 1, &refused("AccessDeniedException"));
    let deleted = json!({"Records": [deleted(1)]});
    worker.answer(deleted, &directory::Usage::default(), "test", clock::now()).await.unwrap();
    logged::take()
}

#[tokio::test]
async fn every_field_of_a_saved_query_is_in_a_line_of_the_log() {
    let (mut log, queries) = (log().await, queries());
    metrics::run().await;
    log.push_str(&logged::take());
    let there = logged_fields(&log);
    assert_eq!(queries.len(), 8, "{queries:#?}");
    for (name, query) in queries {
        let asked = fields(&query);
        assert!(asked.len() > 3, "{name} asks for {asked:?}");
        let missing: Vec<_> = asked.difference(&there).collect();
        assert!(missing.is_empty(), "{name} asks for {missing:?}, but a line has {there:?}");
    }
}

#[tokio::test]
async fn what_happened_to_a_user_is_found_by_its_id() {
    logged::keep();
    let endpoint = Endpoint::start().await;
    logged::take();
    let user = endpoint.create("/Users", &json!({"schemas": [USER], "userName": "bjensen"})).await;
    let path = format!("/Users/{user}");
    let changed = json!({"schemas": [USER], "userName": "bjensen", "title": "Guide", "externalId": "7"});
    endpoint.send(&Method::PUT, &path, changed.to_string()).await;
    let group = endpoint.create("/Groups", &json!({"schemas": [GROUP], "displayName": "staff"})).await;
    let join = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "add", "path": "members", "value": [{"value": user}]}],
    });
    endpoint.send(&Method::PATCH, &format!("/Groups/{group}"), join.to_string()).await;
    endpoint.get("/Users").await;
    endpoint.send(&Method::DELETE, &path, String::new()).await;
    endpoint.send(&Method::GET, "/Users/no-id-at-all", String::new()).await;

    let log = logged::take();
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["fields"].take()).collect();
    assert!(!log.contains("no-id-at-all") && lines.len() >= 7, "{log}");
    let is_named = |line: &&Value| {
        [&line["resource.id"], &line["members.ids"]]
            .iter()
            .any(|ids| ids.as_str().is_some_and(|ids| ids.contains(&user)))
    };
    let story: Vec<_> = lines
        .iter()
        .filter(is_named)
        .map(|line| json!([line["http.method"], line["http.status"], line["changed"], line["members.count"]]))
        .collect();
    let expected = json!([
        ["POST", 201, null, null],
        ["PUT", 200, "externalId title", null],
        ["PATCH", 204, null, 1],
        ["DELETE", 204, null, null],
    ]);
    assert_eq!(Value::from(story), expected, "{log}");
}
