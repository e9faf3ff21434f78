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

enum Fault {
    Format(&'static str),
    NotCanonical,
}

fn fault_in_text(attribute: &Attribute, text: &str) -> Option<Fault> {
    if text.contains('\0') {
        return Some(Fault::Format("text without NUL characters"));
    }
    match attribute.kind {
        Type::DateTime if datetime::parse(text).is_none() => {
            Some(Fault::Format("RFC 3339 date and time, for example 2026-11-21T01:00:00Z"))
        }
        Type::Binary if !is_base64(text) => Some(Fault::Format("base64, RFC 4648 section 4 or 5")),
        Type::Reference if !is_uri_reference(text) => {
            Some(Fault::Format("URI, for example https://example.com/a"))
        }
        // A value that identifies the resource needs something to be identified by.
        Type::String if attribute.uniqueness != Uniqueness::None && text.trim().is_empty() => {
            Some(Fault::Format("more than white space"))
        }
        Type::String if attribute.private.closed => {
            let listed = attribute
                .canonical_values
                .iter()
                .any(|value| if attribute.case_exact { value == text } else { fold(value) == fold(text) });
            (!listed).then_some(Fault::NotCanonical)
        }
        _ => None,
    }
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let alphabet =
        |extra: [u8; 2]| digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || extra.contains(&byte));
    (alphabet(*b"+/") || alphabet(*b"-_"))
        && digits.len() % 4 != 1
        && (padding == 0 || (padding <= 2 && text.len().is_multiple_of(4)))
}

/// Characters of RFC 3986 §2 only, and a scheme or path; what it refers to is not asked.
fn is_uri_reference(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.char_indices().all(|(at, c)| match c {
        '%' => bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
        c if c.is_ascii() => c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=".contains(c),
        // Internationalised identifiers (RFC 3987) are passed on as they came.
        c => !c.is_whitespace() && !c.is_control(),
    })
}

/// Equal values once (RFC 7643 §2.4), and one `primary` at most: the first that claims it.
///
/// Okta's default mapping sends a work phone twice, once as the primary one.
fn without_repetition(attribute: &Attribute, values: Vec<Value>, dialect: Dialect) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::with_capacity(values.len());
    for value in values {
        if let Some(same) = kept.iter_mut().find(|there| is_same(attribute, there, &value)) {
            if let (Value::Object(there), Value::Object(more)) = (same, value) {
                for (name, value) in more {
                    if name == "primary" || !there.contains_key(&name) {
                        let either = there.get(&name) == Some(&Value::Bool(true));
                        there.insert(name, if either { Value::Bool(true) } else { value });
                    }
                }
            }
        } else {
            kept.push(value);
        }
    }
    if !dialect.strict {
        let mut claimed = false;
        for value in &mut kept {
            if let Some(primary) = value.get_mut("primary").filter(|primary| **primary == true) {
                *primary = Value::Bool(!std::mem::replace(&mut claimed, true));
            }
        }
    }
    kept
}

/// Whether two elements are the same value: same `type` and `value` where there is a `value`, else all the same.
#[must_use]
pub fn is_same(attribute: &Attribute, a: &Value, b: &Value) -> bool {
    match (a.get("value"), b.get("value")) {
        (Some(value_a), Some(value_b)) if attribute.kind == Type::Complex => {
            value_a == value_b && a.get("type") == b.get("type")
        }
        _ => a == b,
    }
}
