//! Counters, tombstones, and items that no version writes.

use std::collections::HashMap;

use directory::fsck::Check;
use scim::Kind;

use super::{
    Item, check_at, finds_and_leaves, finds_and_mends, much_later, number, profile, run, tamper, text,
};
use crate::{
    support::{NOW, group, new_id, request, user, users},
    table::Table,
};

#[tokio::test]
async fn a_counter_that_is_wrong_is_corrected() {
    let table = Table::new().await;
    for nth in 0..40 {
        user(&table, &format!("user{nth}")).await;
    }
    let (digit, other) = {
        let keys = table.keys().await;
        let mut digits = keys.iter().filter_map(|key| key.strip_prefix("acme#C#U "));
        let mut next = || digits.next().expect("a counter").to_owned();
        (next(), next())
    };
    let empty = "0123456789abcdef".chars().find(|digit| *digit != 'x').expect("a digit");
    tamper(&table, "acme#C#U", &digit, |item| drop(item.insert("count".into(), number(99)))).await;
    table.lose("acme#C#U", &other).await;
    table
        .put(HashMap::from([
            ("pk".into(), text("acme#C#G")),
            ("sk".into(), text(&empty.to_string())),
            ("kind".into(), text("Counter")),
            ("v".into(), number(1)),
            ("count".into(), number(-2)),
        ]))
        .await;
    finds_and_mends(&table, &["count-differs"; 3]).await;
    assert_eq!(table.directory.total(&request(), users()).await.expect("a total"), 40);
}

#[tokio::test]
async fn a_resource_that_is_lost_whole_takes_what_names_it_along() {
    let table = Table::new().await;
    let ann = user(&table, "ann").await;
    table.lose(&format!("acme#U#{}", ann.id.shard()), ann.id.as_str()).await;
    finds_and_mends(&table, &["count-differs", "lookup-orphaned"]).await;
}

#[tokio::test]
async fn a_tombstone_of_a_living_resource_is_deleted() {
    let table = Table::new().await;
    let (ann, bea) = (user(&table, "ann").await, user(&table, "bea").await);
    table.directory.delete(&request(), users(), &bea.id, None, NOW).await.expect("deleted");
    let mut tombstone = table.item(&format!("acme#Z#{}", bea.id), "!").await.expect("a tombstone");
    tombstone.insert("pk".into(), text(&format!("acme#Z#{}", ann.id)));
    table.put(tombstone).await;
    finds_and_mends(&table, &["tombstone-of-living"]).await;
    assert!(table.item(&format!("acme#Z#{}", bea.id), "!").await.is_some());
}

/// An item that no version writes.
fn odd(change: impl FnOnce(&mut Item)) -> Item {
    let mut item = HashMap::from([
        ("pk".to_owned(), text("acme#n#odd")),
        ("sk".to_owned(), text("!")),
        ("kind".to_owned(), text("Lookup")),
        ("v".to_owned(), number(1)),
        ("id".to_owned(), text(new_id(Kind::User).as_str())),
        ("type".to_owned(), text("User")),
    ]);
    change(&mut item);
    item
}

#[tokio::test]
async fn what_no_version_writes_is_found_and_left() {
    let set = |name: &'static str, value| move |item: &mut Item| drop(item.insert(name.into(), value));
    let cases: [(Item, &str); 11] = [
        (odd(set("kind", text("Horse"))), "unknown-kind"),
        (odd(set("v", number(2))), "unknown-format"),
        (odd(|item| drop(item.remove("v"))), "unknown-format"),
        (odd(|item| drop(item.remove("kind"))), "unreadable"),
        (odd(|item| drop(item.remove("id"))), "unreadable"),
        (odd(set("type", text("Horse"))), "unreadable"),
        (odd(set("pk", text("acme#q#odd"))), "misplaced"),
        (odd(set("sk", text("?"))), "misplaced"),
        (odd(set("kind", text("User"))), "misplaced"),
        (odd(set("kind", text("Counter"))), "misplaced"),
        (odd(set("pk", text("nothing"))), "misplaced"),
    ];
    for (item, expected) in cases {
        let table = Table::new().await;
        table.put(item).await;
        finds_and_leaves(&table, &[expected]).await;
    }
}

#[tokio::test]
async fn a_task_that_is_of_no_tenant_is_none_of_these() {
    let table = Table::new().await;
    let set = |item: &mut Item| item.extend([("pk".into(), text("#S#0")), ("kind".into(), text("Task"))]);
    table.put(odd(set)).await;
    finds_and_leaves(&table, &[]).await;
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_left_with_what_finds_it() {
    let table = Table::new().await;
    let ann = user(&table, "ann").await;
    let pk = format!("acme#U#{}", ann.id.shard());
    tamper(&table, &pk, ann.id.as_str(), |item| drop(item.remove("doc"))).await;
    finds_and_leaves(&table, &["unreadable"]).await;
    let (found, _) = run(&table, &check_at(much_later()), &profile()).await;
    let told = format!(
        "{pk} {}: it cannot be read: no doc, or of another type. It needs a person to decide.",
        ann.id
    );
    assert_eq!(found[0].0.to_string(), told);
}

#[tokio::test]
async fn a_check_of_one_tenant_sees_no_other() {
    let table = Table::new().await;
    group(&table, "guides").await;
    table.put(odd(|item| drop(item.insert("pk".into(), text("acme-2#n#odd"))))).await;
    let of = |tenant: &str| Check { tenant: Some(tenant.to_owned()), ..check_at(much_later()) };
    let (found, summary) = run(&table, &of("acme"), &profile()).await;
    assert_eq!((found, summary.seen), (vec![], 3));
    let (found, summary) = run(&table, &of("acme-2"), &profile()).await;
    assert_eq!((found.len(), summary.seen), (1, 1));
    assert_eq!(found[0].0.tenant, "acme-2");
}
