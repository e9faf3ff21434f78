//! How long a filter takes: to parse, to bind, and to evaluate on a user of 2 KB.
#![expect(clippy::expect_used, reason = "a benchmark of known input")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use scim::{Object, filter, resource_type::USERS};
use serde_json::json;

const FILTER: &str = r#"active eq true and emails[type eq "work" and value co "@Example.com"] and (userName sw "BJ" or meta.lastModified gt "2026-01-01T00:00:00Z")"#;

/// A user with everything that identity providers usually provision.
fn user() -> Object {
    let user = json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
        ],
        "id": "2819c223-7f76-453a-919d-413861904646",
        "externalId": "00ujl29u0le5T6Aj10h7",
        "userName": "bjensen@example.com",
        "name": {
            "formatted": "Ms. Barbara J Jensen, III",
            "familyName": "Jensen",
            "givenName": "Barbara",
            "middleName": "Jane",
            "honorificPrefix": "Ms.",
            "honorificSuffix": "III"
        },
        "displayName": "Babs Jensen",
        "nickName": "Babs",
        "profileUrl": "https://login.example.com/bjensen",
        "emails": [
            {"value": "babs@jensen.org", "type": "home"},
            {"value": "bjensen@example.com", "type": "work", "primary": true}
        ],
        "addresses": [
            {
                "type": "work",
                "streetAddress": "100 Universal City Plaza",
                "locality": "Hollywood",
                "region": "CA",
                "postalCode": "91608",
                "country": "US",
                "formatted": "100 Universal City Plaza\nHollywood, CA 91608 US",
                "primary": true
            },
            {
                "type": "home",
                "streetAddress": "456 Hollywood Blvd",
                "locality": "Hollywood",
                "region": "CA",
                "postalCode": "91608",
                "country": "US"
            }
        ],
        "phoneNumbers": [{"value": "+1-555-555-5555", "type": "work"}, {"value": "+1-555-555-4444", "type": "mobile"}],
        "photos": [{"value": "https://photos.example.com/profilephoto/72930000000Ccne/F", "type": "photo"}],
        "userType": "Employee",
        "title": "Tour Guide",
        "preferredLanguage": "en-US",
        "locale": "en-US",
        "timezone": "America/Los_Angeles",
        "active": true,
        "roles": [{"value": "guide", "display": "Guide", "primary": true}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
            "employeeNumber": "701984",
            "costCenter": "4130",
            "organization": "Universal Studios",
            "division": "Theme Park",
            "department": "Tour Operations",
            "manager": {"value": "26118915-6090-4610-87e4-49d8ca9f808d", "displayName": "John Smith"}
        },
        "meta": {
            "resourceType": "User",
            "created": "2025-01-23T04:56:22.000Z",
            "lastModified": "2025-05-13T04:42:34.000Z",
            "version": "W/\"3694e05e9dff590\"",
            "location": "https://example.com/scim/v2/Users/2819c223-7f76-453a-919d-413861904646"
        }
    });
    user.as_object().cloned().expect("an object")
}

fn filters(criterion: &mut Criterion) {
    let parsed = filter::parse(FILTER).expect("a filter");
    let bound = parsed.bind(&USERS).expect("a filter on users");
    let user = user();
    assert!(bound.matches(&user));
    criterion.bench_function("parse", |bencher| bencher.iter(|| filter::parse(black_box(FILTER))));
    criterion.bench_function("bind", |bencher| bencher.iter(|| black_box(&parsed).bind(&USERS).is_ok()));
    criterion.bench_function("evaluate", |bencher| bencher.iter(|| bound.matches(black_box(&user))));
}

criterion_group!(benches, filters);
criterion_main!(benches);
