//! Queries over several resource types at once (RFC 7644 §3.4.2.1).
//!
//! An attribute that a resource type does not have is taken for one without a value.

use crate::{
    Error, ResourceType,
    filter::{Filter, Operator},
    path::AttributePath,
    resource_type::Target,
    schema::Attribute,
};

/// What a filter asks of the resources of one type.
#[derive(Debug, Clone, PartialEq)]
pub enum Selection {
    /// Nothing: all are selected.
    All,
    /// What none of them can have.
    Nothing,
    /// This, in which every attribute is one of the type.
    Matching(Filter),
}

impl Selection {
    /// What `filter` asks of resources of `resource_type`.
    #[must_use]
    pub fn of(filter: &Filter, resource_type: &ResourceType) -> Self {
        select(filter, &|path| resource_type.resolve(path))
    }

    fn opposite(self) -> Self {
        match self {
            Self::All => Self::Nothing,
            Self::Nothing => Self::All,
            Self::Matching(filter) => Self::Matching(Filter::Not(Box::new(filter))),
        }
    }
}

/// Refuses a filter that names an attribute which none of the types has.
///
/// # Errors
///
/// [`ErrorKind::InvalidFilter`](crate::ErrorKind::InvalidFilter), naming the attribute as the client wrote it.
pub fn check(filter: &Filter, resource_types: &[&ResourceType]) -> Result<(), Error> {
    check_leaves(filter, &|path| Filter::Present(path.clone()), resource_types)
}

fn check_leaves(
    filter: &Filter,
    question: &dyn Fn(&AttributePath) -> Filter,
    resource_types: &[&ResourceType],
) -> Result<(), Error> {
    match filter {
        Filter::And(operands) | Filter::Or(operands) => {
            operands.iter().try_for_each(|operand| check_leaves(operand, question, resource_types))
        }
        Filter::Not(operand) => check_leaves(operand, question, resource_types),
        Filter::Compare { path, .. } | Filter::Present(path) => {
            let question = question(path);
            let mut refusals = Vec::new();
            for resource_type in resource_types {
                match question.check(resource_type) {
                    Ok(()) => return Ok(()),
                    Err(error) => refusals.push(error),
                }
            }
            // The type that knows most of the name says best what is wrong with it.
            let known = |error: &Error| error.path().map_or(0, str::len);
            refusals.into_iter().rev().max_by_key(known).map_or(Ok(()), Err)
        }
        Filter::ValuePath { path, filter } => {
            let inside = |inner: &AttributePath| {
                let filter = Box::new(Filter::Present(inner.clone()));
                Filter::ValuePath { path: path.clone(), filter }
            };
            check_leaves(filter, &inside, resource_types)
        }
    }
}

fn select<'a>(filter: &Filter, resolve: &dyn Fn(&AttributePath) -> Option<Target<'a>>) -> Selection {
    match filter {
        Filter::And(operands) => {
            let operands = operands.iter().map(|operand| select(operand, resolve));
            combine(operands, Selection::All, &Selection::Nothing, Filter::And)
        }
        Filter::Or(operands) => {
            let operands = operands.iter().map(|operand| select(operand, resolve));
            combine(operands, Selection::Nothing, &Selection::All, Filter::Or)
        }
        Filter::Not(operand) => select(operand, resolve).opposite(),
        Filter::Compare { path, operator, value } if resolve(path).is_none() => {
            match (operator, value.is_null()) {
                (Operator::Eq, true) | (Operator::Ne, false) => Selection::All,
                _ => Selection::Nothing,
            }
        }
        Filter::Present(path) if resolve(path).is_none() => Selection::Nothing,
        Filter::ValuePath { path, filter: inner } => match resolve(path) {
            None => Selection::Nothing,
            Some(target) => match select(inner, &|path| sub_attribute(target.leaf()?, path)) {
                Selection::All => Selection::Matching(Filter::Present(path.clone())),
                Selection::Nothing => Selection::Nothing,
                Selection::Matching(inner) => {
                    Selection::Matching(Filter::ValuePath { path: path.clone(), filter: Box::new(inner) })
                }
            },
        },
        Filter::Compare { .. } | Filter::Present(_) => Selection::Matching(filter.clone()),
    }
}

/// The selections together: `neutral` ones say nothing, a `decisive` one says it all.
fn combine(
    selections: impl Iterator<Item = Selection>,
    neutral: Selection,
    decisive: &Selection,
    join: fn(Vec<Filter>) -> Filter,
) -> Selection {
    let mut filters = Vec::new();
    for selection in selections {
        if selection == *decisive {
            return selection;
        }
        if let Selection::Matching(filter) = selection {
            filters.push(filter);
        }
    }
    match filters.len() {
        0 => neutral,
        1 => filters.pop().map_or(neutral, Selection::Matching),
        _ => Selection::Matching(join(filters)),
    }
}

fn sub_attribute<'a>(attribute: &'a Attribute, path: &AttributePath) -> Option<Target<'a>> {
    let attribute = attribute.sub_attribute(&path.attribute)?;
    Some(Target::Attribute { extension: None, attribute, sub_attribute: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        filter::parse,
        resource_type::{GROUPS, USERS},
    };

    fn check_selection(filter: &str, users: &str, groups: &str) {
        let filter = parse(filter).expect(filter);
        assert_eq!(check(&filter, &[&USERS, &GROUPS]), Ok(()), "{filter}");
        for (resource_type, expected) in [(&USERS, users), (&GROUPS, groups)] {
            let selection = match Selection::of(&filter, resource_type) {
                Selection::All => "all".to_owned(),
                Selection::Nothing => "nothing".to_owned(),
                Selection::Matching(filter) => {
                    assert_eq!(filter.check(resource_type), Ok(()), "{filter}");
                    filter.to_string()
                }
            };
            assert_eq!(selection, expected, "{filter} of {}", resource_type.name);
        }
    }

    #[test]
    fn an_attribute_of_one_type_selects_none_of_the_others() {
        check_selection(r#"userName eq "b""#, r#"userName eq "b""#, "nothing");
        check_selection("members pr", "nothing", "members pr");
        check_selection(r#"members[value eq "1"]"#, "nothing", r#"members[value eq "1"]"#);
        check_selection(r#"displayName sw "A""#, r#"displayName sw "A""#, r#"displayName sw "A""#);
    }

    #[test]
    fn an_absent_attribute_is_unequal_and_null() {
        check_selection(r#"userName ne "b""#, r#"userName ne "b""#, "all");
        check_selection("userName eq null", "userName eq null", "all");
        check_selection("userName ne null", "userName ne null", "nothing");
        check_selection("not (userName pr)", "not (userName pr)", "all");
        check_selection(r#"userName gt "b""#, r#"userName gt "b""#, "nothing");
    }

    #[test]
    fn operands_that_decide_nothing_are_left_out() {
        check_selection(
            r#"displayName pr and (userName eq "b" or members pr)"#,
            r#"displayName pr and userName eq "b""#,
            "displayName pr and members pr",
        );
        check_selection(
            r#"id pr or userName eq "b" or members pr"#,
            r#"id pr or userName eq "b""#,
            "id pr or members pr",
        );
        check_selection("not (userName pr and members pr)", "all", "all");
        check_selection(
            "not (displayName pr and not (members pr))",
            "not (displayName pr)",
            "not (displayName pr and not (members pr))",
        );
        check_selection("members eq null or displayName pr", "all", "members eq null or displayName pr");
    }

    #[test]
    fn sub_attributes_of_one_type_select_none_of_the_others() {
        let schema = r#"{"id": "urn:x:Thing", "name": "Thing", "attributes": [
            {"name": "emails", "type": "complex", "multiValued": true, "subAttributes": [
                {"name": "seal", "type": "string"}]}]}"#;
        let schema = crate::schema::Schema::from_json(schema).expect("a schema");
        let things = ResourceType { schema: schema.into(), extensions: Vec::new(), ..(**USERS).clone() };
        for (filter, users, others) in [
            (r#"emails[value eq "a" or seal pr]"#, r#"emails[value eq "a"]"#, "emails[seal pr]"),
            (r#"emails[value ne "a"]"#, r#"emails[value ne "a"]"#, "emails pr"),
            (r#"emails[seal eq "a" and value pr]"#, "nothing", "nothing"),
        ] {
            let filter = parse(filter).expect(filter);
            assert_eq!(check(&filter, &[&USERS, &things]), Ok(()));
            for (resource_type, expected) in [(&**USERS, users), (&things, others)] {
                let got = match Selection::of(&filter, resource_type) {
                    Selection::Matching(filter) => filter.to_string(),
                    other => format!("{other:?}").to_lowercase(),
                };
                assert_eq!(got, expected, "{filter}");
            }
        }
    }

    #[test]
    fn an_attribute_of_no_type_is_refused() {
        for (filter, name) in [
            ("nope pr", "nope"),
            (r#"userName pr or not (members[nope eq "1"])"#, "members.nope"),
            ("name.nope eq null", "name.nope"),
        ] {
            let error = check(&parse(filter).expect(filter), &[&USERS, &GROUPS]).expect_err(filter);
            assert_eq!(error.path(), Some(name), "{filter}");
        }
        let secret = check(&parse("password pr").expect("a filter"), &[&GROUPS, &USERS]);
        assert!(secret.is_err());
    }
}
