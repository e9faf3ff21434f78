//! Sorting (RFC 7644 §3.4.2.3).

mod rank;

use std::cmp::{Ordering, Reverse};

use serde_json::Value;

use crate::{
    Error, ErrorKind, Object, ResourceType, datetime,
    filter::source::{Source, each},
    fold::fold,
    path::AttributePath,
    resource_type::Target,
    schema::{Attribute, Returned, Type},
    value::quoted,
};

pub use rank::Rank;

/// `sortOrder`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// Smallest first; resources without the attribute last.
    #[default]
    Ascending,
    /// Largest first; resources without the attribute first.
    Descending,
}

impl Order {
    /// The order of this name, in any case.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidValue`] when it is neither `ascending` nor `descending`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.eq_ignore_ascii_case("ascending") {
            Ok(Self::Ascending)
        } else if text.eq_ignore_ascii_case("descending") {
            Ok(Self::Descending)
        } else {
            Err(refusal("sortOrder", "ascending or descending", text))
        }
    }

    /// Which of two comes first in this order.
    #[must_use]
    pub fn compare<T: Ord>(self, one: &T, other: &T) -> Ordering {
        match self {
            Self::Ascending => one.cmp(other),
            Self::Descending => other.cmp(one),
        }
    }
}

/// `sortBy`: the attribute that resources are sorted by.
///
/// Of several values the primary one counts, else the first. A complex attribute means its `value`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key<'a> {
    source: Source<'a>,
    attribute: &'a Attribute,
}

impl<'a> Key<'a> {
    /// The attribute of `resource_type` that `text` names.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidValue`], naming `sortBy`, when it names none, one that is never returned, or one
    /// that is complex without a `value`.
    pub fn parse(text: &str, resource_type: &'a ResourceType) -> Result<Self, Error> {
        let refusal = |expected: &str| refusal("sortBy", expected, text);
        let target = AttributePath::parse(text).and_then(|path| resource_type.resolve(&path));
        let target = target.ok_or_else(|| refusal("an attribute of this resource type"))?;
        let Target::Attribute { attribute: parent, sub_attribute, .. } = target else {
            return Err(refusal("an attribute of the schema extension"));
        };
        let mut source = Source::of(&target);
        let mut attribute = sub_attribute.unwrap_or(parent);
        if attribute.kind == Type::Complex {
            attribute = attribute
                .sub_attribute("value")
                .ok_or_else(|| refusal("a sub-attribute of the complex attribute"))?;
            source.sub_attribute = Some(&attribute.name);
        }
        if [parent, attribute].into_iter().any(|each| each.returned == Returned::Never) {
            return Err(refusal("an attribute that is returned"));
        }
        Ok(Self { source, attribute })
    }

    /// Whether it is, or lies in, the attribute `name`, in canonical spelling, of the base schema or the common
    /// attributes.
    #[must_use]
    pub fn reads(&self, name: &str) -> bool {
        self.source.extension.is_none() && self.source.attribute == name
    }

    /// The name under which a resource holds it: an attribute, or the URN of an extension.
    #[must_use]
    pub fn name(&self) -> &str {
        self.source.top()
    }

    /// Sorts `items` by the resource that each holds, in canonical spelling; equal ones keep their places.
    pub fn sort<T>(&self, items: &mut [T], order: Order, resource: impl Fn(&T) -> &Object) {
        match order {
            Order::Ascending => items.sort_by_cached_key(|item| self.rank(resource(item))),
            Order::Descending => items.sort_by_cached_key(|item| Reverse(self.rank(resource(item)))),
        }
    }

    /// What a resource, in canonical spelling, is sorted by.
    #[must_use]
    pub fn rank(&self, resource: &Object) -> Rank {
        let values = self.source.values(resource);
        let primary = |value: &&Value| value.get("primary") == Some(&Value::Bool(true));
        let value = values.iter().find(primary).or_else(|| values.first());
        let value = match self.source.sub_attribute {
            Some(name) => value.and_then(|value| value.get(name)).and_then(|value| each(value).first()),
            None => value,
        };
        value.and_then(|value| self.rank_of(value)).unwrap_or(Rank::ABSENT)
    }

    fn rank_of(&self, value: &Value) -> Option<Rank> {
        match self.attribute.kind {
            Type::Boolean => value.as_bool().map(Rank::boolean),
            Type::Decimal | Type::Integer => value.as_f64().map(Rank::number),
            Type::DateTime => value.as_str().and_then(datetime::parse).map(Rank::instant),
            Type::String if !self.attribute.case_exact => value.as_str().map(|text| Rank::text(fold(text))),
            Type::String | Type::Reference | Type::Binary => {
                value.as_str().map(|text| Rank::text(text.to_owned()))
            }
            Type::Complex => None,
        }
    }
}

fn refusal(parameter: &str, expected: &str, got: &str) -> Error {
    let detail = format!("Bad value of parameter {parameter}: expected {expected}, got {}", quoted(got));
    Error::new(ErrorKind::InvalidValue, detail).at(parameter)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource_type::{Extension, USERS};
    use crate::schema::Schema;

    /// Users with an extension that has numbers.
    fn resource_type() -> ResourceType {
        let schema = Schema::from_json(
            r#"{"id": "urn:x:User", "name": "X", "attributes": [
                {"name": "rank", "type": "decimal"},
                {"name": "tags", "type": "string", "multiValued": true, "caseExact": true},
                {"name": "badge", "type": "complex", "subAttributes": [
                    {"name": "labels", "type": "string", "multiValued": true}
                ]}
            ]}"#,
        );
        let mut users = (**USERS).clone();
        users.extensions.push(Extension { schema: schema.expect("a schema").into(), required: false });
        users
    }

    /// Sorts resources that are told apart by `id`, given as a JSON array.
    fn check(sort_by: &str, resources: &Value, ascending: &str, descending: &str) {
        let resource_type = resource_type();
        let key = Key::parse(sort_by, &resource_type).expect(sort_by);
        let resources: Vec<_> =
            resources.as_array().into_iter().flatten().filter_map(Value::as_object).collect();
        for (order, expected) in [(Order::Ascending, ascending), (Order::Descending, descending)] {
            let mut sorted = resources.clone();
            key.sort(&mut sorted, order, |resource| resource);
            let ids: String = sorted.iter().filter_map(|resource| resource["id"].as_str()).collect();
            assert_eq!(ids, expected, "{sort_by} {order:?}");
        }
    }

    fn check_error(sort_by: &str, expected: &str) {
        let resource_type = resource_type();
        let error = Key::parse(sort_by, &resource_type).expect_err(sort_by);
        assert_eq!((error.kind(), error.detail()), (ErrorKind::InvalidValue, expected));
    }

    #[test]
    fn absence_is_last_ascending_and_first_descending() {
        let users = json!([
            {"id": "a", "userName": "zoe"},
            {"id": "b"},
            {"id": "c", "userName": "Adam"},
            {"id": "d"},
            {"id": "e", "userName": "ADAM"},
            {"id": "f", "userName": "Éva"},
        ]);
        check("userName", &users, "ceafbd", "bdface");
    }

    #[test]
    fn each_type_has_its_order() {
        let users = json!([
            {"id": "b", "externalId": "b", "active": true, "urn:x:User": {"rank": 10},
                "meta": {"created": "2011-05-13T06:00:00+02:00"}},
            {"id": "A", "externalId": "B", "active": false, "urn:x:User": {"rank": 9.5},
                "meta": {"created": "2011-05-13T04:30:00Z"}},
            {"id": "a", "externalId": "a", "urn:x:User": {"rank": -1},
                "meta": {"created": "2011-05-13T03:59:59"}},
        ]);
        check("externalId", &users, "Aab", "baA");
        check("active", &users, "Aba", "abA");
        check("rank", &users, "aAb", "bAa");
        check("urn:x:User:rank", &users, "aAb", "bAa");
        check("meta.created", &users, "abA", "Aba");
    }

    #[test]
    fn equal_values_keep_their_places() {
        let ranks = json!([
            {"id": "a", "urn:x:User": {"rank": 0}},
            {"id": "b", "urn:x:User": {"rank": -0.0}},
            {"id": "c", "urn:x:User": {"rank": 0.0}},
        ]);
        check("rank", &ranks, "abc", "abc");
    }

    #[test]
    fn the_primary_value_counts_else_the_first() {
        let users = json!([
            {"id": "c", "emails": [{"value": "c@x", "type": "a"}, {"value": "a@x"}]},
            {"id": "b", "emails": [{"value": "z@x", "type": "z"}, {"value": "B@x", "primary": true, "type": "b"}]},
            {"id": "a", "emails": [{"value": "a@x", "type": "c"}], "urn:x:User": {"tags": ["q", "a"]}},
            {"id": "d", "urn:x:User": {"tags": ["p"]}},
        ]);
        check("emails", &users, "abcd", "dcba");
        check("emails.value", &users, "abcd", "dcba");
        check("EMAILS.type", &users, "cbad", "dabc");
        check("tags", &users, "dacb", "cbad");
        check(
            "badge.labels",
            &json!([
                {"id": "b", "urn:x:User": {"badge": {"labels": ["b", "a"]}}},
                {"id": "a", "urn:x:User": {"badge": {"labels": ["a"]}}},
            ]),
            "ab",
            "ba",
        );
    }

    #[test]
    fn what_has_no_order_is_refused() {
        for (sort_by, expected) in [
            ("nope", "an attribute of this resource type"),
            ("", "an attribute of this resource type"),
            ("emails[value pr]", "an attribute of this resource type"),
            ("urn:x:User", "an attribute of the schema extension"),
            ("name", "a sub-attribute of the complex attribute"),
            ("password", "an attribute that is returned"),
        ] {
            check_error(
                sort_by,
                &format!("Bad value of parameter sortBy: expected {expected}, got \"{sort_by}\""),
            );
        }
    }

    #[test]
    fn orders_are_read_in_any_case() {
        assert_eq!(Order::parse("Descending"), Ok(Order::Descending));
        assert_eq!(Order::parse("ascending"), Ok(Order::Ascending));
        let error = Order::parse("down").expect_err("no order");
        assert_eq!(
            error.detail(),
            "Bad value of parameter sortOrder: expected ascending or descending, got \"down\""
        );
    }
}
