//! `restore`: what was deleted is there again, or it is said why not.

use http::Method;
use serde_json::json;

use crate::support::Server;

async fn delete(server: &Server, path: &str) {
    let reply = server.operator("default").call(Method::DELETE, path, None).await;
    assert_eq!(reply.status, 204, "{}", reply.body);
}

#[tokio::test]
async fn a_deleted_user_comes_back_whole_and_is_found_again() {
    let server = Server::start().await;
    let body = json!({
        "userName": "ann", "externalId": "00uA", "title": "T", "emails": [{ "value": "ann@x", "type": "work" }]
    });
    let ann = server.make("default", "/Users", body).await;
    let tours = server
        .make("default", "/Groups", json!({ "displayName": "Tours", "members": [{ "value": ann }] }))
        .await;
    let gone = server
        .make("default", "/Groups", json!({ "displayName": "Gone", "members": [{ "value": ann }] }))
        .await;
    let before = server.all("default", "/Users").await["ann"].clone();
    delete(&server, &format!("/Users/{ann}")).await;
    delete(&server, &format!("/Groups/{gone}")).await;

    let lost = server.table(&["user", "get", &ann]).await.with_code(2);
    assert!(lost.err.contains(&format!("scimctl user restore {ann}")), "{}", lost.err);
    let listed = server.table(&["user", "list", "--deleted", "--json"]).await.json();
    assert_eq!(
        (&listed[0]["id"], &listed[0]["userName"], &listed[0]["groups"]),
        (&json!(ann), &json!("ann"), &json!(2))
    );
    let early = server.table(&["user", "restore", &ann, "--groups"]).await.with_code(2);
    assert!(early.err.contains("deleted a moment ago"), "{}", early.err);

    server.set(&format!("default#Z#{ann}"), "!", "deleted", "2026-11-20T00:00:00.000Z").await;
    let restored = server.table(&["user", "restore", &ann, "--groups", "--json"]).await.json();
    assert_eq!((&restored["restored"], &restored["groupCount"]), (&json!(ann), &json!(2)));
    let mut groups = restored["groups"].as_array().unwrap().clone();
    groups.sort_by_key(|it| it["display"].to_string());
    assert_eq!(groups[0], json!({ "value": tours, "display": "Tours", "joined": true }));
    assert_eq!(groups[1], json!({ "value": gone, "display": null, "joined": false }));

    for which in ["ann", "externalId:00uA", "ann@x"] {
        let mut found = server.table(&["user", "get", which, "--json"]).await.json();
        assert_ne!(
            found["meta"]["version"], before["meta"]["version"],
            "it is not the state that was deleted"
        );
        assert_eq!(found["meta"]["created"], before["meta"]["created"]);
        assert_eq!(found["groups"][0]["display"], "Tours");
        for beside in ["meta", "groups"] {
            found[beside] = before[beside].clone();
        }
        assert_eq!(found, before, "{which}");
    }
    let checked = server.table(&["fsck", "--pause", "0"]).await;
    assert_eq!(checked.code, Some(0), "{}", checked.out);
    let again = server.table(&["user", "restore", &ann]).await.with_code(2);
    assert!(again.err.contains("is there: nothing is to be restored"), "{}", again.err);
}

#[tokio::test]
async fn what_somebody_else_has_now_is_not_taken_back() {
    let server = Server::start().await;
    let ann = server.make("default", "/Users", json!({ "userName": "ann" })).await;
    delete(&server, &format!("/Users/{ann}")).await;
    let other = server.make("default", "/Users", json!({ "userName": "Ann" })).await;
    let before = server.items().await;
    let refused = server.table(&["user", "restore", &ann]).await.with_code(2);
    assert!(refused.err.contains(&format!("userName ann is that of user {other} now")), "{}", refused.err);
    assert_eq!(server.items().await, before);
    delete(&server, &format!("/Users/{other}")).await;
    let told = server.table(&["user", "restore", &ann]).await.with_code(0).out;
    assert!(told.contains(&format!("User ann ({ann}) is there again")), "{told}");
}

#[tokio::test]
async fn a_group_comes_back_without_members_and_what_is_not_there_is_said() {
    let server = Server::start().await;
    let ann = server.make("default", "/Users", json!({ "userName": "ann" })).await;
    let tours = server
        .make("default", "/Groups", json!({ "displayName": "Tours", "members": [{ "value": ann }] }))
        .await;
    delete(&server, &format!("/Groups/{tours}")).await;
    let wrong = server.table(&["user", "restore", &tours]).await.with_code(2);
    assert!(wrong.err.contains("is not the id of a user"), "{}", wrong.err);
    let told = server.table(&["group", "restore", &tours]).await.with_code(0).out;
    assert!(told.contains("Group Tours") && told.contains("Who was a member of it is not known"), "{told}");
    let group = server.table(&["group", "get", "Tours", "--json"]).await.json();
    assert!(group["id"] == json!(tours) && group.get("members").is_none(), "{group}");
    let never =
        server.table(&["group", "restore", "80000000-0000-4000-8000-000000000000"]).await.with_code(2);
    assert!(never.err.contains("nothing is left of a group"), "{}", never.err);
    let ended = server.make("default", "/Groups", json!({ "displayName": "Ended" })).await;
    delete(&server, &format!("/Groups/{ended}")).await;
    let client = local::aws::dynamodb(server.stack.stand_ins.engine.url());
    let text = |text: String| aws_sdk_dynamodb::types::AttributeValue::S(text);
    let call = client.update_item().table_name(local::TABLE).key("pk", text(format!("default#Z#{ended}")));
    let past = aws_sdk_dynamodb::types::AttributeValue::N("1000".to_owned());
    let call = call.key("sk", text("!".to_owned())).update_expression("SET #ttl = :past");
    let call = call.expression_attribute_names("#ttl", "ttl").expression_attribute_values(":past", past);
    call.send().await.unwrap();
    let late = server.table(&["group", "restore", &ended]).await.with_code(2);
    assert!(late.err.contains("nothing is left of a group"), "the table deletes late: {}", late.err);
    assert_eq!(server.table(&["group", "list", "--deleted", "--json"]).await.json(), json!([]));
}
