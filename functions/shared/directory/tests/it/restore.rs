//! Bringing a deleted resource back: whole or not at all, whoever else writes meanwhile.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use directory::{Change, Error, Lookup, Member, MemberChange, Scope, Usage};
use scim::{Kind, ResourceId};
use serde_json::json;

use crate::{
    support::{
        NOW, change_members, draft, draft_of, group, groups, later, new_id, random, request, user, users,
    },
    table::Table,
};

/// A request of another connector of the same tenant.
fn entra() -> Scope {
    Scope::new("acme", "entra", random().to_string())
}

async fn join(table: &Table, name: &str, member: &ResourceId) -> ResourceId {
    let group = group(table, name).await;
    let add = vec![Member { id: member.clone(), display: None }];
    let change = MemberChange { add, remove: Vec::new() };
    change_members(&table.directory, &request(), &group, &change, false).await.expect("joined").id
}

#[tokio::test]
async fn what_comes_back_is_found_by_all_that_found_it_and_counted() {
    let table = Table::new().await;
    let attributes = json!({ "userName": "Ann", "emails": [{ "value": "ann@x" }, { "value": "a@y" }] });
    let id = new_id(Kind::User);
    let drawn = draft(attributes, Some("1"));
    let ann = table.directory.create(&request(), users(), id.clone(), drawn, NOW).await.expect("a user");
    let mut with_entra = draft_of(&ann);
    with_entra.external_id = Some("E".to_owned());
    let read = table.directory.get(&entra(), users(), &id).await.expect("read").expect("ann");
    table.directory.update(&entra(), users(), &read, with_entra, later(1)).await.expect("updated");
    let before = table.items().await;
    let tours = join(&table, "Tours", &id).await;
    table.directory.delete(&request(), users(), &id, None, later(60)).await.expect("deleted");

    let tombstone =
        table.directory.tombstone(&request(), &id, later(61)).await.expect("read").expect("a tombstone");
    assert_eq!((tombstone.type_name.as_str(), tombstone.group_count), ("User", 1));
    assert_eq!((&tombstone.groups, tombstone.record.revision), (&vec![tours], 2));
    let restored =
        table.directory.restore(&request(), users(), &tombstone, later(120)).await.expect("restored");
    assert_eq!((restored.revision, restored.created), (3, ann.created));
    assert_eq!(restored.modified, later(120).replace_millisecond(123).expect("a time"));
    let read = table.directory.get(&request(), users(), &id).await.expect("read").expect("ann");
    assert_eq!(read, restored);
    for lookup in [
        Lookup::UserName("ann".into()),
        Lookup::Email("ANN@x".into()),
        Lookup::Email("a@y".into()),
        Lookup::ExternalId("1".into()),
    ] {
        let found = table.directory.find(&request(), users(), &lookup).await.expect("found");
        assert_eq!(found, std::slice::from_ref(&id), "{lookup:?}");
    }
    let found =
        table.directory.find(&entra(), users(), &Lookup::ExternalId("E".into())).await.expect("found");
    assert_eq!(found, std::slice::from_ref(&id), "every connector's");
    assert_eq!(table.directory.total(&request(), users()).await.expect("a total"), 1);
    // But for the group and its counter, and for what a change leaves in the item, the table is as it was.
    let mut after = table.items().await;
    after.retain(|key, _| before.contains_key(key));
    let mut expected = before;
    for items in [&mut after, &mut expected] {
        for name in ["rev", "modified", "rid", "by"] {
            items.get_mut(&format!("acme#U#{} {id}", id.shard())).expect("ann").remove(name);
        }
    }
    assert_eq!(after, expected);
    let gone = table.directory.tombstone(&request(), &id, later(121)).await.expect("read");
    assert_eq!(gone, None);
}

#[tokio::test]
async fn of_many_who_want_a_name_one_has_it() {
    for _ in 0..10 {
        let table = Table::new().await;
        let ann = user(&table, "ann").await;
        table.directory.delete(&request(), users(), &ann.id, None, NOW).await.expect("deleted");
        let tombstone =
            table.directory.tombstone(&request(), &ann.id, NOW).await.expect("read").expect("a tombstone");
        let restore = async || table.another().directory.restore(&request(), users(), &tombstone, NOW).await;
        let create = async {
            let wanted = draft(json!({ "userName": "ann" }), None);
            table.another().directory.create(&request(), users(), new_id(Kind::User), wanted, NOW).await
        };
        let (one, other, created) = futures::join!(restore(), restore(), create);
        let won = [one.is_ok(), other.is_ok(), created.is_ok()].iter().filter(|it| **it).count();
        assert_eq!(won, 1, "{one:?} {other:?} {created:?}");
        for lost in [one.err(), other.err(), created.err()].into_iter().flatten() {
            assert!(matches!(lost, Error::Taken { .. } | Error::Changed), "{lost:?}");
        }
        assert_eq!(table.directory.total(&request(), users()).await.expect("a total"), 1);
    }
}

#[tokio::test]
async fn a_lost_answer_is_no_refusal() {
    let table = Table::new().await;
    let ann = user(&table, "ann").await;
    table.directory.delete(&request(), users(), &ann.id, None, NOW).await.expect("deleted");
    let tombstone =
        table.directory.tombstone(&request(), &ann.id, NOW).await.expect("read").expect("a tombstone");
    let scope = request();
    let first = table.directory.restore(&scope, users(), &tombstone, NOW).await.expect("restored");
    let again = table.directory.restore(&scope, users(), &tombstone, NOW).await.expect("the same request");
    assert_eq!(first, again);
    let other = table.directory.restore(&request(), users(), &tombstone, NOW).await;
    assert!(matches!(other, Err(Error::Changed)), "{other:?}");
}

#[tokio::test]
async fn a_tombstone_names_a_thousand_groups_and_counts_the_others() {
    let table = Table::new().await;
    let ann = user(&table, "ann").await;
    for _ in 0..1003 {
        let text = |text: String| AttributeValue::S(text);
        let item = HashMap::from([
            ("pk".to_owned(), text(format!("acme#P#{}", ann.id))),
            ("sk".to_owned(), text(new_id(Kind::Group).to_string())),
            ("kind".to_owned(), text("Member".to_owned())),
            ("v".to_owned(), AttributeValue::N("1".to_owned())),
        ]);
        table.put(item).await;
    }
    table.directory.delete(&request(), users(), &ann.id, None, NOW).await.expect("deleted");
    let tombstone =
        table.directory.tombstone(&request(), &ann.id, NOW).await.expect("read").expect("a tombstone");
    assert_eq!((tombstone.groups.len(), tombstone.group_count), (1000, 1003));
}

#[tokio::test]
async fn what_was_noted_of_a_deletion_leaves_the_memberships_of_the_restored() {
    let table = Table::new().await;
    let ann = user(&table, "ann").await;
    let tours = join(&table, "Tours", &ann.id).await;
    table.directory.delete(&request(), users(), &ann.id, None, NOW).await.expect("deleted");
    let grave = table.item(&format!("acme#Z#{}", ann.id), "!").await.expect("a tombstone");
    let noted = Change { at: NOW, old: None, new: Some(grave) };
    table.directory.note(&Usage::default(), &[noted], NOW).await.expect("noted");
    let tombstone =
        table.directory.tombstone(&request(), &ann.id, NOW).await.expect("read").expect("a tombstone");
    table.directory.restore(&request(), users(), &tombstone, later(1)).await.expect("restored");
    let read = table.directory.get(&request(), groups(), &tours).await.expect("read").expect("a group");
    let add = vec![Member { id: ann.id.clone(), display: None }];
    let change = MemberChange { add, remove: Vec::new() };
    change_members(&table.directory, &request(), &read, &change, false).await.expect("joined");
    let tidied = table.directory.tidy(&Usage::default(), "r", later(200)).await.expect("tidied");
    assert_eq!(tidied.done, 1);
    let (_, members) = table.directory.group_and_members(&request(), &tours).await.expect("members");
    assert_eq!(members.len(), 1);
}

#[tokio::test]
async fn tombstones_of_a_type_and_a_tenant_are_listed_the_last_first() {
    let table = Table::new().await;
    let (ann, bea) = (user(&table, "ann").await, user(&table, "bea").await);
    let tours = group(&table, "Tours").await;
    table.directory.delete(&request(), users(), &ann.id, None, later(1)).await.expect("deleted");
    table.directory.delete(&request(), users(), &bea.id, None, later(2)).await.expect("deleted");
    table.directory.delete(&request(), groups(), &tours.id, None, later(3)).await.expect("deleted");
    let listed = async |scope: Scope, after| {
        let found =
            table.directory.tombstones(&scope, users(), later(after), 3, &|_| {}).await.expect("a scan");
        found.into_iter().map(|it| it.record.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(request(), 3).await, [bea.id.clone(), ann.id]);
    assert_eq!(listed(Scope::new("acm", "okta", "r"), 3).await, []);
    // The table deletes them late.
    assert_eq!(listed(request(), 30 * 24 * 3600 + 1).await, [bea.id]);
}
