//! How long a filter takes: to parse, to bind, and to evaluate on a user of 2 KB.
#![expect(clippy::expect_used, reason = "a benchmark of known input")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use scim::{Object, filter, resource_type::USERS};

/// A user with everything that identity providers usually provision.
const USER: &str = include_str!("user.json");
const FILTER: &str = r#"active eq true and emails[type eq "work" and value co "@Example.com"] and (userName sw "BJ" or meta.lastModified gt "2026-01-01T00:00:00Z")"#;

fn filters(criterion: &mut Criterion) {
    let parsed = filter::parse(FILTER).expect("a filter");
    let bound = parsed.bind(&USERS).expect("a filter on users");
    let user: Object = serde_json::from_str(USER).expect("a user");
    assert!(bound.matches(&user));
    criterion.bench_function("parse", |bencher| bencher.iter(|| filter::parse(black_box(FILTER))));
    criterion.bench_function("bind", |bencher| bencher.iter(|| black_box(&parsed).bind(&USERS).is_ok()));
    criterion.bench_function("evaluate", |bencher| bencher.iter(|| bound.matches(black_box(&user))));
}

criterion_group!(benches, filters);
criterion_main!(benches);
