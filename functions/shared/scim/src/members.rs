//! A group's members (RFC 7643 §4.2): kept apart from the group's document, changed one by one.

use serde_json::{Value, json};

use crate::{
    Error, ErrorKind, Object, ResourceType,
    client::Dialect,
    filter::Filter,
    id::Kind,
    schema::Attribute,
    value::{self, Place, is_blank},
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
    // A bare string is one member, as in Microsoft's test collection.
    let value =
        if value.is_string() && !is_blank(&value) && !dialect.strict { json!([value]) } else { value };
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
