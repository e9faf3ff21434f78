//! What holds for any text; libFuzzer asks it of texts it makes, an ordinary test of those that were kept.

use scim::{
    Object,
    client::Dialect,
    filter::{self, MAX_LENGTH_BYTES},
    patch, resource,
    resource_type::{GROUPS, USERS},
};
use serde_json::{Value, json};

/// A filter reads back as it is printed, and can be checked, planned and evaluated.
pub fn filter(text: &str) {
    let Ok(filter) = filter::parse(text) else { return };
    let printed = filter.to_string();
    if printed.len() <= MAX_LENGTH_BYTES {
        assert_eq!(filter::parse(&printed).as_ref(), Ok(&filter), "{text} is printed as {printed}");
    }
    for resource_type in [&USERS, &GROUPS] {
        let _ = filter.plan(resource_type).to_string();
        if let Ok(bound) = filter.bind(resource_type) {
            let _ = bound.matches(&user());
        }
    }
}

/// A path reads back as it is printed.
pub fn path(text: &str) {
    let Ok(path) = filter::parse_path(text) else { return };
    let printed = path.to_string();
    if printed.len() <= MAX_LENGTH_BYTES {
        assert_eq!(filter::parse_path(&printed), Ok(path), "{text} is printed as {printed}");
    }
}

/// A PATCH is refused, or its outcome is a resource that a POST would store just so.
pub fn patch(text: &str) {
    let Ok(Value::Object(body)) = serde_json::from_str(text) else { return };
    for dialect in [Dialect::default(), Dialect::STRICT] {
        let Ok(operations) = patch::read(body.clone(), dialect) else { continue };
        let _ = patch::member_changes(&GROUPS, &operations, dialect);
        let Ok(patched) = patch::apply(&USERS, &user(), operations, dialect) else { continue };
        let mut body = patched.clone();
        body.insert("schemas".to_owned(), json!([USERS.schema.id]));
        assert_eq!(resource::create(&USERS, body, dialect), Ok(patched), "after {text}");
    }
}

fn user() -> Object {
    object(json!({
        "userName": "bjensen",
        "externalId": "701984",
        "name": {"familyName": "Jensen", "givenName": "Barbara"},
        "active": true,
        "emails": [
            {"value": "bjensen@example.com", "type": "work", "primary": true},
            {"value": "babs@example.org", "type": "home"},
        ],
        "addresses": [{"type": "work", "locality": "Hollywood"}],
        "roles": [{"value": "guide"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
            "department": "Tours",
            "manager": {"value": "26118915"},
        },
    }))
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}
