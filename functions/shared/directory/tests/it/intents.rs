//! Large changes of members: whole or not at all, whoever is cut off, whoever comes between.

mod owners;

use std::{collections::BTreeSet, slice::from_ref, time::Duration};

use directory::{Error, Finished, Member, MemberChange, Record, Scope};
use faults::{Fault, Gate};
use scim::{Kind, ResourceId};
use serde_json::json;
use tokio::time::Instant;

use crate::{
    support::{NOW, change_members, draft, draft_of, group, groups, later, new_id, replace_members, request},
    table::{Process, Table},
};

fn ids(count: usize) -> Vec<ResourceId> {
    let mut ids: Vec<_> = (0..count).map(|_| new_id(Kind::User)).collect();
    ids.sort();
    ids
}

fn members(ids: &[ResourceId]) -> Vec<Member> {
    ids.iter().map(|id| Member { id: id.clone(), display: None }).collect()
}

fn add(ids: &[ResourceId]) -> MemberChange {
    MemberChange { add: members(ids), remove: Vec::new() }
}

fn remove(ids: &[ResourceId]) -> MemberChange {
    MemberChange { add: Vec::new(), remove: ids.to_vec() }
}

async fn read(table: &Table, group: &ResourceId) -> Record {
    let read = table.directory.get(&request(), groups(), group).await.expect("read");
    read.expect("there")
}

async fn shown(table: &Table, group: &ResourceId) -> Vec<ResourceId> {
    let (_, members) = table.directory.group_and_members(&request(), group).await.expect("members");
    members.into_iter().map(|member| member.id).collect()
}

/// The memberships that are written, as `group's half`, `member's half`.
async fn written(table: &Table, group: &ResourceId) -> [BTreeSet<String>; 2] {
    let keys = table.keys().await;
    let of_group = format!("acme#M#{group} ");
    let of_member = format!(" {group}");
    [
        keys.iter().filter_map(|key| key.strip_prefix(&of_group)).map(str::to_owned).collect(),
        keys.iter()
            .filter_map(|key| key.strip_prefix("acme#P#")?.strip_suffix(&of_member))
            .map(str::to_owned)
            .collect(),
    ]
}

/// That the group is exactly `expected`, to readers and in what is written.
async fn check_members(table: &Table, group: &ResourceId, expected: &[ResourceId]) {
    let seen = shown(table, group).await;
    assert!(seen == expected, "{} are shown of {}", seen.len(), expected.len());
    let expected: BTreeSet<_> = expected.iter().map(ResourceId::to_string).collect();
    for half in written(table, group).await {
        assert!(half == expected, "{} are written of {}", half.len(), expected.len());
    }
}

/// The same, and nothing of a change is left.
async fn check(table: &Table, group: &ResourceId, expected: &[ResourceId]) {
    check_members(table, group, expected).await;
    assert!(!table.keys().await.iter().any(|key| key.contains("#I#")), "no part is left");
}

/// A request that has ended, or has been cut off, long ago at `later(90)`.
const LONG_AFTER: i64 = 90;

async fn finish(table: &Table, group: &ResourceId) -> Finished {
    table.directory.finish(&request(), group, later(LONG_AFTER)).await.expect("finished")
}

async fn replace(process: &Process, group: &Record, ids: &[ResourceId]) -> Result<Record, Error> {
    replace_members(&process.directory, &request(), group, &members(ids), false).await
}

#[tokio::test]
async fn a_replacement_that_is_cut_off_anywhere_is_seen_whole_or_not_at_all() {
    let people = ids(320);
    let (before, after) = (&people[..170], &people[120..]);
    for calls in 0.. {
        let table = Table::new().await;
        let stored = group(&table, "g").await;
        let stored = replace_members(&table.directory, &request(), &stored, &members(before), false).await;
        let stored = stored.expect("filled");
        let process = table.another();
        process.wire.stop_after(calls);
        let answer = replace(&process, &stored, after).await;
        let seen = shown(&table, &stored.id).await;
        let is_made = seen == after;
        assert!(is_made || seen == before, "after {calls} calls {} are shown", seen.len());
        if let Ok(answered) = &answer {
            assert!(is_made, "what is answered is made");
            assert!(answered.revision > stored.revision);
        }
        // The client repeats what it has no answer to; the worker does it where nobody repeats. Parts that were
        // written before the change was made are left for it, too.
        let now = read(&table, &stored.id).await;
        if calls % 2 == 0 {
            let settled =
                table.directory.settle(&request(), now, None, later(LONG_AFTER)).await.expect("settled");
            let again = replace_members(&table.directory, &request(), &settled, &members(after), false).await;
            assert_eq!(again.expect("made").revision, settled.revision + u64::from(!is_made));
            check_members(&table, &stored.id, after).await;
        } else {
            finish(&table, &stored.id).await;
            check_members(&table, &stored.id, if is_made { after } else { before }).await;
            assert_eq!(finish(&table, &stored.id).await, Finished::Nothing);
        }
        if !process.wire.has_stopped() {
            assert!(answer.is_ok() && calls > 10, "{calls} calls");
            return;
        }
    }
}

/// Every call up to the commit, and some of the eight hundred after it: what these write does not depend on each other.
#[tokio::test]
async fn a_replacement_by_ten_thousand_that_is_cut_off_is_seen_whole_or_not_at_all() {
    let people = ids(10_000);
    for calls in [0, 1, 2, 3, 4, 9, 400, 803] {
        let table = Table::new().await;
        let stored = group(&table, "g").await;
        let process = table.another();
        process.wire.stop_after(calls);
        let answer = replace(&process, &stored, &people).await;
        assert!(process.wire.has_stopped(), "{calls} calls were all");
        let seen = shown(&table, &stored.id).await;
        assert!(seen == people || (seen.is_empty() && answer.is_err()), "after {calls} calls {}", seen.len());
        let now = read(&table, &stored.id).await;
        let settled =
            table.directory.settle(&request(), now, None, later(LONG_AFTER)).await.expect("settled");
        replace_members(&table.directory, &request(), &settled, &members(&people), false)
            .await
            .expect("made");
        check_members(&table, &stored.id, &people).await;
    }
}

#[tokio::test]
async fn a_group_is_created_with_its_members_or_not_at_all() {
    let people = ids(300);
    for (calls, count) in (0..).flat_map(|calls| [(calls, 3), (calls, 300)]) {
        let table = Table::new().await;
        let process = table.another();
        process.wire.stop_after(calls);
        let (id, people) = (new_id(Kind::Group), &people[..count]);
        let with = members(people);
        let draft = draft(json!({ "displayName": "g" }), None);
        let scope = request();
        let created = process.directory.create_group(&scope, groups(), id.clone(), draft, &with, NOW);
        let created = created.await;
        let (there, seen) = table.directory.group_and_members(&request(), &id).await.expect("read");
        assert_eq!(
            created.is_ok(),
            there.is_some(),
            "{calls} calls: what is answered is made, and the reverse"
        );
        assert_eq!(seen.len(), if there.is_some() { count } else { 0 });
        if there.is_some() {
            finish(&table, &id).await;
            check_members(&table, &id, people).await;
        }
        if !process.wire.has_stopped() && count == 300 {
            return;
        }
    }
}

#[tokio::test]
async fn readers_see_a_change_from_its_commit_on() {
    let table = Table::new().await;
    let people = ids(500);
    let stored = group(&table, "g").await;
    let stored =
        replace_members(&table.directory, &request(), &stored, &members(&people[..200]), false).await;
    let stored = stored.expect("filled");
    let process = table.another();
    process.wire.fail("BatchWriteItem", 8, &Fault::Delayed(Duration::from_millis(15)));
    let replacing = async { replace(&process, &stored, &people[100..]).await };
    let watching = async {
        loop {
            let seen = shown(&table, &stored.id).await;
            assert!(seen == people[..200] || seen == people[100..], "{} are shown", seen.len());
            let intent = table.item(&format!("acme#G#{}", stored.id.shard()), stored.id.as_str()).await;
            let is_under_way = intent.expect("there").contains_key("intent");
            if seen == people[100..] && !is_under_way {
                return;
            }
        }
    };
    let (replaced, ()) = futures::join!(replacing, watching);
    assert_eq!(replaced.expect("replaced").revision, 3);
    check(&table, &stored.id, &people[100..]).await;
    let among = table.directory.members_among(&request(), &stored, &people[99..101]).await.expect("read");
    assert_eq!(among, members(&people[100..101]));
}

#[tokio::test]
async fn members_among_a_few_are_told_with_what_is_under_way() {
    let table = Table::new().await;
    let people = ids(300);
    let stored = group(&table, "g").await;
    let stored =
        replace_members(&table.directory, &request(), &stored, &members(&people[..200]), false).await;
    let process = table.another();
    // The part, and the commit; what follows is cut off.
    process.wire.stop_after(3);
    let replaced = replace(&process, &stored.expect("filled"), &people[150..]).await.expect("committed");
    assert!(process.wire.has_stopped());
    let now = read(&table, &replaced.id).await;
    let asked = [people[0].clone(), people[160].clone(), people[250].clone()];
    let among = table.directory.members_among(&request(), &now, &asked).await.expect("read");
    assert_eq!(among, members(&asked[1..]));
    assert_eq!(written(&table, &now.id).await[0].len(), 200, "nothing of it is written yet");
}

#[tokio::test]
async fn members_among_a_few_are_told_though_what_is_under_way_ends_meanwhile() {
    let table = Table::new().await;
    let people = ids(300);
    let stored = group(&table, "g").await;
    let process = table.another();
    // The members, the part, the commit; what follows is cut off.
    process.wire.stop_after(3);
    let replaced = replace(&process, &stored, &people).await.expect("committed");
    let now = read(&table, &replaced.id).await;
    let (reader, gate) = (table.another(), Gate::new());
    reader.wire.fail("GetItem", 1, &Fault::Held(gate.clone()));
    let (scope, asked) = (request(), [people[7].clone()]);
    let reading = reader.directory.members_among(&scope, &now, &asked);
    let ending = async {
        gate.reached().await;
        assert_eq!(finish(&table, &stored.id).await, Finished::Done);
        gate.open();
    };
    let (among, ()) = futures::join!(reading, ending);
    assert_eq!(among.expect("read"), members(&asked));
}

/// A change of a few members that is held up at `gate` while the group is replaced by `wanted`: the two outcomes.
async fn overtaken(
    table: &Table,
    stored: &Record,
    (few, gate): (&Process, &Gate),
    change: &MemberChange,
    wanted: &[ResourceId],
) -> (Record, Record) {
    let scope = request();
    let changing = change_members(&few.directory, &scope, stored, change, false);
    let replacing = async {
        gate.reached().await;
        let replaced = replace_members(&table.directory, &request(), stored, &members(wanted), false).await;
        gate.open();
        replaced
    };
    let (changed, replaced) = futures::join!(Box::pin(changing), Box::pin(replacing));
    (changed.expect("changed"), replaced.expect("replaced"))
}

/// Who writes a few members reads the group, and is held up there; a replacement comes and goes; then it writes.
#[tokio::test]
async fn a_few_members_that_a_replacement_overtakes_come_after_it() {
    let table = Table::new().await;
    let people = ids(300);
    let stored = group(&table, "g").await;
    let stored =
        replace_members(&table.directory, &request(), &stored, &members(&people[..100]), false).await;
    let (stored, few, gate) = (stored.expect("filled"), table.another(), Gate::new());
    few.wire.fail("DeleteItem", 2, &Fault::Held(gate.clone()));
    let change = remove(&people[150..151]);
    let (removed, replaced) = overtaken(&table, &stored, (&few, &gate), &change, &people[..200]).await;
    assert_eq!((replaced.revision, removed.revision), (3, 4));
    check(&table, &stored.id, &[&people[..150], &people[151..200]].concat()).await;
}

/// The same, where the few are written before the replacement reads and their end comes after its commit.
#[tokio::test]
async fn a_few_members_whose_revision_comes_late_are_written_again() {
    let table = Table::new().await;
    let people = ids(300);
    let (stored, few, gate) = (group(&table, "g").await, table.another(), Gate::new());
    // Two halves, then the revision.
    few.wire.fail("UpdateItem", 2, &Fault::Delayed(Duration::ZERO));
    few.wire.fail("UpdateItem", 1, &Fault::Held(gate.clone()));
    let change = add(from_ref(&people[250]));
    let (added, replaced) = overtaken(&table, &stored, (&few, &gate), &change, &people[..200]).await;
    assert_eq!((replaced.revision, added.revision), (2, 3));
    check(&table, &stored.id, &[&people[..200], &people[250..251]].concat()).await;
}

#[tokio::test]
async fn a_few_members_wait_for_a_change_under_way_only_where_it_names_them() {
    let table = Table::new().await;
    let people = ids(302);
    let stored = group(&table, "g").await;
    let process = table.another();
    let gate = Gate::new();
    // The part, then the memberships.
    process.wire.fail("BatchWriteItem", 1, &Fault::Delayed(Duration::ZERO));
    process.wire.fail("BatchWriteItem", 40, &Fault::Held(gate.clone()));
    let replacing = async { replace(&process, &stored, &people[..300]).await };
    let meanwhile = async {
        gate.reached().await;
        let now = read(&table, &stored.id).await;
        let joining =
            change_members(&table.directory, &request(), &now, &add(&people[300..301]), false).await;
        assert_eq!(joining.expect("added at once").revision, 3);
        let scope = request();
        scope.usage.end_at(Instant::now() + Duration::from_millis(1600));
        let leaving = change_members(&table.directory, &scope, &now, &remove(&people[..1]), false).await;
        assert!(matches!(leaving, Err(Error::Busy)), "{leaving:?}");
        let seen = shown(&table, &stored.id).await;
        assert!(seen == people[..301], "{} are shown", seen.len());
        gate.open();
    };
    let (replaced, ()) = futures::join!(replacing, meanwhile);
    assert_eq!(replaced.expect("replaced").revision, 2);
    check(&table, &stored.id, &people[..301]).await;
}
