//! A walk along an index finds every value within its bounds, in order.

use directory::{Entry, Index, Mark, Record};
use scim::{Kind, filter::plan::Bounds, sort::Order};
use serde_json::json;

use crate::{
    support::{NOW, draft, group, new_id, request, spent, user, users},
    table::Table,
};

/// All entries, asked for a few at a time.
async fn walk(
    table: &Table,
    index: Index,
    bounds: &Bounds,
    order: Order,
    limit: Option<usize>,
) -> Vec<Entry> {
    let (scope, mut found, mut after): (_, Vec<Entry>, Option<Mark>) = (request(), Vec::new(), None);
    loop {
        let page = table.directory.entries(&scope, index, bounds, order, after.as_ref(), limit).await;
        let page = page.expect("a page");
        assert!(limit.is_none_or(|limit| page.entries.len() <= limit));
        found.extend(page.entries);
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

async fn texts(table: &Table, index: Index, bounds: Bounds) -> Vec<String> {
    let forward = walk(table, index, &bounds, Order::Ascending, None).await;
    for limit in [1, 2, 100] {
        assert_eq!(walk(table, index, &bounds, Order::Ascending, Some(limit)).await, forward, "by {limit}");
    }
    let mut backward = walk(table, index, &bounds, Order::Descending, Some(3)).await;
    backward.reverse();
    assert_eq!(backward, forward);
    forward.into_iter().map(|entry| entry.text).collect()
}

fn between(from: Option<&str>, to: Option<&str>) -> Bounds {
    Bounds::Between { from: from.map(str::to_owned), to: to.map(str::to_owned) }
}

async fn with(table: &Table, name: &str, emails: &[&str], external_id: Option<&str>) -> Record {
    let emails: Vec<_> = emails.iter().map(|email| json!({ "value": email })).collect();
    let draft = draft(json!({ "userName": name, "emails": emails }), external_id);
    table.directory.create(&request(), users(), new_id(Kind::User), draft, NOW).await.expect("created")
}

#[tokio::test]
async fn values_lie_in_the_order_of_their_folded_texts() {
    let table = Table::new().await;
    for name in ["Bob", "ann", "Straße", "Émile", "bo", "~", "Ann B"] {
        user(&table, name).await;
    }
    group(&table, "Ann's").await;
    let names = async |bounds| texts(&table, Index::UserName, bounds).await;
    let all = ["ann", "ann b", "bo", "bob", "strasse", "~", "émile"];
    assert_eq!(names(Bounds::Whole).await, all);
    assert_eq!(names(Bounds::Prefix("ann".into())).await, ["ann", "ann b"]);
    assert_eq!(names(Bounds::Prefix("x".into())).await, [""; 0]);
    assert_eq!(names(between(Some("bo"), None)).await, all[2..]);
    assert_eq!(names(between(None, Some("bo"))).await, all[..3]);
    assert_eq!(names(between(Some("ann b"), Some("bob"))).await, all[1..4]);
    assert_eq!(names(between(Some("b"), Some("a"))).await, [""; 0]);
    assert_eq!(names(between(None, Some(""))).await, [""; 0]);
    assert_eq!(names(between(Some(""), None)).await, all);
    assert_eq!(texts(&table, Index::DisplayName, Bounds::Whole).await, ["ann's"]);
}

#[tokio::test]
async fn an_entry_names_who_has_the_value() {
    let table = Table::new().await;
    let ann = with(&table, "ann", &["B@x", "a@x", "b@X"], Some("00uA")).await;
    let bob = with(&table, "bob", &["a@x"], Some("00ua")).await;
    let mut stranger = request();
    stranger.tenant = "other".into();
    let theirs = draft(json!({ "userName": "zoe" }), Some("00uZ"));
    table.directory.create(&stranger, users(), new_id(Kind::User), theirs, NOW).await.expect("created");

    let found = walk(&table, Index::Email, &Bounds::Whole, Order::Ascending, None).await;
    let mut found: Vec<_> = found.into_iter().map(|entry| (entry.text, entry.id)).collect();
    found.sort();
    let mut expected = vec![
        ("a@x".to_owned(), ann.id.clone()),
        ("a@x".to_owned(), bob.id.clone()),
        ("b@x".to_owned(), ann.id.clone()),
    ];
    expected.sort();
    assert_eq!(found, expected);

    let found = walk(&table, Index::ExternalId, &Bounds::Whole, Order::Ascending, None).await;
    let entry = |text: &str, id| Entry { text: text.to_owned(), is_whole: true, id };
    assert_eq!(found, [entry("00uA", ann.id.clone()), entry("00ua", bob.id)]);
    let mut other = request();
    other.connector = "entra".into();
    let page =
        table.directory.entries(&other, Index::ExternalId, &Bounds::Whole, Order::Ascending, None, None);
    assert_eq!(page.await.expect("a page").entries, []);

    table.directory.delete(&request(), users(), &ann.id, None, NOW).await.expect("deleted");
    assert_eq!(texts(&table, Index::Email, Bounds::Whole).await, ["a@x"]);
}

#[tokio::test]
async fn a_value_too_long_for_a_key_is_found_by_its_beginning() {
    let table = Table::new().await;
    let long = |end: &str| format!("m{}{end}", "é".repeat(500));
    for end in ["x", "y"] {
        user(&table, &long(end)).await;
    }
    let names = async |bounds| walk(&table, Index::UserName, &bounds, Order::Ascending, None).await.len();
    for bounds in [
        Bounds::Prefix(long("x")),
        Bounds::Prefix("mé".into()),
        between(Some(&long("x")), Some(&long("y"))),
        between(Some("m"), Some("n")),
        between(Some(&long("zz")), None),
        between(None, Some(&long(""))),
    ] {
        assert_eq!(names(bounds.clone()).await, 2, "{bounds:?}");
    }
    let entries = walk(&table, Index::UserName, &Bounds::Whole, Order::Ascending, None).await;
    assert!(entries.iter().all(|entry| !entry.is_whole && long("").starts_with(&entry.text)), "{entries:?}");
}

#[tokio::test]
async fn thousands_of_entries_come_in_a_few_answers() {
    const COUNT: usize = 6_000;
    let table = Table::new().await;
    for chunk in (0..COUNT).collect::<Vec<_>>().chunks(500) {
        futures::future::join_all(chunk.iter().map(|nth| {
            let name = format!("group {nth:05} {}", "x".repeat(60));
            async { group(&table, &{ name }).await }
        }))
        .await;
    }
    let scope = request();
    let (mut count, mut after) = (0, None);
    loop {
        let page = table.directory.entries(
            &scope,
            Index::DisplayName,
            &Bounds::Whole,
            Order::Ascending,
            after.as_ref(),
            None,
        );
        let page = page.await.expect("a page");
        count += page.entries.len();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(count, COUNT);
    assert!((2..=4).contains(&scope.usage.round_trips()), "{}", spent(&scope));
    assert!(scope.usage.read_units() < 250.0, "{}", spent(&scope));
}
