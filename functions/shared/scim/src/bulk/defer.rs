//! Taking references out of a resource that is created before what they refer to.

use serde_json::{Value, json};

use super::reference;
use crate::{
    Object, ResourceType,
    client::{self, Dialect},
    schema::{Attribute, Mutability},
    value::is_blank,
};

/// A new resource without what refers to the operations that `is_later` names, and the operations of the PATCH
/// that adds it.
///
/// Of an array only the elements that refer go, of anything else the whole attribute.
pub(super) fn defer(
    resource_type: &ResourceType,
    resource: Object,
    dialect: Dialect,
    is_later: &impl Fn(&str) -> bool,
) -> (Object, Vec<Value>) {
    let mut additions = Vec::new();
    let mut kept = Object::new();
    for (key, value) in client::keys(resource_type, resource, dialect) {
        let value = match (resource_type.core(&key), resource_type.extension(&key), value) {
            (Some(attribute), _, value) => part(attribute, &key, value, is_later, &mut additions),
            (None, Some(extension), Value::Object(fields)) => {
                let mut left = Object::new();
                for (name, value) in fields {
                    let value = match extension.schema.attribute(&name) {
                        Some(attribute) => {
                            let path = format!("{}:{}", extension.schema.id, attribute.name);
                            part(attribute, &path, value, is_later, &mut additions)
                        }
                        None => Some(value),
                    };
                    left.extend(value.map(|value| (name, value)));
                }
                (!left.is_empty()).then_some(Value::Object(left))
            }
            // What no schema knows refers to nothing.
            (None, _, value) => Some(value),
        };
        kept.extend(value.map(|value| (key, value)));
    }
    (kept, additions)
}

/// What of an attribute's value stays.
fn part(
    attribute: &Attribute,
    path: &str,
    value: Value,
    is_later: &impl Fn(&str) -> bool,
    additions: &mut Vec<Value>,
) -> Option<Value> {
    let goes = |value: &Value| reference::find(value, false).iter().any(|name| is_later(name));
    // A read-only attribute is ignored when it is created, and could not be added.
    if attribute.mutability == Mutability::ReadOnly || !goes(&value) {
        return Some(value);
    }
    let (later, now) = match value {
        Value::Array(elements) => {
            let (later, now): (Vec<_>, Vec<_>) = elements.into_iter().partition(goes);
            (Value::Array(later), Value::Array(now))
        }
        value => (value, Value::Null),
    };
    additions.push(json!({ "op": "add", "path": path, "value": later }));
    (!is_blank(&now)).then_some(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource_type::{GROUPS, USERS};

    fn check(resource_type: &ResourceType, resource: Value, kept: Value, additions: Value) {
        let whole = resource.as_object().cloned().expect("an object");
        let (now, later) = defer(resource_type, whole, Dialect::default(), &|name| name.starts_with("later"));
        assert_eq!((Value::Object(now), Value::from(later)), (kept, additions), "{resource}");
    }

    #[test]
    fn elements_that_refer_are_added_later() {
        check(
            &GROUPS,
            json!({"displayName": "G", "Members": [{"value": "bulkId:later1"}, {"value": "1"}, {"value": "bulkId:now"}]}),
            json!({"displayName": "G", "members": [{"value": "1"}, {"value": "bulkId:now"}]}),
            json!([{"op": "add", "path": "members", "value": [{"value": "bulkId:later1"}]}]),
        );
        check(
            &GROUPS,
            json!({"members": [{"$ref": "../Groups/bulkId:later"}]}),
            json!({}),
            json!([{"op": "add", "path": "members", "value": [{"$ref": "../Groups/bulkId:later"}]}]),
        );
    }

    #[test]
    fn an_attribute_that_refers_is_added_later_however_its_name_is_written() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let path = format!("{urn}:manager");
        let manager = json!({"value": "bulkId:later"});
        let added = json!([{"op": "add", "path": path, "value": manager}]);
        check(
            &USERS,
            json!({urn: {"Manager": manager, "department": "D"}}),
            json!({urn: {"department": "D"}}),
            added.clone(),
        );
        check(&USERS, json!({urn: {"manager": manager}}), json!({}), added.clone());
        check(&USERS, json!({urn: {"manager.value": "bulkId:later"}}), json!({}), added.clone());
        check(&USERS, json!({path.clone(): manager}), json!({}), added.clone());
    }

    #[test]
    fn what_would_be_ignored_stays() {
        let ignored =
            json!({"groups": [{"value": "bulkId:later"}], "nope": "bulkId:later", "title": "bulkId:now"});
        check(&USERS, ignored.clone(), ignored, json!([]));
    }
}
