//! Elements of multi-valued attributes: the one that a value filter describes, and which one is primary.

use serde_json::Value;

use crate::{
    Error, ErrorKind, Object,
    client::Dialect,
    filter::{BoundFilter, Filter, Operator},
    schema::{Attribute, Type},
    value::{
        self, Place,
        identity::{Identity, first_places},
        is_blank,
    },
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
pub(super) fn is_hollow(attribute: &Attribute, element: &Object) -> bool {
    let is_said_of_it = |name: &String| matches!(name.as_str(), "type" | "primary" | "display");
    element.is_empty() || (attribute.is_plural() && element.keys().all(is_said_of_it))
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

/// Sub-attributes that a partial complex value, or the one in an array, says are not there.
pub(super) fn blank_sub_attributes(attribute: &Attribute, value: &Value) -> Vec<String> {
    let fields = match value {
        Value::Array(values) if values.len() == 1 => values[0].as_object(),
        value => value.as_object(),
    };
    let blank = fields.into_iter().flatten().filter(|(_, value)| is_blank(value));
    blank.filter_map(|(name, _)| Some(attribute.sub_attribute(name.trim())?.name.clone())).collect()
}

/// A complex value after a partial one was written over it and `blanked` taken out; `None` where it says nothing
/// any more.
pub(super) fn merged(
    attribute: &Attribute,
    before: Value,
    more: Option<Value>,
    blanked: &[String],
) -> Option<Value> {
    let Value::Object(mut fields) = before else { return more };
    fields.retain(|name, _| !blanked.contains(name));
    if let Some(Value::Object(more)) = more {
        fields.extend(more);
    }
    // Without its value an element, or a reference, is none.
    let is_lost = blanked.iter().any(|name| name == "value") && !fields.contains_key("value");
    let is_left = blanked.is_empty() || !(is_lost || is_hollow(attribute, &fields));
    is_left.then_some(Value::Object(fields))
}

/// The elements after an `add`: those that are there already are not added again.
pub(super) fn united(attribute: &Attribute, before: &[Value], more: Vec<Value>) -> Vec<Value> {
    let places = first_places(attribute, before.iter().chain(&more));
    let mut elements = before.to_vec();
    let mut touched = Vec::new();
    for (value, place) in more.into_iter().zip(&places[before.len()..]) {
        match (elements.get_mut(*place), value) {
            (Some(Value::Object(there)), Value::Object(more)) if *place < before.len() => {
                touched.push(*place);
                there.extend(more);
            }
            (Some(_), _) if *place < before.len() => {}
            (_, value) => {
                touched.push(elements.len());
                elements.push(value);
            }
        }
    }
    hand_over_primary(&mut elements, &touched);
    elements
}

/// The elements that are none of the `unwanted`, whose `type` need not be told.
pub(super) fn without(attribute: &Attribute, elements: &[Value], unwanted: &[Value]) -> Vec<Value> {
    let unwanted: Vec<_> = unwanted.iter().map(|value| Identity::of(attribute, value)).collect();
    let is_wanted = |element: &&Value| {
        let element = Identity::of(attribute, element);
        !unwanted.iter().any(|unwanted| unwanted.names(&element))
    };
    elements.iter().filter(is_wanted).cloned().collect()
}
