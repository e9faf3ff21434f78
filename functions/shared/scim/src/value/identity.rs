//! Which elements of a multi-valued attribute are the same value (RFC 7643 §2.4).

use std::{borrow::Cow, collections::HashMap};

use serde_json::Value;

use crate::{
    Object,
    fold::fold,
    schema::{Attribute, Type},
};

/// What makes an element the value it is: its `type` and `value` where it has a `value`, else all of it but
/// `primary`. Two that differ in nothing that the schema tells apart are equal.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity<'a>(Vec<(&'a str, Cow<'a, Value>)>);

impl<'a> Identity<'a> {
    /// The identity of `element`, a value of the multi-valued `attribute`.
    pub(crate) fn of(attribute: &Attribute, element: &'a Value) -> Self {
        let Value::Object(fields) = element else { return Self(vec![("", told_apart(attribute, element))]) };
        let has_value = fields.contains_key("value");
        let counts =
            |name: &str| if has_value { matches!(name, "type" | "value") } else { name != "primary" };
        let part = |(name, value): (&'a String, &'a Value)| match attribute.sub_attribute(name) {
            Some(sub) => (name.as_str(), told_apart(sub, value)),
            None => (name.as_str(), Cow::Borrowed(value)),
        };
        Self(fields.iter().filter(|(name, _)| counts(name)).map(part).collect())
    }

    /// Whether it is `other`, or the `value` of `other` without its `type`.
    pub(crate) fn names(&self, other: &Self) -> bool {
        self == other || matches!(self.0.as_slice(), [part @ ("value", _)] if other.0.contains(part))
    }
}

/// The value, folded where the schema does not tell upper from lower case.
fn told_apart<'a>(attribute: &Attribute, value: &'a Value) -> Cow<'a, Value> {
    match value {
        Value::String(text) if attribute.kind == Type::String && !attribute.case_exact => {
            Cow::Owned(Value::String(fold(text)))
        }
        other => Cow::Borrowed(other),
    }
}

/// For each of `values` the place of the first that is the same.
pub(crate) fn first_places<'a>(attribute: &Attribute, values: impl Iterator<Item = &'a Value>) -> Vec<usize> {
    let mut places = HashMap::new();
    let place_of = |(at, value)| *places.entry(Identity::of(attribute, value)).or_insert(at);
    values.enumerate().map(place_of).collect()
}

/// Equal values once: the first, with what only a later one has.
///
/// Okta's default mapping sends a work phone twice, once as the primary one.
pub(crate) fn without_repetition(attribute: &Attribute, values: Vec<Value>) -> Vec<Value> {
    let places = first_places(attribute, values.iter());
    let mut kept: Vec<Option<Value>> = Vec::with_capacity(values.len());
    for (at, value) in values.into_iter().enumerate() {
        let place = places[at];
        match (kept.get_mut(place), value) {
            (Some(Some(Value::Object(there))), Value::Object(more)) => {
                fill(there, more);
                kept.push(None);
            }
            (Some(_), _) => kept.push(None),
            (None, value) => kept.push(Some(value)),
        }
    }
    kept.into_iter().flatten().collect()
}

fn fill(there: &mut Object, more: Object) {
    for (name, value) in more {
        if name == "primary" && value == true {
            there.insert(name, value);
        } else {
            there.entry(name).or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{samples, schema::USER};

    fn check(attribute: &Attribute, values: Value, expected: Value) {
        let (Value::Array(before), Value::Array(expected)) = (values.clone(), expected) else {
            panic!("not arrays")
        };
        let after = without_repetition(attribute, before);
        assert_eq!(after, expected, "{values}");
        assert_eq!(without_repetition(attribute, after), expected, "{values}, again");
    }

    #[test]
    fn type_and_value_make_a_value() {
        let phones = USER.attribute("phoneNumbers").expect("phoneNumbers");
        check(
            phones,
            json!([
                {"type": "work", "value": "1"},
                {"type": "home", "value": "1"},
                {"value": "1"},
                {"type": "work", "value": "2"},
                {"type": "work", "value": "1", "primary": true, "display": "one"},
                {"type": "work", "value": "1", "primary": false, "display": "uno"}
            ]),
            json!([
                {"type": "work", "value": "1", "primary": true, "display": "one"},
                {"type": "home", "value": "1"},
                {"value": "1"},
                {"type": "work", "value": "2"}
            ]),
        );
    }

    #[test]
    fn without_a_value_everything_but_primary_does() {
        let addresses = USER.attribute("addresses").expect("addresses");
        check(
            addresses,
            json!([
                {"locality": "Ulm", "type": "work"},
                {"locality": "Ulm"},
                {"locality": "Ulm", "type": "work", "primary": true},
                {"locality": "Ulm", "type": "work", "region": "BW"}
            ]),
            json!([
                {"locality": "Ulm", "type": "work", "primary": true},
                {"locality": "Ulm"},
                {"locality": "Ulm", "type": "work", "region": "BW"}
            ]),
        );
    }

    #[test]
    fn case_counts_where_the_schema_says_so() {
        let emails = USER.attribute("emails").expect("emails");
        check(
            emails,
            json!([{"value": "É@x", "type": "work"}, {"value": "e\u{301}@X", "type": "Work"}]),
            json!([{"value": "É@x", "type": "work"}]),
        );
        let photos = USER.attribute("photos").expect("photos");
        let two = json!([{"value": "https://x/a"}, {"value": "https://x/A"}]);
        check(photos, two.clone(), two);
        let tag = |case_exact: bool| {
            samples::attribute(
                json!({"name": "tags", "type": "string", "multiValued": true, "caseExact": case_exact}),
            )
        };
        check(&tag(false), json!(["a", "A", "b", "a"]), json!(["a", "b"]));
        check(&tag(true), json!(["a", "A", "b", "a"]), json!(["a", "A", "b"]));
    }

    #[test]
    fn forty_thousand_values_are_no_trouble() {
        let members: Value = (0..40_000).map(|id| json!({"value": format!("{id:032}")})).collect();
        let attribute = crate::schema::GROUP.attribute("members").expect("members");
        check(attribute, members.clone(), members);
    }
}
