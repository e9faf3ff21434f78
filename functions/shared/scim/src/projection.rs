//! Which attributes an answer shows (RFC 7644 §3.9, `returned` of RFC 7643 §7).

use serde_json::Value;

use crate::{
    Object, ResourceType, filter,
    path::AttributePath,
    resource_type::Target,
    schema::{Attribute, Returned, Schema},
};

/// The `attributes` and `excludedAttributes` of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    /// Only these and what is always returned; `None` for the default set.
    attributes: Option<Vec<AttributePath>>,
    /// Not these, unless they are always returned.
    excluded: Vec<AttributePath>,
}

impl Projection {
    /// From the two parameters; names that no schema knows select nothing (RFC 7644 §3.9 asks for no error).
    #[must_use]
    pub fn new<'a>(
        attributes: Option<impl Iterator<Item = &'a str>>,
        excluded: impl Iterator<Item = &'a str>,
    ) -> Self {
        Self { attributes: attributes.map(parse), excluded: excluded.filter_map(parse_one).collect() }
    }

    /// From the comma-separated lists of a query string.
    #[must_use]
    pub fn from_lists(attributes: Option<&str>, excluded: Option<&str>) -> Self {
        Self::new(attributes.map(|list| list.split(',')), excluded.unwrap_or_default().split(','))
    }

    /// Whether the request says anything about attributes.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.attributes.is_some() || !self.excluded.is_empty()
    }

    /// What the two parameters name, in lower case and in a fixed order: equal for requests that ask for the same.
    pub(crate) fn names(&self) -> (Option<Vec<String>>, Vec<String>) {
        let names = |paths: &[AttributePath]| {
            let mut names: Vec<_> = paths.iter().map(|path| path.to_lowercase().to_string()).collect();
            names.sort();
            names.dedup();
            names
        };
        (self.attributes.as_deref().map(names), names(&self.excluded))
    }

    /// Whether the answer can show any part of a core attribute: what is not shown need not be read.
    #[must_use]
    pub fn shows(&self, resource_type: &ResourceType, name: &str) -> bool {
        let choice = Choice::of(self, resource_type);
        resource_type.core(name).is_some_and(|attribute| choice.shows(None, attribute))
    }

    /// Whether the answer can show any part of an attribute of the base schema, or of this extension.
    pub(crate) fn shows_attribute(
        &self,
        resource_type: &ResourceType,
        schema: Option<&Schema>,
        attribute: &Attribute,
    ) -> bool {
        Choice::of(self, resource_type).shows(schema, attribute)
    }

    /// The same, without a core attribute that the request does not name: one that is returned on request only.
    #[must_use]
    pub fn unless_asked(mut self, name: &str) -> Self {
        if self.attributes.is_none() {
            let attribute = name.to_owned();
            self.excluded.push(AttributePath { schema: None, attribute, sub_attribute: None });
        }
        self
    }

    /// The resource with what the request asked for, and nothing that is never returned.
    #[must_use]
    pub fn apply(&self, resource_type: &ResourceType, mut resource: Object) -> Object {
        let choice = Choice::of(self, resource_type);
        resource.retain(|key, value| {
            if let Some(attribute) = resource_type.core(key) {
                return choice.keeps(None, attribute, value);
            }
            let (Some(extension), Value::Object(fields)) = (resource_type.extension(key), value) else {
                return false;
            };
            let schema = &*extension.schema;
            fields.retain(|name, value| {
                schema.attribute(name).is_some_and(|attribute| choice.keeps(Some(schema), attribute, value))
            });
            !fields.is_empty()
        });
        resource
    }
}

/// What the names of a projection mean in a resource type.
struct Choice<'a> {
    asked: Option<Vec<Target<'a>>>,
    excluded: Vec<Target<'a>>,
}

impl<'a> Choice<'a> {
    fn of(projection: &Projection, resource_type: &'a ResourceType) -> Self {
        let targets = |paths: &[AttributePath]| {
            paths.iter().filter_map(|path| resource_type.resolve(path)).collect::<Vec<_>>()
        };
        Self { asked: projection.attributes.as_deref().map(targets), excluded: targets(&projection.excluded) }
    }

    /// Whether any part of the attribute can be shown.
    fn shows(&self, schema: Option<&Schema>, attribute: &Attribute) -> bool {
        let is_asked = || parts(self.asked.as_deref(), schema, attribute).next().is_some();
        match attribute.returned {
            Returned::Always => true,
            Returned::Never => false,
            Returned::Request => is_asked(),
            Returned::Default => {
                (self.asked.is_none() || is_asked())
                    && parts(Some(&self.excluded), schema, attribute).all(|part| part.is_some())
            }
        }
    }

    /// Whether anything of the value is shown; what is not is taken out of it.
    fn keeps(&self, schema: Option<&Schema>, attribute: &Attribute, value: &mut Value) -> bool {
        if !self.shows(schema, attribute) {
            return false;
        }
        let asked: Vec<_> = parts(self.asked.as_deref(), schema, attribute).collect();
        let excluded: Vec<_> = parts(Some(&self.excluded), schema, attribute).collect();
        let is_whole = asked.is_empty() || asked.contains(&None);
        let is_shown = |name: &str| {
            let is_asked = || asked.contains(&Some(name));
            match attribute.sub_attribute(name).map_or(Returned::Default, |sub| sub.returned) {
                Returned::Always => true,
                Returned::Never => false,
                Returned::Request => is_asked(),
                Returned::Default => (is_whole || is_asked()) && !excluded.contains(&Some(name)),
            }
        };
        keep_sub_attributes(value, &is_shown)
    }
}

/// The sub-attributes of `attribute` that `targets` name, `None` for all of it.
fn parts<'a>(
    targets: Option<&'a [Target<'a>]>,
    schema: Option<&Schema>,
    attribute: &Attribute,
) -> impl Iterator<Item = Option<&'a str>> {
    targets.unwrap_or_default().iter().filter_map(move |target| match *target {
        Target::Attribute { extension, attribute: named, sub_attribute } => (named.name == attribute.name
            && extension.map(|schema| &schema.id) == schema.map(|schema| &schema.id))
        .then(|| sub_attribute.map(|sub| sub.name.as_str())),
        Target::Extension(named) => schema.is_some_and(|schema| schema.id == named.id).then_some(None),
    })
}

/// Takes the sub-attributes that are not shown out of the value; whether anything is left of it.
fn keep_sub_attributes(value: &mut Value, is_shown: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| is_shown(name));
            !fields.is_empty()
        }
        Value::Array(items) => {
            items.retain_mut(|item| keep_sub_attributes(item, is_shown));
            !items.is_empty()
        }
        _ => true,
    }
}

fn parse<'a>(names: impl Iterator<Item = &'a str>) -> Vec<AttributePath> {
    names.filter_map(parse_one).collect()
}

/// A name of the list; Microsoft's test collection also asks for `emails[type eq "work"]`, which shows `emails`.
fn parse_one(name: &str) -> Option<AttributePath> {
    let path = filter::parse_path(name.trim()).ok()?;
    let sub_attribute = path.sub_attribute.or(path.attribute.sub_attribute);
    Some(AttributePath { sub_attribute, ..path.attribute })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::samples::{object, users_with};

    const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    /// Users with an extension that has attributes of every way to be returned.
    fn resource_type() -> ResourceType {
        users_with(
            json!([
                {"name": "badge", "type": "string", "returned": "always"},
                {"name": "pin", "type": "string", "returned": "never"},
                {"name": "notes", "type": "string", "returned": "request"},
                {"name": "key", "type": "complex", "subAttributes": [
                    {"name": "id", "type": "string", "returned": "always"},
                    {"name": "secret", "type": "string", "returned": "never"},
                    {"name": "history", "type": "string", "returned": "request"},
                    {"name": "label", "type": "string"}
                ]},
                {"name": "files", "type": "complex", "multiValued": true, "returned": "request", "subAttributes": [
                    {"name": "value", "type": "string"},
                    {"name": "hash", "type": "string"}
                ]}
            ]),
            false,
        )
    }

    fn user() -> Object {
        object(json!({
            "schemas": [CORE],
            "id": "1",
            "externalId": "x",
            "userName": "b",
            "password": "p",
            "name": {"givenName": "B", "familyName": "J"},
            "emails": [{"value": "a@x", "type": "work"}, {"type": "home"}],
            ENTERPRISE: {"department": "d", "manager": {"value": "1", "displayName": "m"}},
            "urn:x:User": {
                "badge": "b",
                "pin": "p",
                "notes": "n",
                "key": {"id": "i", "secret": "s", "history": "h", "label": "l"},
                "files": [{"value": "v", "hash": "h"}]
            },
            "unknown": 1
        }))
    }

    /// What is shown of the user beside `schemas`, `id` and the badge, which are always.
    fn check(attributes: Option<&str>, excluded: Option<&str>, expected: Value) {
        let (resource_type, projection) = (resource_type(), Projection::from_lists(attributes, excluded));
        let mut wanted = object(expected);
        wanted.extend(object(json!({"schemas": [CORE], "id": "1"})));
        let extension = wanted.entry("urn:x:User").or_insert_with(|| json!({}));
        extension["badge"] = "b".into();
        let shown = projection.apply(&resource_type, user());
        assert_eq!(
            Value::Object(shown.clone()),
            Value::Object(wanted),
            "{attributes:?} without {excluded:?}"
        );
        for name in ["userName", "externalId", "password", "name", "emails", "id"] {
            let is_shown = projection.shows(&resource_type, name);
            assert_eq!(is_shown, shown.contains_key(name), "{name}: {attributes:?} without {excluded:?}");
        }
    }

    #[test]
    fn by_default_all_is_shown_but_what_is_never_or_on_request() {
        check(
            None,
            None,
            json!({
                "externalId": "x",
                "userName": "b",
                "name": {"givenName": "B", "familyName": "J"},
                "emails": [{"value": "a@x", "type": "work"}, {"type": "home"}],
                ENTERPRISE: {"department": "d", "manager": {"value": "1", "displayName": "m"}},
                "urn:x:User": {"key": {"id": "i", "label": "l"}}
            }),
        );
    }

    #[test]
    fn attributes_are_named_in_any_spelling() {
        let name = json!({"name": {"givenName": "B", "familyName": "J"}});
        check(Some("NAME"), None, name.clone());
        check(Some(&format!(" {CORE}:name , nope,,name.nope")), None, name);
        check(Some("name.GivenName"), None, json!({"name": {"givenName": "B"}}));
        check(Some("emails.value"), None, json!({"emails": [{"value": "a@x"}]}));
        check(
            Some("emails[type eq \"work\"].type,userName"),
            None,
            json!({"emails": [{"type": "work"}, {"type": "home"}], "userName": "b"}),
        );
        check(Some("name.givenName,name"), None, json!({"name": {"givenName": "B", "familyName": "J"}}));
        check(Some("nope"), None, json!({}));
    }

    #[test]
    fn extensions_are_named_whole_or_by_attribute() {
        let whole = json!({ENTERPRISE: {"department": "d", "manager": {"value": "1", "displayName": "m"}}});
        check(Some(ENTERPRISE), None, whole);
        check(
            Some(&format!("{ENTERPRISE}:manager.displayName")),
            None,
            json!({ENTERPRISE: {"manager": {"displayName": "m"}}}),
        );
        check(Some("department"), None, json!({ENTERPRISE: {"department": "d"}}));
        // Naming all of an extension asks for what it shows on request too, but no further.
        check(
            Some("urn:x:User"),
            None,
            json!({"urn:x:User": {
                "notes": "n",
                "key": {"id": "i", "label": "l"},
                "files": [{"value": "v", "hash": "h"}]
            }}),
        );
    }

    #[test]
    fn what_is_shown_on_request_must_be_named() {
        check(Some("urn:x:User:notes"), None, json!({"urn:x:User": {"notes": "n"}}));
        check(
            Some("urn:x:User:key.history"),
            None,
            json!({"urn:x:User": {"key": {"id": "i", "history": "h"}}}),
        );
        check(Some("urn:x:User:files.hash"), None, json!({"urn:x:User": {"files": [{"hash": "h"}]}}));
    }

    #[test]
    fn what_is_never_shown_cannot_be_named() {
        check(Some("password,urn:x:User:pin"), None, json!({}));
        check(Some("urn:x:User:key.secret"), None, json!({"urn:x:User": {"key": {"id": "i"}}}));
    }

    #[test]
    fn what_is_excluded_is_left_out_unless_always_shown() {
        check(
            None,
            Some(&format!(
                "ID,schemas,externalId,name,emails.VALUE,urn:x:User:badge,urn:x:User:key.id,{ENTERPRISE}:manager.value"
            )),
            json!({
                "userName": "b",
                "emails": [{"type": "work"}, {"type": "home"}],
                ENTERPRISE: {"department": "d", "manager": {"displayName": "m"}},
                "urn:x:User": {"key": {"id": "i", "label": "l"}}
            }),
        );
        check(None, Some(&format!("userName,name,emails,externalId,urn:x:User,{ENTERPRISE}")), json!({}));
    }

    #[test]
    fn nothing_is_left_of_what_is_excluded_part_by_part() {
        let projection = Projection::from_lists(Some("name"), Some("name.givenName,name.familyName"));
        let shown = projection.apply(&resource_type(), user());
        assert!(!shown.contains_key("name"), "{shown:?}");
    }

    #[test]
    fn attributes_may_be_asked_for_and_excluded_at_once() {
        check(Some("name,emails"), Some("emails,name.givenName"), json!({"name": {"familyName": "J"}}));
    }

    #[test]
    fn only_a_list_with_names_is_given() {
        for (attributes, excluded, is_given) in [
            (None, None, false),
            (None, Some(""), false),
            (None, Some(" , "), false),
            (Some("nope"), None, true),
            (None, Some("nope"), true),
        ] {
            let projection = Projection::from_lists(attributes, excluded);
            assert_eq!(projection.is_given(), is_given, "{attributes:?} {excluded:?}");
        }
    }
}
