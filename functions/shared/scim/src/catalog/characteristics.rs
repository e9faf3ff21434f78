//! What a `ResourceType` document asks of attributes beyond what their schemas do.
//!
//! RFC 7643 lets a product ask more of a core attribute than the RFC does, and publish so (§7): that a name is
//! required, that a type is one of three. The schemas themselves stay whole, one for all tenants.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    ResourceType,
    path::AttributePath,
    resource_type::Target,
    schema::{Attribute, Kept, Mutability, Type},
};

/// The characteristics that can be others than the schema's; each one left out stays.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Characteristics {
    required: Option<bool>,
    canonical_values: Option<Vec<String>>,
    closed: Option<bool>,
    default: Option<Value>,
    kept: Option<Kept>,
}

/// Gives the attributes at these paths, `name.givenName` or `urn:…:User:department`, these characteristics.
///
/// # Errors
///
/// The path that is no attribute of the type, or one that cannot be written.
pub(super) fn apply(
    resource_type: &mut ResourceType,
    changes: BTreeMap<String, Characteristics>,
) -> Result<(), String> {
    for (path, change) in changes {
        let attribute = attribute_mut(resource_type, &path)
            .filter(|attribute| attribute.mutability != Mutability::ReadOnly)
            .ok_or_else(|| format!("characteristics: {path} is no attribute that {USABLE}"))?;
        let Characteristics { required, canonical_values, closed, default, kept } = change;
        set(&mut attribute.required, required);
        set(&mut attribute.canonical_values, canonical_values);
        set(&mut attribute.private.closed, closed);
        set(&mut attribute.private.kept, kept);
        if default.is_some() {
            attribute.private.default = default;
        }
    }
    Ok(())
}

/// Lets an attribute have these values and no others; `None` where the type has no such attribute.
pub(super) fn allow(
    resource_type: &mut ResourceType,
    path: &str,
    values: &[String],
) -> Option<Result<(), String>> {
    let attribute = attribute_mut(resource_type, path)?;
    if attribute.kind != Type::String || attribute.mutability == Mutability::ReadOnly {
        return Some(Err(format!("attribute {path} is not a string that {USABLE}")));
    }
    attribute.canonical_values = values.to_vec();
    attribute.private.closed = true;
    Some(Ok(()))
}

const USABLE: &str = "a client writes to resources of this type";

fn set<T>(characteristic: &mut T, change: Option<T>) {
    if let Some(change) = change {
        *characteristic = change;
    }
}

fn attribute_mut<'a>(resource_type: &'a mut ResourceType, path: &str) -> Option<&'a mut Attribute> {
    let path = AttributePath::parse(path)?;
    let Target::Attribute { extension, attribute, sub_attribute } = resource_type.resolve(&path)? else {
        return None;
    };
    let (extension, attribute) = (extension.map(|schema| schema.id.clone()), attribute.name.clone());
    let sub_attribute = sub_attribute.map(|sub| sub.name.clone());
    let schema = match extension {
        None => &mut resource_type.schema,
        Some(urn) => &mut resource_type.extensions.iter_mut().find(|it| it.schema.id == urn)?.schema,
    };
    let attribute = Arc::make_mut(schema).attributes.iter_mut().find(|it| it.name == attribute)?;
    match sub_attribute {
        None => Some(attribute),
        Some(name) => attribute.sub_attributes.iter_mut().find(|it| it.name == name),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{client::Dialect, patch, resource, resource_type::USERS, samples::object};

    fn users(changes: Value) -> Result<ResourceType, String> {
        let mut users = (**USERS).clone();
        let changes = serde_json::from_value(changes).map_err(|error| error.to_string())?;
        apply(&mut users, changes).map(|()| users)
    }

    /// Creating a user with these attributes, the detail of the error or the user.
    fn create(users: &ResourceType, mut body: Value) -> Result<Value, String> {
        body["schemas"] = json!([users.schema.id]);
        body["userName"] = "ann".into();
        let created = resource::create(users, object(body), Dialect::default());
        created.map(Value::Object).map_err(|error| error.detail().to_owned())
    }

    #[test]
    fn a_part_of_a_name_can_be_required_and_a_type_closed() {
        let users = users(json!({
            "name": { "required": true },
            "name.givenName": { "required": true },
            "name.familyName": { "required": true },
            "userType": { "canonicalValues": ["Boss", "Worker"], "closed": true },
        }))
        .unwrap();
        for body in [json!({}), json!({ "name": { "formatted": "Ann Lee" } })] {
            let missing = "Missing attribute name.familyName; Missing attribute name.givenName";
            assert_eq!(create(&users, body).unwrap_err(), missing);
        }
        let name = json!({ "givenName": "Ann", "familyName": "Lee" });
        assert!(create(&users, json!({ "name": name, "userType": "boss" })).is_ok());
        assert_eq!(
            create(&users, json!({ "name": name, "userType": "Foo" })).unwrap_err(),
            r#"Value "Foo" in attribute userType is not one of the canonical values: [Boss, Worker]"#
        );
        assert_eq!(
            create(&users, json!({ "name": 5 })).unwrap_err(),
            "Bad value type for attribute name: expected object, got number"
        );
        assert!(!USERS.schema.attribute("name").unwrap().required, "the schema of others is as it was");
    }

    #[test]
    fn an_attribute_of_an_extension_can_have_a_default() {
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let users = users(json!({ format!("{enterprise}:department"): { "default": "None" } })).unwrap();
        assert_eq!(create(&users, json!({})).unwrap()[enterprise], json!({ "department": "None" }));
    }

    #[test]
    fn a_stored_value_that_is_allowed_no_more_stays_until_it_is_written() {
        let users = users(json!({ "userType": { "canonicalValues": ["Boss"], "closed": true } })).unwrap();
        let stored = object(json!({ "userName": "ann", "userType": "Gone" }));
        let replace = |path: &str, value: &str| {
            let body = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "replace", "path": path, "value": value }],
            });
            let operations = patch::read(object(body), Dialect::default()).unwrap();
            patch::apply(&users, &stored, operations, Dialect::default())
        };
        assert_eq!(replace("title", "Guide").unwrap()["userType"], "Gone");
        assert!(replace("userType", "Gone").unwrap_err().detail().contains("[Boss]"));
        assert_eq!(replace("userType", "Boss").unwrap()["userType"], "Boss");
    }

    #[test]
    fn a_put_that_repeats_a_value_does_not_write_it() {
        let users = users(json!({ "userType": { "canonicalValues": ["Boss"], "closed": true } })).unwrap();
        let stored = object(json!({ "userName": "ann", "userType": "Gone" }));
        let replace = |user_type: &str| {
            let body = json!({ "schemas": [users.schema.id], "userName": "ann", "userType": user_type, "title": "t" });
            resource::replace(&users, &stored, object(body), Dialect::default())
        };
        assert_eq!(
            Value::Object(replace("Gone").unwrap()),
            json!({ "userName": "ann", "userType": "Gone", "title": "t" })
        );
        assert!(replace("Lost").unwrap_err().detail().contains("[Boss]"));
    }

    #[test]
    fn a_list_beside_the_schema_counts_in_its_place() {
        let mut users =
            users(json!({ "userType": { "canonicalValues": ["Boss"], "closed": true } })).unwrap();
        let mut allow = |path: &str, values: &[&str]| {
            let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
            super::allow(&mut users, path, &values)
        };
        assert_eq!(allow("nope", &["x"]), None);
        assert!(allow("active", &["x"]).unwrap().unwrap_err().contains("not a string"));
        assert_eq!(allow("userType", &["Worker"]), Some(Ok(())));
        assert_eq!(allow("emails.type", &["work"]), Some(Ok(())));
        assert!(create(&users, json!({ "userType": "worker" })).is_ok());
        assert!(create(&users, json!({ "userType": "Boss" })).unwrap_err().contains("[Worker]"));
        let home = json!({ "emails": [{ "value": "a@x", "type": "home" }] });
        assert!(create(&users, home).unwrap_err().contains("emails.type"));
    }

    #[test]
    fn what_is_no_attribute_to_write_is_refused() {
        for path in ["nope", "name.nope", "groups", "id", "", "urn:ietf:params:scim:schemas:core:2.0:User"] {
            let refused = users(json!({ path: { "required": true } })).unwrap_err();
            assert_eq!(refused, format!("characteristics: {path} is no attribute that {USABLE}"));
        }
        assert!(users(json!({ "title": { "uniqueness": "server" } })).unwrap_err().contains("uniqueness"));
    }
}
