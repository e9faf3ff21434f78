//! `scimctl tenant set`: what is unique from then on, and what is stored already.

use http::Method;
use serde_json::json;

use crate::support::Server;

#[tokio::test]
async fn what_becomes_unique_is_given_its_keys_and_those_who_share_are_named() {
    let server = Server::start().await;
    let user = async |name: &str, email: &str| {
        let user = json!({ "userName": name, "emails": [{ "value": email }] });
        server.make("acme", "/Users", user).await
    };
    user("ann", "ann@example.com").await;
    let (bob, cid) = (user("bob", "both@example.com").await, user("cid", "both@example.com").await);

    let set = async |pairs: &[&str]| server.table(&[&["tenant", "set", "acme"], pairs].concat()).await;
    let told = set(&["uniqueEmail=true", "password=argon2id"]).await.with_code(0);
    assert!(told.err.contains("scimctl fsck --tenant acme --repair"), "{}", told.err);
    let shown = server.table(&["tenant", "show", "acme", "--json"]).await.json();
    assert_eq!(shown["settings"], json!({ "uniqueEmail": true, "password": "argon2id" }));

    // One of the two who share keeps the address to himself; the other is named.
    let fsck = server.table(&["fsck", "--tenant", "acme", "--repair", "--pause", "0"]).await.with_code(1);
    assert!(fsck.out.contains(&bob) || fsck.out.contains(&cid), "{}{}", fsck.out, fsck.err);
    for (email, status) in [("ann@example.com", 409), ("both@example.com", 409), ("new@example.com", 201)] {
        let user = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": email, "emails": [{ "value": email }],
        });
        let reply = server.operator("acme").call(Method::POST, "/Users", Some(&user)).await;
        assert_eq!(reply.status.as_u16(), status, "{}", reply.body);
    }

    let shown = set(&["uniqueEmail=", "password=", "--json"]).await.json();
    assert_eq!(shown["settings"], json!({}));
    let unknown = set(&["uniqueMail=true"]).await.with_code(2);
    assert!(unknown.err.contains("uniqueEmail=false"), "{}", unknown.err);
}
