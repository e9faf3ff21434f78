//! What a comparison asks of one value, its literal converted to the attribute's type beforehand.

use std::{borrow::Cow, cmp::Ordering};

use serde_json::{Number, Value};
use time::OffsetDateTime;

use super::Operator;
use crate::{
    Error, ErrorKind, datetime,
    fold::fold,
    schema::{Attribute, Type},
    value::{json_type, quoted},
};

/// A condition on one value. There is none for `ne`, which is the opposite of an `eq`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    /// It is not empty.
    Present,
    /// A string, compared as it is.
    Exact(Operator, String),
    /// A string, compared under [`fold`]; the literal is folded.
    Folded(Operator, String),
    /// It is this boolean.
    Boolean(bool),
    /// A number.
    Number(Operator, Number),
    /// A date and time.
    Instant(Operator, OffsetDateTime),
}

impl Condition {
    /// The condition `operator literal` on values of `attribute`, which the client calls `name`.
    pub(super) fn new(
        attribute: &Attribute,
        operator: Operator,
        literal: &Value,
        name: &str,
    ) -> Result<Self, Error> {
        let applies = match operator {
            Operator::Eq | Operator::Ne => true,
            Operator::Co | Operator::Sw | Operator::Ew => is_textual(attribute.kind),
            Operator::Gt | Operator::Ge | Operator::Lt | Operator::Le => {
                !matches!(attribute.kind, Type::Boolean | Type::Binary)
            }
        };
        if !applies {
            let kind = attribute.kind.name();
            let detail = format!(
                "The operator {operator} does not apply to attribute {name}, which is of type {kind}"
            );
            return Err(Error::new(ErrorKind::InvalidFilter, detail).at(name));
        }
        match (attribute.kind, literal) {
            (Type::Boolean, Value::Bool(literal)) => Some(Self::Boolean(*literal)),
            // Entra writes booleans as strings: `roles[primary eq "True"].value`.
            (Type::Boolean, Value::String(literal)) => boolean(literal).map(Self::Boolean),
            (Type::Decimal | Type::Integer, Value::Number(literal)) => {
                Some(Self::Number(operator, literal.clone()))
            }
            (Type::DateTime, Value::String(literal)) => {
                datetime::parse(literal).map(|instant| Self::Instant(operator, instant))
            }
            (Type::Reference | Type::Binary, Value::String(literal)) => {
                Some(Self::Exact(operator, literal.clone()))
            }
            (Type::String, Value::String(literal)) if attribute.case_exact => {
                Some(Self::Exact(operator, literal.clone()))
            }
            (Type::String, Value::String(literal)) => Some(Self::Folded(operator, fold(literal))),
            _ => None,
        }
        .ok_or_else(|| wrong_type(attribute.kind, literal, name))
    }

    /// Whether `value` is as the condition asks; no value of another type ever is.
    pub(super) fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Present => is_present(value),
            Self::Exact(operator, literal) => {
                value.as_str().is_some_and(|text| strings(*operator, text, literal))
            }
            Self::Folded(operator, literal) => value.as_str().is_some_and(|text| {
                if *operator == Operator::Eq && text.is_ascii() {
                    text.eq_ignore_ascii_case(literal)
                } else {
                    strings(*operator, &folded(text), literal)
                }
            }),
            Self::Boolean(literal) => value.as_bool() == Some(*literal),
            Self::Number(operator, literal) => value
                .as_number()
                .and_then(|number| numbers(number, literal))
                .is_some_and(|ordering| operator.accepts(ordering)),
            Self::Instant(operator, literal) => value
                .as_str()
                .and_then(datetime::parse)
                .is_some_and(|instant| operator.accepts(instant.cmp(literal))),
        }
    }
}

impl Operator {
    /// Whether a value that orders so against the literal matches.
    fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Self::Eq => ordering.is_eq(),
            Self::Ne => ordering.is_ne(),
            Self::Gt => ordering.is_gt(),
            Self::Ge => ordering.is_ge(),
            Self::Lt => ordering.is_lt(),
            Self::Le => ordering.is_le(),
            Self::Co | Self::Sw | Self::Ew => false,
        }
    }
}

const fn is_textual(kind: Type) -> bool {
    matches!(kind, Type::String | Type::Reference | Type::Binary)
}

fn boolean(literal: &str) -> Option<bool> {
    [("true", true), ("false", false)]
        .into_iter()
        .find_map(|(name, value)| literal.eq_ignore_ascii_case(name).then_some(value))
}

fn wrong_type(kind: Type, literal: &Value, name: &str) -> Error {
    let (expected, got) = match literal {
        Value::String(text) if kind == Type::DateTime => {
            ("dateTime, for example \"2026-11-21T01:00:00Z\"", quoted(text))
        }
        literal => (kind.name(), json_type(literal).to_owned()),
    };
    let detail = format!("Bad value type for attribute {name} in the filter: expected {expected}, got {got}");
    Error::new(ErrorKind::InvalidFilter, detail).at(name)
}

/// Whether there is a value that is not empty, at any depth.
fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => elements.iter().any(is_present),
        Value::Object(members) => members.values().any(is_present),
    }
}

pub(super) fn strings(operator: Operator, text: &str, literal: &str) -> bool {
    match operator {
        Operator::Co => text.contains(literal),
        Operator::Sw => text.starts_with(literal),
        Operator::Ew => text.ends_with(literal),
        ordering => ordering.accepts(text.cmp(literal)),
    }
}

/// `text` folded, without a copy where it is folded already.
fn folded(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(fold(text))
    }
}

/// How two numbers order; whole ones exactly, fractions as floats.
fn numbers(a: &Number, b: &Number) -> Option<Ordering> {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}
