//! A resource's attributes as a native map, and what DynamoDB cannot hold of JSON.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use scim::Object;
use serde_json::{Number, Value};

use crate::Error;

/// DynamoDB nests 32 levels deep; the document itself and its item are two of them.
const DEEPEST: usize = 30;
/// The magnitudes of DynamoDB's numbers begin here, but for zero, and end before the second.
const SMALLEST_NUMBER: f64 = 1e-130;
const TOO_LARGE_NUMBER: f64 = 1e126;

/// `attributes` as they will be read again: DynamoDB tells 1.0 from 1 no more than mathematics does.
///
/// # Errors
///
/// [`Error::Unstorable`] for what it cannot hold at all.
pub(crate) fn storable(attributes: Object) -> Result<Object, Error> {
    attributes
        .into_iter()
        .map(|(name, value)| match storable_value(value, DEEPEST) {
            Ok(_) if name.is_empty() => Err(Error::Unstorable { attribute: name, reason: NAMELESS }),
            Ok(value) => Ok((name, value)),
            Err(reason) => Err(Error::Unstorable { attribute: name, reason }),
        })
        .collect()
}

const NAMELESS: &str = "an attribute needs a name";

fn storable_value(value: Value, levels: usize) -> Result<Value, &'static str> {
    if levels == 0 {
        return Err("the value is nested more than 30 levels deep");
    }
    match value {
        Value::Number(number) => storable_number(number).map(Value::Number),
        Value::Array(values) => {
            values.into_iter().map(|value| storable_value(value, levels - 1)).collect::<Result<_, _>>()
        }
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| {
                if name.is_empty() {
                    return Err(NAMELESS);
                }
                Ok((name, storable_value(value, levels - 1)?))
            })
            .collect::<Result<Object, _>>()
            .map(Value::Object),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(value),
    }
}

fn storable_number(number: Number) -> Result<Number, &'static str> {
    if !number.is_f64() {
        return Ok(number);
    }
    let magnitude = number.as_f64().map_or(f64::INFINITY, f64::abs);
    if magnitude != 0.0 && !(SMALLEST_NUMBER..TOO_LARGE_NUMBER).contains(&magnitude) {
        return Err("the number is outside of 1E-130 to 9.9E+125");
    }
    let text = number.as_f64().map(|float| float.to_string()).unwrap_or_default();
    let integer = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
    Ok(integer.unwrap_or(number))
}

/// `attributes` as a native map.
pub(crate) fn to_map(attributes: &Object) -> Result<AttributeValue, Error> {
    serde_dynamo::to_item(attributes)
        .map(AttributeValue::M)
        .map_err(|error| Error::Unavailable(Box::new(error)))
}

/// The attributes that [`to_map`] wrote.
pub(crate) fn from_map(map: HashMap<String, AttributeValue>) -> Result<Object, String> {
    let attributes = serde_dynamo::from_item(map).map_err(|error| error.to_string())?;
    storable(attributes).map_err(|error| error.to_string())
}

/// The size of an item, as DynamoDB counts it or a little more.
pub(crate) fn size_bytes(item: &HashMap<String, AttributeValue>) -> usize {
    item.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

fn value_bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len() + 1,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Ss(texts) => texts.iter().map(|text| text.len() + 1).sum(),
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + value_bytes(value)).sum::<usize>(),
        AttributeValue::M(map) => 3 + map.len() + size_bytes(map),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        let Value::Object(object) = value else { panic!("an object") };
        object
    }

    /// What is written is what is read, and what `storable` said it would be.
    fn check(value: &Value, expected: &Value) {
        let stored = storable(object(json!({ "x": value }))).expect("storable");
        assert_eq!(Value::from(stored.clone()), json!({ "x": expected }));
        let AttributeValue::M(map) = to_map(&stored).expect("a map") else { panic!("a map") };
        assert_eq!(from_map(map), Ok(stored));
    }

    #[test]
    fn json_is_read_as_it_was_written() {
        for same in [
            json!(true),
            json!(""),
            json!("\u{0}\u{1f600} e\u{301}"),
            json!([]),
            json!({}),
            json!([[], {}, [1, [2]], { "a": { "b": [null] } }]),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(0.1),
            json!(-2.5e-130),
            json!(1e22),
            json!(9.9e125),
        ] {
            check(&same, &same);
        }
    }

    #[test]
    fn a_whole_number_is_an_integer() {
        check(&json!(1.0), &json!(1));
        check(&json!(-0.0), &json!(0));
        check(&json!(1e16), &json!(10_000_000_000_000_000_u64));
        check(&json!(-3.0e2), &json!(-300));
        check(&json!({ "a": [2.0] }), &json!({ "a": [2] }));
    }

    #[test]
    fn what_the_table_cannot_hold_is_refused_by_name() {
        let mut deep = json!(1);
        for _ in 0..DEEPEST {
            deep = json!([deep]);
        }
        for bad in [json!(1e126), json!(-1e300), json!(1e-131), json!({ "": 1 }), deep] {
            let error = storable(object(json!({ "ok": 1, "bad": bad }))).expect_err("not storable");
            assert!(matches!(error, Error::Unstorable { attribute, .. } if attribute == "bad"));
        }
    }
}
