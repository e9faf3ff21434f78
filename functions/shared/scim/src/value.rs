//! One value against one attribute: type, format, canonical values, multiplicity (RFC 7643 §2.3, §2.4, §7).

use std::fmt;

use serde_json::Value;

use crate::{
    Error, ErrorKind, Object,
    client::{self, Dialect},
    schema::{Attribute, Mutability, Schema, Type},
};

mod format;
pub(crate) mod identity;

/// Where in a resource a value stands; printed as a client would write the path.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    parent: Parent<'a>,
    name: &'a str,
}

#[derive(Debug, Clone, Copy)]
enum Parent<'a> {
    Resource,
    Extension(&'a str),
    Attribute(&'a Place<'a>),
}

impl<'a> Place<'a> {
    /// A top-level attribute, or an extension.
    #[must_use]
    pub const fn top(name: &'a str) -> Self {
        Self { parent: Parent::Resource, name }
    }

    /// A top-level attribute, or one of the extension `schema`.
    #[must_use]
    pub fn of(schema: Option<&'a Schema>, name: &'a str) -> Self {
        Self { parent: schema.map_or(Parent::Resource, |schema| Parent::Extension(&schema.id)), name }
    }

    /// A sub-attribute of this one.
    #[must_use]
    pub const fn inner(&'a self, name: &'a str) -> Self {
        Self { parent: Parent::Attribute(self), name }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parent {
            Parent::Resource => {}
            Parent::Extension(urn) => write!(f, "{urn}:")?,
            Parent::Attribute(outer) => write!(f, "{outer}.")?,
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
            let mut values = identity::without_repetition(attribute, values);
            allow_one_primary(&mut values, place, dialect, errors);
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
        let expected = if attribute.kind == Type::Complex { "object" } else { attribute.kind.name() };
        errors.push(bad_type(place, expected, &value));
        return None;
    }
    if let Value::String(text) = &value
        && let Some(fault) = format::fault(attribute, text, place)
    {
        errors.push(fault);
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
                    read_fields.insert(spelled(key, &sub.name), value);
                }
            }
            None if dialect.strict => errors.push(unknown(&place.inner(&key).to_string())),
            None => {}
        }
    }
    (!read_fields.is_empty()).then_some(Value::Object(read_fields))
}

/// A client's key, where it is in the schema's spelling already without a copy.
pub(crate) fn spelled(key: String, name: &str) -> String {
    if key == name { key } else { name.to_owned() }
}

/// One `primary` at most (RFC 7643 §2.4): the first that claims it, unless the client shall be told.
fn allow_one_primary(values: &mut [Value], place: Place<'_>, dialect: Dialect, errors: &mut Vec<Error>) {
    let claims = values.iter_mut().filter_map(|value| value.get_mut("primary")).filter(|it| **it == true);
    let mut others = claims.skip(1).peekable();
    if dialect.strict && others.peek().is_some() {
        let detail = format!("Several values of attribute {place} are primary: expected one at most");
        errors.push(Error::new(ErrorKind::InvalidValue, detail).at(place.to_string()));
    } else {
        others.for_each(|primary| *primary = Value::Bool(false));
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{samples, schema::USER};

    /// Each value is read as the attribute: as what is stored, null where that is nothing, or with these faults.
    fn check_in(dialect: Dialect, attribute: &Attribute, cases: Vec<(Value, Result<Value, &str>)>) {
        for (value, expected) in cases {
            let mut errors = Vec::new();
            let place = Place::top(&attribute.name);
            let read = read(attribute, value.clone(), place, dialect, &mut errors).unwrap_or_default();
            let result = Error::all(errors).map_or(Ok(read), Err);
            assert_eq!(
                result.as_ref().map_err(Error::detail),
                expected.as_ref().map_err(|it| *it),
                "{value}"
            );
            if let Err(error) = result {
                assert_eq!(
                    error.kind(),
                    if error.detail().starts_with("Unknown") {
                        ErrorKind::InvalidSyntax
                    } else {
                        ErrorKind::InvalidValue
                    }
                );
                assert!(error.detail().contains(error.path().expect("a path")), "{error}");
            }
        }
    }

    fn check(attribute: &Attribute, cases: Vec<(Value, Result<Value, &str>)>) {
        check_in(Dialect::default(), attribute, cases);
    }

    fn user(name: &str) -> &'static Attribute {
        USER.attribute(name).expect(name)
    }

    /// An attribute `a` of this type.
    fn of_type(kind: &str) -> Attribute {
        samples::attribute(json!({"name": "a", "type": kind}))
    }

    /// The value, stored as it is.
    fn kept(value: Value) -> (Value, Result<Value, &'static str>) {
        (value.clone(), Ok(value))
    }

    #[test]
    fn each_type_takes_its_own_values() {
        for (kind, good, bad) in [
            (
                "string",
                vec![json!("x"), json!(" ")],
                vec![json!(1), json!(true), json!(["x"]), json!({"x": 1})],
            ),
            ("boolean", vec![json!(true), json!(false)], vec![json!(1), json!("yes")]),
            ("integer", vec![json!(-7), json!(u64::MAX)], vec![json!(7.5), json!(7.0), json!("7")]),
            ("decimal", vec![json!(-7), json!(7.5)], vec![json!("7.5"), json!(false)]),
            ("dateTime", vec![json!("2026-11-21T01:00:00Z")], vec![json!(1_795_222_800)]),
            ("binary", vec![json!("AQ==")], vec![json!([1])]),
            ("reference", vec![json!("https://example.com/")], vec![json!({})]),
            ("object", vec![], vec![json!("x"), json!(true), json!([{}, {}])]),
        ] {
            let attribute = of_type(if kind == "object" { "complex" } else { kind });
            check(&attribute, good.into_iter().map(kept).collect());
            for value in bad {
                let got = json_type(&value);
                let detail = format!("Bad value type for attribute a: expected {kind}, got {got}");
                check(&attribute, vec![(value, Err(&detail))]);
            }
        }
    }

    #[test]
    fn blank_values_are_none() {
        for name in ["title", "active", "profileUrl", "name", "emails"] {
            check(user(name), vec![(json!(null), Ok(json!(null))), (json!(""), Ok(json!(null)))]);
        }
        check(
            user("name"),
            vec![
                (json!({}), Ok(json!(null))),
                (json!({"givenName": "", "familyName": null}), Ok(json!(null))),
                (json!({"givenName": "", "familyName": "Jensen"}), Ok(json!({"familyName": "Jensen"}))),
            ],
        );
        check(
            user("emails"),
            vec![
                (json!([]), Ok(json!(null))),
                (json!([null, {}, "", {"value": "", "type": null}]), Ok(json!(null))),
                (json!([{"value": "a@x", "type": ""}, null]), Ok(json!([{"value": "a@x"}]))),
            ],
        );
        assert!(![json!(false), json!(0), json!(" "), json!([null])].iter().any(is_blank));
    }

    #[test]
    fn what_is_read_only_is_passed_over_whatever_it_is() {
        check(user("groups"), vec![(json!("nonsense"), Ok(json!(null)))]);
        let manager = crate::schema::ENTERPRISE_USER.attribute("manager").expect("manager");
        check(
            manager,
            vec![
                (json!({"value": "1", "displayName": 5}), Ok(json!({"value": "1"}))),
                (json!({"displayName": "Jo"}), Ok(json!(null))),
            ],
        );
    }

    #[test]
    fn names_inside_are_read_in_any_case_and_stored_in_the_schema_s() {
        check(
            user("name"),
            vec![
                (
                    json!({"GIVENNAME": "B", " familyname ": "J"}),
                    Ok(json!({"givenName": "B", "familyName": "J"})),
                ),
                (json!({"givenName": "B", "nope": 1}), Ok(json!({"givenName": "B"}))),
            ],
        );
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        check(
            user("emails"),
            vec![
                (
                    json!([{"value": 1}, {"type": true, "primary": "maybe"}, "a@x"]),
                    Err("Bad value type for attribute emails.value: expected string, got number; \
                     Bad value type for attribute emails.primary: expected boolean, got string; \
                     Bad value type for attribute emails.type: expected string, got boolean; \
                     Bad value type for attribute emails: expected object, got string"),
                ),
                (json!("a@x"), Err("Bad value type for attribute emails: expected array, got string")),
            ],
        );
        check(
            user("profileUrl"),
            vec![(
                json!("not a url"),
                Err(
                    "Value in attribute profileUrl does not comply to a required format (URI, for example https://example.com/a)",
                ),
            )],
        );
    }

    #[test]
    fn strict_clients_are_told_what_no_schema_knows() {
        check_in(
            Dialect::STRICT,
            user("name"),
            vec![(
                json!({"familyName": "J", "nope": 1}),
                Err("Unknown attribute name.nope: no schema of this resource defines it"),
            )],
        );
        check_in(
            Dialect::STRICT,
            user("active"),
            vec![(json!("true"), Err("Bad value type for attribute active: expected boolean, got string"))],
        );
    }

    #[test]
    fn one_value_is_primary_at_most() {
        let two = json!([{"value": "a", "primary": true}, {"value": "b", "primary": true}, {"value": "c"}]);
        check(
            user("emails"),
            vec![
                (
                    two.clone(),
                    Ok(
                        json!([{"value": "a", "primary": true}, {"value": "b", "primary": false}, {"value": "c"}]),
                    ),
                ),
                kept(json!([{"value": "a", "primary": false}, {"value": "b", "primary": true}])),
                kept(json!([{"value": "a", "primary": false}, {"value": "b"}])),
                // The same value twice claims it once.
                (
                    json!([{"value": "a"}, {"value": "a", "primary": true}, {"value": "b", "primary": true}]),
                    Ok(json!([{"value": "a", "primary": true}, {"value": "b", "primary": false}])),
                ),
            ],
        );
        check_in(
            Dialect::STRICT,
            user("emails"),
            vec![
                (two, Err("Several values of attribute emails are primary: expected one at most")),
                kept(json!([{"value": "a", "primary": true}, {"value": "b", "primary": false}])),
            ],
        );
    }

    #[test]
    fn places_are_written_as_paths() {
        let enterprise = &*crate::schema::ENTERPRISE_USER;
        let manager = Place::of(Some(enterprise), "manager");
        assert_eq!(manager.inner("value").to_string(), format!("{}:manager.value", enterprise.id));
        assert_eq!(Place::top("name").inner("givenName").to_string(), "name.givenName");
        assert_eq!(Place::of(None, "active").to_string(), "active");
    }

    #[test]
    fn what_a_client_wrote_is_repeated_in_short() {
        assert_eq!(quoted("a\"b\n"), r#""a\"b\n""#);
        assert_eq!(quoted(&"ü".repeat(100)), format!("\"{}\"", "ü".repeat(100)));
        assert_eq!(quoted(&"ü".repeat(101)), format!("\"{}\"…", "ü".repeat(100)));
    }
}
