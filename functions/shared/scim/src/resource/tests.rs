use super::*;
use crate::{
    id::Kind,
    resource_type::{GROUPS, USERS},
    samples::{object, users_with},
};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const X: &str = "urn:x:User";

/// What comes of a body, with the core URN in `schemas` where it has none: a create without `stored`, else a
/// replace of it.
fn check_in(
    dialect: Dialect,
    resource_type: &ResourceType,
    stored: Option<Value>,
    body: Value,
    expected: Result<Value, (ErrorKind, &str)>,
) {
    let mut whole = object(body.clone());
    whole.entry("schemas").or_insert_with(|| json!([CORE]));
    let result = match stored {
        None => create(resource_type, whole, dialect),
        Some(stored) => replace(resource_type, &object(stored), whole, dialect),
    };
    let result = result.map(Value::Object);
    assert_eq!(
        result.as_ref().map_err(|error| (error.kind(), error.detail())),
        expected.as_ref().map_err(|error| *error),
        "{body}"
    );
}

fn check(
    resource_type: &ResourceType,
    stored: Option<Value>,
    body: Value,
    expected: Result<Value, (ErrorKind, &str)>,
) {
    check_in(Dialect::default(), resource_type, stored, body, expected);
}

#[test]
fn what_is_stored_is_canonical() {
    check(
        &USERS,
        None,
        json!({
            "USERNAME": "b",
            "externalid": "x",
            "id": "1",
            "meta": {"created": "yesterday"},
            "groups": [{"value": "1"}],
            "nickName": "",
            "title": null,
            "emails": [],
            "name": {"GivenName": "B", "familyName": ""},
            "unknown": {"a": 1},
            ENTERPRISE: {"Department": "d", "division": null, "unknown": 1}
        }),
        Ok(json!({
            "userName": "b",
            "externalId": "x",
            "active": true,
            "name": {"givenName": "B"},
            ENTERPRISE: {"department": "d"}
        })),
    );
}

#[test]
fn schemas_name_the_base_schema_and_version_two() {
    let minimal = |schemas: Value| json!({"userName": "b", "schemas": schemas});
    let fine = || Ok(json!({"userName": "b", "active": true}));
    check(&USERS, None, minimal(json!([CORE.to_uppercase(), "urn:y", ENTERPRISE])), fine());
    check(&USERS, None, minimal(json!([format!(" {CORE} ")])), fine());
    for blank in [json!(null), json!([]), json!(""), json!(CORE), json!({"a": CORE})] {
        let detail = format!("Missing attribute schemas: expected an array with {CORE}");
        check(&USERS, None, minimal(blank), Err((ErrorKind::InvalidValue, &detail)));
    }
    let other = format!("Value in attribute schemas does not name the schema of User: expected {CORE}");
    check(&USERS, None, minimal(json!([ENTERPRISE, 1])), Err((ErrorKind::InvalidValue, &other)));
    let old = format!("SCIM 2.0 only: schemas names SCIM 1.1, expected {CORE}");
    check(
        &USERS,
        None,
        minimal(json!(["urn:scim:schemas:core:1.0"])),
        Err((ErrorKind::InvalidVersion, &old)),
    );
}

#[test]
fn strict_clients_are_told_what_is_unknown() {
    let check = |body, expected| check_in(Dialect::STRICT, &USERS, None, body, expected);
    check(
        json!({"schemas": [CORE, ENTERPRISE], "userName": "b", ENTERPRISE: {"department": "d"}}),
        Ok(json!({"userName": "b", "active": true, ENTERPRISE: {"department": "d"}})),
    );
    check(
        json!({"schemas": [CORE, "urn:y"], "userName": "b", "nope": 1, "name.givenName": "B", ENTERPRISE: {"a": 1}}),
        Err((
            ErrorKind::InvalidSyntax,
            &format!(
                "Unknown schema \"urn:y\": not one of this resource type's; \
                 Unknown attribute name.givenName: no schema of this resource defines it; \
                 Unknown attribute nope: no schema of this resource defines it; \
                 Unknown attribute {ENTERPRISE}:a: no schema of this resource defines it"
            ),
        )),
    );
}

#[test]
fn every_fault_is_told_at_once_and_only_once() {
    check(
        &USERS,
        None,
        json!({"userName": 1, "active": "x", "emails": [{"value": 2}, {"value": 3}], "schemas": [], ENTERPRISE: "e"}),
        Err((
            ErrorKind::InvalidValue,
            &format!(
                "Missing attribute schemas: expected an array with {CORE}; \
                 Bad value type for attribute active: expected boolean, got string; \
                 Bad value type for attribute emails.value: expected string, got number; \
                 Bad value type for attribute {ENTERPRISE}: expected object, got string; \
                 Bad value type for attribute userName: expected string, got number"
            ),
        )),
    );
    let detail =
        format!("Bad value type for attribute {ENTERPRISE}:manager.value: expected string, got number");
    let manager = json!({"userName": "b", ENTERPRISE: {"manager": {"value": 5}}});
    check(&USERS, None, manager, Err((ErrorKind::InvalidValue, &detail)));
}

#[test]
fn defaults_stand_in_for_what_is_blank() {
    let attributes = json!([
        {"name": "level", "type": "integer", "default": 1},
        {"name": "code", "type": "string", "required": true},
        {"name": "tier", "type": "string", "default": "free", "required": true}
    ]);
    let optional = users_with(attributes.clone(), false);
    let plain = json!({"userName": "b", "active": true});
    for blank in [json!(null), json!({}), json!({"level": null, "tier": ""}), json!("")] {
        check(&optional, None, json!({"userName": "b", X: blank}), Ok(plain.clone()));
    }
    check(
        &optional,
        None,
        json!({"userName": "b", "active": "", X: {"code": "c", "level": null}}),
        Ok(json!({"userName": "b", "active": true, X: {"code": "c", "level": 1, "tier": "free"}})),
    );
    check(
        &optional,
        None,
        json!({"userName": "b", X: {"level": 7}}),
        Err((ErrorKind::InvalidValue, "Missing attribute urn:x:User:code")),
    );
    let required = users_with(attributes, true);
    check(
        &required,
        None,
        json!({"userName": "b"}),
        Err((ErrorKind::InvalidValue, "Missing attribute urn:x:User:code")),
    );
    // A replace gives them too.
    check(
        &optional,
        Some(json!({"userName": "b", "active": true, X: {"code": "c", "level": 7, "tier": "gold"}})),
        json!({"userName": "b", X: {"code": "c", "tier": null}}),
        Ok(json!({"userName": "b", "active": true, X: {"code": "c", "level": 1, "tier": "free"}})),
    );
}

#[test]
fn what_is_required_must_be_there() {
    check(
        &USERS,
        None,
        json!({"userName": null}),
        Err((ErrorKind::InvalidValue, "Missing attribute userName")),
    );
    let resource_type = users_with(
        json!([
            {"name": "serial", "type": "string", "required": true, "mutability": "readOnly"},
            {"name": "seats", "type": "complex", "multiValued": true, "subAttributes": [
                {"name": "value", "type": "string", "required": true},
                {"name": "row", "type": "string"},
                {"name": "stamp", "type": "string", "required": true, "mutability": "readOnly"}
            ]},
            {"name": "desk", "type": "complex", "subAttributes": [
                {"name": "room", "type": "string", "required": true},
                {"name": "floor", "type": "string"}
            ]}
        ]),
        false,
    );
    let fine = json!({"seats": [{"value": "1"}], "desk": {"room": "1"}});
    check(
        &resource_type,
        None,
        json!({"userName": "b", X: fine}),
        Ok(json!({"userName": "b", "active": true, X: fine})),
    );
    check(
        &resource_type,
        None,
        json!({"userName": "b", X: {"seats": [{"value": "1"}, {"row": "A"}], "desk": {"floor": "2"}}}),
        Err((
            ErrorKind::InvalidValue,
            "Missing attribute urn:x:User:seats.value; Missing attribute urn:x:User:desk.room",
        )),
    );
    let required = users_with(json!([{"name": "code", "type": "string"}]), true);
    check(
        &required,
        None,
        json!({"userName": "b"}),
        Err((ErrorKind::InvalidValue, "Missing attribute urn:x:User")),
    );
}

#[test]
fn a_replace_clears_what_it_omits_unless_kept() {
    let resource_type = users_with(
        json!([
            {"name": "never", "type": "string"},
            {"name": "omitted", "type": "complex", "kept": "omitted", "subAttributes": [
                {"name": "value", "type": "string"}
            ]},
            {"name": "blank", "type": "string", "kept": "blank"}
        ]),
        false,
    );
    let stored = json!({
        "userName": "b",
        "active": false,
        "title": "t",
        X: {"never": "n", "omitted": {"value": "o"}, "blank": "b"}
    });
    let check = |extension: Value, expected: Value| {
        check(
            &resource_type,
            Some(stored.clone()),
            json!({"userName": "c", X: extension}),
            Ok(json!({"userName": "c", "active": false, X: expected})),
        );
    };
    check(json!({}), json!({"omitted": {"value": "o"}, "blank": "b"}));
    check(json!({"never": null, "OMITTED": null, "blank": ""}), json!({"blank": "b"}));
    check(json!({"omitted.value": ""}), json!({"blank": "b"}));
    check(json!({"omitted": {}, "blank": null}), json!({"blank": "b"}));
    check(json!(null), json!({"blank": "b"}));
    check(
        json!({"never": "1", "omitted": "", "omitted.value": "2", "blank": "3"}),
        json!({"never": "1", "omitted": {"value": "2"}, "blank": "3"}),
    );
    let silent = json!({"userName": "c", "active": null});
    super::tests::check(
        &resource_type,
        Some(stored.clone()),
        silent,
        Ok(json!({"userName": "c", "active": false, X: {"omitted": {"value": "o"}, "blank": "b"}})),
    );
}

#[test]
fn what_is_never_shown_outlives_a_replace_that_cannot_repeat_it() {
    let resource_type = users_with(
        json!([
            {"name": "pin", "type": "string", "mutability": "writeOnly", "returned": "never"},
            {"name": "hash", "type": "string", "returned": "never"},
            {"name": "note", "type": "string", "returned": "request"}
        ]),
        false,
    );
    let stored = json!({"userName": "b", "active": true, X: {"pin": "1", "hash": "2", "note": "3"}});
    check(
        &resource_type,
        Some(stored.clone()),
        json!({"userName": "b"}),
        Ok(json!({"userName": "b", "active": true, X: {"pin": "1", "hash": "2"}})),
    );
    check(
        &resource_type,
        Some(stored),
        json!({"userName": "b", X: {"pin": "9", "hash": null}}),
        Ok(json!({"userName": "b", "active": true, X: {"pin": "9"}})),
    );
}

#[test]
fn what_is_immutable_is_given_once() {
    let resource_type = users_with(
        json!([
            {"name": "badge", "type": "string", "mutability": "immutable"},
            {"name": "desk", "type": "complex", "subAttributes": [
                {"name": "building", "type": "string", "mutability": "immutable"},
                {"name": "room", "type": "string"}
            ]},
            {"name": "seats", "type": "complex", "multiValued": true, "subAttributes": [
                {"name": "value", "type": "string", "mutability": "immutable"}
            ]}
        ]),
        false,
    );
    let whole = |extension: Value| json!({"userName": "b", "active": true, X: extension});
    let stored =
        || whole(json!({"badge": "1", "desk": {"building": "A", "room": "1"}, "seats": [{"value": "1"}]}));
    check(
        &resource_type,
        Some(json!({"userName": "b", "active": true})),
        whole(json!({"badge": "1", "desk": {"building": "A"}})),
        Ok(whole(json!({"badge": "1", "desk": {"building": "A"}}))),
    );
    check(&resource_type, Some(stored()), stored(), Ok(stored()));
    check(
        &resource_type,
        Some(stored()),
        json!({"userName": "b", X: {"badge": "", "desk": {"room": "2"}, "seats": [{"value": "2"}]}}),
        Ok(whole(json!({"badge": "1", "desk": {"building": "A", "room": "2"}, "seats": [{"value": "2"}]}))),
    );
    check(
        &resource_type,
        Some(stored()),
        json!({"userName": "b"}),
        Ok(whole(json!({"badge": "1", "desk": {"building": "A"}}))),
    );
    check(
        &resource_type,
        Some(stored()),
        whole(json!({"badge": "2", "desk": {"building": "B"}})),
        Err((
            ErrorKind::Mutability,
            "Attribute urn:x:User:badge is immutable: it has a value, which cannot change; \
             Attribute urn:x:User:desk.building is immutable: it has a value, which cannot change",
        )),
    );
}

#[test]
fn an_answer_adds_what_is_not_stored() {
    let id = ResourceId::new(Kind::Group, 1, uuid::Uuid::from_u128(7));
    let meta = Meta {
        created: "2026-11-21T01:00:00.000Z".to_owned(),
        last_modified: "2026-11-21T02:00:00.000Z".to_owned(),
        location: format!("https://h/Groups/{id}"),
        version: "W/\"3\"".to_owned(),
    };
    let presented =
        |resource_type, resource| Value::Object(present(resource_type, object(resource), &id, &meta));
    assert_eq!(
        presented(&GROUPS, json!({"displayName": "g"})),
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "id": id.as_str(),
            "displayName": "g",
            "meta": {
                "resourceType": "Group",
                "created": "2026-11-21T01:00:00.000Z",
                "lastModified": "2026-11-21T02:00:00.000Z",
                "location": format!("https://h/Groups/{id}"),
                "version": "W/\"3\""
            }
        })
    );
    let user = presented(&USERS, json!({"userName": "b", ENTERPRISE: {"department": "d"}}));
    assert_eq!(user["schemas"], json!([CORE, ENTERPRISE]));
    assert_eq!(presented(&USERS, json!({"userName": "b"}))["schemas"], json!([CORE]));
}

#[test]
fn an_extension_goes_with_its_last_attribute() {
    let schema = Some(&*USERS.extensions[0].schema);
    let mut user = Object::new();
    set(&mut user, None, "userName", json!("b"));
    set(&mut user, schema, "department", json!("d"));
    set(&mut user, schema, "division", json!("v"));
    assert_eq!(get(&user, schema, "department"), Some(&json!("d")));
    assert_eq!(get(&user, None, "department"), None);
    assert_eq!(unset(&mut user, schema, "department"), Some(json!("d")));
    assert_eq!(unset(&mut user, schema, "department"), None);
    assert_eq!(Value::Object(user.clone()), json!({"userName": "b", ENTERPRISE: {"division": "v"}}));
    assert_eq!(unset(&mut user, schema, "division"), Some(json!("v")));
    assert_eq!(unset(&mut user, None, "userName"), Some(json!("b")));
    assert!(user.is_empty());
}
