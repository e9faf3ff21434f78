//! `import`: what a file says becomes so, and nothing else.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::Server;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn file(name: &str, text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

/// Resources without what another tenant cannot have: ids and times; members by name.
fn comparable(
    resources: BTreeMap<String, Value>,
    names: &BTreeMap<String, String>,
) -> BTreeMap<String, Value> {
    let mut resources = resources;
    for resource in resources.values_mut() {
        let fields = resource.as_object_mut().unwrap();
        for beside in ["id", "meta", "groups"] {
            fields.remove(beside);
        }
        if let Some(manager) =
            fields.get_mut(ENTERPRISE).and_then(|it| it.get_mut("manager")?.as_object_mut())
        {
            assert!(manager.remove("$ref").is_some(), "it is somebody");
        }
        // The values of an attribute have no order (RFC 7643 §2.4).
        if let Some(Value::Array(emails)) = fields.get_mut("emails") {
            emails.sort_by_key(ToString::to_string);
        }
        if let Some(Value::Array(members)) = fields.get_mut("members") {
            let mut told: Vec<Value> = members
                .iter()
                .map(|it| json!([names[it["value"].as_str().unwrap()], it["type"], it["display"]]))
                .collect();
            told.sort_by_key(ToString::to_string);
            *members = told;
        }
    }
    resources
}

/// The users and groups of a tenant, as they can be compared with those of another.
async fn state(server: &Server, tenant: &str) -> [BTreeMap<String, Value>; 2] {
    let (users, groups) = (server.all(tenant, "/Users").await, server.all(tenant, "/Groups").await);
    let all = users.iter().chain(&groups);
    let names = all.map(|(name, it)| (it["id"].as_str().unwrap().to_owned(), name.clone())).collect();
    [comparable(users, &names), comparable(groups, &names)]
}

async fn sample(server: &Server, tenant: &str) {
    let ann = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "userName": "ann@example.com", "externalId": "00uA", "active": true, "title": "Chief, \"Tours\"",
        "name": { "givenName": "Ann", "familyName": "Ä\nB" },
        "emails": [
            { "value": "ann@example.com", "type": "work", "primary": true }, { "value": "a@home", "type": "home" }
        ],
        "addresses": [{ "type": "work", "streetAddress": "1 Road", "country": "CH" }],
        ENTERPRISE: { "department": "Tours", "costCenter": "4" }
    });
    // Named as an identity provider may: by userName, which means the same in another tenant.
    let bea = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "userName": "bea", "active": false, ENTERPRISE: { "manager": { "value": "ann@example.com" } },
        "phoneNumbers": [{ "value": "+41 1", "type": "work" }, { "value": "+41 2", "type": "work" }],
        "emails": [{ "value": "bea@example.com" }]
    });
    let (ann, bea) = (server.make(tenant, "/Users", ann).await, server.make(tenant, "/Users", bea).await);
    server.make(tenant, "/Users", json!({ "userName": "group:odd" })).await;
    let members = json!([{ "value": ann }, { "value": bea }]);
    let guides = json!({ "displayName": "Tour Guides", "externalId": "g1", "members": members });
    let guides = server.make(tenant, "/Groups", guides).await;
    let all = json!({ "displayName": "All", "members": [{ "value": guides }] });
    server.make(tenant, "/Groups", all).await;
    server.make(tenant, "/Groups", json!({ "displayName": "Empty" })).await;
}

#[tokio::test]
async fn what_is_exported_erased_and_imported_is_what_it_was() {
    for ending in ["csv", "jsonl"] {
        let server = Server::start().await;
        sample(&server, "acme").await;
        let before = state(&server, "acme").await;
        assert_eq!((before[0].len(), before[1].len()), (3, 3));
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(format!("{name}.{ending}")).to_str().unwrap().to_owned();
        for noun in ["user", "group"] {
            server.table(&[noun, "export", &path(noun), "--tenant", "acme"]).await.with_code(0);
        }
        server.both(&["tenant", "erase", "acme", "--yes"]).await.with_code(0);
        assert_eq!(state(&server, "acme").await, [BTreeMap::new(), BTreeMap::new()]);
        for noun in ["user", "group"] {
            let lines = server
                .table(&[noun, "import", &path(noun), "--tenant", "acme", "--json"])
                .await
                .with_code(0)
                .lines();
            assert_eq!(lines.last().unwrap()["summary"]["created"], 3, "{ending} {noun}");
        }
        assert_eq!(state(&server, "acme").await, before, "{ending}");
        let stored = server.items().await;
        for noun in ["user", "group"] {
            let again = ["--tenant", "acme", "--update", "--json"];
            let lines = server.table(&[&[noun, "import", &path(noun)], &again[..]].concat()).await.lines();
            assert_eq!(lines.last().unwrap()["summary"]["unchanged"], 3, "{ending} {noun}: {lines:?}");
        }
        assert_eq!(server.items().await, stored, "what is so already is not written");
    }
}

#[tokio::test]
async fn a_dry_run_says_what_would_happen_and_writes_nothing() {
    let server = Server::start().await;
    sample(&server, "default").await;
    let before = server.items().await;
    let rows =
        "userName,title,active\nANN@example.com,Boss,true\nnew,,true\nbea,,false\nbad,,maybe\n,x,true\n";
    let (_folder, path) = file("users.csv", rows);
    let lines = server
        .table(&["user", "import", &path, "--dry-run", "--update", "--json"])
        .await
        .with_code(1)
        .lines();
    let told: Vec<_> =
        lines[..5].iter().map(|it| (it["line"].as_u64().unwrap(), it["outcome"].as_str().unwrap())).collect();
    assert_eq!(told, [(2, "updated"), (3, "created"), (4, "unchanged"), (5, "refused"), (6, "refused")]);
    assert_eq!(lines[0]["changes"], json!(["userName", "title"]));
    assert!(lines[4]["detail"].as_str().unwrap().contains("Missing attribute userName"), "{}", lines[4]);
    assert_eq!(lines[5]["summary"]["dryRun"], true);
    let groups = "{\"displayName\":\"Over\",\"members\":[\"group:Under\"]}\n{\"displayName\":\"Under\"}\n";
    let (_folder, groups) = file("groups.jsonl", groups);
    let told = server.table(&["group", "import", &groups, "--dry-run"]).await.with_code(0).out;
    assert!(told.contains("line 1: would be created") && told.contains("line 2: would be created"), "{told}");
    assert_eq!(server.items().await, before);
}

#[tokio::test]
async fn each_refusal_is_told_with_its_line_and_the_rest_goes_on() {
    let server = Server::start().await;
    sample(&server, "default").await;
    let ann = server.all("default", "/Users").await["ann@example.com"].clone();
    let rows = format!(
        "{}\n{}\n{}\nnot json\n{}\n",
        json!({ "userName": "ok1" }),
        json!({ "userName": "x", "emails": [{ "value": 5 }] }),
        json!({ "userName": "ann@example.com", "title": "Other" }),
        json!({ "userName": "ok2", "externalId": "00uB" }),
    );
    let (_folder, path) = file("users.jsonl", &rows);
    let told = server.table(&["user", "import", &path]).await.with_code(1).out;
    assert!(
        told.contains("line 2: refused Bad value type for attribute emails.value: expected string"),
        "{told}"
    );
    assert!(
        told.contains("line 4: refused ") && told.contains("there already and left 1 (--update"),
        "{told}"
    );
    assert!(told.contains("created 2, updated 0, unchanged 0") && told.contains("refused 2"), "{told}");
    let after = server.all("default", "/Users").await;
    assert_eq!(after["ann@example.com"], ann, "left as it is");
    assert_eq!((after.len(), &after["ok2"]["externalId"]), (5, &json!("00uB")));

    let taken = json!({ "userName": "ok1", "emails": [{ "value": "a@home" }], "id": ann["id"] });
    let (_folder, path) = file("users.jsonl", &taken.to_string());
    let told = server.table(&["user", "import", &path, "--update"]).await.with_code(1).out;
    assert!(told.contains("userName") && told.contains("[uniqueness]"), "{told}");
}

#[tokio::test]
async fn an_update_changes_what_differs_and_an_empty_cell_only_where_that_is_asked_for() {
    let server = Server::start().await;
    sample(&server, "default").await;
    let head = format!("userName,title,\"emails[type eq \"\"work\"\"].value\",{ENTERPRISE}:department");
    let (_folder, path) = file("users.csv", &format!("{head}\nann@example.com,,new@example.com,\n"));
    server.table(&["user", "import", &path, "--update"]).await.with_code(0);
    let ann = server.all("default", "/Users").await["ann@example.com"].clone();
    let work = json!({ "value": "new@example.com", "type": "work", "primary": true });
    assert_eq!(ann["emails"], json!([work, { "value": "a@home", "type": "home" }]));
    assert_eq!(
        (&ann["title"], &ann[ENTERPRISE]["department"]),
        (&json!("Chief, \"Tours\""), &json!("Tours"))
    );
    server.table(&["user", "import", &path, "--update", "--clear-blank"]).await.with_code(0);
    let ann = server.all("default", "/Users").await["ann@example.com"].clone();
    assert!(ann.get("title").is_none() && ann[ENTERPRISE] == json!({ "costCenter": "4" }), "{ann}");

    let (_folder, path) = file("groups.csv", "displayName,members\nTour Guides,\"bea\n group:odd\n\"\n");
    let refused = server.table(&["group", "import", &path, "--update"]).await.with_code(1).out;
    assert!(refused.contains("line 2: refused members: there is no group odd"), "{refused}");
    let (_folder, path) = file("groups.csv", "displayName,members\ntour guides,bea\nEmpty,ann@example.com\n");
    let lines = server.table(&["group", "import", &path, "--update", "--json"]).await.with_code(0).lines();
    assert_eq!((&lines[0]["joining"], &lines[0]["leaving"]), (&json!(0), &json!(1)));
    let [_, groups] = state(&server, "default").await;
    assert_eq!(groups["tour guides"]["members"], json!([["bea", "User", null]]));
    assert_eq!(groups["Empty"]["members"], json!([["ann@example.com", "User", null]]));
}

#[tokio::test]
async fn groups_are_made_in_the_order_that_their_members_need_circles_too() {
    let server = Server::start().await;
    let groups = ["A,group:B", "B,group:C", "C,", "X,group:Y", "Y,group:X", "Z,group:Nowhere"].join("\n");
    let (_folder, path) = file("groups.csv", &format!("displayName,members\n{groups}\n"));
    let told = server.table(&["group", "import", &path]).await.with_code(1).out;
    assert!(told.contains("line 7: refused members: there is no group Nowhere"), "{told}");
    assert!(told.contains("created 5"), "{told}");
    let [_, groups] = state(&server, "default").await;
    let member = |name: &str| groups[name]["members"][0][0].clone();
    assert_eq!([member("A"), member("B"), member("X"), member("Y")], ["B", "C", "Y", "X"].map(Value::from));
    assert!(!groups.contains_key("Z"));
}

#[tokio::test]
async fn an_import_that_was_killed_and_is_run_again_does_nothing_twice() {
    let server = Server::start().await;
    let rows: Vec<_> = (0..400).map(|number| format!("u{number},u{number}@x")).collect();
    let text = format!("userName,\"emails[type eq \"\"work\"\"].value\"\n{}\n", rows.join("\n"));
    let (_folder, path) = file("users.csv", &text);
    let url = server.stack.stand_ins.engine.url();
    let mut program = Command::new(env!("CARGO_BIN_EXE_scimctl"));
    let program = program.args(["user", "import", &path, "--local", url]).stdout(std::process::Stdio::null());
    let mut child = program.kill_on_drop(true).spawn().unwrap();
    let operator = server.operator("default");
    let total = async || {
        let reply = operator.call(http::Method::GET, "/Users?count=0", None).await;
        reply.body["totalResults"].as_u64().unwrap()
    };
    while total().await < 20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().await.unwrap();
    let made = total().await;
    assert!(made < 400, "it was not cut off: {made}");
    let lines = server.table(&["user", "import", &path, "--json"]).await.with_code(0).lines();
    let summary = &lines.last().unwrap()["summary"];
    // A write that was under way when it was killed may have been answered to nobody.
    let (created, left) = (summary["created"].as_u64().unwrap(), summary["left"].as_u64().unwrap());
    assert_eq!((created + left, total().await), (400, 400));
    assert!(left >= made && created > 0, "{summary}");
    assert_eq!(server.all("default", "/Users").await.len(), 400);
}

#[tokio::test]
async fn a_file_that_cannot_be_understood_is_refused_before_anything_is_done() {
    let server = Server::start().await;
    for (name, text, expected) in [
        ("users.csv", "userName,nope\nann,1\n", "column nope: no schema of User defines it"),
        ("users.txt", "userName\nann\n", "Say --format csv or --format jsonl"),
        ("users.csv", "userName,USERNAME\nann,ann\n", "is there twice"),
    ] {
        let (_folder, path) = file(name, text);
        let ended = server.table(&["user", "import", &path]).await.with_code(2);
        assert!(ended.err.contains(expected), "{}", ended.err);
    }
    let missing = Path::new("/nowhere/users.csv").to_str().unwrap();
    let ended = server.table(&["user", "import", missing]).await.with_code(2);
    assert!(ended.err.contains("reading /nowhere/users.csv"), "{}", ended.err);
    assert!(server.all("default", "/Users").await.is_empty());
}
