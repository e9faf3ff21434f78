//! `scimctl guide`: its tables are those of the tenant, its steps are whole.

use local::{Options, Pack};
use serde_json::Value;

use crate::support::{Server, scimctl};

const INTERACT: &str = "urn:ietf:params:scim:schemas:extension:interactsoftware:2.0";
const URL: &str = "https://scim.example.com/scim/v2";

async fn guide(server: &Server, arguments: &[&str]) -> Value {
    server
        .table(&[&["guide"], arguments, &["--url", URL, "--tenant", "default", "--json"]].concat())
        .await
        .json()
}

fn row<'a>(rows: &'a Value, target: &str) -> &'a Value {
    let found = rows.as_array().unwrap().iter().find(|row| row["target"] == target);
    assert!(found.is_some(), "no row {target}: {rows:#}");
    found.unwrap()
}

#[tokio::test]
async fn okta_is_told_what_this_tenant_requires_in_its_own_words() {
    let server = Server::with(&Options { pack: Some(Pack::Interact), ..Options::default() }).await;
    let guide = guide(&server, &["okta"]).await;
    let location = row(&guide["users"], &format!("{INTERACT}:User:location"));
    assert_eq!(location["externalName"], "location");
    assert_eq!(location["externalNamespace"], format!("{INTERACT}:User"));
    assert_eq!((&location["type"], &location["required"]), (&"string".into(), &true.into()));
    assert_eq!(location["mutability"], "READ_WRITE");
    assert_eq!(location["value"], r#"user.city != null && user.city != "" ? user.city : "Default""#);
    let date = row(&guide["users"], &format!("{INTERACT}:User:jobStartDate"));
    assert_eq!(date["value"], r#"String.append(user.startDate, "T01:00:00Z")"#);
    let kind = row(&guide["users"], "userType");
    assert_eq!(kind["value"], r#"isMemberOfGroupName("Power Users") ? "Power User" : "Intranet User""#);
    assert_eq!(kind["allowed"].as_array().unwrap().len(), 3);
    let phone = row(&guide["users"], "phoneNumbers[type eq \"work\"].value");
    assert_eq!(phone["externalName"], "phoneNumbers.^[type=='work'].value");
    assert_eq!(guide["gaps"], Value::from(vec![format!("{INTERACT}:Group:groupType")]));
}

#[tokio::test]
async fn entra_is_told_the_same_in_its_own_language() {
    let server = Server::with(&Options { pack: Some(Pack::Interact), ..Options::default() }).await;
    let guide = guide(&server, &["entra"]).await;
    let precedences = ["userName", "emails[type eq \"work\"].value", "externalId"]
        .map(|target| row(&guide["users"], target)["precedence"].as_u64().unwrap_or_default());
    assert_eq!(precedences, [1, 2, 3]);
    let location = row(&guide["users"], &format!("{INTERACT}:User:location"));
    assert_eq!((&location["mapping"], &location["type"]), (&"Expression".into(), &"String".into()));
    assert_eq!(location["value"], r#"Coalesce([city], "Default")"#);
    let date = row(&guide["users"], &format!("{INTERACT}:User:jobStartDate"));
    assert!(date["value"].as_str().unwrap().contains(r#""yyyy-MM-ddTHH:mm:ssZ""#));
    assert_eq!(date["type"], "DateTime");
    let login = row(&guide["users"], &format!("{INTERACT}:User:loginType"));
    assert_eq!((&login["mapping"], &login["value"]), (&"None".into(), &"SAML".into()));
    let group = row(&guide["groups"], &format!("{INTERACT}:Group:groupType"));
    assert_eq!((&group["mapping"], &group["value"]), (&"Constant".into(), &"group".into()));
    assert_eq!(row(&guide["users"], "preferredLanguage")["onCreate"], true);
    assert_eq!(guide["gaps"], Value::from(Vec::<String>::new()));
}

#[tokio::test]
async fn a_field_that_was_just_added_is_in_the_guide() {
    let server = Server::start().await;
    let urn = "urn:ietf:params:scim:schemas:extension:acme:2.0:User";
    assert!(!guide(&server, &["okta"]).await.to_string().contains(urn));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("acme.json");
    let documents = serde_json::json!([
        { "id": urn, "name": "Acme", "attributes": [
            { "name": "badge", "type": "integer", "required": true },
            { "name": "skills", "type": "string", "multiValued": true },
            { "name": "desk", "type": "complex", "subAttributes": [{ "name": "floor", "type": "string" }] },
        ]},
        { "name": "User", "endpoint": "/Users", "schema": "urn:ietf:params:scim:schemas:core:2.0:User",
          "schemaExtensions": [{ "schema": urn, "required": true }] },
    ]);
    std::fs::write(&file, documents.to_string()).unwrap();
    let added = server.table(&["schema", "add", file.to_str().unwrap(), "--tenant", "default"]).await;
    assert_eq!(added.code, Some(0), "{}", added.err);
    let okta = guide(&server, &["okta"]).await;
    let kinds = ["badge", "skills", "desk.floor"]
        .map(|name| row(&okta["users"], &format!("{urn}:{name}"))["type"].clone());
    assert_eq!(kinds, ["integer", "string array", "string"]);
    let entra = guide(&server, &["entra"]).await;
    let badge = row(&entra["users"], &format!("{urn}:badge"));
    assert_eq!((&badge["type"], &badge["required"]), (&"Integer".into(), &true.into()));
    assert_eq!(row(&entra["users"], &format!("{urn}:skills"))["multiValued"], true);
}

#[tokio::test]
async fn the_pages_say_everything_that_is_to_be_clicked() {
    let server = Server::with(&Options { pack: Some(Pack::Interact), ..Options::default() }).await;
    let okta = server.both(&["guide", "okta", "--url", &format!("{URL}/")]).await;
    assert_eq!(okta.code, Some(0), "{}", okta.err);
    let flowing = |page: &str| page.split_whitespace().collect::<Vec<_>>().join(" ");
    let okta_text = flowing(&okta.out).to_lowercase();
    for words in [
        "Lifecycle Management",
        "no Provisioning tab",
        "Browse App Catalog",
        "OAuth Bearer Token",
        "Header Auth",
        "Basic Auth",
        "Configure API Integration",
        "Test API Credentials",
        "No results for users returned",
        "Profile Editor",
        "External namespace",
        "User personal",
        "Show Unmapped Attributes",
        "Create and update",
        "To App",
        "To Okta",
        "Import Now",
        "Push Groups",
        "Deactivate Users",
        "scimctl token issue default",
        "user.getInternalProperty",
        "Missing attribute userName",
        "cannot send with a pushed group",
    ] {
        assert!(okta_text.contains(&words.to_lowercase()), "{words}");
    }
    assert!(
        okta.out.contains(&format!("`{URL}`")) && !okta.out.contains(&format!("{URL}/`")),
        "no slash behind"
    );
    let entra = flowing(&server.both(&["guide", "entra", "--url", URL]).await.out);
    for words in [
        "Create your own application",
        "Non-gallery",
        "gallery",
        "Tenant URL",
        "?aadOptscim062020",
        "Secret Token",
        "Test Connection",
        "Notification email",
        "Edit attribute list for customappsso",
        "Add New Mapping",
        "precedence",
        "Only during object creation",
        "objectId",
        "Sync only assigned users and groups",
        "Sync all users and groups",
        "Start provisioning",
        "Provisioning logs",
        "IIF(IsNullOrEmpty([preferredName])",
        "FormatDateTime",
        "quarantine",
        "Constant",
    ] {
        assert!(entra.contains(words), "{words}");
    }
    for page in [&okta.out, &entra] {
        assert!(
            !page.contains("{{") && !page.contains("{%") && !page.contains("undefined"),
            "a text is not filled in"
        );
    }
}

#[tokio::test]
async fn what_is_particular_about_a_connector_is_said() {
    let server = Server::start().await;
    server.both(&["connector", "set", "default", "readOnly=true"]).await;
    let page = server.both(&["guide", "okta"]).await.out;
    assert!(page.contains("may only read") && page.contains("This is a local server"), "{page}");
    assert!(page.contains("http://127.0.0.1:8080/scim/v2"), "{page}");
    let unknown = server.both(&["guide", "okta", "none"]).await;
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("there is no connector none"), "{}", unknown.err);
    let nowhere = scimctl(&["guide", "okta", "--tenant", "default", "--url", "example.com"]).await;
    assert_eq!(nowhere.code, Some(2));
    assert!(nowhere.err.contains("is no URL"), "{}", nowhere.err);
}
