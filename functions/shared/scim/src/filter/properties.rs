//! Properties of filters: no text panics, what is printed reads back, evaluation is as a naive one does it, and
//! plans lose no match.

mod indexes;

use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Filter, MAX_LENGTH_BYTES, Operator, parse, parse_path};
use crate::{ErrorKind, Object, fold::fold, path::AttributePath, resource_type::USERS};

const DEPARTMENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";

fn path(text: &str) -> AttributePath {
    AttributePath::parse(text).expect(text)
}

/// Filters of every shape around `leaf`.
fn combined(leaf: impl Strategy<Value = Filter> + 'static) -> impl Strategy<Value = Filter> {
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Filter::And),
            vec(inner.clone(), 2..4).prop_map(Filter::Or),
            inner.prop_map(|inner| Filter::Not(Box::new(inner))),
        ]
    })
}

fn value_path(path: AttributePath, filter: Filter) -> Filter {
    Filter::ValuePath { path, filter: Box::new(filter) }
}

fn operator() -> impl Strategy<Value = Operator> {
    select(Operator::ALL.as_slice())
}

/// Filters that are grammatical and mean nothing.
fn any_filter() -> impl Strategy<Value = Filter> {
    let name = || {
        prop_oneof![
            select(vec!["not", "and", "or", "pr", "eq", "$ref"]).prop_map(str::to_owned),
            "[a-zA-Z][-_a-zA-Z0-9]{0,6}"
        ]
    };
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("JSON has no such number", |number| {
            serde_json::Number::from_f64(number).map(Value::Number)
        }),
        any::<String>().prop_map(Value::from),
    ]
    .boxed();
    let leaf = move |path: BoxedStrategy<AttributePath>| {
        prop_oneof![
            path.clone().prop_map(Filter::Present),
            (path, operator(), value.clone()).prop_map(|(path, operator, value)| Filter::Compare {
                path,
                operator,
                value
            }),
        ]
    };
    let plain = name().prop_map(|attribute| AttributePath { schema: None, attribute, sub_attribute: None });
    let full = (option::of("urn:[a-z0-9.:_-]{1,12}"), name(), option::of(name()))
        .prop_map(|(schema, attribute, sub_attribute)| AttributePath { schema, attribute, sub_attribute })
        .boxed();
    let inside = combined(leaf(plain.boxed()));
    combined(prop_oneof![
        leaf(full.clone()),
        (full, inside).prop_map(|(path, filter)| value_path(path, filter))
    ])
}

/// Texts that are nearly filters.
fn token_soup() -> impl Strategy<Value = String> {
    let tokens = vec![
        "userName",
        "emails",
        "emails.value",
        ".value",
        "type",
        "active",
        "eq",
        "Ne",
        "co",
        "gt",
        "pr",
        "and",
        "OR",
        "not",
        "(",
        ")",
        "[",
        "]",
        "\"x\"",
        "\"\\",
        "\"",
        "true",
        "1.5",
        "-",
        "null",
        "urn:x:User:a",
        "é",
        "\0",
        "  ",
    ];
    vec((select(tokens), select(vec![" ", " ", ""])), 0..24)
        .prop_map(|parts| parts.into_iter().flat_map(|(token, space)| [token, space]).collect())
}

/// Filters on users that every schema check lets pass.
fn user_filter() -> impl Strategy<Value = Filter> {
    let compare = |paths: &'static [&'static str], operators: Vec<Operator>, values: Vec<Value>| {
        (select(paths), select(operators), select(values))
            .prop_map(|(name, operator, value)| Filter::Compare { path: path(name), operator, value })
    };
    let texts = || texts().iter().map(|text| json!(text)).collect::<Vec<_>>();
    let equality = || vec![Operator::Eq, Operator::Ne];
    let ordering = vec![Operator::Eq, Operator::Ne, Operator::Gt, Operator::Ge, Operator::Lt, Operator::Le];
    let booleans = || vec![json!(true), json!(false), json!("True"), Value::Null];
    let inside = combined(prop_oneof![
        compare(&["type", "value"], Operator::ALL.to_vec(), texts()),
        compare(&["primary"], equality(), booleans()),
        select(vec!["type", "value", "primary"]).prop_map(|name| Filter::Present(path(name))),
    ]);
    combined(prop_oneof![
        compare(
            &["userName", "title", "externalId", "id", "emails", "emails.value", "emails.type", DEPARTMENT],
            Operator::ALL.to_vec(),
            texts(),
        ),
        compare(&["active", "emails.primary"], equality(), booleans()),
        compare(&["meta.created"], ordering, instants().iter().map(|text| json!(text)).collect()),
        compare(&["title", "emails", "emails.type"], equality(), vec![Value::Null]),
        select(vec!["title", "emails", "emails.type", "active", "meta"])
            .prop_map(|name| Filter::Present(path(name))),
        inside.prop_map(|filter| value_path(path("emails"), filter)),
    ])
}

/// Filters on users, most of whose comparisons have an index.
fn indexed_filter() -> impl Strategy<Value = Filter> {
    let compare = |names: &'static [&'static str], operators: &'static [Operator]| {
        (select(names), select(operators), select(texts())).prop_map(|(name, operator, text)| {
            Filter::Compare { path: path(name), operator, value: text.into() }
        })
    };
    let inside = combined(compare(&["value", "value", "type"], &Operator::ALL))
        .prop_map(|filter| value_path(path("emails"), filter));
    let names = &["id", "userName", "externalId", "emails", "emails.value", "title"];
    combined(prop_oneof![
        3 => compare(names, &[Operator::Eq]),
        3 => compare(names, &Operator::ALL),
        1 => select(names.as_slice()).prop_map(|name| Filter::Present(path(name))),
        2 => inside,
    ])
}

const fn texts() -> &'static [&'static str] {
    &["", " ", "a", "A", "b", "ab", "aB", "ba", "é", "É", "ss", "ß", "ﬁ", "FI", "Z"]
}

const fn instants() -> &'static [&'static str] {
    &["2020-01-01T00:00:00Z", "2020-01-01T01:00:00+01:00", "2020-01-01T00:00:00.5Z", "2019-12-31T23:59:59Z"]
}

/// Small users, made of the values that the filters name.
fn user() -> impl Strategy<Value = Value> {
    let text = || option::of(select(texts()));
    let email = (text(), text(), option::of(any::<bool>()))
        .prop_map(|(value, kind, primary)| json!({"value": value, "type": kind, "primary": primary}));
    let created = option::of(select(instants()));
    (text(), text(), text(), text(), text(), option::of(any::<bool>()), created, vec(email, 0..4)).prop_map(
        |(id, user_name, external_id, title, department, active, created, emails)| {
            without_nulls(json!({
                "id": id,
                "userName": user_name,
                "externalId": external_id,
                "title": title,
                "active": active,
                "emails": emails,
                "meta": {"created": created},
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": department},
            }))
        },
    )
}

/// Users as a directory may hold them: no id and no userName is blank.
fn stored_user() -> impl Strategy<Value = Value> {
    user().prop_map(|mut user| {
        if let Some(attributes) = user.as_object_mut() {
            attributes.retain(|name, value| {
                !["id", "userName"].contains(&name.as_str())
                    || value.as_str().is_some_and(|text| !text.trim().is_empty())
            });
        }
        user
    })
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(elements) => elements.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// The filter by the letter, on JSON alone.
fn naive(filter: &Filter, resource: &Value) -> bool {
    match filter {
        Filter::And(operands) => !operands.iter().any(|operand| !naive(operand, resource)),
        Filter::Or(operands) => operands.iter().filter(|operand| naive(operand, resource)).count() > 0,
        Filter::Not(operand) => !naive(operand, resource),
        Filter::ValuePath { path, filter } => {
            found(resource, &path.to_string()).iter().filter(|element| naive(filter, element)).count() > 0
        }
        Filter::Present(path) => found(resource, &path.to_string()).iter().any(|value| {
            !matches!(value, Value::String(text) if text.is_empty())
                && !matches!(value, Value::Object(members) if members.values().all(|value| value == ""))
        }),
        Filter::Compare { path, operator: Operator::Eq, value: Value::Null } => {
            !naive(&Filter::Present(path.clone()), resource)
        }
        Filter::Compare { path, operator: Operator::Ne, value: Value::Null } => {
            naive(&Filter::Present(path.clone()), resource)
        }
        Filter::Compare { path, operator: Operator::Ne, value } => {
            let equal = Filter::Compare { path: path.clone(), operator: Operator::Eq, value: value.clone() };
            !naive(&equal, resource)
        }
        Filter::Compare { path, operator, value } => {
            let name = match path.to_string() {
                name if name == "emails" => "emails.value".to_owned(),
                name => name,
            };
            let is_false = *value == json!(false) || *value == json!("False");
            if let Some(outer) = name.strip_suffix("primary")
                && is_false
            {
                let elements = match outer.strip_suffix('.') {
                    Some(outer) => found(resource, outer),
                    None => vec![resource.clone()],
                };
                return elements.iter().any(|element| element.get("primary") != Some(&json!(true)));
            }
            found(resource, &name).iter().any(|found| compared(&name, found, *operator, value))
        }
    }
}

fn found(resource: &Value, name: &str) -> Vec<Value> {
    let steps: Vec<_> = match name.rsplit_once(':') {
        Some((urn, name)) => vec![urn, name],
        None => name.split('.').collect(),
    };
    let mut values = vec![resource.clone()];
    for step in steps {
        values = values
            .into_iter()
            .filter_map(|value| value.get(step).cloned())
            .flat_map(|value| match value {
                Value::Array(elements) => elements,
                single => vec![single],
            })
            .collect();
    }
    values
}

fn compared(name: &str, found: &Value, operator: Operator, literal: &Value) -> bool {
    if let Value::Bool(found) = found {
        let literal = literal.as_bool().unwrap_or(literal == "True");
        return operator == Operator::Eq && *found == literal;
    }
    let (Some(found), Some(literal)) = (found.as_str(), literal.as_str()) else { return false };
    if name == "meta.created" {
        let instant =
            |text| OffsetDateTime::parse(text, &Rfc3339).expect("an instant").unix_timestamp_nanos();
        return ordered(operator, &instant(found), &instant(literal));
    }
    let exact = ["id", "externalId"].contains(&name);
    let key = |text: &str| if exact { text.to_owned() } else { fold(text) };
    let (found, literal) = (key(found), key(literal));
    match operator {
        Operator::Co => found.match_indices(&literal).count() > 0,
        Operator::Sw => found.strip_prefix(&literal).is_some(),
        Operator::Ew => found.strip_suffix(&literal).is_some(),
        _ => ordered(operator, &found, &literal),
    }
}

fn ordered<T: PartialOrd>(operator: Operator, found: &T, literal: &T) -> bool {
    match operator {
        Operator::Eq => found == literal,
        Operator::Gt => found > literal,
        Operator::Ge => found >= literal,
        Operator::Lt => found < literal,
        Operator::Le => found <= literal,
        _ => false,
    }
}

fn matches(filter: &Filter, user: &Object) -> bool {
    filter.bind(&USERS).expect("a filter that the schema knows").matches(user)
}

/// Parses `text` as a filter and as a path; whatever comes of it, nothing panics and errors say where.
fn survives(text: &str, user: &Value) -> Result<(), TestCaseError> {
    match parse(text) {
        Ok(filter) => {
            let printed = filter.to_string();
            if printed.len() <= MAX_LENGTH_BYTES {
                prop_assert_eq!(parse(&printed), Ok(filter.clone()));
            }
            let _ = filter.plan(&USERS).to_string();
            if let (Ok(bound), Some(user)) = (filter.bind(&USERS), user.as_object()) {
                let _ = bound.matches(user);
            }
        }
        Err(error) => {
            prop_assert_eq!(error.kind(), ErrorKind::InvalidFilter);
            prop_assert!(offset(error.detail()).is_some_and(|offset| offset <= text.len()), "{}", error);
        }
    }
    match parse_path(text) {
        Ok(path) => prop_assert_eq!(parse_path(&path.to_string()), Ok(path)),
        Err(error) => {
            prop_assert_eq!(error.kind(), ErrorKind::InvalidPath);
            prop_assert!(offset(error.detail()).is_some_and(|offset| offset <= text.len()), "{}", error);
        }
    }
    Ok(())
}

fn offset(detail: &str) -> Option<usize> {
    detail.split_once("at offset ")?.1.split(':').next()?.parse().ok()
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), soup in token_soup(), user in user()) {
        survives(&text, &user)?;
        survives(&soup, &user)?;
    }

    #[test]
    fn what_is_printed_reads_back(filter in any_filter()) {
        let printed = filter.to_string();
        prop_assume!(printed.len() <= MAX_LENGTH_BYTES);
        prop_assert_eq!(parse(&printed), Ok(filter));
    }

    #[test]
    fn evaluation_agrees_with_a_naive_one(filter in user_filter(), user in user()) {
        let resource = user.as_object().expect("an object");
        prop_assert_eq!(matches(&filter, resource), naive(&filter, &user), "{} on {}", filter, user);
    }

    #[test]
    fn a_plan_loses_no_match(filter in indexed_filter(), users in vec(stored_user(), 1..20)) {
        let plan = filter.plan(&USERS);
        for user in users {
            let matches = user.as_object().is_some_and(|user| matches(&filter, user));
            prop_assert!(!matches || indexes::finds(&plan, &user), "{} on {} by {:?}", filter, user, plan);
            prop_assert!(matches || !indexes::is_decided(&plan, &user), "{} on {} by {:?}", filter, user, plan);
        }
    }
}
