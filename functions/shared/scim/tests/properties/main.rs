//! What holds for any body, any PATCH and any projection; inputs are made up by proptest, and by libFuzzer before.
#![cfg(test)]

mod corpus;
#[expect(unreachable_pub, reason = "it is the library of the fuzz targets")]
#[path = "../../fuzz/src/lib.rs"]
mod fuzz;
mod generate;
mod patch;
mod projection;
mod resource;

use scim::{Object, client::Dialect, resource_type::USERS};
use serde_json::{Value, json};

/// Both ends of what a connector forgives.
const DIALECTS: [Dialect; 2] = [
    Dialect::STRICT,
    Dialect {
        strict: false,
        boolean_strings: true,
        remove_value_as_filter: true,
        remove_keeps: true,
        unmatched_replace_creates: true,
    },
];

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

/// The body that would create the resource.
fn body_of(resource: &Object) -> Object {
    let mut body = resource.clone();
    body.insert("schemas".to_owned(), json!([USERS.schema.id]));
    body
}

/// Asserts that nothing in the resource is blank, and that a POST and a PUT of it would store just that.
fn assert_canonical(resource: &Object, dialect: Dialect, origin: &str) {
    assert!(!has_blank(&Value::Object(resource.clone())), "{resource:?} of {origin}");
    let created = scim::resource::create(&USERS, body_of(resource), dialect);
    // Who was removed from the active ones, which a strict client may do, is one of them when made anew.
    let mut made = resource.clone();
    made.entry("active").or_insert(Value::Bool(true));
    assert_eq!(created, Ok(made), "POST after {origin}");
    let replaced = scim::resource::replace(&USERS, resource, body_of(resource), dialect);
    assert_eq!(replaced.as_ref(), Ok(resource), "PUT after {origin}");
}

fn has_blank(value: &Value) -> bool {
    scim::value::is_blank(value)
        || match value {
            Value::Array(items) => items.iter().any(has_blank),
            Value::Object(fields) => fields.values().any(has_blank),
            _ => false,
        }
}
