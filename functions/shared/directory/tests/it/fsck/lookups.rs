//! Resources and their lookup items.

use directory::{
    Lookup,
    fsck::{Check, Outcome, Problem, Profile},
};
use faults::{Fault, Gate};
use scim::{Kind, ResourceId};
use serde_json::json;

use super::{
    AttributeValue, check_at, finds_and_leaves, finds_and_mends, much_later, profile, run, tamper, text,
};
use crate::{
    support::{NOW, devices, draft, draft_of, new_id, request, user, users},
    table::Table,
};

fn place(id: &ResourceId) -> String {
    format!("acme#U#{}", id.shard())
}

async fn ann(table: &Table) -> ResourceId {
    let ann = draft(json!({ "userName": "ann", "emails": [{ "value": "ann@x.org" }] }), Some("1"));
    table.directory.create(&request(), users(), new_id(Kind::User), ann, NOW).await.expect("created").id
}

async fn is_found(table: &Table, id: &ResourceId) {
    for lookup in
        [Lookup::UserName("ann".into()), Lookup::Email("ann@x.org".into()), Lookup::ExternalId("1".into())]
    {
        let found = table.directory.find(&request(), users(), &lookup).await.expect("found");
        assert_eq!(found, std::slice::from_ref(id), "{lookup:?}");
    }
}

#[tokio::test]
async fn a_lookup_item_that_is_lost_is_written_again() {
    let table = Table::new().await;
    let id = ann(&table).await;
    table.lose("acme#n#ann", "!").await;
    table.lose("acme#e#ann@x.org", id.as_str()).await;
    table.lose("acme#x#okta#1", id.as_str()).await;
    finds_and_mends(&table, &["lookup-missing"; 3]).await;
    is_found(&table, &id).await;
    assert_eq!(table.indexed("by_email", "e_pk", "acme#E").await, 1);
}

#[tokio::test]
async fn a_lookup_item_that_an_index_holds_wrong_is_written_again() {
    let table = Table::new().await;
    let id = ann(&table).await;
    tamper(&table, "acme#n#ann", "!", |item| drop(item.insert("n_sk".into(), text("bea")))).await;
    tamper(&table, "acme#e#ann@x.org", id.as_str(), |item| drop(item.remove("e_pk"))).await;
    finds_and_mends(&table, &["lookup-differs"; 2]).await;
    let item = table.item("acme#n#ann", "!").await.expect("there");
    assert_eq!(item["n_sk"], text("ann"));
}

#[tokio::test]
async fn a_lookup_item_of_nobody_is_deleted() {
    let table = Table::new().await;
    let id = ann(&table).await;
    let mut item = table.item("acme#n#ann", "!").await.expect("there");
    item.extend([("pk".into(), text("acme#n#bea")), ("id".into(), text(new_id(Kind::User).as_str()))]);
    table.put(item).await;
    finds_and_mends(&table, &["lookup-orphaned"]).await;
    user(&table, "bea").await;
    is_found(&table, &id).await;
}

#[tokio::test]
async fn a_lookup_item_that_its_owner_does_not_list_is_deleted() {
    let table = Table::new().await;
    let id = ann(&table).await;
    let mut item = table.item("acme#n#ann", "!").await.expect("there");
    item.insert("pk".into(), text("acme#n#bea"));
    table.put(item).await;
    finds_and_mends(&table, &["lookup-unlisted"]).await;
    assert!(table.item("acme#n#bea", "!").await.is_none());
    is_found(&table, &id).await;
}

#[tokio::test]
async fn keys_that_lack_one_are_completed() {
    let table = Table::new().await;
    let id = ann(&table).await;
    tamper(&table, &place(&id), id.as_str(), |item| {
        let Some(AttributeValue::Ss(keys)) = item.get_mut("keys") else { panic!("keys") };
        keys.retain(|key| !key.contains("#e#"));
    })
    .await;
    finds_and_mends(&table, &["keys-differ", "lookup-unlisted"]).await;
    is_found(&table, &id).await;
    let read = table.directory.get(&request(), users(), &id).await.expect("read").expect("there");
    assert!(read.revision > 1, "a writer that has read the old keys is refused");
}

#[tokio::test]
async fn keys_that_list_too_much_are_cut() {
    let table = Table::new().await;
    let (id, bea) = (ann(&table).await, user(&table, "bea").await);
    tamper(&table, &place(&id), id.as_str(), |item| {
        let Some(AttributeValue::Ss(keys)) = item.get_mut("keys") else { panic!("keys") };
        keys.extend(["! acme#n#bea".to_owned(), "! acme#n#nobody".to_owned()]);
    })
    .await;
    finds_and_mends(&table, &["keys-differ"]).await;
    is_found(&table, &id).await;
    let found = table.directory.find(&request(), users(), &Lookup::UserName("bea".into())).await;
    assert_eq!(found.expect("found"), [bea.id], "what is another's stays");
}

#[tokio::test]
async fn a_value_that_two_have_is_left_to_a_person() {
    let table = Table::new().await;
    let (id, bea) = (ann(&table).await, user(&table, "bea").await);
    tamper(&table, &place(&bea.id), bea.id.as_str(), |item| {
        let Some(AttributeValue::M(document)) = item.get_mut("doc") else { panic!("a document") };
        document.insert("userName".into(), text("ANN"));
    })
    .await;
    let (found, _) = run(&table, &Check { repair: true, ..check_at(much_later()) }, &profile()).await;
    let taken = Problem::LookupTaken("! acme#n#ann".into(), id.clone());
    assert!(found.iter().any(|(finding, outcome)| finding.problem == taken && *outcome == Outcome::Left));
    finds_and_leaves(&table, &["lookup-taken"]).await;
    is_found(&table, &id).await;
    let gone = table.directory.delete(&request(), users(), &bea.id, None, NOW).await.expect("deleted");
    assert!(gone.is_some());
    is_found(&table, &id).await;
}

#[tokio::test]
async fn unique_values_of_further_types_are_checked() {
    let table = Table::new().await;
    let device = draft(json!({ "serial": "S1", "tag": "T", "slot": 7 }), None);
    let created = table.directory.create(&request(), &devices(), new_id(Kind::Other), device, NOW).await;
    created.expect("created");
    table.lose("acme#u#Device#serial#s1", "!").await;
    finds_and_mends(&table, &["lookup-missing"]).await;
    // A tenant whose documents do not say what a device is.
    let (found, _) = run(&table, &check_at(much_later()), &Profile::default()).await;
    let names: Vec<_> = found.iter().map(|(finding, _)| finding.problem.name()).collect();
    assert_eq!(names, ["unreadable"; 4], "the device and its three lookup items");
}

#[tokio::test]
async fn a_changed_policy_is_carried_out_by_repair() {
    let table = Table::new().await;
    let id = ann(&table).await;
    let mut strict = profile();
    strict.policy.unique_email = true;
    let repair = Check { repair: true, ..check_at(much_later()) };
    run(&table, &repair, &strict).await;
    let (found, _) = run(&table, &repair, &strict).await;
    assert_eq!(found, []);
    assert!(table.item("acme#e#ann@x.org", "!").await.is_some());
    assert!(table.item("acme#e#ann@x.org", id.as_str()).await.is_none());
}

#[tokio::test]
async fn a_repair_that_is_overtaken_undoes_nothing() {
    let table = Table::new().await;
    let id = ann(&table).await;
    table.lose("acme#n#ann", "!").await;
    let (gate, other) = (Gate::new(), table.another());
    table.wire.fail("TransactWriteItems", 1, &Fault::Held(gate.clone()));
    let rename = async {
        gate.reached().await;
        let stored = other.directory.get(&request(), users(), &id).await.expect("read").expect("there");
        let mut renamed = draft_of(&stored);
        renamed.attributes.insert("userName".into(), json!("bea"));
        other.directory.update(&request(), users(), &stored, renamed, NOW).await.expect("renamed");
        gate.open();
    };
    let (repair, profile) = (Check { repair: true, ..check_at(much_later()) }, profile());
    let ((found, summary), ()) = futures::join!(run(&table, &repair, &profile), rename);
    assert_eq!((found[0].1, summary.mended), (Outcome::Overtaken, 0));
    assert!(table.item("acme#n#ann", "!").await.is_none());
    assert_eq!(super::names(&table).await, [] as [&str; 0]);
}
