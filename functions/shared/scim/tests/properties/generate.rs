//! JSON of any shape, and users, bodies and operations made of the schema's own names.

use proptest::{collection::vec, option, prelude::*, sample::select};
use scim::{
    Object,
    client::Dialect,
    resource,
    resource_type::USERS,
    schema::{Attribute, ENTERPRISE_USER, Mutability, Type, USER},
};
use serde_json::{Value, json};

use super::object;

/// Any JSON, in which nothing means anything.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        select(vec!["", " ", "value", "work", "true"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 4, |inner| {
        let key = prop_oneof![any_name(), ".{0,6}"];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((key, inner), 0..4).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

/// Arrays in arrays, as deep as a body may nest.
pub(crate) fn nested(depth: usize) -> Value {
    (0..depth).fold(
        json!("x"),
        |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({"value": inner}) },
    )
}

/// The attributes of a user that a client may write, with the URN of their extension.
fn attributes() -> Vec<(Option<&'static str>, &'static Attribute)> {
    let core = USER.attributes.iter().map(|attribute| (None, attribute));
    let enterprise = ENTERPRISE_USER.attributes.iter().map(|it| (Some(ENTERPRISE_USER.id.as_str()), it));
    core.chain(enterprise).filter(|(_, attribute)| attribute.mutability != Mutability::ReadOnly).collect()
}

/// The name of an attribute, a sub-attribute or an extension, in one of the spellings that clients use.
pub(crate) fn any_name() -> impl Strategy<Value = String> {
    let mut names: Vec<String> = vec![
        "id".into(),
        "externalId".into(),
        "schemas".into(),
        "meta".into(),
        "meta.created".into(),
        "groups".into(),
        "nope".into(),
        "name.nope".into(),
        USER.id.clone(),
        ENTERPRISE_USER.id.clone(),
        "urn:x:User:userName".into(),
    ];
    for (urn, attribute) in attributes() {
        let full = urn.map_or_else(|| attribute.name.clone(), |urn| format!("{urn}:{}", attribute.name));
        names.push(attribute.name.clone());
        names.push(format!("{}:{}", urn.unwrap_or(&USER.id), attribute.name));
        names.extend(attribute.sub_attributes.iter().map(|sub| sub.name.clone()));
        names.extend(attribute.sub_attributes.iter().map(|sub| format!("{full}.{}", sub.name)));
        names.push(full);
    }
    (select(names), 0..8).prop_map(|(name, spelling)| match spelling {
        0 => name.to_uppercase(),
        1 => format!(" {name} "),
        _ => name,
    })
}

/// Few texts, so that values meet again.
fn text() -> impl Strategy<Value = String> {
    select(vec!["a", "A", "b", "é", "É", "work", "home", "Other", "w@example.com", " ", "true"])
        .prop_map(str::to_owned)
}

/// A value that the attribute takes; sometimes blank where `blank`.
fn value_of(attribute: &'static Attribute, blank: bool) -> BoxedStrategy<Value> {
    let one: BoxedStrategy<Value> = match attribute.kind {
        Type::String if attribute.name == "userName" => "[a-c]{1,3}".prop_map(Value::from).boxed(),
        Type::String => text().prop_map(Value::from).boxed(),
        Type::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        Type::Integer => any::<i64>().prop_map(Value::from).boxed(),
        Type::Decimal => (-9.0..9.0).prop_map(Value::from).boxed(),
        Type::DateTime => Just(json!("2026-11-21T01:00:00Z")).boxed(),
        Type::Binary => select(vec!["AQ==", "AQI="]).prop_map(Value::from).boxed(),
        Type::Reference => select(vec!["https://example.com/", "../Users/1"]).prop_map(Value::from).boxed(),
        Type::Complex => fields_of(&attribute.sub_attributes, blank).prop_map(Value::Object).boxed(),
    };
    let whole = if attribute.multi_valued { vec(one, 0..5).prop_map(Value::from).boxed() } else { one };
    if blank { prop_oneof![6 => whole, 1 => Just(Value::Null), 1 => Just(json!(""))].boxed() } else { whole }
}

fn fields_of(attributes: &'static [Attribute], blank: bool) -> impl Strategy<Value = Object> {
    let fields: Vec<_> = attributes
        .iter()
        .map(|attribute| {
            option::of(value_of(attribute, blank)).prop_map(|value| (attribute.name.clone(), value))
        })
        .collect();
    fields.prop_map(|fields| fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

/// The body of a user that is fine, or nearly so.
fn user(blank: bool) -> impl Strategy<Value = Object> {
    let name = value_of(&USER.attributes[0], false);
    let fields =
        (fields_of(&USER.attributes, blank), option::of(fields_of(&ENTERPRISE_USER.attributes, blank)));
    (name, fields, option::of(text())).prop_map(|(name, (mut user, enterprise), external_id)| {
        user.insert(USER.attributes[0].name.clone(), name);
        user.insert("schemas".to_owned(), json!([USER.id]));
        user.extend(enterprise.map(|fields| (ENTERPRISE_USER.id.clone(), Value::Object(fields))));
        user.extend(external_id.map(|id| ("externalId".to_owned(), Value::String(id))));
        user
    })
}

/// A user as it is stored.
pub(crate) fn stored() -> impl Strategy<Value = Object> {
    user(true).prop_map(|body| resource::create(&USERS, body, Dialect::default()).expect("a valid user"))
}

/// A body of a POST or PUT: users, some with a key or two that may be anything.
pub(crate) fn body() -> impl Strategy<Value = Object> {
    let odd = vec((any_name(), prop_oneof![any_json(), text().prop_map(Value::from)]), 0..3);
    let odd_user = (user(true), odd).prop_map(|(mut user, odd)| {
        user.extend(odd);
        user
    });
    prop_oneof![
        3 => odd_user,
        1 => any_json().prop_map(|value| object(json!({"schemas": [USER.id], "userName": value}))),
        1 => vec((any_name(), any_json()), 0..6).prop_map(Object::from_iter),
    ]
}

/// Places in a user that an operation can name, and values that they take, mostly.
fn targets() -> Vec<(String, BoxedStrategy<Value>)> {
    let mut targets = vec![(ENTERPRISE_USER.id.clone(), value_of_extension())];
    for (urn, attribute) in attributes() {
        let name = urn.map_or_else(|| attribute.name.clone(), |urn| format!("{urn}:{}", attribute.name));
        targets.push((name.clone(), value_of(attribute, true)));
        let filters: &[&str] = match (attribute.is_plural(), attribute.sub_attribute("value")) {
            (false, _) => &[""],
            (true, None) => &["", "[type eq \"work\"]", "[type eq \"a\" or primary eq true]"],
            (true, Some(_)) => &["", "[type eq \"work\"]", "[value eq \"A\"]", "[primary eq \"True\"]"],
        };
        for filter in filters {
            if !filter.is_empty() {
                targets.push((format!("{name}{filter}"), value_of(attribute, true)));
            }
            let subs = attribute.sub_attributes.iter();
            targets.extend(subs.map(|sub| (format!("{name}{filter}.{}", sub.name), value_of(sub, true))));
        }
    }
    targets
}

fn value_of_extension() -> BoxedStrategy<Value> {
    fields_of(&ENTERPRISE_USER.attributes, true).prop_map(Value::Object).boxed()
}

/// A path that need not be one.
fn odd_path() -> impl Strategy<Value = String> {
    let odd = select(vec![
        "emails[type eq \"a\"].nope",
        "emails[nope pr]",
        "title[value pr]",
        "emails[",
        "a b",
        "members",
    ]);
    prop_oneof![any_name(), odd.prop_map(str::to_owned), ".{0,12}"]
}

/// Operations of a PATCH, as a client writes them: most of them possible.
pub(crate) fn operations() -> impl Strategy<Value = Vec<Value>> {
    let op = || select(vec!["add", "Add", "replace", "Replace", "remove", "Remove"]);
    let possible = targets().into_iter().map(|(path, value)| (Just(path), value, 0..6).boxed());
    let possible =
        (op(), proptest::strategy::Union::new(possible)).prop_map(|(op, (path, value, spelling))| {
            let path = if spelling == 0 { path.to_uppercase() } else { path };
            // Removals rarely come with a value.
            if op.eq_ignore_ascii_case("remove") && spelling > 1 {
                json!({"op": op, "path": path})
            } else {
                json!({"op": op, "path": path, "value": value})
            }
        });
    let whole =
        (select(vec!["add", "replace"]), body()).prop_map(|(op, value)| json!({"op": op, "value": value}));
    let odd = (op(), odd_path(), any_json())
        .prop_map(|(op, path, value)| json!({"op": op, "path": path, "value": value}));
    vec(prop_oneof![20 => possible, 3 => whole, 1 => odd], 1..6)
}

/// A replace of a place that writing does not move.
pub(crate) fn replacement() -> impl Strategy<Value = Value> {
    let is_fixed = |path: &String| {
        let filter = path.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
        filter.is_none_or(|(filter, sub)| filter == "type eq \"work\"" && !matches!(sub, "" | ".type"))
    };
    let fixed = targets().into_iter().filter(|(path, _)| is_fixed(path));
    let fixed = fixed.map(|(path, value)| {
        value.prop_map(move |value| json!({"op": "replace", "path": path, "value": value})).boxed()
    });
    prop_oneof![
        8 => proptest::strategy::Union::new(fixed),
        1 => user(true).prop_map(|value| json!({"op": "replace", "value": value})),
    ]
}

/// A plural attribute's name and a value of it that no user has yet.
pub(crate) fn addition() -> impl Strategy<Value = (String, Value)> {
    let plural: Vec<_> = attributes().into_iter().filter(|(_, attribute)| attribute.is_plural()).collect();
    select(plural).prop_flat_map(|(_, attribute)| {
        let fresh = match attribute.sub_attribute("value").map(|value| value.kind) {
            Some(Type::Binary) => json!({"value": "bmV3"}),
            Some(_) => json!({"value": "https://example.com/new"}),
            None => json!({"formatted": "new"}),
        };
        fields_of(&attribute.sub_attributes, false).prop_map(move |mut fields| {
            fields.remove("primary");
            fields.extend(object(fresh.clone()));
            (attribute.name.clone(), Value::Object(fields))
        })
    })
}
