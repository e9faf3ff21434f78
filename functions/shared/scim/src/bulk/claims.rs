//! What a new resource may have to itself: operations that lay claim to nothing in common cannot get in each
//! other's way, whichever comes first.

use std::collections::HashSet;

use serde_json::Value;

use crate::{Object, ResourceType, fold::fold, schema::Uniqueness};

/// Attributes that a tenant's settings can make unique, whatever the schema says.
const SOMETIMES_UNIQUE: [&str; 3] = ["displayName", "emails", "externalId"];

/// Every text in an attribute of `resource` that is unique or can be.
pub(super) fn of(resource_type: &ResourceType, resource: &Object) -> HashSet<String> {
    let mut claims = HashSet::new();
    collect(resource_type, resource, &mut claims);
    claims
}

fn collect(resource_type: &ResourceType, fields: &Object, claims: &mut HashSet<String>) {
    for (key, value) in fields {
        // However the name is written: its last part, behind a URN.
        let name = key.rsplit(':').next().unwrap_or(key).trim();
        if is_unique(resource_type, name) {
            texts(value, claims);
        } else if let Value::Object(fields) = value {
            collect(resource_type, fields, claims);
        }
    }
}

fn is_unique(resource_type: &ResourceType, name: &str) -> bool {
    let schemas = resource_type.extensions.iter().map(|extension| &extension.schema);
    SOMETIMES_UNIQUE.iter().any(|unique| unique.eq_ignore_ascii_case(name))
        || std::iter::once(&resource_type.schema)
            .chain(schemas)
            .filter_map(|schema| schema.attribute(name))
            .any(|attribute| attribute.uniqueness != Uniqueness::None)
}

fn texts(value: &Value, claims: &mut HashSet<String>) {
    match value {
        Value::String(text) => {
            claims.insert(fold(text));
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, claims)),
        // The type of an e-mail address is nobody's own.
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("value"))
            .for_each(|(_, value)| texts(value, claims)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource_type::USERS;

    #[test]
    fn unique_texts_are_claimed_whatever_their_case_and_name() {
        let urn = &USERS.schema.id;
        let user = json!({
            "USERNAME ": "Bjensen",
            "title": "Guide",
            "name": {"familyName": "Jensen"},
            "emails": [{"Value": "B@example.com", "type": "work"}, "c@example.com"],
            urn: {"externalId": "701984"},
            format!("{urn}:displayName"): "Babs",
        });
        let mut claims: Vec<_> = of(&USERS, user.as_object().expect("an object")).into_iter().collect();
        claims.sort();
        assert_eq!(claims, ["701984", "b@example.com", "babs", "bjensen", "c@example.com"]);
    }
}
