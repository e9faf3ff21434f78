//! What each operation costs, for a user of 2 KB with one e-mail and one `externalId`, exactly.
//!
//! Where a figure moves, the bill of every tenant does: these are equalities, not limits.

use std::slice::from_ref;

use directory::{Consistency, Draft, Lookup, Member, MemberChange, Record, Scope};
use scim::{Kind, ResourceId};
use serde_json::json;

use crate::{
    support::{
        NOW, change_members, draft, draft_of, group, groups, new_id, random, request, spent, user,
        users as users_type,
    },
    table::Table,
};

/// A draft whose item is just short of 2,048 bytes.
fn two_kilobytes(name: &str) -> Draft {
    let emails = json!([{ "value": format!("{name}@example.com"), "type": "work", "primary": true }]);
    let attributes =
        json!({ "userName": format!("{name}@example.com"), "emails": emails, "note": "x".repeat(1590) });
    draft(attributes, Some(&format!("00u{name}")))
}

async fn create(table: &Table, scope: &Scope, name: &str) -> Record {
    let draft = two_kilobytes(name);
    table.directory.create(scope, users_type(), new_id(Kind::User), draft, NOW).await.expect("created")
}

#[tokio::test]
async fn the_user_of_the_budgets_has_two_kilobytes() {
    let table = Table::new().await;
    let stored = create(&table, &request(), "barbara").await;
    let item = table.item(&format!("acme#U#{}", stored.id.shard()), stored.id.as_str()).await.expect("there");
    let size = |put: aws_sdk_dynamodb::operation::put_item::PutItemOutput| {
        put.consumed_capacity.and_then(|capacity| capacity.capacity_units).expect("units").to_string()
    };
    let put = async |padding: usize| {
        let mut item = item.clone();
        let padding = "x".repeat(padding);
        item.insert("zz".to_owned(), aws_sdk_dynamodb::types::AttributeValue::S(padding));
        let call = table.client.put_item().table_name("scim").set_item(Some(item));
        let call = call.return_consumed_capacity(aws_sdk_dynamodb::types::ReturnConsumedCapacity::Total);
        size(call.send().await.expect("written"))
    };
    assert_eq!((put(0).await.as_str(), put(20).await.as_str()), ("2", "3"), "full, and not over");
}

#[tokio::test]
async fn users() {
    let table = Table::new().await;
    let directory = &table.directory;
    let check = |scope: &Scope, expected: &str| assert_eq!(spent(scope), expected);

    let scope = request();
    let stored = create(&table, &scope, "barbara").await;
    check(&scope, "1 trips, 0 read, 15 written");

    let scope = request();
    directory.get(&scope, users_type(), &stored.id).await.expect("read");
    check(&scope, "1 trips, 1 read, 0 written");

    for (hit, miss) in [
        (Lookup::UserName("barbara@example.com".into()), Lookup::UserName("none".into())),
        (Lookup::Email("barbara@example.com".into()), Lookup::Email("none".into())),
        (Lookup::ExternalId("00ubarbara".into()), Lookup::ExternalId("none".into())),
    ] {
        let scope = request();
        assert_eq!(directory.find(&scope, users_type(), &miss).await.expect("found"), []);
        check(&scope, "1 trips, 1 read, 0 written");
        let scope = request();
        let found = directory.find(&scope, users_type(), &hit).await.expect("found");
        assert_eq!(directory.get_many(&scope, users_type(), &found).await.expect("read").len(), 1);
        check(&scope, "2 trips, 2 read, 0 written");
    }

    let scope = request();
    let read = directory.get(&scope, users_type(), &stored.id).await.expect("read").expect("there");
    let mut changed = draft_of(&read);
    changed.attributes.insert("active".into(), json!(false));
    changed.attributes.insert("note".into(), json!("x".repeat(1578)));
    let changed = directory.update(&scope, users_type(), &read, changed, NOW).await.expect("changed");
    check(&scope, "2 trips, 1 read, 2 written");

    let scope = request();
    let read = directory.get(&scope, users_type(), &stored.id).await.expect("read").expect("there");
    let same = directory.update(&scope, users_type(), &read, draft_of(&changed), NOW).await.expect("same");
    assert_eq!(same, changed);
    check(&scope, "1 trips, 1 read, 0 written");

    let scope = request();
    let read = directory.get(&scope, users_type(), &stored.id).await.expect("read").expect("there");
    let renamed = Draft { external_id: read.external_id.clone(), ..two_kilobytes("babsie1") };
    directory.update(&scope, users_type(), &read, renamed, NOW).await.expect("renamed");
    check(&scope, "2 trips, 1 read, 16 written");

    let scope = request();
    directory.delete(&scope, users_type(), &stored.id, None, NOW).await.expect("deleted");
    check(&scope, "2 trips, 2 read, 19 written");
}

#[tokio::test]
async fn one_member_of_a_group_of_any_size() {
    let table = Table::new().await;
    let directory = &table.directory;
    let (ann, stored) = (create(&table, &request(), "barbara").await, group(&table, "Tour Guides").await);
    for others in [0, 300] {
        let others: Vec<_> = (0..others).map(|_| Member { id: new_id(Kind::User), display: None }).collect();
        let fill = MemberChange { add: others, remove: vec![] };
        let (now, _) = directory.group_and_missing(&request(), &stored.id, &[]).await.expect("read");
        change_members(directory, &request(), &now.expect("there"), &fill, false).await.expect("filled");

        let scope = request();
        let ids = from_ref(&ann.id);
        let (read, missing) = directory.group_and_missing(&scope, &stored.id, ids).await.expect("read");
        assert_eq!(missing, []);
        let change = MemberChange { add: vec![Member { id: ann.id.clone(), display: None }], remove: vec![] };
        let read = read.expect("there");
        change_members(directory, &scope, &read, &change, false).await.expect("added");
        assert_eq!(spent(&scope), "3 trips, 2 read, 3 written");

        let scope = request();
        let (read, _) = directory.group_and_missing(&scope, &stored.id, &[]).await.expect("read");
        let change = MemberChange { add: vec![], remove: vec![ann.id.clone()] };
        let read = read.expect("there");
        change_members(directory, &scope, &read, &change, false).await.expect("removed");
        assert_eq!(spent(&scope), "3 trips, 1 read, 3 written");
    }
}

#[tokio::test]
async fn the_groups_of_a_user_beside_the_user() {
    let table = Table::new().await;
    let directory = &table.directory;
    let ann = create(&table, &request(), "barbara").await;
    for in_groups in 0..3 {
        let scope = request();
        let (read, shown) = futures::try_join!(
            directory.get(&scope, users_type(), &ann.id),
            directory.groups_of(&scope, &ann.id, Consistency::Eventual)
        )
        .expect("read");
        assert_eq!((read.is_some(), shown.len()), (true, in_groups));
        let (trips, units) = [(1, "1.5"), (2, "2"), (2, "2.5")][in_groups];
        assert_eq!(spent(&scope), format!("{trips} trips, {units} read, 0 written"));

        let group = group(&table, &format!("group {in_groups}")).await;
        let change = MemberChange { add: vec![Member { id: ann.id.clone(), display: None }], remove: vec![] };
        change_members(directory, &request(), &group, &change, false).await.expect("added");
    }
}

#[tokio::test]
async fn a_group_with_a_thousand_members() {
    let table = Table::new().await;
    let directory = &table.directory;
    let stored = group(&table, "Tour Guides").await;
    let add = (0..1000)
        .map(|nth| Member { id: new_id(Kind::User), display: Some(format!("Barbara J {nth:03}")) })
        .collect();
    let change = MemberChange { add, remove: vec![] };
    change_members(directory, &request(), &stored, &change, false).await.expect("filled");

    let scope = request();
    directory.get(&scope, groups(), &stored.id).await.expect("read");
    assert_eq!(spent(&scope), "1 trips, 1 read, 0 written");

    let scope = request();
    let (_, members) =
        futures::try_join!(directory.get(&scope, groups(), &stored.id), directory.members(&scope, &stored))
            .expect("read");
    assert_eq!(members.len(), 1000);
    assert_eq!((scope.usage.calls(), scope.usage.round_trips()), (2, 1));
    assert!(scope.usage.read_units() <= 32.0, "{}", spent(&scope));
}

#[tokio::test]
async fn a_page_of_a_hundred() {
    let table = Table::new().await;
    let directory = &table.directory;
    for nth in 0..430_u16 {
        // Shards as even as chance makes larger ones.
        let mut random = *random().as_bytes();
        random[0] = [0x00, 0x10, 0x20, 0x30][usize::from(nth % 4)];
        let id = ResourceId::new(Kind::User, 4, uuid::Uuid::from_bytes(random));
        let draft = two_kilobytes(&format!("user{nth:03}"));
        directory.create(&request(), users_type(), id, draft, NOW).await.expect("created");
    }
    let mut after = None;
    let mut pages = 0;
    loop {
        let scope = request();
        let (page, total) = futures::try_join!(
            directory.walk(&scope, users_type(), after.as_ref(), 100, Consistency::Eventual),
            directory.total(&scope, users_type())
        )
        .expect("a page");
        assert_eq!(total, 430);
        // One round trip, and one more where the page reaches into the next shard.
        assert!(scope.usage.round_trips() <= 2, "{}", spent(&scope));
        assert!(scope.usage.read_units() <= 28.0, "{}", spent(&scope));
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages, 5);
}

#[tokio::test]
async fn a_small_tenant_is_listed_in_two_round_trips() {
    let table = Table::new().await;
    for nth in 0..10 {
        user(&table, &format!("user {nth}")).await;
    }
    let scope = request();
    let page = table.directory.walk(&scope, users_type(), None, 100, Consistency::Eventual).await;
    assert_eq!(page.expect("a page").records.len(), 10);
    assert_eq!(spent(&scope), "2 trips, 2 read, 0 written");
}

#[tokio::test]
async fn ping_is_one_small_read() {
    let table = Table::new().await;
    table.wire.clear();
    table.directory.ping().await.expect("an answer");
    assert_eq!(table.wire.sent("GetItem").len(), 1);
    assert_eq!(table.wire.sent("Query").len() + table.wire.sent("BatchGetItem").len(), 0);
}
