//! What operations do to a whole resource; elements and refusals have files of their own.

use serde_json::Value;

use super::*;
use crate::{
    patch::{PATCH_SCHEMA, read},
    resource_type::{GROUPS, USERS},
    samples::{object, users_with},
};

mod elements;
mod refusals;

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const X: &str = "urn:x:User";

fn user() -> Value {
    json!({
        "id": "1",
        "userName": "b",
        "active": true,
        "title": "t",
        "name": {"givenName": "B", "familyName": "J"},
        "emails": [
            {"value": "w@x", "type": "work", "primary": true},
            {"value": "h@x", "type": "home", "display": "h"}
        ],
        ENTERPRISE: {"department": "d", "manager": {"value": "2", "$ref": "../Users/2"}}
    })
}

/// What the operations make of a resource.
fn check_in(
    dialect: Dialect,
    resource_type: &ResourceType,
    stored: Value,
    operations: Value,
    expected: Result<Value, (ErrorKind, &str)>,
) {
    let body = object(json!({"schemas": [PATCH_SCHEMA], "Operations": operations}));
    let read = read(body, dialect).expect("operations");
    let result = apply(resource_type, &object(stored), read, dialect).map(Value::Object);
    assert_eq!(
        result.as_ref().map_err(|error| (error.kind(), error.detail())),
        expected.as_ref().map_err(|error| *error),
        "{operations}"
    );
}

/// What the operations change of the user: `change` says what its attributes are afterwards, null where gone.
fn check(operations: Value, change: Value) {
    let mut expected = object(user());
    expected.extend(object(change));
    expected.retain(|_, value| !value.is_null());
    check_in(Dialect::default(), &USERS, user(), operations, Ok(Value::Object(expected)));
}

fn check_error(operations: Value, kind: ErrorKind, detail: &str) {
    check_in(Dialect::default(), &USERS, user(), operations, Err((kind, detail)));
}

/// Operations on an extension `urn:x:User` of these attributes, and what becomes of it.
fn check_extension(
    attributes: &Value,
    stored: Value,
    operations: Value,
    expected: Result<Value, (ErrorKind, &str)>,
) {
    let with = |extension: Value| {
        let mut whole = object(json!({"userName": "b", "active": true, X: extension}));
        whole.retain(|_, value| !value.is_null());
        Value::Object(whole)
    };
    let resource_type = users_with(attributes.clone(), false);
    check_in(Dialect::default(), &resource_type, with(stored), operations, expected.map(with));
}

#[test]
fn singular_attributes_are_set_and_cleared() {
    for op in ["add", "replace"] {
        check(json!([{"op": op, "path": "title", "value": "u"}]), json!({"title": "u"}));
        check(json!([{"op": op, "path": "nickname", "value": "n"}]), json!({"nickName": "n"}));
        check(json!([{"op": op, "path": "externalId", "value": "e"}]), json!({"externalId": "e"}));
        check(json!([{"op": op, "path": "active", "value": "False"}]), json!({"active": false}));
        for blank in [json!(null), json!("")] {
            check(json!([{"op": op, "path": "title", "value": blank}]), json!({"title": null}));
        }
    }
    check(json!([{"op": "remove", "path": "title"}]), json!({"title": null}));
    check(json!([{"op": "remove", "path": "title", "value": "other"}]), json!({"title": null}));
    check(json!([{"op": "remove", "path": "nickName"}]), json!({}));
    check(json!([{"op": "remove", "path": "active"}]), json!({}));
}

#[test]
fn complex_attributes_are_merged() {
    for op in ["add", "replace"] {
        let name = |value: Value| json!([{"op": op, "path": "name", "value": value}]);
        check(
            name(json!({"GivenName": "C", "middleName": "M"})),
            json!({"name": {"givenName": "C", "familyName": "J", "middleName": "M"}}),
        );
        // What is blank is taken out, alone or not; what no schema knows changes nothing.
        check(name(json!({"givenName": ""})), json!({"name": {"familyName": "J"}}));
        check(name(json!({"givenName": null, "familyName": "K"})), json!({"name": {"familyName": "K"}}));
        check(name(json!({"givenName": null, " FAMILYNAME": ""})), json!({"name": null}));
        check(name(json!({"nope": "x"})), json!({}));
        check(name(json!(null)), json!({"name": null}));
        check(
            json!([{"op": op, "path": "name.givenName", "value": ""}]),
            json!({"name": {"familyName": "J"}}),
        );
        check(
            json!([{"op": op, "value": {"name.givenName": "", "title": "u"}}]),
            json!({"name": {"familyName": "J"}, "title": "u"}),
        );
    }
    check(
        json!([{"op": "remove", "path": "name.givenName"}, {"op": "remove", "path": "name.familyName"}]),
        json!({"name": null}),
    );
}

#[test]
fn a_reference_without_its_value_is_none() {
    let with = |manager: Value| {
        let mut extension = object(json!({"department": "d", "manager": manager}));
        extension.retain(|_, value| !value.is_null());
        json!({ENTERPRISE: extension})
    };
    let path = format!("{ENTERPRISE}:manager");
    for (value, manager) in [
        (json!("3"), json!({"value": "3", "$ref": "../Users/2"})),
        (json!([{"value": "3"}]), json!({"value": "3", "$ref": "../Users/2"})),
        (json!({"value": "3", "displayName": "M"}), json!({"value": "3", "$ref": "../Users/2"})),
        (json!({"$ref": ""}), json!({"value": "2"})),
        (json!({"displayName": "M"}), json!({"value": "2", "$ref": "../Users/2"})),
        (json!({"value": ""}), json!(null)),
        (json!([{"value": null}]), json!(null)),
        (json!([]), json!(null)),
        (json!(""), json!(null)),
    ] {
        check(json!([{"op": "replace", "path": path, "value": value}]), with(manager.clone()));
        check(json!([{"op": "replace", "value": {path.as_str(): value}}]), with(manager));
    }
    let unnamed = json!({"op": "replace", "path": path, "value": {"value": "", "$ref": "../Users/3"}});
    check(json!([unnamed]), with(json!(null)));
    check(json!([{"op": "remove", "path": path}, unnamed]), with(json!(null)));
    check(json!([{"op": "remove", "path": format!("{path}.value")}]), with(json!(null)));
    check(json!([{"op": "remove", "path": "manager.$ref"}]), with(json!({"value": "2"})));
}

#[test]
fn without_a_path_each_attribute_is_written() {
    check(
        json!([{"op": "replace", "value": {
            "id": "1",
            "schemas": ["urn:y"],
            "meta": {"version": "x"},
            "groups": [{"value": "9"}],
            "USERNAME": "c",
            format!("{CORE}:title"): "u",
            "name.givenName": "C",
            "emails": [{"value": "o@x"}],
            format!("{ENTERPRISE}:division"): "v",
            ENTERPRISE: {"Department": null, "manager.value": "3", "nope": 1},
            "nope": {"a": 1}
        }}]),
        json!({
            "userName": "c",
            "title": "u",
            "name": {"givenName": "C", "familyName": "J"},
            "emails": [{"value": "o@x"}],
            ENTERPRISE: {"division": "v", "manager": {"value": "3", "$ref": "../Users/2"}}
        }),
    );
    check(
        json!([{"op": "add", "value": {CORE: {"active": "false"}, ENTERPRISE: null}}]),
        json!({"active": false, ENTERPRISE: null}),
    );
    check(json!([{"op": "add", "value": {}}]), json!({}));
}

#[test]
fn an_extension_is_a_target_as_a_whole() {
    check(json!([{"op": "remove", "path": ENTERPRISE}]), json!({ENTERPRISE: null}));
    check(json!([{"op": "replace", "path": ENTERPRISE, "value": ""}]), json!({ENTERPRISE: null}));
    check(
        json!([{"op": "replace", "path": ENTERPRISE.to_uppercase(), "value": {"department": "e", "Manager": {"value": ""}}}]),
        json!({ENTERPRISE: {"department": "e"}}),
    );
    check(
        json!([{"op": "add", "path": ENTERPRISE, "value": {"manager.displayName": "M", "division": "v"}}]),
        json!({ENTERPRISE: {"department": "d", "division": "v", "manager": {"value": "2", "$ref": "../Users/2"}}}),
    );
    check(
        json!([
            {"op": "remove", "path": format!("{ENTERPRISE}:department")},
            {"op": "remove", "path": format!("{ENTERPRISE}:manager")}
        ]),
        json!({ENTERPRISE: null}),
    );
    check_error(
        json!([{"op": "add", "path": ENTERPRISE, "value": ["d"]}]),
        ErrorKind::InvalidValue,
        &format!("operation 1 (add): Bad value type for attribute {ENTERPRISE}: expected object, got array"),
    );
    let filtered = format!("{ENTERPRISE}[department pr]");
    check_error(
        json!([{"op": "remove", "path": filtered}]),
        ErrorKind::InvalidPath,
        &format!("operation 1 (remove): Unknown attribute in path {filtered}: no schema of User defines it"),
    );
}

#[test]
fn operations_apply_in_order() {
    check(
        json!([
            {"op": "remove", "path": "title"},
            {"op": "add", "path": "title", "value": "u"},
            {"op": "replace", "path": "emails[type eq \"work\"].type", "value": "other"},
            {"op": "replace", "path": "emails[type eq \"other\"].value", "value": "o@x"},
            {"op": "remove", "path": "userName"},
            {"op": "replace", "value": {"userName": "c"}}
        ]),
        json!({
            "title": "u",
            "userName": "c",
            "emails": [
                {"value": "o@x", "type": "other", "primary": true},
                {"value": "h@x", "type": "home", "display": "h"}
            ]
        }),
    );
}

#[test]
fn which_schemas_a_resource_has_follows_from_it() {
    for operation in [
        json!({"op": "add", "path": "schemas", "value": ["urn:y"]}),
        json!({"op": "replace", "path": format!("{CORE}:SCHEMAS"), "value": [CORE]}),
        json!({"op": "remove", "path": "schemas"}),
    ] {
        check(json!([operation]), json!({}));
    }
}

#[test]
fn what_cannot_be_cleared_stays_and_what_has_a_default_falls_back() {
    let attributes = json!([
        {"name": "level", "type": "integer", "default": 1},
        {"name": "state", "type": "string", "kept": "blank"},
        {"name": "note", "type": "string", "kept": "omitted"}
    ]);
    let stored = json!({"level": 7, "state": "s", "note": "n"});
    for operations in [
        json!([{"op": "remove", "path": X}]),
        json!([{"op": "replace", "path": X, "value": {"level": null, "state": "", "note": null}}]),
    ] {
        check_extension(&attributes, stored.clone(), operations, Ok(json!({"level": 1, "state": "s"})));
    }
    check_extension(
        &attributes,
        json!({"level": 7, "note": "n"}),
        json!([{"op": "remove", "path": X}]),
        Ok(json!({"level": 1})),
    );
}

#[test]
fn a_group_s_members_are_passed_over() {
    let group = json!({"displayName": "g"});
    check_in(
        Dialect::default(),
        &GROUPS,
        group.clone(),
        json!([
            {"op": "add", "path": "members", "value": [{"value": "1"}]},
            {"op": "remove", "path": "members[value eq \"1\"]"},
            {"op": "replace", "value": {"members": "nonsense"}}
        ]),
        Ok(group),
    );
}
