//! Several connectors of one tenant: the same users, each with its own settings and its own ids.

use http::Method;
use local::{Options, Stack, Token};
use serde_json::{Value, json};

use crate::client::{Client, configure, directory, set_tokens};
use crate::endpoint::{GROUP, USER};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

async fn stack() -> Stack {
    Stack::start(&Options::default()).await.unwrap()
}

/// Everything in the table agrees.
async fn check_table(stack: &Stack) {
    let check = directory::fsck::Check {
        tenant: None,
        repair: false,
        segments: 2,
        pause: std::time::Duration::ZERO,
        now: time::OffsetDateTime::UNIX_EPOCH,
    };
    let summary = directory(stack).fsck(&check, &endpoint::profile, &|_| ()).await.unwrap();
    assert_eq!(summary.found, 0);
}

#[tokio::test]
async fn two_connectors_share_users_and_not_external_ids() {
    let stack = stack().await;
    let (okta, entra) = (Client::of(&stack, "acme", "okta"), Client::of(&stack, "acme", "entra"));
    let ann = okta.create("/Users", &json!({"schemas": [USER], "userName": "ann", "externalId": "1"})).await;
    let bob = entra.create("/Users", &json!({"schemas": [USER], "userName": "bob", "externalId": "1"})).await;
    let path = format!("/Users/{ann}");

    assert_eq!(entra.get(&path).await["externalId"], Value::Null);
    assert_eq!(entra.count("/Users", r#"userName eq "ANN""#).await, 1);
    assert_eq!(entra.count("/Users", r#"externalId eq "1" and userName eq "ann""#).await, 0);
    entra.patch(&path, json!({"op": "add", "path": "externalId", "value": "2"})).await;
    for (client, external_id) in [(&okta, "1"), (&entra, "2")] {
        assert_eq!(client.get(&path).await["externalId"], external_id);
        assert_eq!(client.count("/Users", &format!(r#"externalId eq "{external_id}""#)).await, 1);
    }
    // What one does not know it does not take away.
    let (status, put) = entra.send(Method::PUT, &path, &json!({"schemas": [USER], "userName": "ann"})).await;
    assert_eq!((status, &put["externalId"]), (200, &Value::Null));
    assert_eq!(okta.get(&path).await["externalId"], "1");
    assert_eq!(okta.get(&format!("/Users/{bob}")).await["externalId"], Value::Null);
}

#[tokio::test]
async fn an_external_id_is_unique_where_the_tenant_says_so_and_for_its_connector_alone() {
    let stack = stack().await;
    configure(&stack, "acme", "tenant", json!({"uniqueExternalId": true})).await;
    let (okta, entra) = (Client::of(&stack, "acme", "okta"), Client::of(&stack, "acme", "entra"));
    let user = |name: &str| json!({"schemas": [USER], "userName": name, "externalId": "1"});
    okta.create("/Users", &user("ann")).await;
    entra.create("/Users", &user("bob")).await;
    let (status, refused) = okta.send(Method::POST, "/Users", &user("cid")).await;
    assert_eq!((status, &refused["scimType"]), (409, &json!("uniqueness")), "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("externalId"), "{refused}");
    // A group is no user: it may have the same.
    let group = json!({"schemas": [GROUP], "displayName": "Guides", "externalId": "1"});
    okta.create("/Groups", &group).await;
    for collection in ["/Users", "/Groups"] {
        assert_eq!(okta.count(collection, r#"externalId eq "1""#).await, 1);
    }
    check_table(&stack).await;
}

#[tokio::test]
async fn what_a_connector_sets_once_is_the_others_afterwards() {
    let stack = stack().await;
    let create_only =
        json!({"createOnly": [format!("{ENTERPRISE}:organization"), "name.givenName", "title", "nope"]});
    configure(&stack, "acme", "connector#okta", create_only).await;
    let (okta, other) = (Client::of(&stack, "acme", "okta"), Client::of(&stack, "acme", "other"));
    let pushed = json!({
        "schemas": [USER, ENTERPRISE], "userName": "ann", "name": {"givenName": "Ann", "familyName": "Lee"},
        ENTERPRISE: {"organization": "Constant", "department": "Sales"},
    });
    let path = format!("/Users/{}", okta.create("/Users", &pushed).await);
    other
        .patch(&path, json!({"op": "replace", "path": format!("{ENTERPRISE}:organization"), "value": "Own"}))
        .await;
    other.patch(&path, json!({"op": "replace", "path": "name.givenName", "value": "Anna"})).await;
    let before = okta.get(&path).await;

    // The push comes again, by PUT and by PATCH: nothing moves, not even the version.
    let (status, put) = okta.send(Method::PUT, &path, &pushed).await;
    assert_eq!((status, &put), (200, &before));
    let again = json!({"op": "replace", "path": format!("{ENTERPRISE}:organization"), "value": "Constant"});
    assert_eq!(okta.patch(&path, again).await, before);
    let removed = okta.patch(&path, json!({"op": "remove", "path": "name.givenName"})).await;
    assert_eq!(removed, before);
    // What is empty it still fills, and what it is not kept from it changes.
    let filled = okta.patch(&path, json!({"op": "add", "path": "title", "value": "Guide"})).await;
    assert_eq!(filled["title"], "Guide");
    let changed = okta.patch(&path, json!({"op": "replace", "value": {"title": "Boss", "name": {"givenName": "A", "familyName": "Li"}}})).await;
    assert_eq!(
        (&changed["title"], &changed["name"]),
        (&json!("Guide"), &json!({"givenName": "Anna", "familyName": "Li"}))
    );
    // The other connector has no such setting: its push wins.
    assert_eq!(
        other.patch(&path, json!({"op": "replace", "path": "title", "value": "Boss"})).await["title"],
        "Boss"
    );
}

#[tokio::test]
async fn basic_is_taken_where_a_connector_allows_it() {
    let stack = stack().await;
    let token = Token::generate("okta").unwrap();
    set_tokens(&stack, "acme", "okta", &[("t1", &token, None)]);
    let basic = |user: &str, token: &str| {
        let pair =
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{user}:{token}"));
        Client::with(&stack, &format!("Basic {pair}"))
    };
    let refused = async |client: Client, word: &str| {
        let (status, body) = client.send(Method::GET, "/Users", &Value::Null).await;
        assert_eq!(status, 401, "{body}");
        assert!(body["detail"].as_str().unwrap().contains(word), "{body}");
    };
    refused(basic("okta", token.as_str()), "basicAuthentication").await;
    refused(basic("okta", "wrong"), "Basic").await;
    refused(basic("nobody", token.as_str()), "Basic").await;
    refused(basic("../okta", token.as_str()), "Basic").await;

    configure(&stack, "beta", "connector#other", json!({"basicAuthentication": true})).await;
    let token = Token::generate("other").unwrap();
    set_tokens(&stack, "beta", "other", &[("t1", &token, None)]);
    basic("other", token.as_str()).get("/Users").await;
    Client::with(&stack, &format!("Bearer {}", token.as_str())).get("/Users").await;
    refused(basic("other", "wrong"), "Basic").await;
}

#[tokio::test]
async fn a_password_is_kept_as_a_hash_where_the_tenant_says_so() {
    let stack = stack().await;
    configure(&stack, "acme", "tenant", json!({"password": "argon2id"})).await;
    let okta = Client::of(&stack, "acme", "okta");
    let scope = directory::Scope::new("acme", "okta", "test");
    let (table, id) = (directory(&stack), |text: &str| scim::ResourceId::parse(text).unwrap());
    let hash = async |user: &str| table.password(&scope, &id(user)).await.unwrap();
    let is = |password: &str, hash: &Option<String>| {
        endpoint::is_password(password, hash.as_ref().unwrap()).unwrap()
    };

    let body = json!({"schemas": [USER], "userName": "ann", "password": "One-1"});
    let (status, created) = okta.send(Method::POST, "/Users", &body).await;
    assert_eq!((status, created.get("password")), (201, None));
    let ann = created["id"].as_str().unwrap().to_owned();
    let path = format!("/Users/{ann}");
    let first = hash(&ann).await;
    assert!(is("One-1", &first) && !is("Two-2", &first));

    // As Okta's Sync Password sends it.
    let synced = okta.patch(&path, json!({"op": "replace", "value": {"password": "Two-2"}})).await;
    assert_eq!(synced.get("password"), None);
    assert_ne!(synced["meta"]["version"], created["meta"]["version"]);
    assert!(is("Two-2", &hash(&ann).await));
    // Whatever else is written, a password stays until there is another, a change of lookup items included.
    let renamed = json!({"schemas": [USER], "userName": "anna", "emails": [{"value": "a@example.com"}]});
    assert_eq!(okta.send(Method::PUT, &path, &renamed).await.0, 200);
    okta.patch(&path, json!({"op": "replace", "path": "active", "value": false})).await;
    assert!(is("Two-2", &hash(&ann).await));

    // It is kept when it comes with a new name, and goes with its user.
    let both = json!({"op": "replace", "value": {"password": "Three-3", "userName": "anne"}});
    okta.patch(&path, both).await;
    assert!(is("Three-3", &hash(&ann).await));
    check_table(&stack).await;
    assert_eq!(okta.send(Method::DELETE, &path, &Value::Null).await.0, 204);
    assert_eq!(hash(&ann).await, None);
}

#[tokio::test]
async fn a_list_beside_the_schema_says_what_a_value_may_be() {
    const TALKDESK: &str = "urn:ietf:params:scim:schemas:extension:talkdesk:2.0:User";
    let stack = stack().await;
    let packed = |tenant: &str| (tenant.to_owned(), local::Pack::Talkdesk.settings().unwrap());
    for (tenant, settings) in [packed("acme"), packed("beta")] {
        for setting in settings {
            directory(&stack).configure(&tenant, &setting).await.unwrap();
        }
    }
    let list = json!({"values": ["Agent", "Coach"]});
    configure(&stack, "acme", &format!("values#{TALKDESK}:rolesString"), list).await;
    configure(&stack, "beta", "values#nope", json!({"values": ["x"]})).await;
    configure(&stack, "beta", "values#active", json!({"values": ["x"]})).await;
    let (acme, beta) = (Client::of(&stack, "acme", "a"), Client::of(&stack, "beta", "b"));
    let user = |role: &str| {
        let name = json!({"givenName": "A", "familyName": "B"});
        json!({"schemas": [USER], "userName": role, "name": name, TALKDESK: {"rolesString": role}})
    };
    acme.create("/Users", &user("Coach")).await;
    beta.create("/Users", &user("Supervisor")).await;
    for (client, role, told) in [(&acme, "Supervisor", "[Agent, Coach]"), (&beta, "Coach", "Supervisor")] {
        let (status, refused) = client.send(Method::POST, "/Users", &user(role)).await;
        assert_eq!(status, 400, "{refused}");
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains("rolesString") && detail.contains(told), "{detail}");
    }
    // Published as well, for an administrator to read.
    let schema = acme.get(&format!("/Schemas/{TALKDESK}")).await;
    assert_eq!(schema["attributes"][0]["canonicalValues"], json!(["Agent", "Coach"]));
}

#[tokio::test]
async fn health_counts_documents_that_are_left_out_and_nothing_else_suffers() {
    let stack = stack().await;
    let bad =
        json!({"id": "urn:example:Fav", "name": "Fav", "attributes": [{"name": "fav?", "type": "string"}]});
    configure(&stack, "default", "schema#urn:example:Fav", bad).await;
    configure(&stack, "default", "connector#default", json!({"strct": true})).await;
    let client = Client::with(&stack, &format!("Bearer {}", stack.token().as_str()));
    let path =
        format!("/Users/{}", client.create("/Users", &json!({"schemas": [USER], "userName": "ann"})).await);
    client.patch(&path, json!({"op": "replace", "path": "title", "value": "Guide"})).await;
    assert_eq!(client.get("/Users").await["totalResults"], 1);
    let health = client.get("/health").await;
    assert_eq!(health["configurationDocumentsLeftOut"], 2, "{health}");
    assert_eq!(health["status"], "ok");
}
