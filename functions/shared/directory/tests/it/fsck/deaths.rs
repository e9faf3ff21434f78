//! A process that dies in the middle of something, after each of its requests: what is left is never beyond repair.

use directory::{Error, GroupChange, Member, MemberChange, Record, fsck::Check};
use scim::{Kind, ResourceId};
use serde_json::json;

use super::{check_at, much_later, names, profile, run};
use crate::{
    support::{NOW, draft, draft_of, group, groups, new_id, request, user, users},
    table::{Process, Table},
};

/// More than are written one by one.
const MANY: usize = 150;

/// A group of one, and others who could be in it.
struct Stage {
    table: Table,
    guides: Record,
    ann: Record,
    others: Vec<ResourceId>,
}

impl Stage {
    async fn new(others: usize) -> Self {
        let table = Table::new().await;
        let (ann, mut guides) = (user(&table, "ann").await, group(&table, "guides").await);
        let mut ids = Vec::new();
        for nth in 0..others {
            ids.push(user(&table, &format!("user{nth}")).await.id);
        }
        let change = MemberChange { add: members(std::slice::from_ref(&ann.id)), remove: vec![] };
        let change = GroupChange { draft: draft_of(&guides), members: change, ..GroupChange::default() };
        let changed = table.directory.change_group(&request(), groups(), &guides, change, None, NOW).await;
        guides = changed.expect("changed");
        Self { table, guides, ann, others: ids }
    }
}

fn members(ids: &[ResourceId]) -> Vec<Member> {
    ids.iter().map(|id| Member { id: id.clone(), display: None }).collect()
}

/// Lets a process do something and die after one, two, … requests, until it has lived to the end; after each
/// death repair makes the table sound. Returns how often it died.
async fn dies_everywhere(others: usize, doing: impl AsyncFn(&Stage, &Process) -> Result<(), Error>) -> usize {
    for requests in 0.. {
        let stage = Stage::new(others).await;
        let process = stage.table.another();
        process.wire.stop_after(requests);
        let outcome = doing(&stage, &process).await;
        let repair = Check { repair: true, ..check_at(much_later()) };
        for _ in 0..3 {
            run(&stage.table, &repair, &profile()).await;
        }
        assert_eq!(names(&stage.table).await, [] as [&str; 0], "after {requests} requests");
        if !process.wire.has_stopped() {
            outcome.expect("done");
            return requests;
        }
    }
    unreachable!("it ends in the loop")
}

#[tokio::test]
async fn in_a_create_and_in_a_rename() {
    let deaths = dies_everywhere(0, async |stage, process| {
        let bea = draft(json!({ "userName": "bea" }), Some("1"));
        process.directory.create(&request(), users(), new_id(Kind::User), bea, NOW).await?;
        let renamed = draft(json!({ "userName": "cyd" }), Some("2"));
        process.directory.update(&request(), users(), &stage.ann, renamed, NOW).await.map(drop)
    });
    assert!(deaths.await >= 2);
}

#[tokio::test]
async fn in_the_delete_of_a_member_and_of_a_group() {
    let deaths = dies_everywhere(0, async |stage, process| {
        process.directory.delete(&request(), users(), &stage.ann.id, None, NOW).await.map(drop)
    });
    assert!(deaths.await >= 4);
    let deaths = dies_everywhere(3, async |stage, process| {
        process.directory.delete(&request(), groups(), &stage.guides.id, None, NOW).await.map(drop)
    });
    assert!(deaths.await >= 4);
}

#[tokio::test]
async fn in_a_change_of_a_few_members() {
    let deaths = dies_everywhere(2, async |stage, process| {
        let (add, remove) = (members(&stage.others), vec![stage.ann.id.clone()]);
        let change = GroupChange {
            draft: draft_of(&stage.guides),
            members: MemberChange { add, remove },
            ..GroupChange::default()
        };
        let (scope, stored) = (request(), &stage.guides);
        process.directory.change_group(&scope, groups(), stored, change, None, NOW).await.map(drop)
    });
    assert!(deaths.await >= 7);
}

#[tokio::test]
async fn in_a_change_of_many_members() {
    let deaths = dies_everywhere(MANY, async |stage, process| {
        let mut draft = draft_of(&stage.guides);
        draft.attributes.insert("displayName".into(), json!("Guides of the north"));
        let (add, remove) = (members(&stage.others), vec![stage.ann.id.clone()]);
        let change = GroupChange { draft, members: MemberChange { add, remove }, ..GroupChange::default() };
        let (scope, stored) = (request(), &stage.guides);
        process.directory.change_group(&scope, groups(), stored, change, None, NOW).await.map(drop)
    });
    assert!(deaths.await >= 10);
}
