//! What clients send that the RFC does not say, folded into what it says.
//!
//! Each step is small, names the client that needs it and is switched off by [`Dialect::strict`]. The engine
//! behind them knows none of this.

use serde_json::Value;

use crate::{
    Object, ResourceType,
    path::AttributePath,
    resource_type::Target,
    schema::{Attribute, Type},
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
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            strict: false,
            boolean_strings: true,
            remove_value_as_filter: true,
            unmatched_replace_creates: true,
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
    };
}

/// One value as the schema's type wants it, where a client is known to write it otherwise.
#[must_use]
pub fn value(attribute: &Attribute, value: Value, dialect: Dialect) -> Value {
    let value = if dialect.boolean_strings { boolean_from_string(attribute, value) } else { value };
    if dialect.strict {
        return value;
    }
    let value = object_from_single_array(attribute, value);
    let value = array_from_object(attribute, value);
    reference_from_string(attribute, value)
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

/// Entra sends a manager as `[{"value": id}]`.
fn object_from_single_array(attribute: &Attribute, mut value: Value) -> Value {
    match value.as_array_mut() {
        Some(items) if !attribute.multi_valued && attribute.kind == Type::Complex && items.len() == 1 => {
            items.remove(0)
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
    Value::Object(Object::from_iter([("value".to_owned(), Value::String(id))]))
}

/// A resource's keys as the schema lays them out: names trimmed, core attributes out of their own URN, dotted and
/// URN-qualified names unfolded into objects.
///
/// Okta's profile editor lets an administrator map `active` under the core URN; Entra with its compatibility
/// flag sends `"name.givenName"` and `"urn:…:User:department"` as keys; both can carry a stray space.
#[must_use]
pub fn keys(resource_type: &ResourceType, body: Object, dialect: Dialect) -> Object {
    if dialect.strict {
        return body;
    }
    let mut unfolded = Object::new();
    let mut own = None;
    for (key, value) in body {
        let name = key.trim();
        if name.eq_ignore_ascii_case(&resource_type.schema.id) {
            own = Some(value);
        } else if resource_type.core(name).is_some() || resource_type.extension(name).is_some() {
            merge(&mut unfolded, name, value);
        } else if let Some((outer, inner)) = qualified(resource_type, name) {
            let wrapped = match inner {
                Some(inner) => Value::Object(Object::from_iter([(inner, value)])),
                None => value,
            };
            merge(&mut unfolded, &outer, wrapped);
        } else {
            unfolded.insert(key, value);
        }
    }
    // Last, so that what the administrator typed wins over what the client sends by itself.
    if let Some(Value::Object(own)) = own {
        for (key, value) in own {
            unfolded.retain(|name, _| !name.eq_ignore_ascii_case(key.trim()));
            unfolded.insert(key.trim().to_owned(), value);
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

fn merge(into: &mut Object, name: &str, value: Value) {
    match (into.get_mut(name), value) {
        (Some(Value::Object(there)), Value::Object(more)) => there.extend(more),
        (_, value) => {
            into.insert(name.to_owned(), value);
        }
    }
}
