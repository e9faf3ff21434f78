//! The limits of `/Bulk` (RFC 7644 §3.7.4): the ones that the configuration states, and no others.

use http::Method;
use serde_json::{Value, json};

use crate::endpoint::{Endpoint, USER};

/// A job with so many operations, each of which fails at once, and so much to read.
fn job(operations: u64, padding: u64) -> String {
    let operation = json!({"method": "DELETE", "path": "/Users/none"});
    let operations = vec![operation; usize::try_from(operations).unwrap()];
    let padding = "x".repeat(usize::try_from(padding).unwrap());
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
    json!({"schemas": schemas, "Operations": operations, "padding": padding}).to_string()
}

#[tokio::test]
async fn a_job_beyond_a_limit_is_413_and_says_which() {
    let endpoint = Endpoint::start().await;
    let stated = endpoint.get("/ServiceProviderConfig").await["bulk"].clone();
    assert_eq!(stated["supported"], true, "{stated}");
    let limit = |name: &str| stated[name].as_u64().unwrap();
    let (most_operations, most_bytes) = (limit("maxOperations"), limit("maxPayloadSize"));
    let least_bytes = job(1, 0).len() as u64;
    for (body, refused_for) in [
        (job(most_operations, 0), None),
        (job(most_operations + 1, 0), Some(("maxOperations", most_operations))),
        (job(1, most_bytes - least_bytes), None),
        (job(1, most_bytes - least_bytes + 1), Some(("maxPayloadSize", most_bytes))),
    ] {
        let (status, answer) = endpoint.send(&Method::POST, "/Bulk", body).await;
        let Some((name, limit)) = refused_for else {
            assert_eq!(status, 200, "{answer}");
            continue;
        };
        assert_eq!(status, 413, "{answer}");
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.contains(name) && detail.contains(&limit.to_string()), "{detail}");
    }
}

#[tokio::test]
async fn nothing_of_a_job_beyond_a_limit_is_done() {
    let endpoint = Endpoint::start().await;
    let most = endpoint.get("/ServiceProviderConfig").await["bulk"]["maxOperations"].as_u64().unwrap();
    let operations: Vec<Value> = (0..=most)
        .map(|number| {
            let data = json!({"schemas": [USER], "userName": format!("user{number}")});
            json!({"method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": data})
        })
        .collect();
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
    let body = json!({"schemas": schemas, "Operations": operations}).to_string();
    assert_eq!(endpoint.send(&Method::POST, "/Bulk", body).await.0, 413);
    assert_eq!(endpoint.get("/Users?count=0").await["totalResults"], 0);
}
