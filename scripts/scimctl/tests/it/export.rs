//! `export`: every resource once, whatever cuts it off.

use std::fs;

use serde_json::{Value, json};

use crate::support::Server;

/// What an export of tenant acme's users begins its partial file with.
const QUESTION: &str = r#"{"export":{"connector":"default","filter":null,"tenant":"acme","type":"User"}}"#;

async fn users(server: &Server, count: usize) {
    for number in 0..count {
        server.make("acme", "/Users", json!({ "userName": format!("u{number}"), "title": "T" })).await;
    }
}

#[tokio::test]
async fn an_export_that_was_cut_off_goes_on_where_it_was() {
    let server = Server::start().await;
    users(&server, 30).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.jsonl");
    let partial = folder.path().join("users.jsonl.partial");
    let name = file.to_str().unwrap();
    let before = server.items().await;
    let export = async |more: &[&str]| {
        server.table(&[&["user", "export", name, "--tenant", "acme", "--json"], more].concat()).await
    };
    let first = export(&[]).await.json();
    assert_eq!((&first["exported"], &first["resumedAfter"]), (&json!(30), &json!(0)));
    let whole = fs::read_to_string(&file).unwrap();
    assert!(!partial.exists());
    let there = export(&[]).await.with_code(2);
    assert!(there.err.contains("--overwrite replaces it"), "{}", there.err);

    let lines: Vec<_> = whole.lines().collect();
    fs::write(&partial, format!("{QUESTION}\n{}\n{}", lines[..12].join("\n"), &lines[12][..20])).unwrap();
    let again = export(&["--overwrite"]).await.json();
    assert_eq!((&again["exported"], &again["resumedAfter"]), (&json!(30), &json!(12)));
    assert_eq!(fs::read_to_string(&file).unwrap(), whole);

    fs::write(&partial, format!("{QUESTION}\n")).unwrap();
    let other = export(&["--overwrite", "--filter", "active eq true"]).await.with_code(2);
    assert!(other.err.contains("what is left of another export"), "{}", other.err);
    assert_eq!(server.items().await, before, "nothing is written to the table");
}

#[tokio::test]
async fn a_table_goes_to_standard_output_with_the_columns_that_are_used() {
    let server = Server::start().await;
    server
        .make(
            "acme",
            "/Users",
            json!({ "userName": "ann", "emails": [{ "value": "a@x", "type": "work" }], "active": true }),
        )
        .await;
    server.make("acme", "/Users", json!({ "userName": "b,\"ea", "name": { "familyName": "B" } })).await;
    let csv = server.table(&["user", "export", "--format", "csv", "--tenant", "acme"]).await.with_code(0);
    let head = csv.out.lines().next().unwrap();
    assert_eq!(
        head,
        "id,userName,name.familyName,active,\"emails[type eq \"\"work\"\"].value\",meta.created,meta.lastModified"
    );
    assert!(csv.out.contains("\"b,\"\"ea\""), "{}", csv.out);
    assert_eq!(csv.err, "2 users\n");
    let some = server.table(&["user", "export", "--tenant", "acme", "--filter", "userName eq \"ann\""]).await;
    let lines = some.with_code(0).lines();
    assert_eq!((lines.len(), &lines[0]["userName"]), (1, &json!("ann")));
    assert!(lines[0]["meta"].get("location").is_none() && lines[0]["meta"]["created"].is_string());
    let none = server.table(&["group", "export", "--format", "csv", "--tenant", "acme"]).await.with_code(0);
    assert_eq!(none.out, "id,displayName,externalId\n");
}

#[tokio::test]
async fn many_users_are_there_once_each_over_several_pages() {
    let server = Server::start().await;
    users(&server, 450).await;
    for filter in [&[][..], &["--filter", "title eq \"T\""], &["--filter", "userName sw \"u\""]] {
        let lines = server.table(&[&["user", "export", "--tenant", "acme"], filter].concat()).await.lines();
        let mut names: Vec<_> = lines.iter().map(|it: &Value| it["userName"].to_string()).collect();
        names.sort();
        names.dedup();
        assert_eq!((lines.len(), names.len()), (450, 450), "{filter:?}");
    }
}
