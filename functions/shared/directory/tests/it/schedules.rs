//! Random schedules of replacements and changes of one member, with processes that die anywhere: what is left is
//! what some order of the requests leaves, one that respects which had ended before which began.

use std::{collections::BTreeSet, time::Duration};

use directory::{Claim, Error, GroupChange, Member, MemberChange, Record, Scope};
use faults::{Fault, Request, Rule};
use scim::{Kind, ResourceId};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

use crate::{
    support::{change_members, draft_of, group, groups, later, new_id, replace_members, request},
    table::{Process, Table},
};

/// How many schedules are tried; the first of them all at once.
const SCHEDULES: u64 = 240;
const AT_ONCE: u64 = 24;
/// Who can be a member.
const PEOPLE: usize = 5;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Operation {
    Replace(BTreeSet<usize>),
    Add(usize),
    Remove(usize),
}

/// An operation, and when it ran; one without end may have been done or not.
#[derive(Debug, Clone)]
struct Run {
    operation: Operation,
    began: Instant,
    ended: Option<Instant>,
}

/// Every request waits a random moment.
struct Jitter(fastrand::Rng);

impl Rule for Jitter {
    fn before(&mut self, _: &mut Request) -> Option<Fault> {
        Some(Fault::Delayed(Duration::from_micros(self.0.u64(0..4000))))
    }
}

#[tokio::test]
async fn what_is_left_is_what_some_order_leaves() {
    let table = Table::new().await;
    let seed = fastrand::u64(..);
    for first in (0..SCHEDULES).step_by(usize::try_from(AT_ONCE).expect("few")) {
        let schedules = (first..first + AT_ONCE).map(|nth| schedule(&table, seed.wrapping_add(nth)));
        futures::future::join_all(schedules).await;
    }
}

async fn schedule(table: &Table, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut people: Vec<_> = (0..PEOPLE).map(|_| new_id(Kind::User)).collect();
    people.sort();
    let stored = group(table, &format!("group {seed}")).await;
    let initial = subset(&mut random);
    replace_members(&table.directory, &request(), &stored, &members(&people, &initial), false)
        .await
        .expect("filled");

    let mut runs = Vec::new();
    // What a process that died in the first round has left is found by the second, when its lease has ended.
    for round in [0, 90] {
        let operations = (0..random.usize(1..4)).map(|_| {
            let operation = match random.usize(0..5) {
                0 | 1 => Operation::Replace(subset(&mut random)),
                2 | 3 => Operation::Add(random.usize(0..PEOPLE)),
                _ => Operation::Remove(random.usize(0..PEOPLE)),
            };
            let process = table.another();
            process.wire.add(Jitter(fastrand::Rng::with_seed(random.u64(..))));
            if random.f64() < 0.4 {
                process.wire.stop_after(random.usize(0..16));
            }
            let wait = Duration::from_micros(random.u64(0..15_000));
            run(process, stored.id.clone(), &people, operation, wait, later(round))
        });
        let operations: Vec<_> = operations.collect();
        runs.extend(futures::future::join_all(operations).await);
    }
    table.directory.finish(&request(), &stored.id, later(300)).await.expect("finished");
    let (_, left) = table.directory.group_and_members(&request(), &stored.id).await.expect("read");
    let left: BTreeSet<_> =
        left.iter().filter_map(|member| people.iter().position(|id| *id == member.id)).collect();
    assert!(is_explained(&initial, &left, &runs), "seed {seed}: {initial:?} became {left:?} by {runs:#?}");
}

fn subset(random: &mut fastrand::Rng) -> BTreeSet<usize> {
    (0..PEOPLE).filter(|_| random.bool()).collect()
}

fn members(people: &[ResourceId], wanted: &BTreeSet<usize>) -> Vec<Member> {
    wanted.iter().map(|nth| Member { id: people[*nth].clone(), display: None }).collect()
}

async fn run(
    process: Process,
    group: ResourceId,
    people: &[ResourceId],
    operation: Operation,
    wait: Duration,
    now: OffsetDateTime,
) -> Run {
    sleep(wait).await;
    let began = Instant::now();
    let (add, remove) = match &operation {
        Operation::Replace(wanted) => {
            let done = replace(&process, &group, &members(people, wanted), now).await;
            return Run { operation, began, ended: done.is_ok().then(Instant::now) };
        }
        Operation::Add(nth) => (members(people, &BTreeSet::from([*nth])), Vec::new()),
        Operation::Remove(nth) => (Vec::new(), vec![people[*nth].clone()]),
    };
    let change = MemberChange { add, remove };
    let done = async {
        let scope = hurried();
        let stored = read(&process, &scope, &group).await?;
        let stored = process.directory.settle(&scope, stored, None, now).await?;
        change_members(&process.directory, &scope, &stored, &change, false).await
    };
    Run { operation, began, ended: done.await.is_ok().then(Instant::now) }
}

/// A request that does not wait for the end of a dead one's lease.
fn hurried() -> Scope {
    let scope = request();
    scope.usage.end_at(Instant::now() + Duration::from_secs(3));
    scope
}

async fn read(process: &Process, scope: &Scope, group: &ResourceId) -> Result<Record, Error> {
    process.directory.get(scope, groups(), group).await?.ok_or(Error::Changed)
}

/// A replacement as the endpoint makes it: decided anew when others write between, under a claim when they go on.
async fn replace(
    process: &Process,
    group: &ResourceId,
    wanted: &[Member],
    now: OffsetDateTime,
) -> Result<(), Error> {
    let scope = hurried();
    for attempt in 0..8 {
        let claim = match attempt {
            0 | 1 => None,
            _ => Some(process.directory.claim(&scope, group, now).await?),
        };
        match attempt_once(process, &scope, group, wanted, claim.as_ref(), now).await {
            Err(Error::Changed) => {
                if let Some(claim) = &claim {
                    process.directory.release(&scope, claim).await?;
                }
            }
            done => return done,
        }
    }
    Err(Error::Busy)
}

async fn attempt_once(
    process: &Process,
    scope: &Scope,
    group: &ResourceId,
    wanted: &[Member],
    claim: Option<&Claim>,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let stored = read(process, scope, group).await?;
    let stored = process.directory.settle(scope, stored, claim, now).await?;
    let present = process.directory.members(scope, &stored).await?;
    let add = wanted.iter().filter(|member| !present.contains(member)).cloned().collect();
    let is_wanted = |id: &ResourceId| wanted.iter().any(|member| member.id == *id);
    let remove = present.into_iter().map(|member| member.id).filter(|id| !is_wanted(id)).collect();
    let (draft, members) = (draft_of(&stored), MemberChange { add, remove });
    let change = GroupChange { draft, members, is_conditional: false, is_exact: true };
    process.directory.change_group(scope, groups(), &stored, change, claim, now).await.map(drop)
}

/// Whether some order of the runs that ended, and of some of those that did not, makes `left` of `initial`.
fn is_explained(initial: &BTreeSet<usize>, left: &BTreeSet<usize>, runs: &[Run]) -> bool {
    fn follows(state: BTreeSet<usize>, left: &BTreeSet<usize>, runs: &[Run], done: &mut Vec<usize>) -> bool {
        let open = (0..runs.len()).filter(|nth| !done.contains(nth)).collect::<Vec<_>>();
        if state == *left && open.iter().all(|nth| runs[*nth].ended.is_none()) {
            return true;
        }
        open.iter().any(|nth| {
            // Nothing that ended before this one began comes after it.
            let run = &runs[*nth];
            if open.iter().any(|other| runs[*other].ended.is_some_and(|ended| ended < run.began)) {
                return false;
            }
            let mut next = state.clone();
            match &run.operation {
                Operation::Replace(wanted) => next.clone_from(wanted),
                Operation::Add(nth) => drop(next.insert(*nth)),
                Operation::Remove(nth) => drop(next.remove(nth)),
            }
            done.push(*nth);
            let found = follows(next, left, runs, done);
            done.pop();
            found
        })
    }
    follows(initial.clone(), left, runs, &mut Vec::new())
}

#[test]
fn an_order_explains_what_it_leaves_and_nothing_else() {
    let at = Instant::now();
    let moment = |millis| at + Duration::from_millis(millis);
    let run = |operation, began, ended: Option<u64>| Run {
        operation,
        began: moment(began),
        ended: ended.map(moment),
    };
    let set = |of: &[usize]| of.iter().copied().collect::<BTreeSet<_>>();
    let one_after_the_other =
        [run(Operation::Add(1), 0, Some(1)), run(Operation::Replace(set(&[2])), 2, Some(3))];
    assert!(is_explained(&set(&[]), &set(&[2]), &one_after_the_other));
    assert!(!is_explained(&set(&[]), &set(&[1, 2]), &one_after_the_other));
    let at_once = [run(Operation::Add(1), 0, Some(3)), run(Operation::Replace(set(&[2])), 1, Some(2))];
    assert!(is_explained(&set(&[]), &set(&[1, 2]), &at_once));
    let cut_off = [run(Operation::Add(1), 0, None)];
    assert!(is_explained(&set(&[]), &set(&[]), &cut_off) && is_explained(&set(&[]), &set(&[1]), &cut_off));
    assert!(!is_explained(&set(&[]), &set(&[2]), &cut_off));
}
