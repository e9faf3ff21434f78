//! How long a write and an answer take, the table apart: a user of 2 KB validated, patched and projected.
#![expect(clippy::expect_used, reason = "a benchmark of known input")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use scim::{
    Object,
    client::Dialect,
    patch::{self, Operation},
    projection::Projection,
    resource,
    resource_type::USERS,
};

/// A user with everything that identity providers usually provision.
const USER: &str = include_str!("user.json");
/// What Entra sends when a person moves to another department.
const MOVE: &str = r#"{
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [
        {"op": "Replace", "path": "displayName", "value": "Barbara Jensen"},
        {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "barbara@example.com"},
        {"op": "Add", "path": "name.middleName", "value": "Joan"},
        {"op": "Remove", "path": "phoneNumbers[type eq \"mobile\"]"},
        {
            "op": "Replace",
            "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            "value": "Sales"
        }
    ]
}"#;

fn object(text: &str) -> Object {
    serde_json::from_str(text).expect("an object")
}

fn create(user: Object) -> Object {
    resource::create(&USERS, user, Dialect::default()).expect("a valid user")
}

fn operations() -> Vec<Operation> {
    patch::read(object(MOVE), Dialect::default()).expect("a PATCH")
}

fn resources(criterion: &mut Criterion) {
    let stored = create(object(USER));
    let apply = |operations| patch::apply(&USERS, &stored, operations, Dialect::default());
    assert_eq!(apply(operations()).expect("applied")["displayName"], "Barbara Jensen");
    criterion.bench_function("create", |bencher| {
        bencher.iter_batched(|| object(USER), create, BatchSize::SmallInput);
    });
    criterion.bench_function("patch of 5 operations, read", |bencher| bencher.iter(operations));
    criterion.bench_function("patch of 5 operations, applied", |bencher| {
        bencher.iter_batched(operations, |operations| apply(black_box(operations)), BatchSize::SmallInput);
    });
    for (name, attributes, excluded) in [
        ("project all", None, None),
        ("project 3 attributes", Some("userName,name.familyName,emails[type eq \"work\"]"), None),
        ("project without 2", None, Some("groups,addresses")),
    ] {
        let projection = Projection::from_lists(attributes, excluded);
        criterion.bench_function(name, |bencher| {
            bencher.iter_batched(
                || object(USER),
                |user| projection.apply(&USERS, user),
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, resources);
criterion_main!(benches);
