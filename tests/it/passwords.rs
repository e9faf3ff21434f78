//! Where a password goes: nowhere (RFC 7643 §4.1.1, §9.2).

use http::Method;
use local::{TABLE, aws};
use serde_json::json;

use crate::endpoint::{Endpoint, USER};

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
