//! A group's members (RFC 7643 §4.2): kept apart from the group's document, changed one by one.

use serde_json::{Value, json};

use crate::{
    Error, ErrorKind, Object, ResourceType,
    client::Dialect,
    filter::Filter,
    id::Kind,
    schema::Attribute,
    value::{self, Place},
};

/// The attribute's name.
pub const MEMBERS: &str = "members";

/// One member as a client names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The member's `id`, not yet known to exist.
    pub value: String,
    /// A name for people, as the client sent it.
    pub display: Option<String>,
}

/// Whether a body says anything about members: a PUT that does not leaves them as they are.
#[must_use]
pub fn are_named(body: &Object) -> bool {
    body.keys().any(|key| key.trim().eq_ignore_ascii_case(MEMBERS))
}

/// What a PATCH does to a group's members, in the order of its operations.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberChange {
    /// These belong to the group as well; those who do already are left as they are.
    Add(Vec<Member>),
    /// These ids do not belong to the group any more; others are no error.
    Remove(Vec<String>),
    /// Nobody for whom the filter is true belongs to the group any more.
    RemoveMatching(Filter),
    /// These and no others belong to the group.
    Replace(Vec<Member>),
}

/// Whether `attribute` is kept apart from the resource's document.
#[must_use]
pub fn is_detached(resource_type: &ResourceType, attribute: &Attribute) -> bool {
    resource_type.kind == Kind::Group && attribute.name == MEMBERS
}

/// Takes the members out of a resource that was read.
///
/// # Errors
///
/// [`ErrorKind::InvalidValue`] for a member without `value`.
pub fn detach(resource: &mut Object) -> Result<Vec<Member>, Error> {
    resource.remove(MEMBERS).map_or(Ok(Vec::new()), from_values)
}

/// Members from the attribute's value as a client sends it.
///
/// # Errors
///
/// [`ErrorKind::InvalidValue`] for what is no member.
pub fn read(attribute: &Attribute, value: Value, dialect: Dialect) -> Result<Vec<Member>, Error> {
    let mut errors = Vec::new();
    let values = value::read(attribute, value, Place::top(&attribute.name), dialect, &mut errors);
    match Error::all(errors) {
        Some(error) => Err(error),
        None => values.map_or(Ok(Vec::new()), from_values),
    }
}

/// Members from the attribute's value, once read.
fn from_values(values: Value) -> Result<Vec<Member>, Error> {
    let Value::Array(values) = values else { return Ok(Vec::new()) };
    let mut members: Vec<Member> = Vec::with_capacity(values.len());
    for value in values {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        // A client that knows the member by URL only says the same thing.
        let id =
            text("value").or_else(|| text("$ref").and_then(|url| url.rsplit('/').next().map(str::to_owned)));
        let Some(id) = id else {
            return Err(Error::new(
                ErrorKind::InvalidValue,
                "Missing attribute members.value: expected the member's id",
            )
            .at("members.value"));
        };
        members.push(Member { value: id, display: text("display") });
    }
    Ok(members)
}

/// The attribute's value that an answer shows: `reference` is the member's URL and resource type.
#[must_use]
pub fn present(id: &str, display: Option<&str>, reference: Option<(String, &str)>) -> Value {
    let mut member = json!({ "value": id });
    if let Some(display) = display {
        member["display"] = display.into();
    }
    if let Some((url, resource_type)) = reference {
        member["$ref"] = url.into();
        member["type"] = resource_type.into();
    }
    member
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        resource_type::{GROUPS, USERS},
        samples::object,
    };

    /// The members that a value names, as `id` or `id (display)`, in turn.
    fn check(value: Value, expected: Result<&[&str], &str>) {
        let attribute = GROUPS.core(MEMBERS).expect("members");
        let members = read(attribute, value.clone(), Dialect::default());
        let named = |members: Vec<Member>| {
            let name = |member: Member| match member.display {
                Some(display) => format!("{} ({display})", member.value),
                None => member.value,
            };
            members.into_iter().map(name).collect::<Vec<_>>()
        };
        match (members, expected) {
            (Ok(members), Ok(expected)) => assert_eq!(named(members), expected, "{value}"),
            (Err(error), Err(expected)) => {
                assert_eq!((error.kind(), error.detail()), (ErrorKind::InvalidValue, expected), "{value}");
            }
            (members, expected) => panic!("{value}: {members:?}, not {expected:?}"),
        }
    }

    #[test]
    fn members_are_named_by_id_or_url() {
        check(
            json!([
                {"value": "a", "display": "A", "type": "User", "$ref": "../Users/z"},
                {"VALUE": "b", "display": ""},
                {"$ref": "https://h/scim/v2/Users/c"},
                {"value": "", "$ref": "../Groups/d"},
                "e",
                null,
                {}
            ]),
            Ok(&["a (A)", "b", "c", "d", "e"]),
        );
        check(json!("a"), Ok(&["a"]));
        check(json!({"value": "a"}), Ok(&["a"]));
        check(json!([{"value": "a"}, {"value": "a", "display": "A"}]), Ok(&["a (A)"]));
        for nobody in [json!(null), json!(""), json!([]), json!([""])] {
            check(nobody, Ok(&[]));
        }
    }

    #[test]
    fn what_names_nobody_is_refused() {
        check(json!([{"display": "A"}]), Err("Missing attribute members.value: expected the member's id"));
        check(
            json!([{"value": 7}, 8]),
            Err("Bad value type for attribute members.value: expected string, got number; \
                 Bad value type for attribute members: expected object, got number"),
        );
        let attribute = GROUPS.core(MEMBERS).expect("members");
        let error = read(attribute, json!("a"), Dialect::STRICT).expect_err("a string is no array");
        assert_eq!(error.detail(), "Bad value type for attribute members: expected array, got string");
    }

    #[test]
    fn members_are_taken_out_of_a_group() {
        let mut group = object(json!({"displayName": "g", "members": [{"value": "a"}]}));
        let members = detach(&mut group).expect("members");
        assert_eq!(members, [Member { value: "a".to_owned(), display: None }]);
        assert_eq!(Value::Object(group.clone()), json!({"displayName": "g"}));
        assert_eq!(detach(&mut group), Ok(Vec::new()));
    }

    #[test]
    fn only_a_group_s_members_are_kept_apart() {
        let is_detached = |resource_type: &ResourceType, name| {
            is_detached(resource_type, resource_type.core(name).expect("an attribute"))
        };
        assert!(is_detached(&GROUPS, "members"));
        assert!(!is_detached(&GROUPS, "displayName") && !is_detached(&USERS, "groups"));
        assert!(are_named(&object(json!({" Members": null}))) && !are_named(&object(json!({"member": []}))));
    }

    #[test]
    fn an_answer_shows_what_is_known_of_a_member() {
        assert_eq!(present("a", None, None), json!({"value": "a"}));
        assert_eq!(
            present("a", Some("A"), Some(("https://h/Users/a".to_owned(), "User"))),
            json!({"value": "a", "display": "A", "$ref": "https://h/Users/a", "type": "User"})
        );
    }
}
