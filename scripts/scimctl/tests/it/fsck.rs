//! `scimctl fsck`: its exit codes and what it prints.

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use directory::{Directory, Draft, Scope};
use local::{TABLE, engine::Engine};
use scim::{ResourceId, resource_type::USERS};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::support::{Ended, scimctl};

struct Table {
    engine: Engine,
    client: Client,
}

impl Table {
    async fn new() -> Self {
        let engine = Engine::in_memory(0).await.unwrap();
        let client = local::aws::dynamodb(engine.url());
        local::table::create(&client, TABLE).await.unwrap();
        let table = Self { engine, client };
        for (id, name) in
            [("00000000-0000-4000-8000-000000000000", "ann"), ("11000000-0000-4000-8000-000000000000", "bea")]
        {
            let Value::Object(attributes) = json!({ "userName": name }) else { unreachable!() };
            let draft = Draft { attributes, ..Draft::default() };
            let (scope, id) = (Scope::new("acme", "okta", name), ResourceId::parse(id).unwrap());
            let directory = Directory::new(table.client.clone(), TABLE);
            directory.create(&scope, &USERS, id, draft, OffsetDateTime::UNIX_EPOCH).await.unwrap();
        }
        table
    }

    async fn lose(&self, pk: &str, sk: &str) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let call = self.client.delete_item().table_name(TABLE).key("pk", text(pk)).key("sk", text(sk));
        call.send().await.unwrap();
    }

    async fn fsck(&self, arguments: &[&str]) -> Ended {
        scimctl(&[&["fsck", "--local", self.engine.url(), "--pause", "0"], arguments].concat()).await
    }
}

#[tokio::test]
async fn a_clean_table_is_0() {
    let table = Table::new().await;
    let ended = table.fsck(&[]).await;
    assert_eq!((ended.code, &*ended.out), (Some(0), "6 items checked, 0 findings repaired, 0 left\n"));
    assert_eq!(ended.err, "", "progress is for terminals");
}

#[tokio::test]
async fn findings_are_1_until_they_are_repaired() {
    let table = Table::new().await;
    table.lose("acme#n#ann", "!").await;
    let found = table.fsck(&[]).await;
    assert_eq!(found.code, Some(1), "{}", found.err);
    let lines: Vec<_> = found.out.lines().collect();
    assert_eq!(
        lines,
        [
            "lookup-missing [left]  acme#U#0 00000000-0000-4000-8000-000000000000: its lookup item does not exist: \
             ! acme#n#ann. Repair writes the lookup item.",
            "       1  lookup-missing",
            "5 items checked, 0 findings repaired, 1 left",
        ]
    );
    let repaired = table.fsck(&["--repair"]).await;
    assert_eq!(repaired.code, Some(0), "{}", repaired.out);
    assert!(repaired.out.starts_with("lookup-missing [repaired]  "), "{}", repaired.out);
    assert!(repaired.out.ends_with("6 items checked, 1 findings repaired, 0 left\n"), "{}", repaired.out);
    assert_eq!(table.fsck(&["--tenant", "acme"]).await.code, Some(0));
}

#[tokio::test]
async fn what_repair_must_not_decide_stays_1() {
    let table = Table::new().await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let put = table.client.put_item().table_name(TABLE).item("pk", text("acme#U#0")).item("sk", text("?"));
    put.item("kind", text("Horse")).item("v", AttributeValue::N("1".to_owned())).send().await.unwrap();
    let ended = table.fsck(&["--repair", "--json"]).await;
    assert_eq!(ended.code, Some(1));
    let lines: Vec<Value> = ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let finding = json!({
        "tenant": "acme", "problem": "unknown-kind", "pk": "acme#U#0", "sk": "?",
        "detail": "items of the kind \"Horse\" are not known", "repair": null, "outcome": "left",
    });
    let summary = json!({ "summary": { "items": 7, "left": 1, "repaired": 0 } });
    assert_eq!(lines, [finding.clone(), finding, summary], "once a round");
    assert_eq!(table.fsck(&["--tenant", "other"]).await.code, Some(0));
}

#[tokio::test]
async fn what_cannot_be_done_is_2() {
    let nowhere = scimctl(&["fsck", "--local", "http://127.0.0.1:1"]).await;
    assert_eq!(nowhere.code, Some(2));
    assert!(nowhere.err.starts_with("scimctl: looking for the table scim"), "{}", nowhere.err);
    let nothing = scimctl(&["fsck"]).await;
    assert_eq!(nothing.code, Some(2));
    assert!(nothing.err.contains("--table"), "{}", nothing.err);
    let help = scimctl(&["--help"]).await;
    assert_eq!(help.code, Some(0));
    assert!(help.out.contains("scimctl fsck --table"), "{}", help.out);
}
