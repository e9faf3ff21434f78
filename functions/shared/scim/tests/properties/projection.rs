//! What answers show.

use proptest::{collection::vec, option, prelude::*};
use scim::{
    Object,
    projection::Projection,
    resource_type::USERS,
    schema::{Attribute, Returned},
};
use serde_json::Value;

use super::{generate, resource::presented};

fn names() -> impl Strategy<Value = Option<String>> {
    let name = prop_oneof![6 => generate::any_name(), 1 => ".{0,8}"];
    option::of(vec(name, 0..4).prop_map(|names| names.join(",")))
}

/// Whether all that `part` says is in `whole`.
fn is_part(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(name, value)| whole.get(name).is_some_and(|whole| is_part(value, whole)))
        }
        (Value::Array(part), Value::Array(whole)) => {
            part.iter().all(|value| whole.iter().any(|whole| is_part(value, whole)))
        }
        (part, whole) => part == whole,
    }
}

/// Whether the answer holds something that the schema never returns.
fn tells_a_secret(shown: &Object) -> bool {
    let is_secret = |attribute: &Attribute| attribute.returned == Returned::Never;
    shown.keys().any(|name| USERS.core(name).is_some_and(is_secret))
}

proptest! {
    #[test]
    fn an_answer_is_a_part_of_the_resource(
        stored in generate::stored(),
        attributes in names(),
        excluded in names(),
    ) {
        let whole = presented(stored);
        let projection = Projection::from_lists(attributes.as_deref(), excluded.as_deref());
        let shown = projection.apply(&USERS, whole.clone());
        prop_assert!(is_part(&Value::Object(shown.clone()), &Value::Object(whole.clone())));
        prop_assert!(shown.contains_key("id") && shown.contains_key("schemas") && !tells_a_secret(&shown));
        prop_assert_eq!(projection.apply(&USERS, shown.clone()), shown.clone());
        for name in whole.keys().filter(|name| USERS.core(name).is_some()) {
            prop_assert!(!shown.contains_key(name) || projection.shows(&USERS, name), "{} is said to be hidden", name);
        }
    }

    #[test]
    fn any_object_can_be_shown(
        fields in vec((generate::any_name(), generate::any_json()), 0..6),
        attributes in names(),
        excluded in names(),
    ) {
        let whole: Object = fields.into_iter().collect();
        let projection = Projection::from_lists(attributes.as_deref(), excluded.as_deref());
        let shown = projection.apply(&USERS, whole.clone());
        prop_assert!(is_part(&Value::Object(shown.clone()), &Value::Object(whole)));
        prop_assert!(!tells_a_secret(&shown));
    }
}
