//! Planning: which index look-ups can narrow a filter down before it is evaluated.

use std::fmt;

use serde_json::Value;

use super::{Filter, Operator};
use crate::{Kind, ResourceType, resource_type::Target, schema::Attribute};

/// How to find the resources that may match a filter. Each is to be evaluated still: a plan only narrows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Only resources with these ids; nothing says that they exist, or that a text is an id.
    Ids(Vec<String>),
    /// Only resources that one of these look-ups finds.
    Lookups(Vec<Leaf>),
    /// Any resource.
    Scan,
}

/// An index look-up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Leaf {
    /// The index.
    pub attribute: Indexed,
    /// The value, as the client wrote it.
    pub value: String,
}

/// Attributes with an index, the one that narrows most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Indexed {
    /// `id`
    Id,
    /// `userName` of a User.
    UserName,
    /// `displayName` of a Group.
    DisplayName,
    /// `externalId`
    ExternalId,
    /// `emails.value` of a User.
    Email,
    /// `members.value` of a Group.
    Member,
}

impl Filter {
    /// How to find the resources of `resource_type` that may match.
    ///
    /// Only `eq` with a string uses an index; AND needs one operand that does, OR needs all.
    #[must_use]
    pub fn plan(&self, resource_type: &ResourceType) -> Plan {
        match leaves(self, resource_type, None) {
            None => Plan::Scan,
            Some(leaves) if leaves.iter().all(|leaf| leaf.attribute == Indexed::Id) => {
                Plan::Ids(leaves.into_iter().map(|leaf| leaf.value).collect())
            }
            Some(leaves) => Plan::Lookups(leaves),
        }
    }
}

/// The look-ups that together find all matches; `None` when none do. Inside brackets the names are those of
/// sub-attributes of `parent`.
fn leaves(filter: &Filter, resource_type: &ResourceType, parent: Option<&Attribute>) -> Option<Vec<Leaf>> {
    match filter {
        Filter::And(operands) => operands
            .iter()
            .filter_map(|operand| leaves(operand, resource_type, parent))
            .min_by_key(|leaves| (leaves.iter().map(|leaf| leaf.attribute).max(), leaves.len())),
        Filter::Or(operands) => {
            let mut union: Vec<Leaf> = Vec::new();
            for operand in operands {
                for leaf in leaves(operand, resource_type, parent)? {
                    if !union.contains(&leaf) {
                        union.push(leaf);
                    }
                }
            }
            Some(union)
        }
        Filter::Compare { path, operator: Operator::Eq, value: Value::String(value) } => {
            let (attribute, sub_attribute) = match parent {
                Some(parent) => (parent, Some(parent.sub_attribute(&path.attribute)?)),
                None => match resource_type.resolve(path)? {
                    Target::Attribute { extension: None, attribute, sub_attribute } => {
                        (attribute, sub_attribute)
                    }
                    _ => return None,
                },
            };
            let sub_attribute = sub_attribute.map(|sub| sub.name.as_str());
            let attribute = indexed(resource_type.kind, &attribute.name, sub_attribute)?;
            Some(vec![Leaf { attribute, value: value.clone() }])
        }
        Filter::ValuePath { path, filter } => match resource_type.resolve(path)? {
            Target::Attribute { extension: None, attribute, sub_attribute: None } => {
                leaves(filter, resource_type, Some(attribute))
            }
            _ => None,
        },
        Filter::Compare { .. } | Filter::Present(_) | Filter::Not(_) => None,
    }
}

fn indexed(kind: Kind, attribute: &str, sub_attribute: Option<&str>) -> Option<Indexed> {
    match (kind, attribute, sub_attribute) {
        (_, "id", None) => Some(Indexed::Id),
        (_, "externalId", None) => Some(Indexed::ExternalId),
        (Kind::User, "userName", None) => Some(Indexed::UserName),
        (Kind::User, "emails", None | Some("value")) => Some(Indexed::Email),
        (Kind::Group, "displayName", None) => Some(Indexed::DisplayName),
        (Kind::Group, "members", None | Some("value")) => Some(Indexed::Member),
        _ => None,
    }
}

impl fmt::Display for Indexed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "id",
            Self::UserName => "userName",
            Self::DisplayName => "displayName",
            Self::ExternalId => "externalId",
            Self::Email => "email",
            Self::Member => "member",
        })
    }
}

impl fmt::Display for Plan {
    /// For the log: the indexes without the values, `lookup(userName|email)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ids(_) => f.write_str("ids"),
            Self::Scan => f.write_str("scan"),
            Self::Lookups(leaves) => {
                let mut indexes: Vec<_> = leaves.iter().map(|leaf| leaf.attribute).collect();
                indexes.sort_unstable();
                indexes.dedup();
                let names: Vec<_> = indexes.iter().map(ToString::to_string).collect();
                write!(f, "lookup({})", names.join("|"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        filter::parse,
        resource_type::{GROUPS, USERS},
    };

    fn describe(plan: &Plan) -> String {
        match plan {
            Plan::Ids(ids) => format!("ids {}", ids.join(" ")),
            Plan::Scan => "scan".to_owned(),
            Plan::Lookups(leaves) => {
                let leaves: Vec<_> =
                    leaves.iter().map(|leaf| format!("{}={}", leaf.attribute, leaf.value)).collect();
                leaves.join(" ")
            }
        }
    }

    fn check(resource_type: &ResourceType, filter: &str, expected: &str) {
        let plan = parse(filter).expect(filter).plan(resource_type);
        assert_eq!(describe(&plan), expected, "{filter}");
    }

    #[test]
    fn equality_with_an_indexed_attribute_is_looked_up() {
        check(&USERS, r#"id eq "1""#, "ids 1");
        check(&USERS, r#"USERNAME eq "Bjensen""#, "userName=Bjensen");
        check(&USERS, r#"urn:ietf:params:scim:schemas:core:2.0:User:userName eq "b""#, "userName=b");
        check(&USERS, r#"externalId eq "x""#, "externalId=x");
        for filter in [
            r#"emails eq "a@x""#,
            r#"emails.value eq "a@x""#,
            r#"emails[value eq "a@x"]"#,
            r#"emails[type eq "work" and Value eq "a@x"]"#,
            r#"Emails[type eq "work"].value eq "a@x""#,
        ] {
            check(&USERS, filter, "email=a@x");
            check(&GROUPS, filter, "scan");
        }
        check(&GROUPS, r#"displayName eq "Staff""#, "displayName=Staff");
        for filter in [r#"members eq "1""#, r#"members.value eq "1""#, r#"members[value eq "1"]"#] {
            check(&GROUPS, filter, "member=1");
        }
    }

    #[test]
    fn and_takes_the_operand_that_narrows_most() {
        check(&USERS, r#"active eq true and userName eq "b""#, "userName=b");
        check(&USERS, r#"emails eq "a" and externalId eq "x""#, "externalId=x");
        check(&GROUPS, r#"members eq "y" and id eq "x""#, "ids x");
        check(&USERS, r#"(id eq "1" or userName eq "b") and (id eq "2" or id eq "3")"#, "ids 2 3");
        check(&USERS, r#"(userName eq "a" or userName eq "b") and userName eq "c""#, "userName=c");
        check(&USERS, r#"title pr and (not (id eq "1"))"#, "scan");
    }

    #[test]
    fn or_needs_an_index_for_every_branch() {
        check(&USERS, r#"userName eq "a" or userName eq "b" or userName eq "a""#, "userName=a userName=b");
        check(&USERS, r#"id eq "1" or userName eq "b""#, "id=1 userName=b");
        check(&USERS, r#"emails[value eq "a" or value eq "b"]"#, "email=a email=b");
        check(&USERS, r#"emails[value eq "a" or type eq "work"]"#, "scan");
        check(&USERS, r#"userName eq "a" or title eq "b""#, "scan");
        check(
            &USERS,
            r#"(userName eq "a" and title pr) or (emails eq "e" and active eq true)"#,
            "userName=a email=e",
        );
    }

    #[test]
    fn nothing_else_is_looked_up() {
        for filter in [
            r#"userName ne "a""#,
            r#"userName sw "a""#,
            "userName pr",
            "externalId eq null",
            r#"not (userName eq "a")"#,
            r#"displayName eq "a""#,
            r#"emails.type eq "work""#,
            r#"groups.value eq "1""#,
            r#"manager.value eq "1""#,
            r#"manager[value eq "1"]"#,
            r#"unknown eq "a""#,
            r#"emails[unknown eq "a"]"#,
            r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User eq "a""#,
        ] {
            check(&USERS, filter, "scan");
        }
    }

    #[test]
    fn the_log_does_not_tell_values() {
        for (filter, expected) in [
            (r#"id eq "secret""#, "ids"),
            (r#"userName eq "secret""#, "lookup(userName)"),
            (r#"emails eq "e" or userName eq "a" or emails eq "secret""#, "lookup(userName|email)"),
            ("title pr", "scan"),
        ] {
            assert_eq!(parse(filter).expect(filter).plan(&USERS).to_string(), expected, "{filter}");
        }
    }
}
