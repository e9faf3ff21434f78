//! A fault of the program costs one request, which is told so.

use axum::{Router, routing::get};
use connector::Connectors;
use directory::Directory;
use endpoint::{Config, Service};
use http::Method;
use local::{PREFIX, TABLE, aws};
use serde_json::json;
use tests::Target;

use crate::logged;

/// A service that calls nothing, with a route for who has no token.
fn target() -> Target {
    let nowhere = "http://127.0.0.1:9";
    let directory = Directory::new(aws::dynamodb(nowhere), TABLE);
    let connectors = Connectors::new(aws::secrets(nowhere), PREFIX);
    let service = Service::new(Config::new(TABLE, PREFIX), directory, connectors);
    let panics = async || -> &'static str {
        tokio::task::yield_now().await;
        panic!("the cause")
    };
    let routes = Router::new().route("/health", get(panics).post(async || "well"));
    Target::in_process(endpoint::front(routes, &service), "")
}

#[tokio::test]
async fn a_panic_is_told_with_the_request_id_under_which_its_cause_is_in_the_log() {
    logged::keep();
    let target = target();
    logged::take();
    let answer = target.send(&Method::GET, "/health", &[], Vec::new()).await.unwrap();
    let log = logged::take();
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "500",
        "detail": "Internal error: the cause is in the log under this request's id"
    });
    assert_eq!((answer.status.as_u16(), answer.json().unwrap()), (500, expected));
    assert_eq!(answer.header("content-type"), Some("application/scim+json"));
    let id = answer.header("x-request-id").unwrap();
    let line = log.lines().find(|line| line.contains("a request panicked")).unwrap();
    assert!(line.contains("the cause") && line.contains(id), "{line}");
    let served = target.send(&Method::POST, "/health", &[], Vec::new()).await.unwrap();
    assert_eq!((served.status.as_u16(), &served.body[..]), (200, b"well".as_slice()));
}
