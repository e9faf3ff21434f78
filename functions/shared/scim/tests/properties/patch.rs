//! Operations of PATCH.

use proptest::prelude::*;
use scim::{
    Error, ErrorKind, Object,
    client::Dialect,
    patch::{self, PATCH_SCHEMA},
    resource_type::{GROUPS, USERS},
};
use serde_json::{Value, json};

use super::{DIALECTS, assert_canonical, generate, object};

fn apply(stored: &Object, operations: &[Value], dialect: Dialect) -> Result<Object, Error> {
    let body = object(json!({"schemas": [PATCH_SCHEMA], "Operations": operations}));
    let operations = patch::read(body, dialect)?;
    let _ = patch::member_changes(&GROUPS, &operations, dialect);
    patch::apply(&USERS, stored, operations, dialect)
}

/// Whether the refusal says which of `count` operations it is about, or what is missing after the last.
fn names_its_place(error: &Error, count: usize) -> bool {
    let number = error.detail().strip_prefix("operation ").and_then(|rest| rest.split([' ', ':']).next());
    match number {
        Some(number) => number.parse().is_ok_and(|number: usize| (1..=count).contains(&number)),
        None => error.detail().starts_with("Missing attribute "),
    }
}

proptest! {
    #[test]
    fn what_operations_make_is_canonical_or_refused(
        stored in generate::stored(),
        operations in generate::operations(),
    ) {
        for dialect in DIALECTS {
            match apply(&stored, &operations, dialect) {
                Ok(patched) => assert_canonical(&patched, Dialect::default(), &format!("{operations:?} on {stored:?}")),
                Err(error) => prop_assert!(names_its_place(&error, operations.len()), "{}", error),
            }
        }
    }

    #[test]
    fn operations_one_by_one_do_what_they_do_together(
        stored in generate::stored(),
        first in generate::operations(),
        second in generate::operations(),
    ) {
        let dialect = Dialect::default();
        let stepwise = apply(&stored, &first, dialect).and_then(|between| apply(&between, &second, dialect));
        let together = apply(&stored, &[first, second].concat(), dialect);
        if let (Ok(stepwise), Ok(together)) = (stepwise, together) {
            prop_assert_eq!(stepwise, together);
        }
    }

    #[test]
    fn a_replace_twice_is_a_replace_once(
        stored in generate::stored(),
        operation in generate::replacement(),
    ) {
        for dialect in DIALECTS {
            let operations = [operation.clone()];
            let Ok(once) = apply(&stored, &operations, dialect) else { continue };
            match apply(&once, &operations, dialect) {
                Ok(twice) => prop_assert_eq!(twice, once),
                // What a blank value removed is no target the second time, unless it would be made.
                Err(error) => prop_assert_eq!(error.kind(), ErrorKind::NoTarget),
            }
        }
    }

    #[test]
    fn a_value_that_is_added_and_removed_leaves_no_trace(
        stored in generate::stored(),
        (name, value) in generate::addition(),
    ) {
        let add = json!({"op": "add", "path": name, "value": [value]});
        let added = apply(&stored, &[add], Dialect::default()).expect("added");
        let count = |user: &Object| user.get(&name).and_then(Value::as_array).map_or(0, Vec::len);
        prop_assert_eq!(count(&added), count(&stored) + 1);
        let sub = if value.get("value").is_some() { "value" } else { "formatted" };
        for remove in [
            json!({"op": "remove", "path": name, "value": [value]}),
            json!({"op": "remove", "path": format!("{name}[{sub} eq {}]", value[sub])}),
        ] {
            prop_assert_eq!(apply(&added, &[remove], Dialect::default()), Ok(stored.clone()));
        }
    }
}

#[test]
fn a_value_may_nest_as_deep_as_json_is_read() {
    let stored =
        object(json!({"userName": "b", "active": true, "emails": [{"value": "a@x", "type": "work"}]}));
    for op in ["add", "replace", "remove"] {
        for path in [
            "userName",
            "name",
            "name.givenName",
            "emails",
            "emails.value",
            "emails[type eq \"work\"]",
            "manager",
        ] {
            for depth in [1, 2, 3, 120] {
                let operations = [json!({"op": op, "path": path, "value": generate::nested(depth)})];
                for dialect in DIALECTS {
                    if let Ok(patched) = apply(&stored, &operations, dialect) {
                        assert_canonical(&patched, Dialect::default(), path);
                    }
                }
            }
        }
    }
}
