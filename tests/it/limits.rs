//! `infra/docs/limits.md` has every limit with the words that a client is told beyond it: what goes beyond is told those.

use std::fs;

use http::Method;
use regex::Regex;
use serde_json::{Value, json};
use tests::requirements::root;

use crate::endpoint::{Endpoint, USER};

/// The words of the document, as patterns: in them "n" and "…" stand for what came.
fn promised() -> Vec<Regex> {
    let document = fs::read_to_string(root().join("infra/docs/limits.md")).unwrap();
    let quoted = Regex::new("`([^`]*)`").unwrap();
    let anything = Regex::new(r"\bn\b|…").unwrap();
    let sentences = quoted.captures_iter(&document).map(|sentence| regex::escape(&sentence[1]));
    sentences
        .map(|sentence| Regex::new(&format!("^{}$", anything.replace_all(&sentence, ".*"))).unwrap())
        .collect()
}

/// Requests that go beyond a limit by one, and the status that each is to be answered.
fn beyond() -> Vec<(Method, &'static str, String, u16)> {
    let user = |attributes: Value| {
        let mut user = json!({"schemas": [USER], "userName": "bjensen"});
        user.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
        user.to_string()
    };
    let emails: Vec<_> = (0..41).map(|nth| json!({"value": format!("{nth}@example.com")})).collect();
    let message = |kind: &str, count: usize, operation: Value| {
        let schema = format!("urn:ietf:params:scim:api:messages:2.0:{kind}");
        json!({"schemas": [schema], "Operations": vec![operation; count]}).to_string()
    };
    let search = |filter: &str| {
        let schema = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
        json!({"schemas": [schema], "filter": filter}).to_string()
    };
    let patch = message("PatchOp", 10_001, json!({"op": "remove", "path": "title"}));
    let job = message("BulkRequest", 1_001, json!({"method": "DELETE", "path": "/Users/1"}));
    let brackets = format!("{}title pr{}", "(".repeat(33), ")".repeat(33));
    vec![
        (Method::POST, "/Users", user(json!({"title": "x".repeat(256 * 1024)})), 413),
        (Method::POST, "/Users", user(json!({"emails": emails})), 400),
        (Method::PATCH, "/Groups/ID", patch, 400),
        (Method::POST, "/Bulk", job, 413),
        (Method::POST, "/Bulk", format!("{{\"x\": \"{}\"}}", "x".repeat(4 * 1024 * 1024)), 413),
        (Method::GET, "/Users?cursor=&count=1001", String::new(), 400),
        (Method::POST, "/Users/.search", search(&format!("title eq \"{}\"", "x".repeat(8 * 1024))), 400),
        (Method::POST, "/Users/.search", search(&brackets), 400),
    ]
}

#[tokio::test]
async fn what_goes_beyond_a_limit_is_told_what_the_document_says() {
    let (endpoint, promised) = (Endpoint::start().await, promised());
    let group = json!({"schemas": [crate::endpoint::GROUP], "displayName": "staff"});
    let id = endpoint.create("/Groups", &group).await;
    for (method, path, body, expected) in beyond() {
        let path = path.replace("ID", &id);
        let (status, answer) = endpoint.send(&method, &path, body).await;
        let detail = answer["detail"].as_str().unwrap_or_default();
        assert_eq!(status, expected, "{method} {path}: {answer}");
        assert!(promised.iter().any(|words| words.is_match(detail)), "{method} {path}: {detail}");
    }
}
