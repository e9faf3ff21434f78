//! Evaluation: whether a resource matches.

use std::collections::BTreeSet;

use super::{condition::Condition, source::Source};
use crate::Object;

/// A filter whose names and literals a schema has given their meaning.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node<'a> {
    All(Vec<Node<'a>>),
    Any(Vec<Node<'a>>),
    Not(Box<Node<'a>>),
    /// Any value here is as the condition asks.
    Value(Source<'a>, Condition),
    /// Any value here, a complex one, matches the filter, whose sources are inside that value.
    Element(Source<'a>, Box<Node<'a>>),
}

impl Node<'_> {
    pub(super) fn matches(&self, resource: &Object) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.matches(resource)),
            Self::Any(nodes) => nodes.iter().any(|node| node.matches(resource)),
            Self::Not(node) => !node.matches(resource),
            Self::Value(source, condition) => source.any(resource, |value| condition.holds(value)),
            Self::Element(source, inner) => {
                source.any(resource, |value| value.as_object().is_some_and(|element| inner.matches(element)))
            }
        }
    }

    /// Adds the names, at the top of a resource, of all that the outcome depends on.
    pub(super) fn names<'n>(&'n self, names: &mut BTreeSet<&'n str>) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.names(names)),
            Self::Not(node) => node.names(names),
            Self::Value(source, _) | Self::Element(source, _) => {
                names.insert(source.top());
            }
        }
    }

    /// Whether the outcome depends on the attribute `name` of the base schema.
    pub(super) fn reads(&self, name: &str) -> bool {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().any(|node| node.reads(name)),
            Self::Not(node) => node.reads(name),
            Self::Value(source, _) | Self::Element(source, _) => {
                source.extension.is_none() && source.attribute == name
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        ResourceType,
        filter::parse,
        resource_type::{Extension, USERS},
        schema::Schema,
    };

    /// Users with an extension that has the types which User lacks.
    fn resource_type() -> ResourceType {
        let schema = Schema::from_json(
            r#"{"id": "urn:x:User", "name": "X", "attributes": [
                {"name": "rank", "type": "integer"},
                {"name": "serial", "type": "integer"},
                {"name": "start", "type": "dateTime"},
                {"name": "tags", "type": "string", "multiValued": true},
                {"name": "numbers", "type": "decimal", "multiValued": true},
                {"name": "badge", "type": "complex", "subAttributes": [
                    {"name": "labels", "type": "string", "multiValued": true}
                ]}
            ]}"#,
        );
        let mut users = (**USERS).clone();
        users.extensions.push(Extension { schema: schema.expect("a schema").into(), required: false });
        users
    }

    fn user() -> Value {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:x:User"],
            "id": "2819c223",
            "externalId": "Abc",
            "userName": "BJensen@Example.com",
            "name": {"familyName": "Jensen", "givenName": "Bärbel"},
            "nickName": "",
            "addresses": [{"type": "", "primary": null}],
            "active": true,
            "emails": [
                {"value": "bjensen@example.com", "type": "work", "primary": true},
                {"value": "babs@Jensen.org", "type": "home"},
                {"type": "other"}
            ],
            "x509Certificates": [{"value": "AQ=="}],
            "profileUrl": "https://example.com/B",
            "meta": {"created": "2011-05-13T04:42:34Z", "resourceType": "User"},
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "department": "Straßenbau",
                "manager": {"value": "26118915", "displayName": "John Smith"}
            },
            "urn:x:User": {"rank": 7, "serial": 9_007_199_254_740_993_u64, "start": "2026-01-31T10:30:00+01:00", "tags": ["Red", "blue"], "badge": {"labels": ["a", "b"]}, "numbers": [1.0, 2.5]}
        })
    }

    /// Whether the user matches each of `filters`.
    fn check(expected: bool, filters: &[&str]) {
        let (resource_type, user) = (resource_type(), user());
        for text in filters {
            let filter = parse(text).expect(text);
            let bound = filter.bind(&resource_type).expect(text);
            assert_eq!(user.as_object().map(|user| bound.matches(user)), Some(expected), "{text}");
        }
    }

    #[test]
    fn strings_are_compared_without_case_unless_case_exact() {
        check(
            true,
            &[
                r#"userName eq "bjensen@example.COM""#,
                r#"name.givenName eq "BÄRBEL""#,
                r#"name.givenName eq "ba\u0308rbel""#,
                r#"department eq "STRASSENBAU""#,
                r#"department co "SSEN""#,
                r#"userName co "@EXAMPLE." and userName sw "bj" and userName ew ".Com""#,
                r#"userName co "" and userName sw """#,
                r#"externalId eq "Abc" and externalId sw "A" and externalId ew "c" and externalId co "b""#,
                r#"profileUrl eq "https://example.com/B""#,
                r#"x509Certificates eq "AQ==""#,
                r#"schemas eq "urn:x:User""#,
            ],
        );
        check(
            false,
            &[
                r#"userName eq "bjensen""#,
                r#"userName eq "bjensen@example.cöm""#,
                r#"userName co "jensen@@""#,
                r#"externalId eq "abc""#,
                r#"externalId sw "a""#,
                r#"profileUrl eq "https://example.com/b""#,
                r#"x509Certificates eq "aQ==""#,
                r#"schemas eq "URN:X:USER""#,
                r#"title co """#,
            ],
        );
    }

    #[test]
    fn strings_order_as_their_folded_code_points() {
        check(
            true,
            &[
                r#"userName gt "BJENSEM" and userName ge "bjensen@example.com" and userName le "BJENSEN@EXAMPLE.COM""#,
                r#"name.familyName lt "K" and name.familyName gt "I""#,
                r#"externalId lt "abc""#,
            ],
        );
        check(false, &[r#"userName lt "BJENSEN@EXAMPLE.COM""#, r#"externalId ge "abc""#, r#"title ge """#]);
    }

    #[test]
    fn numbers_and_instants_are_compared_by_what_they_mean() {
        check(
            true,
            &[
                "serial eq 9007199254740993 and rank eq 7.0 and rank ge 7 and rank lt 7.5 and rank gt -1",
                "numbers eq 1 and numbers eq 2.5 and numbers gt 2",
                r#"meta.created eq "2011-05-13T06:42:34+02:00""#,
                r#"meta.created eq "2011-05-13T04:42:34" and meta.created lt "2011-05-13T04:42:34.001Z""#,
                r#"start eq "2026-01-31T09:30:00Z" and start gt "2026-01-31T10:29:00+01:00""#,
            ],
        );
        check(
            false,
            &[
                "rank eq 6",
                "serial eq 9007199254740992",
                "rank gt 7",
                "numbers gt 2.5",
                r#"start ge "2026-01-31T09:30:01Z""#,
            ],
        );
    }

    #[test]
    fn booleans_are_true_or_false() {
        check(true, &["active eq true", r#"active eq "True""#, "active ne false", "emails.primary eq true"]);
        check(false, &["active eq false", "active ne true", r#"active eq "FALSE""#]);
    }

    #[test]
    fn a_value_without_primary_is_not_primary() {
        check(
            true,
            &[
                "emails.primary eq false",
                r#"emails[type eq "home" and primary eq false]"#,
                r#"emails[type eq "home" and primary ne true]"#,
                r#"emails[type eq "work" and primary ne "False"]"#,
                "not (emails[type eq \"home\" and primary pr])",
            ],
        );
        check(
            false,
            &[
                r#"emails[type eq "work" and primary eq false]"#,
                r#"emails[type eq "home" and primary ne false]"#,
                "emails.primary ne false",
                "photos.primary eq false",
                "photos[primary eq false]",
            ],
        );
    }

    #[test]
    fn any_value_of_several_matches() {
        check(
            true,
            &[
                r#"emails eq "BABS@jensen.org""#,
                r#"emails.value ew ".org" and emails.type eq "other""#,
                r#"emails.type eq "work" and emails.value eq "babs@jensen.org""#,
                r#"tags eq "RED" and tags eq "blue" and badge.labels eq "b""#,
                r#"manager eq "26118915" and manager.displayName sw "john""#,
            ],
        );
        check(false, &[r#"emails co "nobody""#, r#"tags eq "green""#, r#"manager eq "1""#]);
    }

    #[test]
    fn one_value_satisfies_all_of_a_value_path() {
        check(
            true,
            &[
                r#"emails[type eq "home" and value co "@JENSEN"]"#,
                r#"emails[type eq "work" and primary eq "True"].value sw "bj""#,
                "emails[not (value pr)]",
                r#"emails[value eq null].type eq "other""#,
                r#"emails[type ne "work" and type ne "other"]"#,
                r#"manager[value eq "26118915" and displayName pr]"#,
            ],
        );
        check(
            false,
            &[
                r#"emails[type eq "work" and value co "@jensen.org"]"#,
                r#"emails[type eq "home"].value sw "bj""#,
                r#"photos[not (type eq "work")]"#,
            ],
        );
    }

    #[test]
    fn ne_is_the_opposite_of_eq() {
        check(true, &[r#"title ne "x""#, r#"userName ne "x""#, r#"emails.type ne "mobile""#, "rank ne 8"]);
        check(false, &[r#"userName ne "BJENSEN@example.com""#, r#"emails.type ne "work""#, "rank ne 7.0"]);
    }

    #[test]
    fn null_is_absence_and_what_is_empty_is_not_present() {
        check(
            true,
            &[
                "title eq null and userName ne null and name ne null and addresses eq null",
                "userName pr and name pr and emails pr and emails.primary pr and active pr and urn:x:User pr",
                "not (title pr) and not (nickName pr) and nickName eq null and not (addresses pr)",
            ],
        );
        check(false, &["title pr", "userName eq null", "photos pr", "emails.display pr", "manager eq null"]);
    }

    #[test]
    fn precedence_and_grouping_decide() {
        check(true, &["active eq true or title pr and nickName pr", "not (title pr) and active eq true"]);
        check(false, &["(active eq true or title pr) and nickName pr", "not (active eq true or title pr)"]);
    }

    #[test]
    fn a_value_of_another_type_matches_nothing() {
        let (resource_type, odd) =
            (resource_type(), json!({"userName": 5, "emails": "x", "urn:x:User": [], "active": "true"}));
        for text in
            [r#"userName sw "5""#, r#"emails eq "x""#, "emails[value pr]", "rank pr", "active eq true"]
        {
            let filter = parse(text).expect(text);
            let bound = filter.bind(&resource_type).expect(text);
            assert_eq!(odd.as_object().map(|odd| bound.matches(odd)), Some(false), "{text}");
        }
    }
}
