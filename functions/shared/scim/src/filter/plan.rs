//! Planning: which look-ups and index ranges can narrow a filter down before it is evaluated.

use std::fmt;

use super::Filter;
use crate::ResourceType;

mod leaves;
mod members;
mod range;

pub use range::{Bounds, Range};

/// How to find the resources that may match a filter. Each is to be evaluated still, unless a [`Range`] decides: a
/// plan only narrows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Only resources with these ids; nothing says that they exist, or that a text is an id.
    Ids(Vec<String>),
    /// Only resources that one of these look-ups finds.
    Lookups(Vec<Leaf>),
    /// Only resources that one of these ranges or one of these look-ups finds.
    Ranges {
        /// The ranges, at least one.
        ranges: Vec<Range>,
        /// The look-ups.
        lookups: Vec<Leaf>,
    },
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
    /// `eq` with a string is a look-up; `sw`, `co`, `ew` with one are ranges, and so are `gt`, `ge`, `lt`, `le` and
    /// `pr` of attributes that every resource has. AND needs one operand that narrows, OR needs all; the opposite of
    /// something narrows nothing.
    #[must_use]
    pub fn plan(&self, resource_type: &ResourceType) -> Plan {
        let Some(narrowed) = leaves::of(self, resource_type, None) else { return Plan::Scan };
        let leaves::Narrowed { lookups, ranges } = narrowed;
        if !ranges.is_empty() {
            return Plan::Ranges { ranges, lookups };
        }
        if lookups.iter().all(|leaf| leaf.attribute == Indexed::Id) {
            return Plan::Ids(lookups.into_iter().map(|leaf| leaf.value).collect());
        }
        Plan::Lookups(lookups)
    }
}

impl Indexed {
    /// Whether a resource has one value of it at most.
    const fn is_single(self) -> bool {
        !matches!(self, Self::Email | Self::Member)
    }

    /// Whether its index holds every value, blank ones too: there are none of attributes that are unique.
    const fn is_complete(self) -> bool {
        matches!(self, Self::UserName | Self::DisplayName)
    }

    /// Whether its index can be walked.
    const fn is_ordered(self) -> bool {
        !matches!(self, Self::Id | Self::Member)
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
    /// For the log: the indexes without the values, `lookup(userName|email)`, `range(userName)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ids(_) => f.write_str("ids"),
            Self::Scan => f.write_str("scan"),
            Self::Lookups(leaves) => write!(f, "lookup({})", names(leaves.iter().map(|leaf| leaf.attribute))),
            Self::Ranges { ranges, lookups } => {
                if !lookups.is_empty() {
                    write!(f, "lookup({})+", names(lookups.iter().map(|leaf| leaf.attribute)))?;
                }
                write!(f, "range({})", names(ranges.iter().map(Range::index)))
            }
        }
    }
}

fn names(indexes: impl Iterator<Item = Indexed>) -> String {
    let mut indexes: Vec<_> = indexes.collect();
    indexes.sort_unstable();
    indexes.dedup();
    indexes.iter().map(ToString::to_string).collect::<Vec<_>>().join("|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        filter::parse,
        resource_type::{GROUPS, USERS},
    };

    fn describe(plan: &Plan) -> String {
        let lookup = |leaf: &Leaf| format!("{}={}", leaf.attribute, leaf.value);
        let range = |range: &Range| {
            let index = range.index();
            let bounds = match range.bounds() {
                Bounds::Whole => format!("{index} *"),
                Bounds::Prefix(prefix) => format!("{index} {prefix}*"),
                Bounds::Between { from, to } => {
                    format!("{index} {}..{}", from.unwrap_or_default(), to.unwrap_or_default())
                }
            };
            if range.decides() { bounds } else { format!("{bounds} (open)") }
        };
        match plan {
            Plan::Ids(ids) => format!("ids {}", ids.join(" ")),
            Plan::Scan => "scan".to_owned(),
            Plan::Lookups(leaves) => leaves.iter().map(lookup).collect::<Vec<_>>().join(" "),
            Plan::Ranges { ranges, lookups } => {
                ranges.iter().map(range).chain(lookups.iter().map(lookup)).collect::<Vec<_>>().join(", ")
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
    fn an_attribute_with_an_ordered_index_is_walked() {
        for (filter, expected) in [
            (r#"userName sw "Ann""#, "userName ann*"),
            (r#"userName sw """#, "userName *"),
            (r#"userName co "Ann""#, "userName *"),
            (r#"userName ew "Ann""#, "userName *"),
            ("userName pr", "userName *"),
            (r#"userName gt "Ann""#, "userName ann.."),
            (r#"userName le "Straße""#, "userName ..strasse"),
            (r#"externalId sw "Ab""#, "externalId Ab*"),
            (r#"emails co "@X""#, "email *"),
            (r#"emails[value sw "A"]"#, "email a*"),
        ] {
            check(&USERS, filter, expected);
        }
        check(&GROUPS, r#"displayName sw "Ann""#, "displayName ann*");
        check(&GROUPS, r#"members.value sw "0""#, "scan");
        check(&USERS, r#"id sw "0""#, "scan");
    }

    #[test]
    fn ranges_of_one_value_become_one() {
        for (filter, expected) in [
            (r#"userName ge "A" and userName lt "B""#, "userName a..b"),
            (
                r#"userName gt "a" and userName ge "b" and userName le "d" and userName le "c""#,
                "userName b..c",
            ),
            (r#"userName sw "a" and userName sw "ab" and userName gt "x""#, "userName ab*"),
            (r#"userName sw "a" and title pr"#, "userName a* (open)"),
            (r#"userName ge "a" and title pr and userName lt "b""#, "userName a..b (open)"),
            // One address begins so, and one ends so: not the same one.
            (r#"emails sw "a" and emails ew "b""#, "email a* (open)"),
            (r#"emails[value ew "b" and value sw "a"]"#, "email a*"),
            (r#"emails[type eq "work" and value sw "a"]"#, "email a* (open)"),
            (r#"emails co "a" and userName ge "b""#, "userName b.. (open)"),
            (r#"userName pr and emails sw "b""#, "email b* (open)"),
            (r#"userName sw "a" and emails eq "b""#, "email=b"),
            (r#"userName sw "a" or emails eq "b" or userName ew "c""#, "userName a*, userName *, email=b"),
            (r#"(userName sw "a" and title pr) or userName ew "c""#, "userName a* (open), userName *"),
        ] {
            check(&USERS, filter, expected);
        }
    }

    #[test]
    fn a_range_tests_the_text_of_its_index() {
        let filter = parse(r#"userName co "B" and userName lt "bz""#).expect("a filter");
        let Plan::Ranges { ranges, .. } = filter.plan(&USERS) else { panic!("no range: {filter}") };
        let accepted: Vec<_> =
            ["abc", "b", "bz", "c", "B"].into_iter().filter(|text| ranges[0].accepts(text)).collect();
        assert_eq!(accepted, ["abc", "b"]);
    }

    #[test]
    fn the_members_that_decide_are_those_which_are_looked_up() {
        let check = |filter: &str, expected: Option<&[&str]>| {
            let members = parse(filter).expect(filter).compared_members(&GROUPS);
            let expected = expected.map(|members| members.iter().map(ToString::to_string).collect());
            assert_eq!(members, expected, "{filter}");
        };
        check(r#"id eq "g" and members.value eq "u""#, Some(&["u"]));
        check(r#"members eq "u" or not (Members[value eq "v" and type eq "User"])"#, Some(&["u", "v"]));
        check(r#"members.value ne "u""#, Some(&["u"]));
        check(r#"members[value eq "u" or value eq "v"]"#, Some(&["u", "v"]));
        check("displayName pr", Some(&[]));
        for filter in [
            "members pr",
            r#"members.display eq "u""#,
            "members eq null",
            r#"members co "u""#,
            r#"members[value eq "u" or display eq "v"]"#,
            r#"members[not (value eq "u")]"#,
            r#"members eq "u" and members.type eq "User""#,
        ] {
            check(filter, None);
        }
    }

    #[test]
    fn nothing_else_is_looked_up() {
        for filter in [
            r#"userName ne "a""#,
            "externalId pr",
            "emails pr",
            "emails.value pr",
            r#"emails gt "a""#,
            r#"emails[value lt "a"]"#,
            r#"externalId ge "a""#,
            r#"emails eq " ""#,
            r#"emails sw """#,
            r#"externalId co " ""#,
            r#"not (userName sw "a")"#,
            r#"displayName sw "a""#,
            r#"userName sw "a" or title pr"#,
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
            (
                r#"userName sw "secret" or emails eq "secret" or emails co "s""#,
                "lookup(email)+range(userName|email)",
            ),
            ("title pr", "scan"),
        ] {
            assert_eq!(parse(filter).expect(filter).plan(&USERS).to_string(), expected, "{filter}");
        }
    }
}
