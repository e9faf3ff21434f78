//! Which of a row's changes would change anything: decided by the engine that decides requests.

use scim::{
    Error, Object, ResourceType,
    client::Dialect,
    filter::parse_path,
    patch::{self, Op, Operation},
};

use super::rows::Change;

/// What the server adds to a resource, or keeps apart from it.
const BESIDE: [&str; 4] = ["schemas", "meta", "groups", "members"];

/// The changes that are not so already, in their order.
///
/// # Errors
///
/// Why the resource cannot be changed so.
pub(crate) fn differing(
    resource_type: &ResourceType,
    resource: &Object,
    changes: &[Change],
) -> Result<Vec<Change>, Error> {
    let mut stored = resource.clone();
    stored.retain(|name, _| !BESIDE.contains(&name.as_str()));
    let mut differing = Vec::new();
    for change in changes {
        let outcome = apply(resource_type, &stored, std::slice::from_ref(change));
        let matters = match (&change.value, &outcome) {
            (_, Ok(after)) => *after != stored,
            // There is nothing to take away, or it cannot be: alone it would be an error.
            (None, Err(error)) => error.kind() != scim::ErrorKind::NoTarget,
            (Some(_), Err(_)) => true,
        };
        if matters {
            differing.push(change.clone());
        }
    }
    if !differing.is_empty() {
        apply(resource_type, &stored, &differing)?;
    }
    Ok(differing)
}

fn apply(resource_type: &ResourceType, stored: &Object, changes: &[Change]) -> Result<Object, Error> {
    let operations = changes.iter().map(operation).collect::<Result<Vec<_>, _>>()?;
    patch::apply(resource_type, stored, operations, Dialect::default())
}

fn operation(Change { path, value }: &Change) -> Result<Operation, Error> {
    let op = if value.is_some() { Op::Replace } else { Op::Remove };
    Ok(Operation { op, path: Some(parse_path(path)?), value: value.clone() })
}

#[cfg(test)]
mod tests {
    use scim::resource_type::USERS;
    use serde_json::{Value, json};

    use super::*;

    fn check(changes: &[(&str, Value)], expected: Result<&[&str], &str>) {
        let Value::Object(ann) = json!({
            "schemas": ["x"], "id": "00000000-0000-4000-8000-000000000000", "userName": "ann", "active": true,
            "name": { "givenName": "Ann", "familyName": "A" }, "emails": [{ "type": "work", "value": "a@x" }],
            "groups": [{ "value": "8" }], "meta": { "version": "1" }
        }) else {
            panic!("an object")
        };
        let changes: Vec<_> = changes
            .iter()
            .map(|(path, value)| Change {
                path: (*path).to_owned(),
                value: Some(value.clone()).filter(|value| !value.is_null()),
            })
            .collect();
        match (differing(&USERS, &ann, &changes), expected) {
            (Ok(found), Ok(expected)) => {
                assert_eq!(found.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(), expected);
            }
            (Err(error), Err(expected)) => assert!(error.detail().contains(expected), "{}", error.detail()),
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn only_what_is_not_so_already_is_left() {
        let work = r#"emails[type eq "work"].value"#;
        let home = r#"emails[type eq "home"].value"#;
        check(&[("userName", json!("ann")), ("name.givenName", json!("Ann")), (work, json!("a@x"))], Ok(&[]));
        check(&[("name", json!({ "givenName": "Ann" }))], Ok(&[]));
        check(
            &[("active", json!(false)), (work, json!("b@x")), (home, json!("h@x"))],
            Ok(&["active", work, home]),
        );
        check(
            &[("title", Value::Null), (home, Value::Null), ("name.familyName", Value::Null)],
            Ok(&["name.familyName"]),
        );
    }

    #[test]
    fn what_cannot_be_is_an_error() {
        check(&[("userName", Value::Null)], Err("userName"));
        check(&[("active", json!("perhaps"))], Err("expected boolean"));
    }
}
