//! What clients send that the RFC does not say, folded into what it says.
//!
//! Each step is small, names the client that needs it and is switched off by [`Dialect::strict`]. The engine
//! behind them knows none of this.

use serde_json::Value;

use crate::{
    Object, ResourceType,
    path::AttributePath,
    resource_type::Target,
    schema::{Attribute, Schema, Type},
};

/// How much a connector's client is forgiven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent settings of a connector")]
pub struct Dialect {
    /// Nothing is: unknown attributes and schemas, and PATCH operations without a path, are refused.
    pub strict: bool,
    /// `"True"` and `"false"` are booleans where the schema wants one.
    pub boolean_strings: bool,
    /// `remove` with a path and a `value` removes those values only, not the attribute.
    pub remove_value_as_filter: bool,
    /// `replace` through a filter that matches nothing creates the element where the filter says what it is.
    pub unmatched_replace_creates: bool,
    /// `remove`, or a blank, leaves an attribute that the schema marks as kept when blank: `active`.
    pub remove_keeps: bool,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            strict: false,
            boolean_strings: true,
            remove_value_as_filter: true,
            unmatched_replace_creates: true,
            remove_keeps: true,
        }
    }
}

impl Dialect {
    /// The dialect of the interoperability profile: only what the RFC says.
    pub const STRICT: Self = Self {
        strict: true,
        boolean_strings: false,
        remove_value_as_filter: false,
        unmatched_replace_creates: false,
        remove_keeps: false,
    };
}

/// One value as the schema's type wants it, where a client is known to write it otherwise.
#[must_use]
pub fn value(attribute: &Attribute, value: Value, dialect: Dialect) -> Value {
    let value = if dialect.boolean_strings { boolean_from_string(attribute, value) } else { value };
    if dialect.strict {
        return value;
    }
    let value = object_from_array(attribute, value);
    let value = reference_from_string(attribute, value);
    array_from_object(attribute, value)
}

/// One element of a multi-valued attribute, likewise.
#[must_use]
pub fn element(attribute: &Attribute, value: Value, dialect: Dialect) -> Value {
    if dialect.boolean_strings { boolean_from_string(attribute, value) } else { value }
}

/// Entra without its compatibility flag, and `OneLogin`'s templates, send booleans as `"True"` and `"False"`.
fn boolean_from_string(attribute: &Attribute, value: Value) -> Value {
    match &value {
        Value::String(text) if attribute.kind == Type::Boolean => match text.trim() {
            text if text.eq_ignore_ascii_case("true") => Value::Bool(true),
            text if text.eq_ignore_ascii_case("false") => Value::Bool(false),
            _ => value,
        },
        _ => value,
    }
}

/// Entra sends a manager as `[{"value": id}]`; nobody is `[]` then.
fn object_from_array(attribute: &Attribute, mut value: Value) -> Value {
    match value.as_array_mut() {
        Some(items) if !attribute.multi_valued && attribute.kind == Type::Complex && items.len() <= 1 => {
            items.pop().unwrap_or_default()
        }
        _ => value,
    }
}

/// `OneLogin`'s templates can send `emails` as one object.
fn array_from_object(attribute: &Attribute, value: Value) -> Value {
    if attribute.is_plural() && value.is_object() { Value::Array(vec![value]) } else { value }
}

/// Entra sends a manager as a bare id, and its older test collections a member; both are references to
/// resources, which is what tells them from an e-mail sent as a string by mistake.
fn reference_from_string(attribute: &Attribute, value: Value) -> Value {
    let refers = attribute.kind == Type::Complex && attribute.sub_attribute("$ref").is_some();
    match value {
        Value::String(id) if refers => object(id),
        Value::Array(items) if refers => Value::Array(
            items
                .into_iter()
                .map(|item| if let Value::String(id) = item { object(id) } else { item })
                .collect(),
        ),
        other => other,
    }
}

fn object(id: String) -> Value {
    // A blank reference means none; `{"value": ""}` reads as that.
    wrapped(Some("value".to_owned()), Value::String(id))
}

/// A resource's keys in the schema's spelling; unless strict also trimmed, core attributes out of their own URN,
/// dotted and URN-qualified names unfolded into objects.
///
/// Okta's profile editor lets an administrator map `active` under the core URN; Entra with its compatibility
/// flag sends `"name.givenName"` and `"urn:…:User:department"` as keys; both can carry a stray space.
#[must_use]
pub fn keys(resource_type: &ResourceType, body: Object, dialect: Dialect) -> Object {
    let mut unfolded = Object::new();
    let mut own = None;
    for (key, value) in body {
        let name = if dialect.strict { &key } else { key.trim() };
        if let Some(attribute) = resource_type.core(name) {
            merge(&mut unfolded, &attribute.name, value);
        } else if let Some(extension) = resource_type.extension(name) {
            merge(&mut unfolded, &extension.schema.id, value);
        } else if dialect.strict {
            unfolded.insert(key, value);
        } else if name.eq_ignore_ascii_case(&resource_type.schema.id) {
            own = Some(value);
        } else if let Some((outer, inner)) = qualified(resource_type, name) {
            merge(&mut unfolded, &outer, wrapped(inner, value));
        } else {
            unfolded.insert(key, value);
        }
    }
    for extension in &resource_type.extensions {
        if let Some(Value::Object(fields)) = unfolded.get_mut(&extension.schema.id) {
            *fields = extension_keys(&extension.schema, std::mem::take(fields), dialect);
        }
    }
    // Last, so that what the administrator typed wins over what the client sends by itself.
    if let Some(Value::Object(own)) = own {
        for (key, value) in keys(resource_type, own, dialect) {
            merge(&mut unfolded, &key, value);
        }
    }
    unfolded
}

/// The keys of an extension's attributes, likewise: `"manager.value"` is an object.
#[must_use]
pub fn extension_keys(schema: &Schema, fields: Object, dialect: Dialect) -> Object {
    let mut unfolded = Object::new();
    for (key, value) in fields {
        let (name, inner) = match key.split_once('.') {
            Some((outer, inner)) if !dialect.strict => (outer, Some(inner.to_owned())),
            _ => (key.as_str(), None),
        };
        match schema.attribute(name.trim()) {
            Some(attribute) => merge(&mut unfolded, &attribute.name, wrapped(inner, value)),
            None => {
                unfolded.insert(key, value);
            }
        }
    }
    unfolded
}

/// Where a dotted or URN-qualified key belongs: the attribute or extension, and the name inside it.
fn qualified(resource_type: &ResourceType, key: &str) -> Option<(String, Option<String>)> {
    let path = AttributePath::parse(key)?;
    // Unqualified names are looked up in the core only: an extension's attribute has its URN in front.
    if path.schema.is_none() && resource_type.core(&path.attribute).is_none() {
        return None;
    }
    match resource_type.resolve(&path)? {
        Target::Extension(_) => None,
        Target::Attribute { extension: None, attribute, sub_attribute } => {
            Some((attribute.name.clone(), sub_attribute.map(|sub| sub.name.clone())))
        }
        Target::Attribute { extension: Some(schema), attribute, sub_attribute } => {
            let inner = sub_attribute
                .map_or_else(|| attribute.name.clone(), |sub| format!("{}.{}", attribute.name, sub.name));
            Some((schema.id.clone(), Some(inner)))
        }
    }
}

/// The value, inside an object under `name` where there is one.
fn wrapped(name: Option<String>, value: Value) -> Value {
    match name {
        Some(name) => Value::Object(Object::from_iter([(name, value)])),
        None => value,
    }
}

fn merge(into: &mut Object, name: &str, value: Value) {
    match (into.get_mut(name), value) {
        (Some(Value::Object(there)), Value::Object(more)) => there.extend(more),
        (_, value) => {
            into.insert(name.to_owned(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        resource_type::{GROUPS, USERS},
        samples::object,
        schema::{ENTERPRISE_USER, USER},
    };

    const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    /// The keys of a body mean these; a strict client's body is left as it is but for the case of names.
    fn check(body: Value, expected: Value) {
        let unfolded = keys(&USERS, object(body.clone()), Dialect::default());
        assert_eq!(Value::Object(unfolded.clone()), expected, "{body}");
        assert_eq!(keys(&USERS, unfolded.clone(), Dialect::default()), unfolded, "{body}, again");
    }

    #[test]
    fn names_are_trimmed_and_in_the_schema_s_spelling() {
        check(
            json!({" USERNAME ": "a", "ExternalID": "x", "nope ": 1, ENTERPRISE.to_uppercase(): {" Department": "d"}}),
            json!({"userName": "a", "externalId": "x", "nope ": 1, ENTERPRISE: {"department": "d"}}),
        );
    }

    #[test]
    fn dotted_names_are_objects() {
        check(
            json!({"name.givenName": "B", "NAME.familyName": "J", "Name": {"honorificPrefix": "Ms."}}),
            json!({"name": {"givenName": "B", "familyName": "J", "honorificPrefix": "Ms."}}),
        );
        check(json!({"name": "x", "name.givenName": "B"}), json!({"name": {"givenName": "B"}}));
        check(json!({"emails.value": "a@x"}), json!({"emails": {"value": "a@x"}}));
        check(json!({"name.nope": 1, "nope.value": 2}), json!({"name.nope": 1, "nope.value": 2}));
    }

    #[test]
    fn names_may_carry_their_urn() {
        check(
            json!({
                format!("{CORE}:active"): false,
                format!("{CORE}:name.givenName"): "B",
                format!("{ENTERPRISE}:department"): "d",
                format!("{ENTERPRISE}:manager.value"): "1",
                format!("{ENTERPRISE}.costCenter"): "c"
            }),
            json!({
                "active": false,
                "name": {"givenName": "B"},
                ENTERPRISE: {"department": "d", "manager": {"value": "1"}, "costCenter": "c"}
            }),
        );
        check(
            json!({ENTERPRISE: {"Manager.value": "1", "manager": {"$ref": "../Users/1"}, "a.b": 1}}),
            json!({ENTERPRISE: {"manager": {"value": "1", "$ref": "../Users/1"}, "a.b": 1}}),
        );
        // Without its URN an extension's attribute is nobody's at the top of a body.
        check(
            json!({"department": "d", "urn:x:User:title": "t"}),
            json!({"department": "d", "urn:x:User:title": "t"}),
        );
    }

    #[test]
    fn what_an_administrator_typed_under_the_core_urn_wins() {
        check(
            json!({
                "active": true,
                "name": {"familyName": "J", "givenName": "b"},
                CORE.to_uppercase(): {"Active ": false, "name.givenName": "B", "title": "t"},
                "zip": 1
            }),
            json!({"active": false, "name": {"familyName": "J", "givenName": "B"}, "title": "t", "zip": 1}),
        );
        check(json!({"title": "t", CORE: null}), json!({"title": "t"}));
    }

    #[test]
    fn a_strict_client_s_keys_are_only_spelled() {
        let body = json!({
            "USERNAME": "a",
            " title": "t",
            "name.givenName": "B",
            CORE: {"active": true},
            ENTERPRISE: {"DEPARTMENT": "d", "manager.value": "1"}
        });
        let spelled = json!({
            "userName": "a",
            " title": "t",
            "name.givenName": "B",
            CORE: {"active": true},
            ENTERPRISE: {"department": "d", "manager.value": "1"}
        });
        assert_eq!(Value::Object(keys(&USERS, object(body), Dialect::STRICT)), spelled);
    }

    #[test]
    fn values_are_folded_for_those_who_are_not_strict() {
        let manager = ENTERPRISE_USER.attribute("manager").expect("manager");
        let members = GROUPS.core("members").expect("members");
        let user = |name| USER.attribute(name).expect("an attribute");
        for (attribute, written, meant) in [
            (user("active"), json!(" True "), json!(true)),
            (user("active"), json!("FALSE"), json!(false)),
            (user("active"), json!("1"), json!("1")),
            (user("title"), json!("True"), json!("True")),
            (manager, json!("1"), json!({"value": "1"})),
            (manager, json!([{"value": "1"}]), json!({"value": "1"})),
            (manager, json!(["1"]), json!({"value": "1"})),
            (manager, json!([]), json!(null)),
            (manager, json!(["1", "2"]), json!([{"value": "1"}, {"value": "2"}])),
            (members, json!("1"), json!([{"value": "1"}])),
            (members, json!(["1", {"value": "2"}]), json!([{"value": "1"}, {"value": "2"}])),
            (user("emails"), json!({"value": "a@x"}), json!([{"value": "a@x"}])),
            (user("emails"), json!("a@x"), json!("a@x")),
            (user("emails"), json!(["a@x"]), json!(["a@x"])),
            (user("name"), json!([{"givenName": "B"}]), json!({"givenName": "B"})),
            (user("title"), json!(["t"]), json!(["t"])),
        ] {
            assert_eq!(value(attribute, written.clone(), Dialect::default()), meant, "{written}");
            assert_eq!(value(attribute, written.clone(), Dialect::STRICT), written);
        }
        let flags =
            crate::samples::attribute(json!({"name": "flags", "type": "boolean", "multiValued": true}));
        assert_eq!(element(&flags, json!("true"), Dialect::default()), json!(true));
        assert_eq!(element(&flags, json!("true"), Dialect::STRICT), json!("true"));
    }
}
