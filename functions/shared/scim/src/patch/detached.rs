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
        return Err(immutable::refusal(&format!("{}.{sub}", attribute.name)));
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
        Some(_) => Err(immutable::refusal(&attribute.name)),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        ErrorKind,
        patch::{PATCH_SCHEMA, read},
        resource_type::{GROUPS, USERS},
        samples::object,
    };

    const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

    /// The changes of members that the operations make, each as `add a b`, `remove a`, `remove [filter]` or
    /// `replace a b`; a display name stands in parentheses.
    fn check_in(
        dialect: Dialect,
        resource_type: &ResourceType,
        operations: Value,
        expected: Result<&[&str], (ErrorKind, &str)>,
    ) {
        let body = object(json!({"schemas": [PATCH_SCHEMA], "Operations": operations}));
        let read = read(body, dialect).expect("operations");
        let named = |members: Vec<members::Member>| -> String {
            let name = |member: members::Member| match member.display {
                Some(display) => format!(" {}({display})", member.value),
                None => format!(" {}", member.value),
            };
            members.into_iter().map(name).collect()
        };
        let written = |change| match change {
            MemberChange::Add(members) => format!("add{}", named(members)),
            MemberChange::Remove(ids) => format!("remove {}", ids.join(" ")),
            MemberChange::RemoveMatching(filter) => format!("remove [{filter}]"),
            MemberChange::Replace(members) => format!("replace{}", named(members)),
        };
        let changes = member_changes(resource_type, &read, dialect);
        let changes = changes.map(|changes| changes.into_iter().map(written).collect::<Vec<_>>());
        match (changes, expected) {
            (Ok(changes), Ok(expected)) => assert_eq!(changes, expected, "{operations}"),
            (Err(error), Err(expected)) => {
                assert_eq!((error.kind(), error.detail()), expected, "{operations}");
            }
            (changes, expected) => panic!("{operations}: {changes:?}, not {expected:?}"),
        }
    }

    fn check(operations: Value, expected: Result<&[&str], (ErrorKind, &str)>) {
        check_in(Dialect::default(), &GROUPS, operations, expected);
    }

    #[test]
    fn members_are_named_by_path_or_without() {
        check(
            json!([
                {"op": "add", "path": "members", "value": [{"value": "a", "display": "A"}, {"value": "b"}]},
                {"op": "replace", "path": "displayName", "value": "g"},
                {"op": "Add", "path": "MEMBERS", "value": {"value": "c"}},
                {"op": "replace", "value": {"id": "1", "displayName": "g", "Members": [{"value": "d"}]}},
                {"op": "add", "value": {format!("{CORE}:members"): [{"value": "e"}]}},
                {"op": "replace", "value": {"displayName": "h"}},
                {"op": "replace", "path": format!("{CORE}:members"), "value": [{"value": "f"}]}
            ]),
            Ok(&["add a(A) b", "add c", "replace d", "add e", "replace f"]),
        );
    }

    #[test]
    fn members_go_by_filter_or_by_value() {
        check(
            json!([
                {"op": "remove", "path": "members[value eq \"a\"]"},
                {"op": "remove", "path": "members[value eq \"a\" or Value eq \"b\"]"},
                {"op": "remove", "path": "members[type eq \"User\"]"},
                {"op": "remove", "path": "members[value eq \"a\" and type eq \"User\"]"},
                {"op": "Remove", "path": "members", "value": [{"$ref": null, "value": "c"}]}
            ]),
            Ok(&[
                "remove a",
                "remove a b",
                "remove [type eq \"User\"]",
                "remove [value eq \"a\" and type eq \"User\"]",
                "remove c",
            ]),
        );
    }

    #[test]
    fn only_a_remove_that_names_nobody_at_all_empties_a_group() {
        check(
            json!([
                {"op": "remove", "path": "members", "value": []},
                {"op": "remove", "path": "members", "value": [{"value": ""}]},
                {"op": "add", "path": "members", "value": []},
                {"op": "remove", "path": "members"},
                {"op": "remove", "path": "members", "value": null},
                {"op": "replace", "path": "members", "value": []},
                {"op": "replace", "path": "members", "value": null}
            ]),
            Ok(&["remove ", "remove ", "add", "replace", "replace", "replace", "replace"]),
        );
        // As the RFC has it, a value says nothing to a remove.
        let plain = Dialect { remove_value_as_filter: false, ..Dialect::default() };
        let by_value = json!([{"op": "remove", "path": "members", "value": [{"value": "a"}]}]);
        check_in(plain, &GROUPS, by_value, Ok(&["replace"]));
    }

    #[test]
    fn a_change_inside_a_member_is_refused() {
        for (path, name) in [
            ("members.value", "members.value"),
            ("members.display", "members.display"),
            ("members[value eq \"a\"].display", "members.display"),
            ("members[value eq \"a\"]", "members"),
        ] {
            let detail = format!(
                "operation 2 (replace): Attribute {name} is immutable: it has a value, which cannot change"
            );
            check(
                json!([
                    {"op": "remove", "path": "members[value eq \"b\"]"},
                    {"op": "replace", "path": path, "value": "x"}
                ]),
                Err((ErrorKind::Mutability, &detail)),
            );
        }
    }

    #[test]
    fn what_is_no_member_is_refused() {
        check(
            json!([{"op": "add", "path": "members", "value": [{"display": "A"}]}]),
            Err((
                ErrorKind::InvalidValue,
                "operation 1 (add): Missing attribute members.value: expected the member's id",
            )),
        );
        check(
            json!([{"op": "add", "path": "members", "value": 5}]),
            Err((
                ErrorKind::InvalidValue,
                "operation 1 (add): Bad value type for attribute members: expected array, got number",
            )),
        );
        check(
            json!([{"op": "remove", "path": "members[nope eq \"a\"]"}]),
            Err((
                ErrorKind::InvalidPath,
                "operation 1 (remove): Unknown attribute members.nope in the filter",
            )),
        );
    }

    #[test]
    fn only_groups_have_members() {
        check_in(
            Dialect::default(),
            &USERS,
            json!([
                {"op": "add", "value": {"members": [{"value": "a"}]}},
                {"op": "add", "path": "members", "value": [{"value": "a"}]},
                {"op": "remove", "path": "emails[value eq \"a\"]"}
            ]),
            Ok(&[]),
        );
        check(json!([{"op": "add", "path": "nope", "value": 1}]), Ok(&[]));
    }
}
