//! `scimctl tenant`: the end of one leaves every other as it was.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use local::TABLE;
use serde_json::json;

use crate::support::{Items, Server};

/// What makes every kind of item in a tenant.
async fn fill(server: &Server, tenant: &str) {
    let operator = server.operator(tenant);
    let ann = server
        .make(
            tenant,
            "/Users",
            json!({ "userName": "ann", "externalId": "1", "emails": [{ "value": "a@x" }] }),
        )
        .await;
    let gone = server.make(tenant, "/Users", json!({ "userName": "gone" })).await;
    server.make(tenant, "/Groups", json!({ "displayName": "Tours", "members": [{ "value": ann }] })).await;
    assert_eq!(operator.call(Method::DELETE, &format!("/Users/{gone}"), None).await.status, 204);
    server.table(&["values", "add", "userType", "Staff", "--tenant", tenant]).await.with_code(0);
    // A page by index that is followed by another leaves a bookmark.
    server.make(tenant, "/Users", json!({ "userName": "bea" })).await;
    assert_eq!(operator.call(Method::GET, "/Users?count=1", None).await.status, 200);
    let client = local::aws::dynamodb(server.stack.stand_ins.engine.url());
    let text = |text: String| AttributeValue::S(text);
    let put = async |pk: String, sk: String, kind: &str| {
        let call = client.put_item().table_name(TABLE).item("pk", text(pk)).item("sk", text(sk));
        let call = call.item("kind", text(kind.to_owned())).item("v", AttributeValue::N("1".to_owned()));
        call.send().await.unwrap();
    };
    let group = "80000000-0000-4000-8000-000000000000";
    let route = directory::Route { tenant: tenant.to_owned(), connector: "jwt".to_owned() };
    let directory = directory::Directory::new(client.clone(), TABLE);
    assert!(directory.add_route("https://issuer", tenant, &route).await.unwrap());
    put("#S#1".into(), format!("2026-11-21T12:00:10.000Z#{tenant}#finish#{group}"), "Task").await;
    put(format!("{tenant}#I#{group}"), "1#0000".into(), "IntentPart").await;
}

/// The items that are not of a tenant.
fn without(items: &Items, tenant: &str) -> Items {
    let is_own = |key: &str, item: &HashMap<String, AttributeValue>| {
        item.get("tenant").is_some_and(|it| it.as_s().unwrap() == tenant)
            || key.starts_with(&format!("{tenant}#"))
            || key.starts_with("#S#") && key.contains(&format!("#{tenant}#finish#"))
    };
    items
        .iter()
        .filter(|(key, item)| !is_own(key, item))
        .map(|(key, item)| (key.clone(), item.clone()))
        .collect()
}

#[tokio::test]
async fn the_end_of_a_tenant_leaves_every_item_of_the_others_as_it_was() {
    let server = Server::start().await;
    // Names that one begins with, and one that is also a word of tasks.
    for tenant in ["acme", "acme-2", "finish", "default"] {
        fill(&server, tenant).await;
    }
    server.secrets(&["connector", "create", "okta", "--tenant", "acme"]).await.with_code(0);
    server.secrets(&["connector", "create", "other", "--tenant", "acme-2"]).await.with_code(0);
    server.both(&["connector", "set", "okta", "strict=true"]).await.with_code(0);
    let before = server.items().await;

    let counted = server.both(&["tenant", "erase", "acme", "--dry-run", "--json"]).await.json();
    let own = before.len() - without(&before, "acme").len();
    let sum: u64 = counted["items"].as_object().unwrap().values().map(|it| it.as_u64().unwrap()).sum();
    assert_eq!((sum, &counted["connectors"]), (own as u64, &json!(["okta"])));
    let kinds: Vec<_> = counted["items"].as_object().unwrap().keys().map(String::as_str).collect();
    let all = [
        "Bookmark",
        "Counter",
        "Group",
        "IntentPart",
        "Lookup",
        "Member",
        "Route",
        "Setting",
        "Task",
        "Tombstone",
        "User",
    ];
    assert_eq!(kinds, all);
    assert_eq!(server.items().await, before, "a dry run deletes nothing");
    let unasked = server.both(&["tenant", "erase", "acme"]).await.with_code(2);
    assert!(unasked.err.contains("--yes"), "{}", unasked.err);

    let erased = server.both(&["tenant", "erase", "acme", "--yes", "--json"]).await.json();
    assert_eq!((&erased["items"], &erased["left"]), (&counted["items"], &json!({})));
    let after = server.items().await;
    assert_eq!(after, without(&before, "acme"));
    assert!(after.keys().any(|key| key.starts_with("acme-2#")) && after.len() + own == before.len());
    let left = server.secrets(&["connector", "list", "--json"]).await.json();
    let names: Vec<_> = left.as_array().unwrap().iter().map(|it| it["connector"].as_str().unwrap()).collect();
    assert_eq!(names, ["default", "other"]);

    server.both(&["tenant", "erase", "finish", "--yes"]).await.with_code(0);
    assert_eq!(server.items().await, without(&after, "finish"), "tasks of others have this word in them");
    let again = server.both(&["tenant", "erase", "acme", "--yes"]).await.with_code(0);
    assert_eq!(again.out, "Nothing of tenant acme is there\n");
}

#[tokio::test]
async fn an_erased_tenant_may_keep_its_configuration_and_begin_again() {
    let server = Server::start().await;
    fill(&server, "default").await;
    let token = server.stack.token().as_str();
    let erase = ["tenant", "erase", "default", "--keep-configuration", "--yes"];
    let told = server.both(&erase).await.with_code(0).out;
    assert!(told.ends_with("Nothing of tenant default is there but its configuration\n"), "{told}");
    let mut left: Vec<_> = server.items().await.into_keys().collect();
    assert!(left.remove(0).starts_with("#J#"), "to whom signed tokens belong");
    assert_eq!(left, ["default#K values#urn:ietf:params:scim:schemas:core:2.0:User:userType"]);
    let (status, answer) = server.get(token, "/Users").await;
    assert_eq!((status, &answer["totalResults"]), (200, &json!(0)));
}

#[tokio::test]
async fn tenants_are_those_of_connectors_and_by_a_scan_those_of_items() {
    let server = Server::start().await;
    fill(&server, "lost").await;
    server.secrets(&["connector", "create", "okta", "--tenant", "acme"]).await.with_code(0);
    let listed = server.both(&["tenant", "list", "--json"]).await.json();
    let names = |value: &serde_json::Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|it| it["tenant"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&listed), ["acme", "default"]);
    assert_eq!(listed[0]["connectors"], json!(["okta"]));
    let scanned = server.both(&["tenant", "list", "--scan", "--json"]).await.json();
    assert_eq!(names(&scanned), ["acme", "default", "lost"]);
    assert_eq!((&scanned[2]["users"], &scanned[2]["groups"]), (&json!(2), &json!(1)));
    assert_eq!(
        scanned[2]["configuration"],
        json!(["values#urn:ietf:params:scim:schemas:core:2.0:User:userType"])
    );
    let own = server.items().await.into_keys().filter(|key| key.starts_with("lost#")).count();
    assert_eq!(scanned[2]["items"], json!(own));
}
