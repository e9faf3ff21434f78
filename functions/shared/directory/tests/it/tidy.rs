//! Tidying up: what requests that were cut off leave undone is noted from the stream and done when it is due.

use std::collections::BTreeMap;

use directory::{Change, GroupChange, Image, Member, MemberChange, Tidied, Usage};
use scim::{Kind, ResourceId};
use time::OffsetDateTime;

use crate::{
    support::{
        NOW, change_members, draft_of, group, groups, later, new_id, replace_members, request, user, users,
    },
    table::{Process, Table},
};

/// When what [`change_members`] and its like do is done.
const DONE_AT: i64 = 9;

fn member(id: &ResourceId) -> Member {
    Member { id: id.clone(), display: None }
}

fn add(ids: &[ResourceId]) -> MemberChange {
    MemberChange { add: ids.iter().map(member).collect(), remove: Vec::new() }
}

fn remove(ids: &[ResourceId]) -> MemberChange {
    MemberChange { add: Vec::new(), remove: ids.to_vec() }
}

/// What the stream tells of all that was done since `before`: here, what differs.
async fn changes(table: &Table, before: &BTreeMap<String, Image>) -> Vec<Change> {
    let after = table.items().await;
    let at = later(DONE_AT).replace_nanosecond(0).expect("a second");
    let mut keys: Vec<_> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    let change = |key: &String| Change { at, old: before.get(key).cloned(), new: after.get(key).cloned() };
    keys.into_iter().map(change).filter(|change| change.old != change.new).collect()
}

async fn note(table: &Table, before: &BTreeMap<String, Image>, now: OffsetDateTime) {
    let changes = changes(table, before).await;
    table.directory.note(&Usage::default(), &changes, now).await.expect("noted");
}

async fn tidy(table: &Table, now: OffsetDateTime) -> Tidied {
    table.directory.tidy(&Usage::default(), "tidy", now).await.expect("tidied")
}

/// The tasks there are, without their times.
async fn tasks(table: &Table) -> Vec<String> {
    let keys = table.keys().await;
    let tasks = keys.iter().filter(|key| key.starts_with("#S#")).filter_map(|key| key.split_once("Z#acme#"));
    let mut verbs: Vec<_> = tasks.filter_map(|(_, task)| task.split('#').next()).map(str::to_owned).collect();
    verbs.sort();
    verbs
}

async fn revision(table: &Table, group: &ResourceId) -> u64 {
    table.directory.get(&request(), groups(), group).await.expect("read").expect("there").revision
}

async fn shown(table: &Table, group: &ResourceId) -> Vec<ResourceId> {
    let (_, members) = table.directory.group_and_members(&request(), group).await.expect("members");
    members.into_iter().map(|member| member.id).collect()
}

fn dies_after(table: &Table, requests: usize) -> Process {
    let process = table.another();
    process.wire.stop_after(requests);
    process
}

fn ids(count: usize) -> Vec<ResourceId> {
    let mut ids: Vec<_> = (0..count).map(|_| new_id(Kind::User)).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn a_request_that_came_to_its_end_leaves_nothing_to_do() {
    let table = Table::new().await;
    let before = table.items().await;
    let (ann, stored) = (user(&table, "ann").await, group(&table, "g").await);
    let people = [ann.id.clone()];
    let stored = change_members(&table.directory, &request(), &stored, &add(&people), false).await;
    let stored = stored.expect("added");
    note(&table, &before, later(DONE_AT)).await;
    let before = table.items().await;
    let stored = change_members(&table.directory, &request(), &stored, &remove(&people), false).await;
    let stored = stored.expect("removed");
    note(&table, &before, later(DONE_AT)).await;
    let before = table.items().await;
    let few = [member(&ann.id)];
    replace_members(&table.directory, &request(), &stored, &few, false).await.expect("replaced");
    note(&table, &before, later(DONE_AT)).await;
    assert_eq!(tasks(&table).await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_membership_that_lost_its_other_half_is_made_whole() {
    for (lost, is_added) in [("P", true), ("M", true), ("P", false), ("M", false)] {
        let table = Table::new().await;
        let (ann, stored) = (user(&table, "ann").await, group(&table, "g").await);
        let people = [ann.id.clone()];
        let mut before = table.items().await;
        change_members(&table.directory, &request(), &stored, &add(&people), false).await.expect("added");
        let [of_group, of_member] =
            [format!("acme#M#{} {}", stored.id, ann.id), format!("acme#P#{} {}", ann.id, stored.id)];
        let key = if lost == "M" { of_group } else { of_member };
        let (pk, sk) = key.split_once(' ').expect("two keys");
        if !is_added {
            // The member leaves, and only one half goes.
            before = table.items().await;
        }
        table.lose(pk, sk).await;
        note(&table, &before, later(DONE_AT)).await;
        assert_eq!(tasks(&table).await, ["pair"], "{lost} {is_added}");
        assert_eq!(tidy(&table, later(60)).await, Tidied::default(), "it is not due yet");
        assert_eq!(tidy(&table, later(90)).await.done, 1);
        let halves =
            table.keys().await.iter().filter(|key| key.contains("#M#") || key.contains("#P#")).count();
        assert_eq!(halves, if lost == "M" { 0 } else { 2 }, "{lost} {is_added}");
        assert_eq!(tasks(&table).await, [] as [&str; 0]);
    }
}

#[tokio::test]
async fn a_revision_that_did_not_move_with_the_members_moves() {
    for is_added in [true, false] {
        let table = Table::new().await;
        let (ann, mut stored) = (user(&table, "ann").await, group(&table, "g").await);
        let people = [ann.id.clone()];
        let mut change = add(&people);
        if !is_added {
            let scope = request();
            let draft = draft_of(&stored);
            let added = GroupChange { draft, members: change, is_exact: true, is_conditional: false };
            // Long before.
            let added = table.directory.change_group(&scope, groups(), &stored, added, None, NOW).await;
            (stored, change) = (added.expect("added"), remove(&people));
        }
        let before = table.items().await;
        let died =
            change_members(&dies_after(&table, 2).directory, &request(), &stored, &change, false).await;
        died.expect_err("it died before its end");
        note(&table, &before, later(DONE_AT)).await;
        assert_eq!(tasks(&table).await, ["revision"], "added: {is_added}");
        assert_eq!(tidy(&table, later(90)).await.done, 1);
        assert_eq!(revision(&table, &stored.id).await, stored.revision + 1);
        // Noted again, as a stream may tell twice, it has moved already.
        note(&table, &before, later(DONE_AT)).await;
        tidy(&table, later(90)).await;
        assert_eq!(revision(&table, &stored.id).await, stored.revision + 1);
    }
}

#[tokio::test]
async fn a_change_that_was_committed_is_finished_when_its_lease_has_ended() {
    let table = Table::new().await;
    let people = ids(300);
    let stored = group(&table, "g").await;
    let before = table.items().await;
    let wanted: Vec<_> = people.iter().map(member).collect();
    // The members, the part, the commit, the part again and a few memberships.
    let process = dies_after(&table, 7);
    replace_members(&process.directory, &request(), &stored, &wanted, false).await.expect("committed");
    assert!(process.wire.has_stopped());
    note(&table, &before, later(DONE_AT)).await;
    assert!(tasks(&table).await.contains(&"finish".to_owned()));
    assert_eq!(tidy(&table, later(30)).await, Tidied::default(), "its lease has not ended");
    let tidied = tidy(&table, later(120)).await;
    assert_eq!((tidied.failed, tasks(&table).await.len()), (0, tidied.left));
    // What depends on it is done the next time.
    tidy(&table, later(240)).await;
    assert_eq!(tasks(&table).await, [] as [&str; 0]);
    assert!(shown(&table, &stored.id).await == people);
    let keys = table.keys().await;
    let count = |part: &str| keys.iter().filter(|key| key.contains(part)).count();
    assert_eq!((count("#M#"), count("#P#"), count("#I#")), (300, 300, 0));
    assert_eq!(revision(&table, &stored.id).await, 2);
}

#[tokio::test]
async fn parts_of_a_change_that_was_not_made_are_deleted() {
    let table = Table::new().await;
    let wanted: Vec<_> = ids(300).iter().map(member).collect();
    let stored = group(&table, "g").await;
    let before = table.items().await;
    let died = replace_members(&dies_after(&table, 2).directory, &request(), &stored, &wanted, false).await;
    died.expect_err("it died before the commit");
    note(&table, &before, later(DONE_AT)).await;
    assert_eq!(tasks(&table).await, ["parts"]);
    assert_eq!(tidy(&table, later(90)).await.done, 1);
    assert!(!table.keys().await.iter().any(|key| key.contains("#I#")));
}

#[tokio::test]
async fn memberships_of_the_deleted_are_swept() {
    let table = Table::new().await;
    let (ann, stored) = (user(&table, "ann").await, group(&table, "g").await);
    let outer = group(&table, "outer").await;
    let (people, inner) = ([ann.id.clone()], [stored.id.clone()]);
    change_members(&table.directory, &request(), &stored, &add(&people), false).await.expect("added");
    change_members(&table.directory, &request(), &outer, &add(&inner), false).await.expect("added");
    for (resource_type, id) in [(users(), &ann.id), (groups(), &stored.id)] {
        let before = table.items().await;
        // Two reads, the deletion; the memberships stay behind.
        let died = dies_after(&table, 3).directory.delete(&request(), resource_type, id, None, NOW).await;
        died.expect_err("it died before its end");
        note(&table, &before, later(DONE_AT)).await;
        assert_eq!(tasks(&table).await, ["gone"]);
        assert_eq!(tidy(&table, later(90)).await.done, 1);
        let left = table.keys().await.into_iter().filter(|key| key.contains(id.as_str()));
        assert_eq!(left.collect::<Vec<_>>(), [format!("acme#Z#{id} !")]);
    }
    assert_eq!((shown(&table, &outer.id).await, revision(&table, &outer.id).await), (vec![], 3));
}

#[tokio::test]
async fn a_deleted_user_that_was_added_meanwhile_is_swept_a_minute_later() {
    let table = Table::new().await;
    let (ann, stored) = (user(&table, "ann").await, group(&table, "g").await);
    let before = table.items().await;
    table.directory.delete(&request(), users(), &ann.id, None, NOW).await.expect("deleted");
    note(&table, &before, later(DONE_AT)).await;
    let people = [ann.id.clone()];
    change_members(&table.directory, &request(), &stored, &add(&people), false).await.expect("added");
    assert_eq!(tidy(&table, later(90)).await.done, 1);
    assert_eq!((shown(&table, &stored.id).await, revision(&table, &stored.id).await), (vec![], 3));
}

#[tokio::test]
async fn a_task_that_fails_is_left_for_the_next_time() {
    let table = Table::new().await;
    let (ann, stored) = (user(&table, "ann").await, group(&table, "g").await);
    let people = [ann.id.clone()];
    change_members(&table.directory, &request(), &stored, &add(&people), false).await.expect("added");
    let before = table.items().await;
    let died = dies_after(&table, 3).directory.delete(&request(), users(), &ann.id, None, NOW).await;
    died.expect_err("it died before its end");
    note(&table, &before, later(DONE_AT)).await;
    table.wire.fail("BatchWriteItem", 1, &faults::refused("AccessDeniedException"));
    let tidied = tidy(&table, later(90)).await;
    assert_eq!((tidied.done, tidied.failed), (0, 1));
    assert_eq!(tidy(&table, later(90)).await.done, 1);
    assert_eq!(tidy(&table, later(90)).await, Tidied::default());
    table.wire.fail("BatchWriteItem", 1, &faults::refused("AccessDeniedException"));
    let changes = changes(&table, &before).await;
    table.directory.note(&Usage::default(), &changes, NOW).await.expect_err("not noted");
}
