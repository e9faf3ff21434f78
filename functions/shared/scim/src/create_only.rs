//! Attributes that a client sets once: its later writes of them are accepted and not applied.
//!
//! A constant that an identity provider pushes in every cycle would undo what others have changed since; a
//! connector's settings name the attributes that are theirs then.

use serde_json::json;

use crate::{
    Object, ResourceType,
    path::AttributePath,
    resource::{attributes, get, set},
    resource_type::Target,
    schema::{Attribute, Schema},
};

/// Gives `changed` what `stored` has at these paths. A path may name an extension, all of whose attributes are meant; a
/// sub-attribute of a plural attribute stands for the whole of it. Paths that nothing lies at mean nothing.
pub fn keep(resource_type: &ResourceType, stored: &Object, changed: &mut Object, paths: &[AttributePath]) {
    for path in paths {
        match resource_type.resolve(path) {
            Some(Target::Attribute { extension, attribute, sub_attribute }) => {
                let sub = sub_attribute.filter(|_| !attribute.multi_valued);
                restore(stored, changed, extension, attribute, sub);
            }
            Some(Target::Extension(named)) => {
                let of_it = attributes(resource_type)
                    .filter(|(schema, _)| schema.is_some_and(|schema| schema.id == named.id));
                for (schema, attribute) in of_it {
                    restore(stored, changed, schema, attribute, None);
                }
            }
            None => {}
        }
    }
}

fn restore(
    stored: &Object,
    changed: &mut Object,
    schema: Option<&Schema>,
    attribute: &Attribute,
    sub: Option<&Attribute>,
) {
    let Some(before) = get(stored, schema, &attribute.name) else { return };
    let Some(sub) = sub else { return set(changed, schema, &attribute.name, before.clone()) };
    let Some(before) = before.get(&sub.name) else { return };
    let mut value = get(changed, schema, &attribute.name).cloned().unwrap_or_else(|| json!({}));
    if let Some(fields) = value.as_object_mut() {
        fields.insert(sub.name.clone(), before.clone());
        set(changed, schema, &attribute.name, value);
    }
}

/// Which of these paths name nothing that any of these resource types has, in the words of their author.
#[must_use]
pub fn unknown<'a>(
    resource_types: impl IntoIterator<Item = &'a ResourceType> + Clone,
    paths: &[AttributePath],
) -> Vec<String> {
    let is_known = |path: &&AttributePath| {
        resource_types.clone().into_iter().any(|resource_type| resource_type.resolve(path).is_some())
    };
    paths.iter().filter(|path| !is_known(path)).map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::{resource_type::USERS, samples::object};

    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    fn check(paths: &[&str], changed: Value, expected: Value) {
        let stored = object(json!({
            "userName": "a", "title": "t", "name": {"givenName": "B", "familyName": "J"},
            "emails": [{"value": "a@x", "type": "work"}],
            ENTERPRISE: {"organization": "o", "department": "d"}
        }));
        let paths: Vec<_> = paths.iter().filter_map(|path| AttributePath::parse(path)).collect();
        let mut changed = object(changed);
        keep(&USERS, &stored, &mut changed, &paths);
        assert_eq!(Value::Object(changed), expected, "{paths:?}");
    }

    #[test]
    fn what_has_a_value_keeps_it() {
        check(&["TITLE"], json!({"title": "new", "userName": "b"}), json!({"title": "t", "userName": "b"}));
        check(&["title"], json!({}), json!({"title": "t"}));
        check(&["nickName"], json!({"nickName": "new"}), json!({"nickName": "new"}));
        check(
            &["emails.type"],
            json!({"emails": [{"value": "b@x"}]}),
            json!({"emails": [{"value": "a@x", "type": "work"}]}),
        );
    }

    #[test]
    fn a_part_of_a_value_keeps_it_alone() {
        check(
            &["name.givenName"],
            json!({"name": {"familyName": "K"}}),
            json!({"name": {"givenName": "B", "familyName": "K"}}),
        );
        check(&["name.givenName"], json!({}), json!({"name": {"givenName": "B"}}));
        check(
            &["name.middleName"],
            json!({"name": {"middleName": "M"}}),
            json!({"name": {"middleName": "M"}}),
        );
    }

    #[test]
    fn extensions_count_whole_and_in_parts() {
        let pushed = json!({ENTERPRISE: {"organization": "new", "division": "new"}});
        check(
            &[&format!("{ENTERPRISE}:organization")],
            pushed.clone(),
            json!({ENTERPRISE: {"organization": "o", "division": "new"}}),
        );
        check(
            &[ENTERPRISE],
            pushed,
            json!({ENTERPRISE: {"organization": "o", "department": "d", "division": "new"}}),
        );
    }

    #[test]
    fn a_path_to_nothing_is_told() {
        let paths = ["title", "nope", "urn:x:y"].map(|path| AttributePath::parse(path).expect("a path"));
        assert_eq!(unknown([&**USERS], &paths), ["nope", "urn:x:y"]);
        check(&["nope"], json!({"title": "new"}), json!({"title": "new"}));
    }
}
