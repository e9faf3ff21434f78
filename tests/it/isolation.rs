//! Two tenants of one deployment: whatever one sends, it learns nothing of the other, not even that something is there.
//!
//! Each attempt is made twice, with something of the other tenant and with something that nobody has; the answers must be
//! the same but for what was asked.

use http::Method;
use local::{Options, Stack};
use serde_json::{Value, json};

use crate::client::Client;
use crate::endpoint::{GROUP, USER};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// Ids that are nobody's, of a user and of a group.
const NOBODY: &str = "0a1b2c3d-1111-4111-8111-111111111111";
const NO_GROUP: &str = "8a1b2c3d-1111-4111-8111-111111111111";

/// Two tenants with a user and a group each; the second has what the first is after.
struct Tenants {
    stack: Stack,
    ours: Client,
    theirs: Client,
    /// A user and a group of the first tenant.
    ann: String,
    guides: String,
    /// A user and a group of the second.
    victim: String,
    crew: String,
}

impl Tenants {
    async fn start() -> Self {
        let stack = Stack::start(&Options::default()).await.unwrap();
        // Both call their connector the same: names of connectors do not keep tenants apart.
        let (ours, theirs) = (Client::of(&stack, "ours", "okta-a"), Client::of(&stack, "theirs", "okta-b"));
        let ann = ours.create("/Users", &json!({"schemas": [USER], "userName": "ann"})).await;
        let guides = ours.create("/Groups", &json!({"schemas": [GROUP], "displayName": "Guides"})).await;
        let victim = json!({
            "schemas": [USER], "userName": "victim", "displayName": "Secret Name", "externalId": "x-1",
            "emails": [{"value": "victim@example.com", "type": "work"}],
        });
        let victim = theirs.create("/Users", &victim).await;
        let members = json!([{"value": victim}]);
        let crew =
            json!({"schemas": [GROUP], "displayName": "Crew", "externalId": "g-1", "members": members});
        let crew = theirs.create("/Groups", &crew).await;
        Self { stack, ours, theirs, ann, guides, victim, crew }
    }

    /// The same request with something of theirs and with something of nobody: the same answer.
    async fn alike(&self, method: Method, path: &str, body: &Value, pairs: &[(&str, &str)]) -> Value {
        let with = |of: fn(&(&str, &str)) -> (String, String)| {
            let mut texts = (path.to_owned(), body.to_string());
            for pair in pairs {
                let (name, value) = of(pair);
                texts = (texts.0.replace(&name, &value), texts.1.replace(&name, &value));
            }
            texts
        };
        let (their_path, their_body) = with(|(theirs, _)| ("<it>".to_owned(), (*theirs).to_owned()));
        let (no_path, no_body) = with(|(_, nobodys)| ("<it>".to_owned(), (*nobodys).to_owned()));
        let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let their_answer = self.ours.send(method.clone(), &their_path, &parsed(&their_body)).await;
        let no_answer = self.ours.send(method.clone(), &no_path, &parsed(&no_body)).await;
        let masked = |(status, body): &(u16, Value), of: usize| {
            let mut text = body.to_string();
            for (theirs, nobodys) in pairs {
                text = text.replace(if of == 0 { theirs } else { nobodys }, "<it>");
            }
            (*status, text)
        };
        assert_eq!(masked(&their_answer, 0), masked(&no_answer, 1), "{method} {their_path} {their_body}");
        their_answer.1
    }

    /// Nothing of theirs has changed, and nothing of ours tells of them.
    async fn check(&self) {
        let victim = self.theirs.get(&format!("/Users/{}", self.victim)).await;
        assert_eq!((&victim["userName"], &victim["meta"]["version"]), (&json!("victim"), &json!("W/\"1\"")));
        assert_eq!(victim["groups"].as_array().unwrap().len(), 1, "{victim}");
        let crew = self.theirs.get(&format!("/Groups/{}", self.crew)).await;
        assert_eq!((&crew["displayName"], &crew["meta"]["version"]), (&json!("Crew"), &json!("W/\"1\"")));
        assert_eq!(crew["members"][0]["value"], json!(self.victim));
        for collection in ["/Users", "/Groups"] {
            let ours = self.ours.get(collection).await.to_string();
            for private in ["Secret Name", "Crew", "victim@example.com"] {
                assert!(!ours.contains(private), "{ours}");
            }
        }
    }
}

#[tokio::test]
async fn an_id_of_another_tenant_is_nobody_s() {
    let tenants = Tenants::start().await;
    let user = (tenants.victim.as_str(), NOBODY);
    let group = (tenants.crew.as_str(), NO_GROUP);
    let replace =
        json!({"schemas": [PATCH], "Operations": [{"op": "replace", "path": "displayName", "value": "x"}]});
    let put_user = json!({"schemas": [USER], "userName": "taken-over"});
    let put_group = json!({"schemas": [GROUP], "displayName": "taken over"});
    for (collection, pair, put) in [("/Users", user, put_user), ("/Groups", group, put_group)] {
        let path = format!("{collection}/<it>");
        for (method, body) in [
            (Method::GET, &Value::Null),
            (Method::PUT, &put),
            (Method::PATCH, &replace),
            (Method::DELETE, &Value::Null),
        ] {
            let answer = tenants.alike(method, &path, body, &[pair]).await;
            assert_eq!(answer["status"], "404", "{answer}");
        }
        // As the other kind of resource, and with a version that would be right.
        let other = if collection == "/Users" { "/Groups/<it>" } else { "/Users/<it>" };
        tenants.alike(Method::GET, other, &Value::Null, &[pair]).await;
        for (name, version) in [("if-match", "W/\"1\""), ("if-none-match", "W/\"1\"")] {
            let headers = [(name, version)];
            let sent = async |id: &str| {
                let path = format!("{collection}/{id}");
                let method = if name == "if-match" { Method::PATCH } else { Method::GET };
                let body = if name == "if-match" { &replace } else { &Value::Null };
                tenants.ours.send_with(method, &path, body, &headers).await.0
            };
            assert_eq!((sent(pair.0).await, sent(pair.1).await), (404, 404));
        }
    }
    tenants.check().await;
}

#[tokio::test]
async fn no_filter_leaves_its_tenant() {
    let tenants = Tenants::start().await;
    let filters = [
        ("/Users", r#"id eq "<it>""#, tenants.victim.as_str(), NOBODY),
        ("/Users", r#"userName eq "<it>""#, "victim", "nobody"),
        ("/Users", r#"userName sw "<it>""#, "vic", "nob"),
        ("/Users", r#"emails.value eq "<it>""#, "victim@example.com", "nobody@example.com"),
        ("/Users", r#"emails[value co "<it>"]"#, "victim@", "nobody@"),
        ("/Users", r#"externalId eq "<it>""#, "x-1", "x-9"),
        ("/Users", r#"displayName eq "<it>""#, "Secret Name", "Other Name"),
        ("/Users", r#"userName eq "ann" or userName eq "<it>""#, "victim", "nobody"),
        ("/Users", r#"userName eq "ann" or not (displayName ne "<it>")"#, "Secret Name", "Other Name"),
        ("/Users", r#"groups.value eq "<it>""#, tenants.crew.as_str(), NO_GROUP),
        ("/Groups", r#"displayName eq "<it>""#, "Crew", "Nobodies"),
        ("/Groups", r#"members.value eq "<it>""#, tenants.victim.as_str(), NOBODY),
        (
            "/Groups",
            r#"members[value eq "<it>"] or displayName eq "Guides""#,
            tenants.victim.as_str(),
            NOBODY,
        ),
        ("/Groups", r#"externalId eq "<it>""#, "g-1", "g-9"),
    ];
    for (collection, filter, theirs, nobodys) in filters {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let (before, after) = filter.split_once("<it>").unwrap();
        let path = format!("{collection}?filter={}<it>{}", encode(before), encode(after));
        let pair = (encode(theirs), encode(nobodys));
        let found = tenants.alike(Method::GET, &path, &Value::Null, &[(&pair.0, &pair.1)]).await;
        let is_ors = filter.contains(" or ");
        assert_eq!(found["totalResults"], i32::from(is_ors), "{filter}: {found}");
        for path in [format!("{collection}/.search"), "/.search".to_owned()] {
            let body =
                json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter});
            // Root searches know attributes of users and of groups; what one type lacks matches nothing there.
            let pair = (theirs, nobodys);
            let found = tenants.alike(Method::POST, &path, &body, &[pair]).await;
            assert!(!found.to_string().contains(&tenants.victim) || found["detail"].is_string(), "{found}");
        }
    }
    tenants.check().await;
}

#[tokio::test]
async fn pages_and_cursors_stay_with_their_tenant() {
    let tenants = Tenants::start().await;
    for nth in 0..30 {
        let user = |name: &str| json!({"schemas": [USER], "userName": format!("{name}{nth}")});
        tenants.ours.create("/Users", &user("our")).await;
        tenants.theirs.create("/Users", &user("their")).await;
    }
    // A cursor of theirs is none here: told as any cursor is that nobody has sealed.
    let page = tenants.theirs.get("/Users?cursor&count=10").await;
    let cursor = page["nextCursor"].as_str().unwrap();
    let mut broken = cursor.to_owned();
    let last = broken.pop().unwrap();
    broken.push(if last == 'A' { 'B' } else { 'A' });
    let refused =
        tenants.alike(Method::GET, "/Users?cursor=<it>&count=10", &Value::Null, &[(cursor, &broken)]).await;
    assert_eq!(refused["scimType"], "invalidCursor", "{refused}");
    // Bookmarks of two crawls at the same places.
    let mut names = Vec::new();
    for start in [1, 11, 21, 31] {
        let page = async |client: &Client| client.get(&format!("/Users?startIndex={start}&count=10")).await;
        let (ours, theirs) = (page(&tenants.ours).await, page(&tenants.theirs).await);
        assert_eq!((&ours["totalResults"], &theirs["totalResults"]), (&json!(31), &json!(31)));
        names.extend(ours["Resources"].as_array().cloned().unwrap_or_default());
        assert!(!theirs.to_string().contains("\"our"), "{theirs}");
    }
    assert_eq!(names.len(), 31);
    assert!(names.iter().all(|user| !user["userName"].as_str().unwrap().starts_with("their")), "{names:?}");
}

#[tokio::test]
async fn nobody_of_another_tenant_can_be_a_member_or_a_manager() {
    let tenants = Tenants::start().await;
    let (user, group) = ((tenants.victim.as_str(), NOBODY), (tenants.crew.as_str(), NO_GROUP));
    for pair in [user, group] {
        let member = json!([{"value": "<it>", "$ref": "http://localhost/scim/v2/Users/<it>"}]);
        let create = json!({"schemas": [GROUP], "displayName": "With them", "members": member});
        let refused = tenants.alike(Method::POST, "/Groups", &create, &[pair]).await;
        assert_eq!(refused["status"], "400", "{refused}");
        let put = json!({"schemas": [GROUP], "displayName": "Guides", "members": member});
        let path = format!("/Groups/{}", tenants.guides);
        tenants.alike(Method::PUT, &path, &put, &[pair]).await;
        for operation in [
            json!({"op": "add", "path": "members", "value": member}),
            json!({"op": "replace", "path": "members", "value": member}),
            json!({"op": "remove", "path": "members[value eq \"<it>\"]"}),
            json!({"op": "remove", "path": "members", "value": member}),
        ] {
            let body = json!({"schemas": [PATCH], "Operations": [operation]});
            tenants.alike(Method::PATCH, &path, &body, &[pair]).await;
        }
    }
    // A manager may be anybody; who it is shows only where it is one of ours.
    let path = format!("/Users/{}", tenants.ann);
    for (theirs, nobodys) in [user, ("x-1", "x-9"), ("victim", "nobody")] {
        let manager =
            json!({"op": "replace", "path": format!("{ENTERPRISE}:manager"), "value": {"value": "<it>"}});
        let text = json!({"schemas": [PATCH], "Operations": [manager]}).to_string();
        for value in [theirs, nobodys] {
            let body = serde_json::from_str(&text.replace("<it>", value)).unwrap();
            let (status, ann) = tenants.ours.send(Method::PATCH, &path, &body).await;
            assert_eq!((status, &ann[ENTERPRISE]["manager"]), (200, &json!({"value": value})));
        }
        assert_eq!(tenants.ours.get(&path).await[ENTERPRISE]["manager"], json!({"value": nobodys}));
    }
    tenants.check().await;
}

#[tokio::test]
async fn a_bulk_job_and_a_duplicate_tell_nothing() {
    let tenants = Tenants::start().await;
    let user = (tenants.victim.as_str(), NOBODY);
    for operation in [
        json!({"method": "DELETE", "path": "/Users/<it>"}),
        json!({"method": "PATCH", "path": "/Users/<it>", "data": {"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": "x"}]}}),
        json!({"method": "PUT", "path": "/Users/<it>", "version": "W/\"1\"", "data": {"schemas": [USER], "userName": "z"}}),
        json!({"method": "POST", "path": "/Groups", "bulkId": "<it>", "data": {"schemas": [GROUP], "displayName": "B", "members": [{"value": "<it>"}]}}),
        json!({"method": "PATCH", "path": "/Users/bulkId:<it>", "data": {"schemas": [PATCH], "Operations": []}}),
    ] {
        let job = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [operation]});
        tenants.alike(Method::POST, "/Bulk", &job, &[user]).await;
    }
    // Names, addresses and ids of theirs are free here.
    let same = json!({
        "schemas": [USER], "userName": "victim", "externalId": "x-1",
        "emails": [{"value": "victim@example.com", "type": "work"}],
    });
    tenants.ours.create("/Users", &same).await;
    tenants.ours.create("/Groups", &json!({"schemas": [GROUP], "displayName": "Crew"})).await;
    let victim = tenants.theirs.get(&format!("/Users/{}", tenants.victim)).await;
    assert_eq!(victim["meta"]["version"], "W/\"1\"");
}

#[tokio::test]
async fn schemas_and_settings_are_a_tenant_s_own() {
    let tenants = Tenants::start().await;
    let schema =
        json!({"id": "urn:example:Own", "name": "Own", "attributes": [{"name": "own", "type": "string"}]});
    crate::client::configure(&tenants.stack, "third", "schema#urn:example:Own", schema).await;
    let kind = json!({"name": "Thing", "endpoint": "/Things", "schema": "urn:example:Own"});
    crate::client::configure(&tenants.stack, "third", "type#Thing", kind).await;
    let third = Client::of(&tenants.stack, "third", "okta-c");
    let thing = third.create("/Things", &json!({"schemas": ["urn:example:Own"], "own": "x"})).await;
    for path in [
        "/Things".to_owned(),
        format!("/Things/{thing}"),
        "/Schemas/urn:example:Own".to_owned(),
        "/ResourceTypes/Thing".to_owned(),
    ] {
        assert_eq!(tenants.ours.send(Method::GET, &path, &Value::Null).await.0, 404, "{path}");
        third.get(&path).await;
    }
    assert!(!tenants.ours.get("/Schemas").await.to_string().contains("urn:example:Own"));
}
