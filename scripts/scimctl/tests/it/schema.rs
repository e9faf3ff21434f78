//! `scimctl schema`: what it adds is served, what cannot be served is not added.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Server, ask, scimctl};

const DEVICE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/resource_types/device.json");

/// A file that holds this.
fn file(value: Value) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("schemas.json");
    std::fs::write(&path, value.to_string()).unwrap();
    (folder, path)
}

#[tokio::test]
async fn a_type_that_is_added_is_served_until_it_is_removed() {
    let server = Server::start().await;
    let token = server.stack.token().as_str();
    let tenant = ["--tenant", "default"];
    assert_eq!(server.get(token, "/Devices").await.0, 404);
    let added = server.table(&[&["schema", "add", DEVICE, "--json"], &tenant[..]].concat()).await.json();
    assert_eq!((&added["accepted"], &added["unused"]), (&json!(true), &json!([])));
    assert_eq!(added["replaced"], json!([]));
    let again = server.table(&[&["schema", "add", DEVICE, "--json"], &tenant[..]].concat()).await.json();
    assert_eq!(again["replaced"], again["documents"]);
    let urn = "urn:ietf:params:scim:schemas:core:2.0:Device";
    let device = json!({ "schemas": [urn], "displayName": "Lamp", "active": true });
    let (status, answer) = ask(server.function(), "POST", token, "/Devices", &device).await;
    assert_eq!(status, 201, "{answer}");

    let listed = server.table(&[&["schema", "list", "--json"], &tenant[..]].concat()).await.json();
    assert_eq!(listed["types"][2]["name"], "Device");
    assert_eq!(listed["leftOut"], json!([]));
    let needed = server.table(&[&["schema", "remove", urn, "--yes"], &tenant[..]].concat()).await;
    assert_eq!(needed.code, Some(2));
    assert!(needed.err.contains("Device could not be served any more"), "{}", needed.err);
    let unasked = server.table(&[&["schema", "remove", "Device"], &tenant[..]].concat()).await;
    assert!(unasked.code == Some(2) && unasked.err.contains("--yes"), "{}", unasked.err);
    for id in ["Device", urn] {
        let removed = server.table(&[&["schema", "remove", id, "--yes"], &tenant[..]].concat()).await;
        assert_eq!(removed.code, Some(0), "{}", removed.err);
    }
    assert_eq!(server.get(token, "/Devices").await.0, 404);
}

#[tokio::test]
async fn what_could_not_be_served_is_refused_with_the_reason_and_not_written() {
    let server = Server::start().await;
    let attributes = json!([{ "name": "fav?", "type": "string" }]);
    let (_folder, bad) = file(json!({ "id": "urn:x:y", "name": "y", "attributes": attributes }));
    let bad = bad.to_str().unwrap();
    let checked = scimctl(&["schema", "check", bad]).await;
    assert_eq!(checked.code, Some(1), "{}", checked.err);
    assert!(checked.out.contains("urn:x:y: attribute name \"fav?\": character '?'"), "{}", checked.out);
    let added = server.table(&["schema", "add", bad, "--tenant", "default"]).await;
    assert_eq!(added.code, Some(1), "{}", added.err);
    let listed = server.table(&["schema", "list", "--tenant", "default", "--json"]).await.json();
    assert_eq!((&listed["schemas"], &listed["leftOut"]), (&json!([]), &json!([])));

    let taken = json!({ "name": "Lamp", "endpoint": "/Devices", "schema": "urn:ietf:params:scim:schemas:core:2.0:User" });
    let (_folder, taken) = file(taken);
    server.table(&["schema", "add", DEVICE, "--tenant", "default"]).await;
    let added =
        server.table(&["schema", "add", taken.to_str().unwrap(), "--tenant", "default", "--json"]).await;
    let value: Value = serde_json::from_str(&added.out).unwrap();
    assert_eq!((added.code, &value["leftOut"][0]["document"]), (Some(1), &json!("Lamp")));
}

#[tokio::test]
async fn a_file_is_checked_without_asking_anybody() {
    let checked = scimctl(&["schema", "check", DEVICE, "--json"]).await.json();
    assert_eq!((&checked["accepted"], &checked["leftOut"]), (&json!(true), &json!([])));
    let missing = scimctl(&["schema", "check", "/nowhere.json"]).await;
    assert_eq!(missing.code, Some(2));
    assert!(missing.err.contains("reading /nowhere.json"), "{}", missing.err);
}
