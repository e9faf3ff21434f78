//! Every `scimType` of RFC 7644 §3.12 (table 9) is earned by requests through the real routes.
//!
//! `sensitive` is not: it would refuse a GET whose filter holds personal data, which RFC 7644 §7.5.2 leaves to a
//! service and which would lock out every identity provider, since all of them look users up by name with GET.

use http::Method;
use serde_json::{Value, json};

use crate::endpoint::{Endpoint, GROUP, USER};

/// Table 9, less `sensitive`.
const SCIM_TYPES: [&str; 9] = [
    "invalidFilter",
    "tooMany",
    "uniqueness",
    "mutability",
    "invalidSyntax",
    "invalidPath",
    "noTarget",
    "invalidValue",
    "invalidVers",
];
/// How many requests each must be earned by.
const LEAST: usize = 3;

/// A method, a path and a body.
type Request = (Method, String, String);

fn get(path: &str) -> Request {
    (Method::GET, path.to_owned(), String::new())
}

fn post(path: &str, body: &Value) -> Request {
    (Method::POST, path.to_owned(), body.to_string())
}

fn put(path: &str, body: &Value) -> Request {
    (Method::PUT, path.to_owned(), body.to_string())
}

/// A PATCH with these operations.
fn patch(path: &str, operations: &Value) -> Request {
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
    (Method::PATCH, path.to_owned(), json!({"schemas": schemas, "Operations": operations}).to_string())
}

/// The requests that must earn `scim_type`.
fn requests(scim_type: &str, user: &str, group: &str) -> Vec<Request> {
    let (users, groups) = (format!("/Users/{user}"), format!("/Groups/{group}"));
    let search = |filter: &str| json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter});
    match scim_type {
        "invalidFilter" => vec![
            get("/Users?filter=userName like \"b*\""),
            get("/Groups?filter=displayName eq"),
            get("/Users?filter=active gt true"),
            get("/Users?filter=emails[type eq \"work\""),
            post("/Users/.search", &search("userName regex \"b.*\"")),
            post("/Groups/.search", &search("nope pr")),
        ],
        "tooMany" => {
            let many = |operation: Value| Value::from(vec![operation; 10_001]);
            vec![
                patch(&users, &many(json!({"op": "remove"}))),
                patch(&users, &many(json!({"op": "add"}))),
                patch(&groups, &many(json!({"op": "add", "path": "members", "value": [{"value": user}]}))),
            ]
        }
        "uniqueness" => vec![
            post("/Users", &json!({"schemas": [USER], "userName": "BJensen"})),
            put(&users, &json!({"schemas": [USER], "userName": "jsmith"})),
            patch(&users, &json!([{"op": "replace", "path": "userName", "value": "JSMITH"}])),
            post("/Groups", &json!({"schemas": [GROUP], "displayName": "guides"})),
            patch(&groups, &json!([{"op": "replace", "value": {"displayName": "Chiefs"}}])),
        ],
        "mutability" => vec![
            patch(&users, &json!([{"op": "replace", "path": "id", "value": "x"}])),
            patch(&users, &json!([{"op": "remove", "path": "groups"}])),
            patch(&users, &json!([{"op": "remove", "path": "userName"}])),
            patch(&groups, &json!([{"op": "remove", "path": "displayName"}])),
            patch(
                &groups,
                &json!([{"op": "replace", "path": format!("members[value eq \"{user}\"].value"), "value": "x"}]),
            ),
        ],
        "invalidSyntax" => vec![
            (Method::POST, "/Users".to_owned(), "{\"userName\":".to_owned()),
            post("/Users", &json!(["x"])),
            put(&groups, &json!("x")),
            (Method::PATCH, users.clone(), json!({"Operations": []}).to_string()),
            patch(&users, &json!([{"op": "move", "path": "title", "value": "x"}])),
            post("/Users/.search", &json!({"filter": "userName pr"})),
        ],
        "invalidPath" => vec![
            patch(&users, &json!([{"op": "replace", "path": "emails[type eq", "value": "x"}])),
            patch(&users, &json!([{"op": "add", "path": "name..givenName", "value": "x"}])),
            patch(&users, &json!([{"op": "add", "path": "favourite", "value": "x"}])),
            patch(&groups, &json!([{"op": "remove", "path": "members[nope eq \"x\"]"}])),
            patch(&groups, &json!([{"op": "remove", "path": 5}])),
        ],
        "noTarget" => vec![
            patch(&users, &json!([{"op": "remove"}])),
            patch(&groups, &json!([{"op": "remove", "value": {"members": []}}])),
            patch(
                &users,
                &json!([{"op": "replace", "path": "emails[value eq \"x@example.com\"].type", "value": "home"}]),
            ),
            patch(
                &users,
                &json!([{"op": "replace", "path": "emails[type eq \"work\" and value sw \"x\"].value", "value": "y"}]),
            ),
        ],
        "invalidValue" => vec![
            post("/Users", &json!({"schemas": [USER]})),
            post("/Users", &json!({"schemas": [USER], "userName": 5})),
            put(&users, &json!({"schemas": [USER], "userName": "bjensen", "active": "perhaps"})),
            patch(&users, &json!([{"op": "replace", "path": "name", "value": "Barbara"}])),
            post(
                "/Groups",
                &json!({"schemas": [GROUP], "displayName": "New", "members": [{"value": "nobody"}]}),
            ),
            get("/Users?count=many"),
            get("/Users?sortBy=nope"),
        ],
        "invalidVers" => {
            let first =
                json!({"schemas": ["urn:scim:schemas:core:1.0"], "userName": "x", "displayName": "x"});
            vec![post("/Users", &first), put(&users, &first), post("/Groups", &first), put(&groups, &first)]
        }
        other => panic!("nothing earns {other}"),
    }
}

#[tokio::test]
async fn every_scim_type_is_earned() {
    let endpoint = Endpoint::start().await;
    let emails = json!([{"value": "bjensen@example.com", "type": "work"}]);
    let user = json!({"schemas": [USER], "userName": "bjensen", "emails": emails});
    let user = endpoint.create("/Users", &user).await;
    endpoint.create("/Users", &json!({"schemas": [USER], "userName": "jsmith"})).await;
    let group = json!({"schemas": [GROUP], "displayName": "Guides", "members": [{"value": user}]});
    let group = endpoint.create("/Groups", &group).await;
    endpoint.create("/Groups", &json!({"schemas": [GROUP], "displayName": "Chiefs"})).await;
    let before = (endpoint.get("/Users").await, endpoint.get("/Groups").await);

    for scim_type in SCIM_TYPES {
        let requests = requests(scim_type, &user, &group);
        assert!(requests.len() >= LEAST, "{scim_type} is earned by {} requests", requests.len());
        for (method, path, body) in requests {
            let (status, error) = endpoint.send(&method, &path, body.clone()).await;
            let shown: String = body.chars().take(300).collect();
            assert_eq!(error["scimType"], scim_type, "{method} {path} {shown}\n{error}");
            assert_eq!(status, if scim_type == "uniqueness" { 409 } else { 400 }, "{method} {path} {shown}");
        }
    }
    assert_eq!((endpoint.get("/Users").await, endpoint.get("/Groups").await), before);
}
