//! One value against one attribute: type, format, canonical values, multiplicity (RFC 7643 §2.3, §2.4, §7).

use std::fmt;

use serde_json::Value;

use crate::{
    Error, ErrorKind, Object,
    client::{self, Dialect},
    datetime,
    fold::fold,
    path::is_name,
    schema::{Attribute, Mutability, Type, Uniqueness},
};

/// Where in a resource a value stands; printed as a client would write the path.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    outer: Option<&'a Place<'a>>,
    name: &'a str,
}

impl<'a> Place<'a> {
    /// A top-level attribute.
    #[must_use]
    pub const fn top(name: &'a str) -> Self {
        Self { outer: None, name }
    }

    /// An attribute inside this one; `name` stands behind a dot, or a colon where this is a schema's URN.
    #[must_use]
    pub const fn inner(&'a self, name: &'a str) -> Self {
        Self { outer: Some(self), name }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(outer) = self.outer {
            write!(f, "{outer}{}", if is_name(outer.name) { '.' } else { ':' })?;
        }
        f.write_str(self.name)
    }
}

/// Whether a value means that there is none (RFC 7643 §2.5); clients also write `""` for that.
#[must_use]
pub fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The value as it is stored, or `None` where there is none: blank, read-only, or at fault.
///
/// Faults are added to `errors`, each naming `place`.
pub fn read(
    attribute: &Attribute,
    value: Value,
    place: Place<'_>,
    dialect: Dialect,
    errors: &mut Vec<Error>,
) -> Option<Value> {
    if attribute.mutability == Mutability::ReadOnly {
        return None;
    }
    let value = client::value(attribute, value, dialect);
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::Array(items) if attribute.multi_valued => {
            let values = items
                .into_iter()
                .filter_map(|item| read_one(attribute, item, place, dialect, errors))
                .collect();
            let values = without_repetition(attribute, values, dialect);
            (!values.is_empty()).then_some(Value::Array(values))
        }
        other if attribute.multi_valued => {
            errors.push(bad_type(place, "array", &other));
            None
        }
        other => read_one(attribute, other, place, dialect, errors),
    }
}

/// One element of a multi-valued attribute, or the value of a singular one.
fn read_one(
    attribute: &Attribute,
    value: Value,
    place: Place<'_>,
    dialect: Dialect,
    errors: &mut Vec<Error>,
) -> Option<Value> {
    let value = if attribute.multi_valued { client::element(attribute, value, dialect) } else { value };
    let fitting = match (&value, attribute.kind) {
        (Value::Null, _) => return None,
        (Value::Object(_), Type::Complex) => {
            let Value::Object(fields) = value else { return None };
            return read_complex(attribute, fields, place, dialect, errors);
        }
        (Value::String(text), _) if text.is_empty() => return None,
        (Value::String(_), Type::String | Type::Reference | Type::DateTime | Type::Binary)
        | (Value::Bool(_), Type::Boolean)
        | (Value::Number(_), Type::Decimal) => true,
        (Value::Number(number), Type::Integer) => number.is_i64() || number.is_u64(),
        _ => false,
    };
    if !fitting {
        errors.push(bad_type(place, attribute.kind.name(), &value));
        return None;
    }
    if let Value::String(text) = &value
        && let Some(fault) = fault_in_text(attribute, text)
    {
        errors.push(
            Error::new(
                ErrorKind::InvalidValue,
                match fault {
                    Fault::Format(format) => {
                        format!("Value in attribute {place} does not comply to a required format ({format})")
                    }
                    Fault::NotCanonical => format!(
                        "Value {} in attribute {place} is not one of the canonical values: [{}]",
                        quoted(text),
                        attribute.canonical_values.join(", ")
                    ),
                },
            )
            .at(place.to_string()),
        );
        return None;
    }
    Some(value)
}

fn read_complex(
    attribute: &Attribute,
    fields: Object,
    place: Place<'_>,
    dialect: Dialect,
    errors: &mut Vec<Error>,
) -> Option<Value> {
    let mut read_fields = Object::new();
    for (key, value) in fields {
        match attribute.sub_attribute(key.trim()) {
            Some(sub) => {
                if let Some(value) = read(sub, value, place.inner(&sub.name), dialect, errors) {
                    read_fields.insert(sub.name.clone(), value);
                }
            }
            None if dialect.strict => errors.push(unknown(&place.inner(&key).to_string())),
            None => {}
        }
    }
    (!read_fields.is_empty()).then_some(Value::Object(read_fields))
}

/// What an attribute that no schema knows is told under [`Dialect::strict`].
pub(crate) fn unknown(path: &str) -> Error {
    Error::new(
        ErrorKind::InvalidSyntax,
        format!("Unknown attribute {path}: no schema of this resource defines it"),
    )
    .at(path)
}

fn bad_type(place: Place<'_>, expected: &str, got: &Value) -> Error {
    Error::new(
        ErrorKind::InvalidValue,
        format!("Bad value type for attribute {place}: expected {expected}, got {}", json_type(got)),
    )
    .at(place.to_string())
}

/// The JSON type of a value, in words.
#[must_use]
pub fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A client's text as an error may repeat it: quoted, escaped and short.
#[must_use]
pub fn quoted(text: &str) -> String {
    const MOST_CHARACTERS: usize = 100;
    let short: String = text.chars().take(MOST_CHARACTERS).collect();
    let ellipsis = if short.len() < text.len() { "…" } else { "" };
    format!("{}{ellipsis}", Value::String(short))
}
