//! `scimctl connector`: what it makes is let in, what it sets counts, what it deletes is gone.

use scim::schema::USER;
use serde_json::{Value, json};

use crate::support::{Server, ask};

#[tokio::test]
async fn a_connector_is_made_lets_in_to_its_tenant_and_is_deleted() {
    let server = Server::start().await;
    let made = server.secrets(&["connector", "create", "okta", "--tenant", "acme", "--json"]).await.json();
    assert_eq!(made, json!({ "connector": "okta", "tenant": "acme" }));
    let again = server.secrets(&["connector", "create", "okta", "--tenant", "acme"]).await;
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("there is a connector okta already"), "{}", again.err);

    let token = server.issue("okta").await;
    let create = json!({ "schemas": [USER.id], "userName": "ann" });
    assert_eq!(ask(server.function(), "POST", &token, "/Users", &create).await.0, 201);
    assert_eq!(server.get(&token, "/Users").await.1["totalResults"], 1);
    let other = server.get(server.stack.token().as_str(), "/Users").await;
    assert_eq!(other.1["totalResults"], 0, "another tenant");

    let listed = server.secrets(&["connector", "list", "--json"]).await.json();
    let (default, okta) = (("default", "default"), ("okta", "acme"));
    let expected =
        [default, okta].map(|(name, tenant)| json!({ "connector": name, "tenant": tenant, "liveTokens": 1 }));
    assert_eq!(listed, Value::from(expected.to_vec()));

    let unasked = server.both(&["connector", "delete", "okta"]).await;
    assert_eq!(unasked.code, Some(2));
    assert!(unasked.err.contains("--yes"), "{}", unasked.err);
    assert_eq!(server.get(&token, "/Users").await.0, 200);
    let deleted = server.both(&["connector", "delete", "okta", "--yes"]).await;
    assert_eq!(deleted.code, Some(0), "{}", deleted.err);
    assert!(deleted.out.contains("restore-secret --secret-id scim/connectors/okta"), "{}", deleted.out);
    assert_eq!(server.get(&token, "/Users").await.0, 401);
    let again = server.both(&["connector", "delete", "okta", "--yes"]).await;
    assert_eq!(again.code, Some(2), "{}", again.out);
}

#[tokio::test]
async fn a_connector_deleted_for_good_can_be_made_again_with_nothing_of_the_old_one() {
    let server = Server::start().await;
    let create = ["connector", "create", "okta", "--tenant", "acme"];
    server.secrets(&create).await;
    let token = server.issue("okta").await;
    let set = server.both(&["connector", "set", "okta", "readOnly=true"]).await;
    assert_eq!(set.code, Some(0), "{}", set.err);
    server.both(&["connector", "delete", "okta", "--yes", "--for-good"]).await;
    assert_eq!(server.secrets(&create).await.code, Some(0));
    let shown = server.both(&["connector", "show", "okta", "--json"]).await.json();
    let fresh = json!({ "connector": "okta", "tenant": "acme", "tokens": [], "trust": null, "settings": {} });
    assert_eq!(shown, fresh);
    assert_eq!(server.get(&token, "/Users").await.0, 401);
}

#[tokio::test]
async fn a_setting_counts_until_it_has_its_default_again() {
    let server = Server::start().await;
    let token = server.stack.token().as_str();
    let create = async |name: &str| {
        ask(server.function(), "POST", token, "/Users", &json!({ "schemas": [USER.id], "userName": name }))
            .await
            .0
    };
    let set =
        server.both(&["connector", "set", "default", "readOnly=true", "subject=ann", "--json"]).await.json();
    assert_eq!(set["settings"], json!({ "readOnly": true, "subject": "ann" }));
    assert_eq!(create("ann").await, 403);
    let shown = server.both(&["connector", "show", "default"]).await.out;
    assert!(
        shown.contains("setting  readOnly=true") && shown.contains("token    initial, never ends"),
        "{shown}"
    );
    let unset = server.both(&["connector", "set", "default", "readOnly=", "subject="]).await;
    assert_eq!((unset.code, &*unset.out), (Some(0), "as by default\n"), "{}", unset.err);
    assert_eq!(create("ann").await, 201);
}

#[tokio::test]
async fn what_is_no_setting_is_refused_with_the_list_of_settings_and_nothing_is_written() {
    let server = Server::start().await;
    for wrong in ["strikt=true", "strict=perhaps", "groupPatchAnswer=none"] {
        let refused = server.both(&["connector", "set", "default", "readOnly=true", wrong]).await;
        assert_eq!(refused.code, Some(2), "{wrong}");
        assert!(refused.err.contains("unmatchedReplace=create"), "{wrong}: {}", refused.err);
    }
    let shown = server.both(&["connector", "show", "default", "--json"]).await.json();
    assert_eq!(shown["settings"], json!({}));
}

#[tokio::test]
async fn a_local_table_does_not_go_with_the_secrets_of_a_deployment() {
    let server = Server::start().await;
    let mixed = server.table(&["connector", "show", "default"]).await;
    assert_eq!(mixed.code, Some(2));
    assert!(mixed.err.contains("--local and --secrets go together"), "{}", mixed.err);
}

#[tokio::test]
async fn an_issuer_is_trusted_by_one_connector_until_it_is_not() {
    let server = Server::start().await;
    server.secrets(&["connector", "create", "entra", "--tenant", "acme"]).await.with_code(0);
    server.secrets(&["connector", "create", "thief", "--tenant", "beta"]).await.with_code(0);
    let trust = async |connector: &str, audience: &str, more: &[&str]| {
        let issuer = ["--issuer", "https://issuer.example", "--audience", audience];
        let keys = ["--jwks-url", "https://issuer.example/keys"];
        server.both(&[&["connector", "trust", connector], &issuer[..], &keys, more].concat()).await
    };
    trust("entra", "api://scim", &[]).await.with_code(2);
    trust("entra", "api://scim", &["--subject", "app-1"]).await.with_code(0);
    let taken = trust("thief", "api://scim", &["--scope", "scim"]).await.with_code(2);
    assert!(taken.err.contains("belong to another connector"), "{}", taken.err);

    let client = local::aws::dynamodb(server.stack.stand_ins.engine.url());
    let directory = directory::Directory::new(client, local::TABLE);
    let leads = async |audience: &str| {
        let route = directory.route("https://issuer.example", audience).await.unwrap();
        route.map(|route| (route.tenant, route.connector))
    };
    let entra = Some(("acme".to_owned(), "entra".to_owned()));
    assert_eq!(leads("api://scim").await, entra);
    let shown = server.both(&["connector", "show", "entra", "--json"]).await.json();
    assert_eq!(
        (&shown["trust"]["subject"], &shown["trust"]["audience"]),
        (&json!("app-1"), &json!("api://scim"))
    );

    trust("entra", "api://other", &["--scope", "scim.write"]).await.with_code(0);
    assert_eq!((leads("api://scim").await, leads("api://other").await), (None, entra));
    let ended = server.both(&["connector", "untrust", "entra", "--json"]).await.json();
    assert_eq!(ended["untrusted"], true);
    assert_eq!(leads("api://other").await, None);
    // What a connector trusts goes with it.
    trust("thief", "api://scim", &["--scope", "scim"]).await.with_code(0);
    server.both(&["connector", "delete", "thief", "--yes"]).await.with_code(0);
    assert_eq!(leads("api://scim").await, None);
}

#[tokio::test]
async fn connectors_of_one_tenant_share_its_users_and_nothing_else() {
    let server = Server::start().await;
    for name in ["okta", "entra"] {
        server.secrets(&["connector", "create", name, "--tenant", "acme"]).await;
    }
    let (okta, entra) = (server.issue("okta").await, server.issue("entra").await);
    let create = json!({ "schemas": [USER.id], "userName": "ann", "externalId": "00u1" });
    let (status, ann) = ask(server.function(), "POST", &okta, "/Users", &create).await;
    assert_eq!(status, 201, "{ann}");
    let path = format!("/Users/{}", ann["id"].as_str().unwrap());

    // The same user, without what the other connector calls it.
    let (status, seen) = server.get(&entra, &path).await;
    assert_eq!((status, &seen["userName"], seen.get("externalId")), (200, &json!("ann"), None));
    let change = async |token: &str, attribute: &str, value: &str| {
        let operations = json!([{ "op": "replace", "path": attribute, "value": value }]);
        let body =
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
        ask(server.function(), "PATCH", token, &path, &body).await
    };
    assert_eq!(change(&entra, "externalId", "00u1").await.0, 200, "the same text is another's");
    for (token, other) in [(&okta, "00U1"), (&entra, "00U1")] {
        let found = async |id: &str| {
            server.get(token, &format!("/Users?filter=externalId%20eq%20%22{id}%22")).await.1["totalResults"]
                .clone()
        };
        assert_eq!((found("00u1").await, found(other).await), (json!(1), json!(0)), "letter by letter");
    }

    // Whoever writes last wins, for everybody.
    assert_eq!(change(&entra, "title", "Guide").await.1["title"], "Guide");
    let (_, changed) = change(&okta, "title", "Chief").await;
    let (_, seen) = server.get(&entra, &path).await;
    assert_eq!((&seen["title"], &seen["meta"]["version"]), (&json!("Chief"), &changed["meta"]["version"]));
    assert_eq!(changed["externalId"], "00u1");

    // A token that is taken away is one connector's.
    let id = server.secrets(&["token", "list", "entra", "--json"]).await.json()[0]["id"].clone();
    server.secrets(&["token", "revoke", "entra", id.as_str().unwrap()]).await;
    assert_eq!(server.get(&entra, &path).await.0, 401);
    assert_eq!(server.get(&okta, &path).await.0, 200);
}
