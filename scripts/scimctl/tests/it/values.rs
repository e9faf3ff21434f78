//! `scimctl values`, and changes of one configuration by several at once.

use directory::{Directory, Usage};
use local::TABLE;
use serde_json::json;

use crate::support::Server;

const USER_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:User:userType";

#[tokio::test]
async fn values_are_kept_beside_the_schema_until_the_last_is_taken_away() {
    let server = Server::start().await;
    let values = async |verb: &str, more: &[&str]| {
        server.table(&[&["values", verb], more, &["--tenant", "acme", "--json"]].concat()).await
    };
    let added = values("add", &["usertype", "Staff", "Guest", "Staff"]).await.json();
    assert_eq!(added, json!({ "tenant": "acme", "path": USER_TYPE, "values": ["Staff", "Guest"] }));
    let client = local::aws::dynamodb(server.stack.stand_ins.engine.url());
    let directory = Directory::new(client, TABLE);
    let stored = directory.configuration("acme", &Usage::default()).await.unwrap();
    assert_eq!(stored[0].name, format!("values#{USER_TYPE}"));
    assert_eq!(json!(stored[0].document), json!({ "values": ["Staff", "Guest"] }));
    let listed = values("list", &[]).await.json();
    assert_eq!((&listed[0]["path"], &listed[0]["known"]), (&json!(USER_TYPE), &json!(true)));
    let of_type = values("list", &["emails.type"]).await.json();
    assert_eq!((&of_type[0]["values"], &of_type[0]["schemaValues"][0]), (&json!([]), &json!("work")));

    let absent = values("remove", &["userType", "Boss"]).await.with_code(2);
    assert!(absent.err.contains("Boss is not on the list"), "{}", absent.err);
    for (path, expected) in [("nope", "no schema of the tenant"), ("active", "is a boolean and no string")] {
        let ended = values("add", &[path, "x"]).await.with_code(2);
        assert!(ended.err.contains(expected), "{}", ended.err);
    }
    let removed = values("remove", &[USER_TYPE, "Staff", "Guest"]).await.json();
    assert_eq!(removed["values"], json!([]));
    assert_eq!(directory.configuration("acme", &Usage::default()).await.unwrap(), []);
}

#[tokio::test]
async fn a_list_begins_with_what_a_closed_schema_allows() {
    let server = Server::start().await;
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/schemas/talkdesk.json");
    let tenant = ["--tenant", "default"];
    server.table(&[&["schema", "add", pack], &tenant[..]].concat()).await.with_code(0);
    let values = async |verb: &str, value: &str| {
        let arguments = [&["values", verb, "teamsString", value, "--json"], &tenant[..]].concat();
        server.table(&arguments).await.json()["values"].clone()
    };
    assert_eq!(values("add", "Night").await, json!(["Sales", "Support", "Night"]));
    assert_eq!(values("remove", "Support").await, json!(["Sales", "Night"]));
}

#[tokio::test]
async fn a_list_that_outlived_its_schema_can_be_seen_and_emptied() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("schema.json");
    let documents = json!([
        { "id": "urn:x:y", "name": "Y", "attributes": [{ "name": "role", "type": "string" }] },
        { "name": "User", "endpoint": "/Users", "schema": "urn:ietf:params:scim:schemas:core:2.0:User",
          "schemaExtensions": [{ "schema": "urn:x:y", "required": false }] }
    ]);
    std::fs::write(&path, documents.to_string()).unwrap();
    let tenant = ["--tenant", "default"];
    server.table(&[&["schema", "add", path.to_str().unwrap()], &tenant[..]].concat()).await.with_code(0);
    server.table(&[&["values", "add", "role", "Agent"], &tenant[..]].concat()).await.with_code(0);
    for id in ["User", "urn:x:y"] {
        server.table(&[&["schema", "remove", id, "--yes"], &tenant[..]].concat()).await.with_code(0);
    }
    let listed = server.table(&[&["values", "list"], &tenant[..]].concat()).await.with_code(0).out;
    assert!(listed.contains("urn:x:y:role") && listed.contains("no schema has this attribute"), "{listed}");
    server.table(&[&["values", "remove", "urn:x:y:role", "Agent"], &tenant[..]].concat()).await.with_code(0);
    let listed = server.table(&[&["values", "list", "--json"], &tenant[..]].concat()).await.json();
    assert_eq!(listed, json!([]));
}

#[tokio::test]
async fn several_who_change_one_document_at_once_lose_nothing() {
    let server = Server::start().await;
    let add = async |value: &str| {
        server.table(&["values", "add", "userType", value, "--tenant", "default"]).await.with_code(0);
    };
    let set = async |setting: &str| {
        server.both(&["connector", "set", "default", setting]).await.with_code(0);
    };
    tokio::join!(
        add("a"),
        add("b"),
        add("c"),
        add("d"),
        set("strict=true"),
        set("readOnly=true"),
        set("subject=ann"),
        set("unmatchedReplace=error"),
    );
    let listed = server.table(&["values", "list", "--tenant", "default", "--json"]).await.json();
    let mut values: Vec<_> =
        listed[0]["values"].as_array().unwrap().iter().map(ToString::to_string).collect();
    values.sort();
    assert_eq!(values, [r#""a""#, r#""b""#, r#""c""#, r#""d""#]);
    let shown = server.both(&["connector", "show", "default", "--json"]).await.json();
    let settings = json!({ "strict": true, "readOnly": true, "subject": "ann", "unmatchedReplace": "error" });
    assert_eq!(shown["settings"], settings);
}
