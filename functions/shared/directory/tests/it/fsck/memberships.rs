//! Memberships, and changes of many of them.

use directory::{GroupChange, Member, MemberChange, Record};
use faults::refused;
use scim::{Kind, ResourceId};

use super::{check_at, finds_and_mends, much_later, names, profile, run, text};
use crate::{
    support::{NOW, draft_of, group, groups, later, new_id, request, user, users},
    table::Table,
};

async fn join(table: &Table, group: &Record, ids: &[ResourceId]) {
    let add = ids.iter().map(|id| Member { id: id.clone(), display: None }).collect();
    let members = MemberChange { add, remove: vec![] };
    let change = GroupChange { draft: draft_of(group), members, ..GroupChange::default() };
    let changed = table.directory.change_group(&request(), groups(), group, change, None, NOW).await;
    changed.expect("changed");
}

async fn pair(table: &Table) -> (ResourceId, ResourceId) {
    let (ann, guides) = (user(table, "ann").await, group(table, "guides").await);
    join(table, &guides, std::slice::from_ref(&ann.id)).await;
    (guides.id, ann.id)
}

fn of_group(group: &ResourceId) -> String {
    format!("acme#M#{group}")
}

fn of_member(member: &ResourceId) -> String {
    format!("acme#P#{member}")
}

#[tokio::test]
async fn a_member_whose_own_half_is_lost_gets_it_back() {
    let table = Table::new().await;
    let (guides, ann) = pair(&table).await;
    table.lose(&of_member(&ann), guides.as_str()).await;
    finds_and_mends(&table, &["membership-half"]).await;
    assert!(table.item(&of_member(&ann), guides.as_str()).await.is_some());
}

#[tokio::test]
async fn a_member_whom_the_group_does_not_show_is_none() {
    let table = Table::new().await;
    let (guides, ann) = pair(&table).await;
    table.lose(&of_group(&guides), ann.as_str()).await;
    finds_and_mends(&table, &["membership-half"]).await;
    assert!(table.item(&of_member(&ann), guides.as_str()).await.is_none());
}

#[tokio::test]
async fn a_membership_of_what_does_not_exist_is_deleted() {
    let table = Table::new().await;
    let guides = group(&table, "guides").await;
    join(&table, &guides, &[new_id(Kind::User)]).await;
    finds_and_mends(&table, &["membership-dangling"; 2]).await;
    let (found, summary) = run(&table, &check_at(much_later()), &profile()).await;
    assert_eq!((found, summary.seen), (vec![], 3), "the group, its lookup item and its counter");
    let now = table.directory.get(&request(), groups(), &guides.id).await.expect("read").expect("there");
    assert!(now.revision > 2, "whoever has read the group learns that it has changed");
}

#[tokio::test]
async fn memberships_that_a_delete_is_about_to_take_away_are_no_finding() {
    let table = Table::new().await;
    let (_, ann) = pair(&table).await;
    table.wire.fail("BatchWriteItem", 1, &refused("AccessDeniedException"));
    let cut_off = table.directory.delete(&request(), users(), &ann, None, NOW).await;
    cut_off.expect_err("the end of its memberships");
    let (found, _) = run(&table, &check_at(later(60)), &profile()).await;
    assert_eq!(found, []);
    finds_and_mends(&table, &["membership-dangling"; 2]).await;
}

/// A group of 200 whose members are decided, and none of them written.
async fn cut_off(table: &Table) -> (Record, Vec<ResourceId>) {
    let guides = group(table, "guides").await;
    let mut ids = Vec::new();
    for nth in 0..200 {
        ids.push(user(table, &format!("user{nth}")).await.id);
    }
    let refused = refused("AccessDeniedException");
    table.wire.fail_where("BatchWriteItem", 100, &refused, |request| request.sent().body.contains("#M#"));
    join(table, &guides, &ids).await;
    table.wire.heal();
    ids.sort();
    (guides, ids)
}

#[tokio::test]
async fn a_large_change_that_was_cut_off_is_finished_when_its_lease_ends() {
    let table = Table::new().await;
    let (guides, ids) = cut_off(&table).await;
    let (found, _) = run(&table, &check_at(later(1)), &profile()).await;
    assert_eq!(found, [], "its owner may be at it");
    finds_and_mends(&table, &["intent-unfinished"]).await;
    let (_, members) = table.directory.group_and_members(&request(), &guides.id).await.expect("members");
    assert_eq!(members.into_iter().map(|member| member.id).collect::<Vec<_>>(), ids);
}

#[tokio::test]
async fn a_large_change_whose_parts_are_lost_is_given_up() {
    let table = Table::new().await;
    let (guides, ids) = cut_off(&table).await;
    let part = table.keys().await.into_iter().find(|key| key.contains("#I#")).expect("a part");
    let (pk, sk) = part.split_once(' ').expect("a key");
    table.lose(pk, sk).await;
    finds_and_mends(&table, &["intent-lost"]).await;
    let now = table.directory.get(&request(), groups(), &guides.id).await.expect("read").expect("there");
    join(&table, &now, &ids).await;
    assert_eq!(names(&table).await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_claim_that_nobody_uses_is_taken_back() {
    let table = Table::new().await;
    let guides = group(&table, "guides").await;
    table.directory.claim(&request(), &guides.id, NOW).await.expect("a claim");
    finds_and_mends(&table, &["intent-unfinished"]).await;
}

#[tokio::test]
async fn a_part_that_no_change_needs_is_deleted() {
    let table = Table::new().await;
    let (guides, _) = cut_off(&table).await;
    let part = table.keys().await.into_iter().find(|key| key.contains("#I#")).expect("a part");
    let (pk, sk) = part.split_once(' ').expect("a key");
    let mut item = table.item(pk, sk).await.expect("a part");
    finds_and_mends(&table, &["intent-unfinished"]).await;
    item.insert("sk".into(), text("another#0000"));
    table.put(item.clone()).await;
    let (found, _) = run(&table, &check_at(later(1)), &profile()).await;
    assert_eq!(found, [], "the change that it belongs to may be about to be made");
    let gone = format!("acme#I#{}", new_id(Kind::Group));
    item.insert("pk".into(), text(&gone));
    table.put(item).await;
    finds_and_mends(&table, &["part-orphaned"; 2]).await;
    assert!(table.directory.get(&request(), groups(), &guides.id).await.expect("read").is_some());
}
