//! The check of the whole table: what it finds, what it makes right, and that it leaves a sound table alone.

mod deaths;
mod live;
mod lookups;
mod memberships;
mod others;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::types::AttributeValue;
use directory::fsck::{Check, Event, Finding, Outcome, Profile, Summary};
use time::OffsetDateTime;

use crate::{
    support::{devices, later},
    table::Table,
};

type Item = HashMap<String, AttributeValue>;

/// When the checks of these tests begin: leases of what was written at [`crate::support::NOW`] have ended.
fn much_later() -> OffsetDateTime {
    later(3600)
}

/// What tenants are here: the default ones, with devices.
fn profile() -> Profile {
    let mut profile = Profile::default();
    profile.resource_types.push(Arc::new(devices()));
    profile
}

/// A check, begun at `now`.
async fn run(table: &Table, check: &Check, profile: &Profile) -> (Vec<(Finding, Outcome)>, Summary) {
    let found = Mutex::new(Vec::new());
    let report = |event| {
        if let Event::Found(finding, outcome) = event {
            found.lock().expect("a lock").push((finding, outcome));
        }
    };
    let summary = table.directory.fsck(check, &|_| profile.clone(), &report).await.expect("a check");
    let mut found = found.into_inner().expect("a lock");
    found.sort_by_key(|(finding, _)| (finding.problem.name(), finding.pk.clone(), finding.sk.clone()));
    assert_eq!(summary.found, found.len() as u64);
    (found, summary)
}

fn check_at(now: OffsetDateTime) -> Check {
    Check { pause: Duration::from_millis(20), segments: 3, ..Check::new(now) }
}

/// The names of what is found, in order.
async fn names(table: &Table) -> Vec<&'static str> {
    let (found, _) = run(table, &check_at(much_later()), &profile()).await;
    found.iter().map(|(finding, _)| finding.problem.name()).collect()
}

/// That exactly `expected` is found, that repair mends it all, and that nothing is found after that.
async fn finds_and_mends(table: &Table, expected: &[&str]) {
    assert_eq!(names(table).await, expected);
    let before = table.keys().await;
    assert_eq!(names(table).await, expected, "a check changes nothing");
    assert_eq!(table.keys().await, before);
    // What one repair makes right can be what another waits for.
    let mut mended = 0;
    for _ in 0..3 {
        let repair = Check { repair: true, ..check_at(much_later()) };
        let (found, summary) = run(table, &repair, &profile()).await;
        mended += summary.mended;
        if found.is_empty() {
            break;
        }
    }
    assert!(mended > 0);
    assert_eq!(names(table).await, [] as [&str; 0]);
}

/// That exactly `expected` is found, and that repair leaves it all.
async fn finds_and_leaves(table: &Table, expected: &[&str]) {
    let before = table.keys().await;
    let repair = Check { repair: true, ..check_at(much_later()) };
    let (found, summary) = run(table, &repair, &profile()).await;
    let found: Vec<_> = found.iter().map(|(finding, outcome)| (finding.problem.name(), *outcome)).collect();
    let expected: Vec<_> = expected.iter().map(|name| (*name, Outcome::Left)).collect();
    assert_eq!((found, summary.mended), (expected, 0));
    assert_eq!(table.keys().await, before);
}

/// Changes one item behind the directory's back.
async fn tamper(table: &Table, pk: &str, sk: &str, change: impl FnOnce(&mut Item)) {
    let mut item = table.item(pk, sk).await.expect("an item");
    change(&mut item);
    table.put(item).await;
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
