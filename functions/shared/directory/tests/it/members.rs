//! Memberships: added, removed and replaced, seen from both ends, and gone with either.

use std::slice::from_ref;

use directory::{Consistency, Error, GroupRef, Member, MemberChange, Record};
use scim::{Kind, ResourceId};
use serde_json::json;

use crate::{
    support::{
        NOW, change_members, draft, group, groups, later, new_id, replace_members, request, spent, user,
        users,
    },
    table::Table,
};

fn member(id: &ResourceId, display: Option<&str>) -> Member {
    Member { id: id.clone(), display: display.map(str::to_owned) }
}

fn add(ids: &[ResourceId]) -> MemberChange {
    MemberChange { add: ids.iter().map(|id| member(id, None)).collect(), remove: Vec::new() }
}

fn remove(ids: &[ResourceId]) -> MemberChange {
    MemberChange { add: Vec::new(), remove: ids.to_vec() }
}

/// Changes the group as one request does, on the state it reads.
async fn change(table: &Table, id: &ResourceId, change: &MemberChange, is_conditional: bool) -> Record {
    let scope = request();
    let stored = table.directory.get(&scope, groups(), id).await.expect("read").expect("there");
    change_members(&table.directory, &scope, &stored, change, is_conditional).await.expect("changed")
}

async fn members(table: &Table, group: &ResourceId) -> Vec<ResourceId> {
    shown(table, group).await.into_iter().map(|member| member.id).collect()
}

async fn shown(table: &Table, group: &ResourceId) -> Vec<Member> {
    table.directory.group_and_members(&request(), group).await.expect("members").1
}

async fn groups_of(table: &Table, member: &ResourceId) -> Vec<GroupRef> {
    table.directory.groups_of(&request(), member, Consistency::Strong).await.expect("groups")
}

/// Ids that look like users'. Who checks existence is the caller.
fn ids(count: usize) -> Vec<ResourceId> {
    let mut ids: Vec<_> = (0..count).map(|_| new_id(Kind::User)).collect();
    ids.sort();
    ids
}

/// That both ends of every membership of the group are there, and no other.
async fn check_both_ends(table: &Table, group: &ResourceId, expected: &[ResourceId]) {
    let mut under_members: Vec<_> = table
        .keys()
        .await
        .iter()
        .filter_map(|key| key.strip_prefix("acme#P#")?.strip_suffix(&format!(" {group}")).map(str::to_owned))
        .collect();
    under_members.sort();
    assert_eq!(members(table, group).await, expected);
    assert_eq!(under_members, expected.iter().map(ResourceId::to_string).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_membership_is_seen_from_both_ends() {
    let table = Table::new().await;
    let (ann, guides, staff) =
        (user(&table, "ann").await, group(&table, "Guides").await, group(&table, "Staff").await);
    let with_display = MemberChange { add: vec![member(&ann.id, Some("Ann A."))], remove: vec![] };
    let changed = change(&table, &guides.id, &with_display, false).await;
    assert_eq!((changed.revision, changed.modified > guides.modified), (2, true));
    assert_eq!(changed.attributes, guides.attributes);
    // A group in a group, in a cycle.
    change(&table, &staff.id, &add(from_ref(&guides.id)), false).await;
    change(&table, &guides.id, &add(from_ref(&staff.id)), false).await;

    assert_eq!(shown(&table, &guides.id).await, [member(&ann.id, Some("Ann A.")), member(&staff.id, None)]);
    let of = |group: &Record, name: &str| GroupRef { id: group.id.clone(), display: Some(name.to_owned()) };
    assert_eq!(groups_of(&table, &ann.id).await, [of(&guides, "Guides")]);
    assert_eq!(groups_of(&table, &guides.id).await, [of(&staff, "Staff")]);
    let edge = table.item(&format!("acme#P#{}", ann.id), guides.id.as_str()).await.expect("an item");
    assert_eq!(edge["kind"].as_s().expect("a string"), "Member");
    assert!(!edge.contains_key("display"));
}

#[tokio::test]
async fn a_change_that_is_made_already_moves_no_revision() {
    let table = Table::new().await;
    let (id, people) = (group(&table, "g").await.id, ids(3));
    for is_conditional in [false, true] {
        let before = table.directory.get(&request(), groups(), &id).await.expect("read").expect("there");
        let added = change(&table, &id, &add(&people), is_conditional).await;
        assert_eq!(added.revision, before.revision + 1);
        assert_eq!(change(&table, &id, &add(&people), is_conditional).await, added, "{is_conditional:?}");
        assert_eq!(change(&table, &id, &remove(&ids(2)), is_conditional).await, added, "{is_conditional:?}");
        let removed = change(&table, &id, &remove(&people), is_conditional).await;
        assert_eq!(removed.revision, before.revision + 2);
        assert_eq!(
            change(&table, &id, &remove(&people), is_conditional).await,
            removed,
            "{is_conditional:?}"
        );
        assert_eq!(change(&table, &id, &MemberChange::default(), is_conditional).await, removed);
        check_both_ends(&table, &id, &[]).await;
    }
}

#[tokio::test]
async fn a_display_changes_when_one_is_given() {
    let table = Table::new().await;
    let (id, people) = (group(&table, "g").await.id, ids(1));
    let named = |display| MemberChange { add: vec![member(&people[0], display)], remove: vec![] };
    let display = async || shown(&table, &id).await[0].display.clone();
    for is_conditional in [false, true] {
        let first = change(&table, &id, &named(Some("one")), is_conditional).await;
        assert_eq!(change(&table, &id, &named(None), is_conditional).await, first);
        assert_eq!(display().await.as_deref(), Some("one"));
        let second = change(&table, &id, &named(Some("two")), is_conditional).await;
        assert_eq!(second.revision, first.revision + 1);
        assert_eq!(display().await.as_deref(), Some("two"));
    }
}

#[tokio::test]
async fn an_id_named_twice_is_written_once_and_adding_wins() {
    let table = Table::new().await;
    let (id, people) = (group(&table, "g").await.id, ids(2));
    let both = MemberChange {
        add: vec![member(&people[0], Some("x")), member(&people[0], None), member(&people[1], None)],
        remove: vec![people[0].clone(), people[0].clone()],
    };
    for is_conditional in [false, true] {
        change(&table, &id, &both, is_conditional).await;
        check_both_ends(&table, &id, &people).await;
        assert_eq!(shown(&table, &id).await[0].display.as_deref(), Some("x"));
        change(&table, &id, &remove(&people), is_conditional).await;
    }
}

#[tokio::test]
async fn a_precondition_that_fails_changes_nobody() {
    let table = Table::new().await;
    let (stored, people) = (group(&table, "g").await, ids(3));
    change(&table, &stored.id, &add(&people[..1]), false).await;
    let directory = &table.directory;
    let late = change_members(directory, &request(), &stored, &add(&people), true).await;
    assert!(matches!(late, Err(Error::Changed)), "{late:?}");
    let late = replace_members(directory, &request(), &stored, &[member(&people[2], None)], true).await;
    assert!(matches!(late, Err(Error::Changed)), "{late:?}");
    check_both_ends(&table, &stored.id, &people[..1]).await;
}

#[tokio::test]
async fn changes_beyond_a_hundred_are_made_and_counted_once() {
    let table = Table::new().await;
    let (id, people) = (group(&table, "g").await.id, ids(260));
    assert_eq!(change(&table, &id, &add(&people[..101]), false).await.revision, 2);
    check_both_ends(&table, &id, &people[..101]).await;
    let mixed = MemberChange { remove: people[..60].to_vec(), ..add(&people[90..]) };
    assert_eq!(change(&table, &id, &mixed, false).await.revision, 3);
    check_both_ends(&table, &id, &people[60..]).await;
    assert_eq!(change(&table, &id, &mixed, false).await.revision, 3);
    assert_eq!(change(&table, &id, &remove(&people), true).await.revision, 4);
    check_both_ends(&table, &id, &[]).await;
}

#[tokio::test]
async fn a_replacement_writes_the_difference_only() {
    let table = Table::new().await;
    let (stored, people) = (group(&table, "g").await, ids(150));
    let wanted = |ids: &[ResourceId]| ids.iter().map(|id| member(id, None)).collect::<Vec<_>>();
    let directory = &table.directory;
    let replace = async |group: &Record, ids: &[ResourceId]| {
        let scope = request();
        let replaced = replace_members(directory, &scope, group, &wanted(ids), false).await;
        (replaced.expect("replaced"), scope)
    };
    let (first, _) = replace(&stored, &people[..120]).await;
    check_both_ends(&table, &stored.id, &people[..120]).await;
    let (same, scope) = replace(&first, &people[..120]).await;
    assert_eq!((&same, scope.usage.write_units().to_bits()), (&first, 0_f64.to_bits()));
    let (second, scope) = replace(&first, &people[1..121]).await;
    assert_eq!((second.revision, scope.usage.write_units().to_bits()), (3, 6_f64.to_bits()));
    check_both_ends(&table, &stored.id, &people[1..121]).await;
    let (third, _) = replace(&second, &[]).await;
    assert_eq!(third.revision, 4);
    check_both_ends(&table, &stored.id, &[]).await;
}

#[tokio::test]
async fn parallel_additions_are_all_kept() {
    let table = Table::new().await;
    let (id, people) = (group(&table, "g").await.id, ids(40));
    let changes = people.iter().map(|person| {
        let (table, id) = (&table, &id);
        async move { change(table, id, &add(from_ref(person)), false).await }
    });
    futures::future::join_all(changes).await;
    check_both_ends(&table, &id, &people).await;
    let now = table.directory.get(&request(), groups(), &id).await.expect("read").expect("there");
    assert_eq!(now.revision, 41);
}

#[tokio::test]
async fn a_lost_half_is_healed_by_the_next_addition() {
    let table = Table::new().await;
    let (id, person) = (group(&table, "g").await.id, user(&table, "ann").await.id);
    let people = [person.clone()];
    change(&table, &id, &add(&people), false).await;
    table.lose(&format!("acme#P#{person}"), id.as_str()).await;
    assert_eq!(groups_of(&table, &person).await, []);
    change(&table, &id, &add(&people), false).await;
    check_both_ends(&table, &id, &people).await;
    table.lose(&format!("acme#M#{id}"), person.as_str()).await;
    change(&table, &id, &remove(&people), false).await;
    check_both_ends(&table, &id, &[]).await;
}

#[tokio::test]
async fn a_deleted_user_leaves_its_groups() {
    let table = Table::new().await;
    let (ann, bea) = (user(&table, "ann").await.id, user(&table, "bea").await.id);
    let both = [ann.clone(), bea.clone()];
    let mut stored = Vec::new();
    for nth in 0..30 {
        let id = group(&table, &format!("g{nth}")).await.id;
        stored.push(change(&table, &id, &add(&both), false).await);
    }
    // One of the groups is gone, and has left its half behind.
    let gone = table.directory.delete(&request(), groups(), &stored[0].id, None, NOW).await;
    gone.expect("deleted");
    change_behind_the_back(&table, &ann, &stored[0].id).await;
    table.directory.delete(&request(), users(), &ann, None, later(20)).await.expect("deleted");
    for before in &stored[1..] {
        check_both_ends(&table, &before.id, from_ref(&bea)).await;
        let now = table.directory.get(&request(), groups(), &before.id).await.expect("read").expect("there");
        assert_eq!((now.revision, now.modified > before.modified), (3, true));
    }
    assert!(!table.keys().await.iter().any(|key| key.starts_with(&format!("acme#P#{ann}"))));
}

/// Writes the member's half of a membership, as a request that was cut off does.
async fn change_behind_the_back(table: &Table, member: &ResourceId, group: &ResourceId) {
    use aws_sdk_dynamodb::types::AttributeValue::S;
    let put = table.client.put_item().table_name("scim").item("pk", S(format!("acme#P#{member}")));
    put.item("sk", S(group.to_string())).send().await.expect("written");
}

#[tokio::test]
async fn a_deleted_group_leaves_its_members_and_its_groups() {
    let table = Table::new().await;
    let (ann, outer) = (user(&table, "ann").await.id, group(&table, "outer").await.id);
    let inner = group(&table, "inner").await.id;
    let mut people = ids(1100);
    people.push(ann.clone());
    people.sort();
    change(&table, &inner, &add(&people), false).await;
    change(&table, &outer, &add(from_ref(&inner)), false).await;
    table.directory.delete(&request(), groups(), &inner, None, NOW).await.expect("deleted");
    assert_eq!(members(&table, &outer).await, []);
    assert_eq!(groups_of(&table, &ann).await, []);
    let keys = table.keys().await;
    assert!(!keys.iter().any(|key| key.contains("#M#") || key.contains("#P#")), "{keys:?}");
    let outer = table.directory.get(&request(), groups(), &outer).await.expect("read").expect("there");
    assert_eq!(outer.revision, 3);
}

#[tokio::test]
async fn a_group_that_is_gone_is_not_shown_and_takes_nobody() {
    let table = Table::new().await;
    let (ann, stored) = (user(&table, "ann").await.id, group(&table, "g").await);
    table.directory.delete(&request(), groups(), &stored.id, None, NOW).await.expect("deleted");
    let ann_alone = add(from_ref(&ann));
    let late = change_members(&table.directory, &request(), &stored, &ann_alone, false).await;
    assert!(matches!(late, Err(Error::Changed)), "{late:?}");
    assert_eq!(groups_of(&table, &ann).await, []);
}

#[tokio::test]
async fn who_is_missing_is_told_in_one_round_trip() {
    let table = Table::new().await;
    let (ann, stored) = (user(&table, "ann").await.id, group(&table, "g").await);
    let (nobody, device) = (new_id(Kind::User), new_id(Kind::Other));
    let asked = [nobody.clone(), ann.clone(), device.clone(), stored.id.clone(), nobody.clone()];
    let scope = request();
    let answer = table.directory.group_and_missing(&scope, &stored.id, &asked).await.expect("an answer");
    assert_eq!(answer, (Some(stored.clone()), vec![nobody.clone(), device, nobody.clone()]));
    assert_eq!(scope.usage.round_trips(), 1);
    let answer = table.directory.group_and_missing(&scope, &ann, &[]).await.expect("an answer");
    assert_eq!(answer, (None, vec![]));
    let many = [ids(250), vec![ann]].concat();
    let missing = table.directory.missing(&scope, &many).await.expect("an answer");
    assert_eq!(missing, many[..250]);
}

#[tokio::test]
async fn nothing_to_change_costs_nothing() {
    let table = Table::new().await;
    let (stored, scope) = (group(&table, "g").await, request());
    for is_conditional in [false, true] {
        let change = MemberChange::default();
        let same = change_members(&table.directory, &scope, &stored, &change, is_conditional).await;
        assert_eq!(same.expect("no error"), stored);
    }
    assert_eq!(table.directory.missing(&scope, &[]).await.expect("an answer"), []);
    assert_eq!(spent(&scope), "0 trips, 0 read, 0 written");
}

#[tokio::test]
async fn a_group_keeps_its_members_when_its_name_changes() {
    let table = Table::new().await;
    let (stored, people) = (group(&table, "g").await, ids(2));
    let scope = request();
    let renamed = draft(json!({ "displayName": "h" }), None);
    let renamed = table.directory.update(&scope, groups(), &stored, renamed, NOW).await.expect("renamed");
    let changed = change_members(&table.directory, &scope, &renamed, &add(&people), false).await;
    assert_eq!(changed.expect("changed").revision, 3);
    // The revision that the members moved does not stand in the way of the document, nor is it lost.
    let bumped = change(&table, &stored.id, &remove(&people[..1]), false).await;
    let again = draft(json!({ "displayName": "i" }), None);
    let again = table.directory.update(&request(), groups(), &bumped, again, NOW).await.expect("renamed");
    assert_eq!(again.revision, 5);
    check_both_ends(&table, &stored.id, &people[1..]).await;
}
