//! Filters of an event source mapping: as much of their syntax as the template uses.

use serde_json::Value;

/// A pattern that a record fits or not.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Filter(Value);

impl Filter {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// What is wrong with it, or not known here.
    pub(super) fn parse(pattern: &str) -> Result<Self, String> {
        let read: Value = serde_json::from_str(pattern).map_err(|error| format!("{pattern}: {error}"))?;
        if read.is_object() && is_known(&read) {
            Ok(Self(read))
        } else {
            Err(format!("the local server does not know the filter {pattern}"))
        }
    }

    /// Whether the event source mapping would hand on a record.
    pub(super) fn fits(&self, record: &Value) -> bool {
        fits(&self.0, Some(record))
    }
}

/// Lists of texts and of `exists`, at any depth.
fn is_known(pattern: &Value) -> bool {
    match pattern {
        Value::Object(fields) => fields.values().all(is_known),
        Value::Array(alternatives) => {
            alternatives.iter().all(|one| one.is_string() || exists(one).is_some())
                && !alternatives.is_empty()
        }
        _ => false,
    }
}

fn exists(alternative: &Value) -> Option<bool> {
    let fields = alternative.as_object().filter(|fields| fields.len() == 1)?;
    fields.get("exists")?.as_bool()
}

fn fits(pattern: &Value, value: Option<&Value>) -> bool {
    match pattern {
        Value::Object(fields) => {
            fields.iter().all(|(name, pattern)| fits(pattern, value.and_then(|value| value.get(name))))
        }
        Value::Array(alternatives) => alternatives.iter().any(|one| match exists(one) {
            // Only a leaf can exist.
            Some(exists) => exists == value.is_some_and(|value| !value.is_object()),
            None => value == Some(one),
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::template;

    #[test]
    fn the_worker_gets_only_what_may_be_half_done() {
        let filters: Vec<_> =
            template::filters().unwrap().iter().map(|pattern| Filter::parse(pattern).unwrap()).collect();
        let passes = |images: Value| filters.iter().any(|filter| filter.fits(&json!({"dynamodb": images})));
        let item = |kind: &str| json!({"pk": {"S": "acme#x"}, "kind": {"S": kind}});
        let mut pending = item("Group");
        pending["intent"] = json!({"M": {"id": {"S": "0f"}}});
        for (images, expected) in [
            (json!({"NewImage": item("Member")}), true),
            (json!({"OldImage": item("Member")}), true),
            (json!({"NewImage": item("Tombstone")}), true),
            (json!({"OldImage": item("Tombstone")}), false),
            (json!({"NewImage": item("IntentPart")}), true),
            (json!({"OldImage": item("IntentPart")}), false),
            (json!({"NewImage": pending, "OldImage": item("Group")}), true),
            (json!({"NewImage": item("Group"), "OldImage": pending}), true),
            (json!({"NewImage": item("Group"), "OldImage": item("Group")}), false),
            (json!({"NewImage": item("Group")}), false),
            (json!({"NewImage": item("User")}), false),
            (json!({"NewImage": item("Task"), "OldImage": item("Counter")}), false),
            (json!({}), false),
        ] {
            assert_eq!(passes(images.clone()), expected, "{images}");
        }
    }

    #[test]
    fn a_filter_that_is_not_known_is_refused() {
        for pattern in
            ["{", "[]", "{\"a\": []}", "{\"a\": \"b\"}", "{\"a\": [{\"prefix\": \"b\"}]}", "{\"a\": [1]}"]
        {
            Filter::parse(pattern).unwrap_err();
        }
        let absent = Filter::parse("{\"a\": {\"b\": [{\"exists\": false}, \"x\"]}}").unwrap();
        let fitting = [json!({}), json!({"a": {"b": "x"}}), json!({"a": {"b": {"S": 1}}})];
        assert!(fitting.iter().all(|value| absent.fits(value)));
        assert!(!absent.fits(&json!({"a": {"b": "y"}})));
    }
}
