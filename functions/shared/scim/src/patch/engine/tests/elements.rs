//! What operations do to the elements of a multi-valued attribute.

use serde_json::{Value, json};

use super::{check, check_error, check_extension, check_in, user};
use crate::{ErrorKind, client::Dialect, resource_type::USERS, samples::object};

#[test]
fn values_are_added_to_many() {
    let more = json!({"value": "o@x", "type": "other"});
    for value in [json!([more]), more.clone(), json!([more, more, null, {}])] {
        let mut emails = user()["emails"].clone();
        emails.as_array_mut().expect("emails").push(more.clone());
        check(json!([{"op": "add", "path": "emails", "value": value}]), json!({"emails": emails}));
    }
    check(json!([{"op": "add", "path": "emails", "value": user()["emails"]}]), json!({}));
    for blank in [json!(null), json!([]), json!([{}]), json!("")] {
        check(json!([{"op": "add", "path": "emails", "value": blank}]), json!({}));
    }
    // The same value in other letters, with something new.
    check(
        json!([{"op": "add", "path": "emails", "value": [{"value": "H@x", "type": "Home", "display": "H"}]}]),
        json!({"emails": [
            {"value": "w@x", "type": "work", "primary": true},
            {"value": "H@x", "type": "Home", "display": "H"}
        ]}),
    );
}

#[test]
fn many_values_are_replaced_or_removed_together() {
    check(
        json!([{"op": "replace", "path": "emails", "value": [{"value": "o@x"}]}]),
        json!({"emails": [{"value": "o@x"}]}),
    );
    for blank in [json!(null), json!([]), json!([{}]), json!("")] {
        check(json!([{"op": "replace", "path": "emails", "value": blank}]), json!({"emails": null}));
    }
    check(json!([{"op": "remove", "path": "emails"}]), json!({"emails": null}));
    check(json!([{"op": "remove", "path": "emails", "value": null}]), json!({"emails": null}));
}

#[test]
fn remove_with_values_removes_those_only() {
    let home = json!([{"value": "h@x", "type": "home", "display": "h"}]);
    for value in [
        json!([{"value": "w@x"}]),
        json!([{"value": "W@X", "type": "WORK"}]),
        json!({"value": "w@x", "type": "work", "primary": true}),
        json!([{"value": "w@x"}, {"value": "nobody"}]),
    ] {
        check(json!([{"op": "remove", "path": "emails", "value": value}]), json!({"emails": home}));
    }
    for value in
        [json!([]), json!([{}]), json!([{"value": "nobody"}]), json!([{"value": "w@x", "type": "home"}])]
    {
        check(json!([{"op": "remove", "path": "emails", "value": value}]), json!({}));
    }
    check(json!([{"op": "remove", "path": "emails", "value": user()["emails"]}]), json!({"emails": null}));
    let plain = Dialect { remove_value_as_filter: false, ..Dialect::default() };
    let mut without = object(user());
    without.remove("emails");
    check_in(
        plain,
        &USERS,
        user(),
        json!([{"op": "remove", "path": "emails", "value": [{"value": "w@x"}]}]),
        Ok(Value::Object(without)),
    );
}

#[test]
fn a_filter_selects_elements() {
    let work = |rest: Value| json!({"emails": [rest, {"value": "h@x", "type": "home", "display": "h"}]});
    let path = "emails[type eq \"work\"]";
    for op in ["add", "replace"] {
        check(
            json!([{"op": op, "path": format!("{path}.value"), "value": "n@x"}]),
            work(json!({"value": "n@x", "type": "work", "primary": true})),
        );
    }
    check(json!([{"op": "replace", "path": path, "value": {"value": "n@x"}}]), work(json!({"value": "n@x"})));
    check(
        json!([{"op": "add", "path": path, "value": [{"display": "w"}]}]),
        work(json!({"value": "w@x", "type": "work", "primary": true, "display": "w"})),
    );
    check(
        json!([{"op": "add", "path": path, "value": {"primary": null}}]),
        work(json!({"value": "w@x", "type": "work"})),
    );
    let home = json!({"emails": [{"value": "h@x", "type": "home", "display": "h"}]});
    for gone in [
        json!({"op": "remove", "path": path}),
        json!({"op": "remove", "path": format!("{path}.value")}),
        json!({"op": "replace", "path": path, "value": ""}),
        json!({"op": "replace", "path": format!("{path}.value"), "value": null}),
        json!({"op": "add", "path": path, "value": {"value": ""}}),
    ] {
        check(json!([gone]), home.clone());
    }
    check(
        json!([{"op": "remove", "path": "emails[display pr].display"}]),
        json!({"emails": [{"value": "w@x", "type": "work", "primary": true}, {"value": "h@x", "type": "home"}]}),
    );
    check(json!([{"op": "remove", "path": "emails[value co \"x\"]"}]), json!({"emails": null}));
    check(
        json!([{"op": "replace", "path": "emails.type", "value": "other"}]),
        json!({"emails": [
            {"value": "w@x", "type": "other", "primary": true},
            {"value": "h@x", "type": "other", "display": "h"}
        ]}),
    );
    check_error(
        json!([{"op": "replace", "path": path, "value": [{"value": "1"}, {"value": "2"}]}]),
        ErrorKind::InvalidValue,
        "operation 1 (replace): Bad value for attribute emails: expected one element to put in place, got 2",
    );
}

#[test]
fn elements_that_become_the_same_are_one() {
    check(
        json!([{"op": "replace", "path": "emails.type", "value": "work"},
               {"op": "replace", "path": "emails.value", "value": "n@x"}]),
        json!({"emails": [{"value": "n@x", "type": "work", "primary": true, "display": "h"}]}),
    );
}

#[test]
fn a_filter_that_matches_nothing_may_say_what_to_create() {
    let more = |element: Value| {
        let mut emails = user()["emails"].clone();
        emails.as_array_mut().expect("emails").push(element);
        json!({"emails": emails})
    };
    let other = json!({"type": "other", "value": "o@x"});
    for op in ["add", "replace"] {
        let at =
            |filter: &str| json!([{"op": op, "path": format!("emails[{filter}].value"), "value": "o@x"}]);
        check(at("type eq \"other\""), more(other.clone()));
        check(at("TYPE eq \"Other\""), more(json!({"type": "Other", "value": "o@x"})));
        check(
            json!([{"op": op, "path": "emails[type eq \"other\"]", "value": {"value": "o@x", "type": "other"}}]),
            more(other.clone()),
        );
        check(
            json!([{"op": op, "path": "roles[primary eq \"True\"].value", "value": "r"}]),
            json!({"roles": [{"primary": true, "value": "r"}]}),
        );
        check(
            json!([{"op": op, "path": "addresses.locality", "value": "Ulm"}]),
            json!({"addresses": [{"locality": "Ulm"}]}),
        );
        check(
            json!([{"op": op, "path": "name.middleName", "value": "M"}]),
            json!({"name": {"givenName": "B", "familyName": "J", "middleName": "M"}}),
        );
    }
    check(
        json!([{"op": "add", "path": "emails[type eq \"private\" and display eq \"p\"].value", "value": "p@x"}]),
        more(json!({"type": "private", "display": "p", "value": "p@x"})),
    );
    // Two attributes of one element that is not there yet.
    check(
        json!([
            {"op": "replace", "path": "addresses[type eq \"work\"].locality", "value": "Ulm"},
            {"op": "replace", "path": "addresses[type eq \"work\"].country", "value": "DE"}
        ]),
        json!({"addresses": [{"type": "work", "locality": "Ulm", "country": "DE"}]}),
    );
    // Removing what would be made changes nothing.
    check(json!([{"op": "remove", "path": "emails[type eq \"other\"]"}]), json!({}));
    check(json!([{"op": "remove", "path": "phoneNumbers.value"}]), json!({}));
}

#[test]
fn a_filter_that_matches_nothing_is_no_target_otherwise() {
    let refused = |op: &str, filter: &str| {
        let detail = format!("operation 1 ({op}): No value of the resource matches emails[{filter}]");
        let path = format!("emails[{filter}].value");
        check_error(json!([{"op": op, "path": path, "value": "o@x"}]), ErrorKind::NoTarget, &detail);
    };
    refused("replace", "type eq \"private\"");
    refused("replace", "value eq \"nobody\"");
    refused("replace", "type eq \"other\" and display eq \"o\"");
    refused("add", "type eq \"other\" or type eq \"private\"");
    refused("add", "type sw \"oth\"");
    refused("add", "not (type pr)");
    refused("remove", "value eq \"nobody\"");
    refused("remove", "type eq \"private\"");
    let exact = Dialect { unmatched_replace_creates: false, ..Dialect::default() };
    check_in(
        exact,
        &USERS,
        user(),
        json!([{"op": "replace", "path": "emails[type eq \"other\"].value", "value": "o@x"}]),
        Err((
            ErrorKind::NoTarget,
            "operation 1 (replace): No value of the resource matches emails[type eq \"other\"]",
        )),
    );
}

#[test]
fn a_new_primary_value_takes_over() {
    let emails = |work: bool, home: bool| {
        json!({"emails": [
            {"value": "w@x", "type": "work", "primary": work},
            {"value": "h@x", "type": "home", "display": "h", "primary": home}
        ]})
    };
    for operation in [
        json!({"op": "replace", "path": "emails[type eq \"home\"].primary", "value": "True"}),
        json!({"op": "add", "path": "emails[type eq \"home\"]", "value": {"primary": true}}),
        json!({"op": "add", "path": "emails", "value": [{"value": "h@x", "type": "home", "primary": true}]}),
        json!({"op": "add", "value": {"emails": [{"value": "h@x", "type": "home", "primary": true}]}}),
    ] {
        check(json!([operation]), emails(false, true));
    }
    check(json!([{"op": "replace", "path": "emails[value pr].primary", "value": true}]), emails(true, false));
    check(json!([{"op": "replace", "path": "emails.primary", "value": false}]), emails(false, false));
    check(
        json!([{"op": "add", "path": "emails", "value": [{"value": "o@x", "primary": true}]}]),
        json!({"emails": [
            {"value": "w@x", "type": "work", "primary": false},
            {"value": "h@x", "type": "home", "display": "h"},
            {"value": "o@x", "primary": true}
        ]}),
    );
    check(
        json!([{"op": "add", "path": "emails", "value": [{"value": "o@x"}]}]),
        json!({"emails": [
            {"value": "w@x", "type": "work", "primary": true},
            {"value": "h@x", "type": "home", "display": "h"},
            {"value": "o@x"}
        ]}),
    );
}

#[test]
fn many_values_inside_a_value_are_added_to() {
    let attributes = json!([{"name": "badge", "type": "complex", "subAttributes": [
        {"name": "labels", "type": "string", "multiValued": true},
        {"name": "code", "type": "string"}
    ]}]);
    let stored = json!({"badge": {"labels": ["a", "b"], "code": "c"}});
    let badge = |labels: Value| Ok(json!({"badge": {"labels": labels, "code": "c"}}));
    let path = "urn:x:User:badge.labels";
    for (op, value, labels) in
        [("add", json!(["B", "c"]), json!(["a", "b", "c"])), ("replace", json!(["c", "C"]), json!(["c"]))]
    {
        check_extension(
            &attributes,
            stored.clone(),
            json!([{"op": op, "path": path, "value": value}]),
            badge(labels),
        );
    }
    check_extension(
        &attributes,
        stored,
        json!([{"op": "remove", "path": path}]),
        Ok(json!({"badge": {"code": "c"}})),
    );
}
