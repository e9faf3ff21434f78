//! `match`: which resources rows mean, and what would change.

use std::fs;

use serde_json::json;

use crate::support::Server;

#[tokio::test]
async fn each_row_is_known_by_the_first_attribute_that_anybody_has() {
    let server = Server::start().await;
    let user = async |name: &str, external: &str, email: &str| {
        let body = json!({ "userName": name, "externalId": external, "emails": [{ "value": email, "type": "work" }] });
        server.make("default", "/Users", body).await
    };
    let ann = user("ann", "1", "ann@x").await;
    let bea = user("bea", "2", "bea@x").await;
    let both = [user("cid", "3", "both@x").await, user("dan", "4", "both@x").await];
    let before = server.items().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hr.csv");
    let text = "id,userName,externalId,title,\"emails[type eq \"\"work\"\"].value\"\n\
                ,ANN,2,,\n,renamed,2,Boss,bea@x\n,else,,,ann@x\n,new,9,,new@x\n,other,,,both@x\nID,dan,,,\n";
    fs::write(&path, text.replace("ID", &ann)).unwrap();
    let path = path.to_str().unwrap();
    let ended = server.table(&["user", "match", path, "--json"]).await.with_code(0);
    let lines = ended.lines();
    let said = |at: usize| (lines[at]["by"].clone(), lines[at]["ids"].clone());
    assert_eq!(said(0), (json!("userName"), json!([ann])));
    assert_eq!(said(1), (json!("externalId"), json!([bea])));
    let title = json!({ "path": "title", "from": null, "to": "Boss" });
    assert_eq!(lines[1]["changes"], json!([{ "path": "userName", "from": "bea", "to": "renamed" }, title]));
    assert_eq!(said(2), (json!("emails.value"), json!([ann])));
    assert_eq!(said(3), (json!(null), json!([])));
    assert_eq!(lines[4]["by"], "emails.value");
    let mut several: Vec<_> =
        lines[4]["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    several.sort_unstable();
    let mut expected = both.clone();
    expected.sort();
    assert_eq!(several, expected);
    assert_eq!(said(5), (json!("id"), json!([ann])));
    let summary = json!({ "matched": 4, "new": 1, "several": 1, "unreadable": 0 });
    assert_eq!(lines[6]["summary"], summary);

    let told = server.table(&["user", "match", path]).await.with_code(0).out;
    assert!(told.contains(&format!("line 3: {bea} by externalId, would change userName, title")), "{told}");
    assert!(told.contains("line 5: new") && told.contains("line 6: 2 match by emails.value: "), "{told}");
    assert_eq!(server.items().await, before);
}
