//! `scimctl user` and `group`: what is read of them, and who is purged.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Server, scimctl_with};

#[tokio::test]
async fn a_user_is_found_by_whatever_is_known_of_it() {
    let server = Server::start().await;
    let ann = server
        .make(
            "default",
            "/Users",
            json!({ "userName": "ann", "externalId": "00uA", "emails": [{ "value": "Ann@example.com", "type": "work" }] }),
        )
        .await;
    server.make("default", "/Groups", json!({ "displayName": "Tours", "members": [{ "value": ann }] })).await;
    for which in [ann.as_str(), "ANN", "externalId:00uA", "ann@EXAMPLE.com"] {
        let found = server.table(&["user", "get", which, "--json"]).await.json();
        assert_eq!((&found["id"], &found["groups"][0]["display"]), (&json!(ann), &json!("Tours")), "{which}");
        assert_eq!(found["meta"]["location"], json!(format!("/Users/{ann}")), "it is at no address");
    }
    let told = server.table(&["user", "get", "ann"]).await.with_code(0).out;
    assert!(told.contains("emails[type eq \"work\"].value") && told.contains("Ann@example.com"), "{told}");
    let group = server.table(&["group", "get", "tours", "--json"]).await.json();
    assert_eq!(group["members"][0]["value"], json!(ann));

    for (which, expected) in [
        ("bea", "there is no user bea"),
        ("externalId:00ua", "there is no user externalId:00ua"),
        ("80000000-0000-4000-8000-000000000000", "is not the id of a user"),
        ("00000000-0000-4000-8000-000000000000", "there is no user 00000000-0000-4000-8000-000000000000"),
    ] {
        let ended = server.table(&["user", "get", which]).await.with_code(2);
        assert!(ended.err.contains(expected), "{which}: {}", ended.err);
    }
    let other = server.table(&["user", "get", "externalId:00uA", "--connector", "okta"]).await;
    assert_eq!(other.code, Some(2), "another connector's externalIds are its own");
    server
        .make("default", "/Users", json!({ "userName": "bea", "emails": [{ "value": "ann@example.com" }] }))
        .await;
    let several = server.table(&["user", "get", "ann@example.com"]).await.with_code(2);
    assert!(
        several.err.contains("2 users have this emails.value") && several.err.contains(&ann),
        "{}",
        several.err
    );
}

#[tokio::test]
async fn a_list_is_of_those_that_match_and_shows_what_is_asked_for() {
    let server = Server::start().await;
    for number in 0..5 {
        let body = json!({ "userName": format!("u{number}"), "active": number % 2 == 0, "name": { "givenName": "G" } });
        server.make("acme", "/Users", body).await;
    }
    let before = server.items().await;
    let list =
        async |more: &[&str]| server.table(&[&["user", "list", "--tenant", "acme"], more].concat()).await;
    let all = list(&["--json"]).await.with_code(0).lines();
    assert_eq!(all.len(), 5);
    let inactive = list(&["--json", "--filter", "active eq false", "--attributes", "userName"]).await.lines();
    assert_eq!(inactive.len(), 2);
    assert!(inactive.iter().all(|it| it.get("name").is_none() && it["userName"].is_string()), "{inactive:?}");
    let table =
        list(&["--attributes", "userName,name.givenName", "--filter", "userName eq \"U3\""]).await.out;
    assert_eq!(table, "userName  name.givenName\nu3        G\n");
    let some = list(&["--count", "2"]).await;
    assert_eq!(some.out.lines().count(), 3);
    assert!(some.err.contains("More follow these 2"), "{}", some.err);
    assert_eq!(list(&["--count", "5"]).await.err, "", "nothing follows");
    let wrong = list(&["--filter", "userName xx \"u\""]).await.with_code(2);
    assert!(wrong.err.contains("[invalidFilter]"), "{}", wrong.err);
    let unknown = list(&["--attributes", "nope"]).await.with_code(2);
    assert!(unknown.err.contains("no schema of User defines it"), "{}", unknown.err);
    assert_eq!(server.items().await, before, "nothing is written, no bookmark either");
}

#[tokio::test]
async fn who_is_inactive_since_long_is_listed_and_deleted_only_where_that_is_said() {
    let server = Server::start().await;
    let mut ids = Vec::new();
    for (name, active, modified) in [
        ("old-off", false, "2020-01-01T00:00:00.000Z"),
        ("old-on", true, "2020-01-01T00:00:00.000Z"),
        ("new-off", false, ""),
    ] {
        let id = server.make("default", "/Users", json!({ "userName": name, "active": active })).await;
        if !modified.is_empty() {
            server.set(&format!("default#U#{}", &id[..1]), &id, "modified", modified).await;
        }
        ids.push(id);
    }
    let before = server.items().await;
    for dry in [&["--json"][..], &["--json", "--dry-run"]] {
        let lines = server.table(&[&["user", "purge", "--inactive-for", "30d"], dry].concat()).await.lines();
        assert_eq!((&lines[0]["userName"], &lines[0]["outcome"]), (&json!("old-off"), &json!("found")));
        assert_eq!((&lines[1]["summary"]["found"], lines.len()), (&json!(1), 2));
    }
    assert_eq!(server.items().await, before, "nothing is written");
    let lines = server.table(&["user", "purge", "--inactive-for", "30d", "--yes", "--json"]).await.lines();
    assert_eq!((&lines[0]["outcome"], &lines[1]["summary"]["deleted"]), (&json!("deleted"), &json!(1)));
    let left: Vec<_> = server.all("default", "/Users").await.into_keys().collect();
    assert_eq!(left, ["new-off", "old-on"]);
    let restored = server.table(&["user", "restore", &ids[0], "--json"]).await.json();
    assert_eq!(restored["userName"], "old-off");
}

#[tokio::test]
async fn a_connector_that_only_reads_does_not_bind_the_operator() {
    let server = Server::start().await;
    server.both(&["connector", "set", "default", "readOnly=true", "strict=true"]).await.with_code(0);
    let operator = server.operator("default");
    let ann = server.make("default", "/Users", json!({ "userName": "ann", "active": "True" })).await;
    let stale = operator.call_at(Method::DELETE, &format!("/Users/{ann}"), None, Some("W/\"9\"")).await;
    assert_eq!(stale.status, 412, "what was changed since it was found stays");
    let reply = operator.call(Method::GET, "/nope", None).await;
    assert_eq!((reply.status.as_u16(), &reply.body["status"]), (404, &json!("404")));
    let reply = operator.call(Method::DELETE, &format!("/Users/{ann}"), None).await;
    assert_eq!((reply.status.as_u16(), reply.body), (204, Value::Null));
    let reply = operator.call(Method::GET, "/health", None).await;
    assert_eq!(reply.status, 404, "nobody is let in where no token is asked for");
}

#[tokio::test]
async fn a_password_is_verified_and_never_shown() {
    let server = Server::start().await;
    let url = server.stack.stand_ins.engine.url();
    let ann = server.make("default", "/Users", json!({ "userName": "ann", "password": "t1meMa$heen" })).await;
    let verify = async |input: &str| {
        scimctl_with(&["user", "verify-password", "ann", "--local", url, "--json"], input).await
    };
    let discarded = verify("t1meMa$heen").await.with_code(2);
    assert!(discarded.err.contains("no password of user"), "{}", discarded.err);
    let client = local::aws::dynamodb(url);
    let directory = directory::Directory::new(client, local::TABLE);
    let Value::Object(document) = json!({ "password": "argon2id" }) else { unreachable!() };
    let setting = directory::Setting { name: "tenant".to_owned(), document };
    directory.configure("default", &setting).await.unwrap();
    let operator = server.operator("default");
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "password", "value": "t1meMa$heen" }]
    });
    assert_eq!(operator.call(Method::PATCH, &format!("/Users/{ann}"), Some(&body)).await.status, 200);
    let good = verify("t1meMa$heen\r\n").await.json();
    assert_eq!(good, json!({ "id": ann, "matches": true }));
    let bad = verify("t1meMa$heem\n").await.with_code(1);
    assert_eq!(bad.lines()[0]["matches"], false);
    assert!(!bad.out.contains("t1me") && bad.err.is_empty(), "{}{}", bad.out, bad.err);
    assert!(verify("").await.with_code(2).err.contains("no password on standard input"));
}
