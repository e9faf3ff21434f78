//! Sound tables, at rest and while others write.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use directory::{GroupChange, Member, MemberChange, Record, Setting, fsck::Check};
use faults::{Odds, Pages, Random};
use scim::{Kind, ResourceId};
use serde_json::json;
use time::OffsetDateTime;

use super::{check_at, much_later, profile, run};
use crate::{
    support::{NOW, devices, draft, groups, new_id, object, request, users},
    table::{Process, Table},
};

/// Somebody who creates, changes and deletes, all by chance.
struct Writer {
    process: Process,
    rng: fastrand::Rng,
    users: Vec<Record>,
    groups: Vec<ResourceId>,
    now: OffsetDateTime,
}

impl Writer {
    fn new(table: &Table, seed: u64, now: OffsetDateTime) -> Self {
        let rng = fastrand::Rng::with_seed(seed);
        Self { process: table.another(), rng, users: vec![], groups: vec![], now }
    }

    /// One write; one that is refused, since a name is taken, is none.
    async fn step(&mut self) {
        match self.rng.u8(..10) {
            0..=2 => self.create().await,
            3 | 4 => self.rename().await,
            5 => self.delete().await,
            6 => self.create_group().await,
            _ => self.change_group().await,
        }
    }

    fn person(&mut self) -> serde_json::Value {
        let mut part = |most: u32| self.rng.u32(..most);
        json!({
            "userName": format!("user{}", part(1000)),
            "emails": [{ "value": format!("{}@x.org", part(20)) }, { "value": format!("{}@y.org", part(20)) }],
        })
    }

    async fn create(&mut self) {
        let person = draft(self.person(), Some("1"));
        let directory = &self.process.directory;
        let created = directory.create(&request(), users(), new_id(Kind::User), person, self.now).await;
        self.users.extend(created);
    }

    async fn rename(&mut self) {
        if self.users.is_empty() {
            return;
        }
        let nth = self.rng.usize(..self.users.len());
        let person = draft(self.person(), None);
        let directory = &self.process.directory;
        let renamed = directory.update(&request(), users(), &self.users[nth], person, self.now).await;
        if let Ok(renamed) = renamed {
            self.users[nth] = renamed;
        }
    }

    async fn delete(&mut self) {
        if self.users.len() > 10 {
            let user = self.users.swap_remove(self.rng.usize(..self.users.len()));
            let directory = &self.process.directory;
            directory.delete(&request(), users(), &user.id, None, self.now).await.expect("deleted");
        } else if self.groups.len() > 3 {
            let group = self.groups.swap_remove(self.rng.usize(..self.groups.len()));
            let directory = &self.process.directory;
            directory.delete(&request(), groups(), &group, None, self.now).await.expect("deleted");
        }
    }

    async fn create_group(&mut self) {
        let name = draft(json!({ "displayName": format!("group{}", self.rng.u32(..)) }), None);
        let members = self.some();
        let directory = &self.process.directory;
        let (scope, id) = (request(), new_id(Kind::Group));
        let created = directory.create_group(&scope, groups(), id, name, &members, self.now).await;
        self.groups.push(created.expect("a group").id);
    }

    async fn change_group(&mut self) {
        let Some(id) = self.rng.choice(&self.groups).cloned() else { return };
        let directory = &self.process.directory;
        let stored = directory.get(&request(), groups(), &id).await.expect("read").expect("a group");
        let is_conditional = self.rng.bool();
        let (add, remove) = (self.some(), self.some().into_iter().map(|member| member.id).collect());
        let draft = crate::support::draft_of(&stored);
        let change =
            GroupChange { draft, members: MemberChange { add, remove }, is_conditional, is_exact: false };
        let directory = &self.process.directory;
        // Refused, another change was quicker.
        let _ = directory.change_group(&request(), groups(), &stored, change, None, self.now).await;
    }

    fn some(&mut self) -> Vec<Member> {
        let users: Vec<_> = self.users.iter().filter(|_| self.rng.u8(..3) == 0).collect();
        users.into_iter().map(|user| Member { id: user.id.clone(), display: None }).collect()
    }
}

#[tokio::test]
async fn a_table_that_was_written_by_chance_is_clean() {
    let table = Table::new().await;
    let mut writer = Writer::new(&table, 7, NOW);
    for _ in 0..150 {
        writer.step().await;
    }
    let device = draft(json!({ "serial": "S1", "tag": "T", "slot": 7 }), Some("d"));
    let created = table.directory.create(&request(), &devices(), new_id(Kind::Other), device, NOW).await;
    created.expect("created");
    let setting = Setting { name: "tenant".into(), document: object(json!({ "uniqueEmail": false })) };
    table.directory.configure("acme", &setting).await.expect("configured");
    let items = table.keys().await.len() as u64;
    assert!(items > 300, "{items}");
    let (found, summary) = run(&table, &check_at(much_later()), &profile()).await;
    assert_eq!((found, summary.seen), (vec![], items));
}

#[tokio::test]
async fn a_check_whose_requests_fail_and_pages_are_short_finds_no_less() {
    let table = Table::new().await;
    let mut writer = Writer::new(&table, 8, NOW);
    for _ in 0..30 {
        writer.step().await;
    }
    let items = table.keys().await.len() as u64;
    table.lose(&format!("acme#U#{}", writer.users[0].id.shard()), writer.users[0].id.as_str()).await;
    let (expected, _) = run(&table, &check_at(much_later()), &profile()).await;
    table.wire.add(Pages::of(7).with_empty());
    table.wire.add(Random::new(1, Odds { part: 0.3, answer_lost: 0.02, ..Odds::default() }));
    let (found, summary) = run(&table, &check_at(much_later()), &profile()).await;
    assert_eq!((found, summary.seen), (expected, items - 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_at_work_are_no_finding() {
    let table = Table::new().await;
    // Leases end by the time of the check, which has to be the writers' own.
    let now = much_later();
    let mut writers: Vec<_> = (0..3).map(|seed| Writer::new(&table, seed, now)).collect();
    for writer in &mut writers {
        for _ in 0..20 {
            writer.step().await;
        }
    }
    let ended = &AtomicBool::new(false);
    let write = |mut writer: Writer| async move {
        let mut steps = 0;
        while !ended.load(Ordering::Relaxed) {
            writer.step().await;
            steps += 1;
        }
        steps
    };
    let check = async {
        let live = Check { pause: Duration::from_millis(500), repair: true, ..check_at(now) };
        let mut found = Vec::new();
        for _ in 0..4 {
            found.extend(run(&table, &live, &profile()).await.0);
        }
        ended.store(true, Ordering::Relaxed);
        found
    };
    let writers = futures::future::join_all(writers.into_iter().map(write));
    let (found, steps) = futures::join!(check, writers);
    assert_eq!(found, []);
    assert!(steps.iter().sum::<u32>() > 50, "{steps:?}");
    let looked_again = table.wire.sent("TransactGetItems").len();
    assert!(looked_again > 0, "nothing was ever between two writes");
    assert_eq!(run(&table, &check_at(much_later()), &profile()).await.0, []);
}
