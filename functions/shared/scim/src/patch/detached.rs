//! Operations on a group's members, which are no part of its document.

use serde_json::Value;

use super::{
    element,
    message::{Op, Operation},
};
use crate::{
    Error, ResourceType,
    client::{self, Dialect},
    filter::{Filter, Operator},
    members::{self, MemberChange},
    resource::immutable,
    resource_type::Target,
    schema::Attribute,
};

/// What the operations do to a group's members, in order; they can be applied without knowing the group.
///
/// # Errors
///
/// [`ErrorKind::InvalidValue`](crate::ErrorKind::InvalidValue) for a member that is none,
/// [`ErrorKind::Mutability`](crate::ErrorKind::Mutability) for a change inside a member,
/// [`ErrorKind::InvalidPath`](crate::ErrorKind::InvalidPath) for a filter that does not fit members.
pub fn member_changes(
    resource_type: &ResourceType,
    operations: &[Operation],
    dialect: Dialect,
) -> Result<Vec<MemberChange>, Error> {
    let mut changes = Vec::new();
    for (at, operation) in operations.iter().enumerate() {
        let place = || format!("operation {} ({})", at + 1, operation.op.name());
        if let Some(change) =
            change(resource_type, operation, dialect).map_err(|error| error.within(&place()))?
        {
            changes.push(change);
        }
    }
    Ok(changes)
}

fn change(
    resource_type: &ResourceType,
    operation: &Operation,
    dialect: Dialect,
) -> Result<Option<MemberChange>, Error> {
    let Operation { op, path, value } = operation;
    let Some(path) = path else {
        let Some(attribute) =
            resource_type.core(members::MEMBERS).filter(|it| members::is_detached(resource_type, it))
        else {
            return Ok(None);
        };
        let fields = value.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        let mut fields = client::keys(resource_type, fields, dialect);
        let value = crate::resource::take(&mut fields, members::MEMBERS);
        return value.map(|value| whole(*op, attribute, Some(&value), dialect)).transpose();
    };
    let Some(Target::Attribute { extension: None, attribute, sub_attribute }) =
        resource_type.resolve(&path.attribute)
    else {
        return Ok(None);
    };
    if !members::is_detached(resource_type, attribute) {
        return Ok(None);
    }
    if let Some(sub) = sub_attribute.map(|sub| &sub.name).or(path.sub_attribute.as_ref()) {
        return Err(immutable(&format!("{}.{sub}", attribute.name)));
    }
    match &path.filter {
        None => whole(*op, attribute, value.as_ref(), dialect).map(Some),
        Some(filter) if *op == Op::Remove => {
            element::selector(attribute, filter)?;
            Ok(Some(
                ids(filter)
                    .map_or_else(|| MemberChange::RemoveMatching(filter.clone()), MemberChange::Remove),
            ))
        }
        Some(_) => Err(immutable(&attribute.name)),
    }
}

/// An operation on all members.
fn whole(
    op: Op,
    attribute: &Attribute,
    value: Option<&Value>,
    dialect: Dialect,
) -> Result<MemberChange, Error> {
    let read = |value: Option<&Value>| members::read(attribute, value.cloned().unwrap_or_default(), dialect);
    Ok(match (op, value) {
        (Op::Add, value) => MemberChange::Add(read(value)?),
        (Op::Replace, value) => MemberChange::Replace(read(value)?),
        // Entra without its compatibility flag names whom to remove by value. Never the whole group because
        // that list came empty.
        (Op::Remove, Some(value)) if dialect.remove_value_as_filter && !value.is_null() => {
            MemberChange::Remove(read(Some(value))?.into_iter().map(|member| member.value).collect())
        }
        (Op::Remove, _) => MemberChange::Replace(Vec::new()),
    })
}

/// The ids that a filter on `members` names, when it names them and nothing else.
fn ids(filter: &Filter) -> Option<Vec<String>> {
    match filter {
        Filter::Compare { path, operator: Operator::Eq, value: Value::String(id) }
            if path.attribute.eq_ignore_ascii_case("value") && path.sub_attribute.is_none() =>
        {
            Some(vec![id.clone()])
        }
        Filter::Or(operands) => {
            let parts: Option<Vec<_>> = operands.iter().map(ids).collect();
            Some(parts?.concat())
        }
        _ => None,
    }
}
