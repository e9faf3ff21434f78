//! Where a password, a token and what else is nobody's business go: nowhere (RFC 7643 §4.1.1, §9.2).

use http::Method;
use local::{TABLE, aws};
use serde_json::{Value, json};

use crate::endpoint::{Endpoint, USER};
use crate::logged;
use crate::sandbox::Sandbox;

const PASSWORD: &str = "t1meMa$heen-7f3a";

#[tokio::test]
async fn no_item_of_the_table_holds_a_password() {
    let endpoint = Endpoint::start().await;
    let user = json!({"schemas": [USER], "userName": "bjensen", "password": PASSWORD});
    let patch = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [
            {"op": "replace", "path": "password", "value": PASSWORD},
            {"op": "add", "value": {"password": PASSWORD, "title": "Guide"}},
        ],
    });
    let url = format!("/Users/{}", endpoint.create("/Users", &user).await);
    for (method, body) in [(Method::PUT, &user), (Method::PATCH, &patch)] {
        let (status, answer) = endpoint.send(&method, &url, body.to_string()).await;
        assert_eq!(status, 200, "{answer}");
    }
    let client = aws::dynamodb(endpoint.stack.stand_ins.engine.url());
    let items = client.scan().table_name(TABLE).send().await.unwrap();
    let shown = format!("{:?}", items.items());
    assert!(shown.contains("bjensen") && shown.contains("Guide"), "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");
}

#[tokio::test]
async fn no_line_of_the_log_holds_a_password_a_token_or_what_a_request_says() {
    /// In every text of every request.
    const PRIVATE: &str = "Pr1v4te";
    logged::keep();
    let endpoint = Endpoint::start().await;
    let sandbox = Sandbox::beside(&endpoint);
    let token = endpoint.stack.token().as_str().to_owned();
    logged::take();

    let name = |nth: usize| format!("{PRIVATE}{nth}@example.com");
    let user = |nth: usize| json!({"schemas": [USER], "userName": name(nth), "password": PASSWORD, "title": PRIVATE});
    let path = format!("/Users/{}", endpoint.create("/Users", &user(0)).await);
    let bad_patch = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "password", "value": PASSWORD}, {"op": PRIVATE}],
    });
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{"method": "POST", "path": "/Users", "bulkId": PRIVATE, "data": user(1)}],
    });
    let bad = json!({"schemas": [USER], "userName": {PRIVATE: PASSWORD}, "active": PRIVATE});
    let requests = [
        (Method::POST, "/Users".to_owned(), user(0), 409),
        (Method::POST, "/Users".to_owned(), bad, 400),
        (Method::PUT, path.clone(), user(2), 200),
        (Method::PATCH, path.clone(), bad_patch, 400),
        (Method::POST, "/Bulk".to_owned(), bulk, 200),
        (Method::GET, format!("/Users?filter=userName%20eq%20%22{}%22", name(2)), Value::Null, 200),
        (Method::GET, format!("/Users?filter=title%20{PRIVATE}%20%22"), Value::Null, 400),
        (Method::GET, format!("/{PRIVATE}/{PRIVATE}"), Value::Null, 404),
        (Method::GET, format!("/Users/{PRIVATE}"), Value::Null, 404),
    ];
    for (method, path, body, expected) in requests {
        let (status, answer) = sandbox.send(&method, &path, &body).await;
        assert_eq!(status, expected, "{method} {path}: {answer}");
    }
    // A table that fails, at every step of a change and of a query.
    for requests in 0..3 {
        sandbox.wire.stop_after(requests);
        sandbox.send(&Method::PUT, &path, &user(3 + requests)).await;
        sandbox.wire.stop_after(requests);
        sandbox
            .send(&Method::GET, &format!("/Users?filter=title%20eq%20%22{PRIVATE}%22"), &Value::Null)
            .await;
        sandbox.wire.revive();
    }
    let stranger = Sandbox::of(&endpoint, &format!("scim_default_{PRIVATE}{}", "x".repeat(36)));
    assert_eq!(stranger.send(&Method::GET, "/Users", &Value::Null).await.0, 401);

    let log = logged::take();
    assert!(log.lines().count() > 15, "{log}");
    for private in [PASSWORD, PRIVATE, token.as_str()] {
        let line = log.lines().find(|line| line.to_lowercase().contains(&private.to_lowercase()));
        assert_eq!(line, None, "the log holds {private}");
    }
}
