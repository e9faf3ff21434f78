//! What operations are refused, and how that is told.

use serde_json::{Value, json};

use super::{ENTERPRISE, X, check_error, check_extension, check_in, user};
use crate::{ErrorKind, client::Dialect, resource_type::USERS};

#[test]
fn a_refusal_names_the_operation() {
    let check_second = |operation: Value, kind, detail: &str| {
        check_error(json!([{"op": "add", "path": "title", "value": "u"}, operation]), kind, detail);
    };
    check_second(
        json!({"op": "Replace", "path": "Nope", "value": 1}),
        ErrorKind::InvalidPath,
        "operation 2 (replace): Unknown attribute in path Nope: no schema of User defines it",
    );
    check_second(
        json!({"op": "add", "path": "emails[type eq \"work\"].nope", "value": 1}),
        ErrorKind::InvalidPath,
        "operation 2 (add): Unknown attribute in path emails[type eq \"work\"].nope: no schema of User defines it",
    );
    check_second(
        json!({"op": "add", "path": "emails.type[value pr].display", "value": 1}),
        ErrorKind::InvalidPath,
        "operation 2 (add): Unknown attribute in path emails.type[value pr].display: no schema of User defines it",
    );
    check_second(
        json!({"op": "remove", "path": "title[value pr]"}),
        ErrorKind::InvalidPath,
        "operation 2 (remove): Attribute title is not complex: no filter in brackets applies to it",
    );
    check_second(
        json!({"op": "add", "path": "emails[nope eq 1]", "value": {}}),
        ErrorKind::InvalidPath,
        "operation 2 (add): Unknown attribute emails.nope in the filter",
    );
    check_second(
        json!({"op": "remove"}),
        ErrorKind::NoTarget,
        "operation 2 (remove): Missing attribute path: remove needs one",
    );
    check_second(
        json!({"op": "add", "value": ["title"]}),
        ErrorKind::InvalidValue,
        "operation 2 (add): Bad value type for attribute value: expected object where path is absent, got array",
    );
    check_second(
        json!({"op": "replace", "value": {"active": 1, "title": "v"}}),
        ErrorKind::InvalidValue,
        "operation 2 (replace): Bad value type for attribute active: expected boolean, got number",
    );
    check_second(
        json!({"op": "replace", "path": format!("{ENTERPRISE}:manager"), "value": {"value": 1}}),
        ErrorKind::InvalidValue,
        &format!(
            "operation 2 (replace): Bad value type for attribute {ENTERPRISE}:manager.value: expected string, got number"
        ),
    );
    check_second(
        json!({"op": "replace", "path": format!("{ENTERPRISE}:manager.value"), "value": 1}),
        ErrorKind::InvalidValue,
        &format!(
            "operation 2 (replace): Bad value type for attribute {ENTERPRISE}:manager.value: expected string, got number"
        ),
    );
}

#[test]
fn what_is_read_only_is_no_target() {
    for (path, name) in [
        ("ID", "id"),
        ("meta.created", "meta"),
        ("groups[value eq \"1\"]", "groups"),
        ("manager.displayName", &format!("{ENTERPRISE}:manager.displayName")),
    ] {
        for op in ["add", "replace", "remove"] {
            let detail = format!("operation 1 ({op}): Attribute {name} is read-only: the service sets it");
            check_error(json!([{"op": op, "path": path, "value": "x"}]), ErrorKind::Mutability, &detail);
        }
    }
    check_error(
        json!([{"op": "replace", "value": {"id": "2", "title": "u"}}]),
        ErrorKind::Mutability,
        "operation 1 (replace): Attribute id is read-only: the service sets it",
    );
}

#[test]
fn what_is_required_cannot_be_removed() {
    for operation in [
        json!({"op": "remove", "path": "userName"}),
        json!({"op": "replace", "path": "userName", "value": ""}),
        json!({"op": "replace", "value": {"userName": null}}),
    ] {
        check_error(json!([operation]), ErrorKind::Mutability, "Missing attribute userName");
    }
    let attributes = json!([{"name": "seats", "type": "complex", "multiValued": true, "subAttributes": [
        {"name": "row", "type": "string", "required": true},
        {"name": "number", "type": "string"}
    ]}]);
    let seats = json!({"seats": [{"row": "A", "number": "1"}]});
    check_extension(
        &attributes,
        seats.clone(),
        json!([{"op": "remove", "path": "urn:x:User:seats.row"}]),
        Err((ErrorKind::Mutability, "Missing attribute urn:x:User:seats.row")),
    );
    check_extension(
        &attributes,
        seats,
        json!([{"op": "add", "path": "urn:x:User:seats", "value": [{"number": "2"}]}]),
        Err((ErrorKind::InvalidValue, "Missing attribute urn:x:User:seats.row")),
    );
}

#[test]
fn what_is_immutable_is_given_once() {
    let attributes = json!([
        {"name": "badge", "type": "string", "mutability": "immutable"},
        {"name": "desk", "type": "complex", "subAttributes": [
            {"name": "building", "type": "string", "mutability": "immutable"},
            {"name": "room", "type": "string"}
        ]},
        {"name": "seats", "type": "complex", "multiValued": true, "subAttributes": [
            {"name": "value", "type": "string", "mutability": "immutable"},
            {"name": "row", "type": "string"}
        ]}
    ]);
    let whole = json!({"badge": "1", "desk": {"building": "A", "room": "1"}, "seats": [{"value": "1"}]});
    check_extension(
        &attributes,
        json!(null),
        json!([{"op": "add", "path": X, "value": whole}]),
        Ok(whole.clone()),
    );
    check_extension(
        &attributes,
        whole.clone(),
        json!([{"op": "replace", "path": X, "value": whole}]),
        Ok(whole.clone()),
    );
    check_extension(
        &attributes,
        whole.clone(),
        json!([
            {"op": "replace", "path": "urn:x:User:desk", "value": {"room": "2"}},
            {"op": "replace", "path": "urn:x:User:seats[value eq \"1\"].row", "value": "A"},
            {"op": "add", "path": "urn:x:User:seats", "value": [{"value": "2"}]},
            {"op": "remove", "path": "urn:x:User:seats[value eq \"1\"]"}
        ]),
        Ok(json!({"badge": "1", "desk": {"building": "A", "room": "2"}, "seats": [{"value": "2"}]})),
    );
    for (operation, name) in [
        (json!({"op": "replace", "path": "urn:x:User:badge", "value": "2"}), "badge"),
        (json!({"op": "remove", "path": "urn:x:User:badge"}), "badge"),
        (json!({"op": "remove", "path": X}), "badge"),
        (json!({"op": "replace", "value": {X: {"desk": {"building": "B"}}}}), "desk.building"),
        (json!({"op": "replace", "path": "urn:x:User:desk.building", "value": "B"}), "desk.building"),
        (json!({"op": "remove", "path": "urn:x:User:desk.building"}), "desk.building"),
        (json!({"op": "replace", "path": "urn:x:User:desk", "value": {"building": ""}}), "desk.building"),
        (json!({"op": "remove", "path": "urn:x:User:desk"}), "desk.building"),
        (
            json!({"op": "replace", "path": "urn:x:User:seats[value eq \"1\"].value", "value": "2"}),
            "seats.value",
        ),
    ] {
        let op = operation["op"].as_str().expect("an op");
        let detail = format!(
            "operation 1 ({op}): Attribute urn:x:User:{name} is immutable: it has a value, which cannot change"
        );
        check_extension(
            &attributes,
            whole.clone(),
            json!([operation]),
            Err((ErrorKind::Mutability, &detail)),
        );
    }
}

#[test]
fn strict_clients_are_told_what_is_unknown() {
    check_in(
        Dialect::STRICT,
        &USERS,
        user(),
        json!([{"op": "add", "path": ENTERPRISE, "value": {"nope": 1}}]),
        Err((
            ErrorKind::InvalidSyntax,
            &format!(
                "operation 1 (add): Unknown attribute {ENTERPRISE}:nope: no schema of this resource defines it"
            ),
        )),
    );
    check_in(
        Dialect::STRICT,
        &USERS,
        user(),
        json!([{"op": "replace", "path": "name", "value": {"nope": 1}}]),
        Err((
            ErrorKind::InvalidSyntax,
            "operation 1 (replace): Unknown attribute name.nope: no schema of this resource defines it",
        )),
    );
}
