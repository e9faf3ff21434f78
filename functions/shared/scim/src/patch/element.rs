//! Elements of multi-valued attributes: the one that a value filter describes, and which one is primary.

use serde_json::Value;

use crate::{
    Error, ErrorKind, Object,
    client::Dialect,
    filter::{BoundFilter, Filter, Operator},
    schema::{Attribute, Type},
    value::{self, Place, is_blank},
};

/// The value filter of a path, bound to the attribute in front of it.
///
/// # Errors
///
/// [`ErrorKind::InvalidPath`] when it does not fit the attribute: the filter is a part of the path.
pub(super) fn selector<'a>(attribute: &'a Attribute, filter: &Filter) -> Result<BoundFilter<'a>, Error> {
    filter.bind_values(attribute).map_err(|error| Error::new(ErrorKind::InvalidPath, error.detail()))
}

/// The element that a filter of equalities describes: `type eq "work"` is `{"type": "work"}`.
///
/// `None` when the filter says more than which values some sub-attributes have.
pub(super) fn described(attribute: &Attribute, filter: &Filter, dialect: Dialect) -> Option<Object> {
    let mut element = Object::new();
    for (name, value) in equalities(filter)? {
        let sub = attribute.sub_attribute(&name)?;
        let mut faults = Vec::new();
        let value = value::read(sub, value, Place::top(&sub.name), dialect, &mut faults)?;
        element.insert(sub.name.clone(), value);
    }
    Some(element)
}

/// Whether a described element is one that Entra means to be made when there is none: `type eq` one of the
/// published canonical values, or `primary eq true`.
pub(super) fn is_customary(attribute: &Attribute, element: &Object) -> bool {
    element.iter().all(|(name, value)| {
        let Some(sub) = attribute.sub_attribute(name) else { return false };
        match value {
            Value::Bool(true) => sub.name == "primary",
            Value::String(text) => {
                sub.kind == Type::String
                    && sub.canonical_values.iter().any(|value| value.eq_ignore_ascii_case(text))
            }
            _ => false,
        }
    })
}

fn equalities(filter: &Filter) -> Option<Vec<(String, Value)>> {
    match filter {
        Filter::Compare { path, operator: Operator::Eq, value } if path.sub_attribute.is_none() => {
            Some(vec![(path.attribute.clone(), value.clone())])
        }
        Filter::And(operands) => {
            let parts: Option<Vec<_>> = operands.iter().map(equalities).collect();
            Some(parts?.concat())
        }
        _ => None,
    }
}

/// Whether nothing is left of an element but words about it.
pub(super) fn is_hollow(element: &Object) -> bool {
    element.keys().all(|name| matches!(name.as_str(), "type" | "primary" | "display"))
}

/// After elements at `touched` were written: if one of them is primary, no other is (RFC 7644 §3.5.2).
pub(super) fn hand_over_primary(elements: &mut [Value], touched: &[usize]) {
    let is_primary = |element: &Value| element.get("primary") == Some(&Value::Bool(true));
    let Some(heir) = touched.iter().copied().find(|at| elements.get(*at).is_some_and(is_primary)) else {
        return;
    };
    for (at, element) in elements.iter_mut().enumerate() {
        if at != heir
            && let Some(primary) = element.get_mut("primary")
        {
            *primary = Value::Bool(false);
        }
    }
}

/// Marks elements as gone.
pub(super) fn erase(elements: &mut [Value], touched: &[usize]) {
    for at in touched {
        elements[*at] = Value::Null;
    }
}

/// Sub-attributes that a partial complex value blanks, which merging must remove; without `value` all go.
pub(super) fn blank_sub_attributes(attribute: &Attribute, value: &Value) -> Vec<String> {
    let Some(fields) = value.as_object() else { return Vec::new() };
    let blank = fields.iter().filter(|(_, value)| is_blank(value));
    blank.filter_map(|(name, _)| Some(attribute.sub_attribute(name.trim())?.name.clone())).collect()
}

/// The elements after an `add`: those that are there already are not added again.
pub(super) fn united(attribute: &Attribute, before: &[Value], more: Vec<Value>) -> Vec<Value> {
    let mut elements = before.to_vec();
    let mut touched = Vec::new();
    for value in more {
        if let Some(at) = elements.iter().position(|there| value::is_same(attribute, there, &value)) {
            touched.push(at);
            match (&mut elements[at], value) {
                (Value::Object(there), Value::Object(more)) => there.extend(more),
                (there, value) => *there = value,
            }
        } else {
            touched.push(elements.len());
            elements.push(value);
        }
    }
    hand_over_primary(&mut elements, &touched);
    elements
}
