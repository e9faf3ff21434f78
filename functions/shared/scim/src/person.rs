//! Attributes that name another user, as `manager` does (RFC 7643 §4.3): a value, and a URL and a name that follow from it.
//!
//! Identity providers put what they know into the value: an id of this server, their own id, a user name, of a user who
//! may come later. The value is kept as it was sent; the rest is added to an answer once it leads to somebody.

use serde_json::Value;

use crate::{
    Object, ResourceType,
    projection::Projection,
    resource::{attributes, get},
    schema::{Attribute, Mutability, Schema, Type},
};

const URL: &str = "$ref";
const NAME: &str = "displayName";

/// Somebody that a value leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The URL of the user.
    pub url: String,
    /// `displayName` of the user.
    pub display_name: Option<String>,
}

/// The values of a resource that name users, as far as the answer shows them.
#[must_use]
pub fn named<'a>(
    resource_type: &'a ResourceType,
    resource: &'a Object,
    projection: &Projection,
) -> Vec<&'a str> {
    let shown = naming(resource_type)
        .filter(|(schema, attribute)| projection.shows_attribute(resource_type, *schema, attribute));
    let values = shown.filter_map(|(schema, attribute)| get(resource, schema, &attribute.name));
    values.filter_map(|value| value.get("value")?.as_str()).collect()
}

/// Adds to each value that names a user what follows from it, and takes away what does not.
pub fn resolve(resource_type: &ResourceType, resource: &mut Object, find: impl Fn(&str) -> Option<Person>) {
    for (schema, attribute) in naming(resource_type) {
        let fields = match schema {
            None => Some(&mut *resource),
            Some(schema) => resource.get_mut(&schema.id).and_then(Value::as_object_mut),
        };
        let named = fields.and_then(|fields| fields.get_mut(&attribute.name));
        let Some(named) = named.and_then(Value::as_object_mut) else { continue };
        let found = named.get("value").and_then(Value::as_str).and_then(&find);
        named.remove(URL);
        named.remove(NAME);
        let Some(Person { url, display_name }) = found else { continue };
        named.insert(URL.to_owned(), url.into());
        named.extend(display_name.map(|name| (NAME.to_owned(), name.into())));
    }
}

/// The attributes that name one user.
fn naming(resource_type: &ResourceType) -> impl Iterator<Item = (Option<&Schema>, &Attribute)> {
    attributes(resource_type).filter(|(_, attribute)| {
        let refers = |sub: &Attribute| sub.reference_types.iter().any(|name| name == "User");
        attribute.kind == Type::Complex
            && !attribute.multi_valued
            && attribute.sub_attribute("value").is_some()
            && attribute.sub_attribute(URL).is_some_and(refers)
            && attribute.sub_attribute(NAME).is_some_and(|name| name.mutability == Mutability::ReadOnly)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{resource_type::USERS, samples::object};

    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    fn worker() -> Object {
        object(json!({"userName": "a", ENTERPRISE: {"manager": {"value": "01999", "$ref": "../Users/old"}}}))
    }

    #[test]
    fn a_manager_is_shown_with_what_follows_from_its_value() {
        let find = |value: &str| {
            (value == "01999")
                .then(|| Person { url: "https://x/Users/1".into(), display_name: Some("Bo".into()) })
        };
        let mut resource = worker();
        resolve(&USERS, &mut resource, find);
        assert_eq!(
            resource[ENTERPRISE]["manager"],
            json!({"value": "01999", "$ref": "https://x/Users/1", "displayName": "Bo"})
        );
    }

    #[test]
    fn a_manager_who_is_nobody_is_a_value_alone() {
        let mut resource = worker();
        resolve(&USERS, &mut resource, |_| None);
        assert_eq!(resource[ENTERPRISE]["manager"], json!({"value": "01999"}));
    }

    #[test]
    fn nobody_is_looked_for_who_is_not_shown() {
        let resource = worker();
        assert_eq!(named(&USERS, &resource, &Projection::default()), ["01999"]);
        let lists = [
            (Some("userName"), None),
            (None, Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")),
        ];
        for (attributes, excluded) in lists {
            assert!(named(&USERS, &resource, &Projection::from_lists(attributes, excluded)).is_empty());
        }
    }
}
