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

    /// Whether the answer can show any part of a core attribute: what is not shown need not be read.
    #[must_use]
    pub fn shows(&self, resource_type: &ResourceType, name: &str) -> bool {
        let Some(attribute) = resource_type.core(name) else { return false };
        let wholly = |path: &&AttributePath| {
            path.sub_attribute.is_none() && named(resource_type, path, None, attribute)
        };
        match attribute.returned {
            Returned::Always => true,
            Returned::Never => false,
            Returned::Request => self.selects(resource_type, None, attribute),
            Returned::Default => {
                (self.attributes.is_none() || self.selects(resource_type, None, attribute))
                    && !self.excluded.iter().any(|path| wholly(&path))
            }
        }
    }

    /// The resource with what the request asked for, and nothing that is never returned.
    #[must_use]
    pub fn apply(&self, resource_type: &ResourceType, resource: Object) -> Object {
        let mut shown = Object::new();
        for (key, value) in resource {
            if let Some(attribute) = resource_type.core(&key) {
                if let Some(value) = self.attribute(resource_type, None, attribute, value) {
                    shown.insert(key, value);
                }
            } else if let Some(extension) = resource_type.extension(&key)
                && let Value::Object(fields) = value
            {
                let fields: Object = fields
                    .into_iter()
                    .filter_map(|(name, value)| {
                        let attribute = extension.schema.attribute(&name)?;
                        Some((
                            name,
                            self.attribute(resource_type, Some(&extension.schema), attribute, value)?,
                        ))
                    })
                    .collect();
                if !fields.is_empty() {
                    shown.insert(key, Value::Object(fields));
                }
            }
        }
        shown
    }

    fn selects(&self, resource_type: &ResourceType, schema: Option<&Schema>, attribute: &Attribute) -> bool {
        self.attributes
            .as_deref()
            .is_some_and(|paths| paths.iter().any(|path| named(resource_type, path, schema, attribute)))
    }

    fn attribute(
        &self,
        resource_type: &ResourceType,
        schema: Option<&Schema>,
        attribute: &Attribute,
        value: Value,
    ) -> Option<Value> {
        let naming = |paths: &[AttributePath]| -> Option<Vec<Option<String>>> {
            let subs: Vec<_> = paths
                .iter()
                .filter(|path| named(resource_type, path, schema, attribute))
                .map(|path| self::sub_attribute(resource_type, path))
                .collect();
            (!subs.is_empty()).then_some(subs)
        };
        let asked = self.attributes.as_deref().and_then(naming);
        let excluded = naming(&self.excluded);
        let shown = match attribute.returned {
            Returned::Always => true,
            Returned::Never => false,
            Returned::Request => asked.is_some(),
            Returned::Default => {
                (self.attributes.is_none() || asked.is_some())
                    && !excluded.iter().flatten().any(Option::is_none)
            }
        };
        let names_of = |subs: Option<Vec<Option<String>>>| subs.unwrap_or_default();
        shown.then(|| sub_attributes(attribute, value, &names_of(asked), &names_of(excluded)))?
    }
}

/// The value with the sub-attributes asked for; a whole attribute asked for is a `None` among `asked`.
fn sub_attributes(
    attribute: &Attribute,
    value: Value,
    asked: &[Option<String>],
    excluded: &[Option<String>],
) -> Option<Value> {
    let whole = asked.is_empty() || asked.iter().any(Option::is_none);
    let is =
        |list: &[Option<String>], name: &str| list.iter().flatten().any(|sub| sub.eq_ignore_ascii_case(name));
    match value {
        Value::Object(fields) => {
            let fields: Object = fields
                .into_iter()
                .filter(|(name, _)| {
                    let returned =
                        attribute.sub_attribute(name).map_or(Returned::Default, |sub| sub.returned);
                    match returned {
                        Returned::Always => true,
                        Returned::Never => false,
                        Returned::Request => is(asked, name),
                        Returned::Default => (whole || is(asked, name)) && !is(excluded, name),
                    }
                })
                .collect();
            (!fields.is_empty()).then_some(Value::Object(fields))
        }
        Value::Array(items) => {
            let items: Vec<_> = items
                .into_iter()
                .filter_map(|item| sub_attributes(attribute, item, asked, excluded))
                .collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        simple => Some(simple),
    }
}

/// Whether `path` names `attribute`, a part of it, or the whole extension it is in.
fn named(
    resource_type: &ResourceType,
    path: &AttributePath,
    schema: Option<&Schema>,
    attribute: &Attribute,
) -> bool {
    match resource_type.resolve(path) {
        Some(Target::Attribute { extension, attribute: target, .. }) => {
            extension.map(|schema| &schema.id) == schema.map(|schema| &schema.id)
                && target.name == attribute.name
        }
        Some(Target::Extension(extension)) => schema.is_some_and(|schema| schema.id == extension.id),
        None => false,
    }
}

/// The sub-attribute that `path` ends in.
fn sub_attribute(resource_type: &ResourceType, path: &AttributePath) -> Option<String> {
    match resource_type.resolve(path)? {
        Target::Attribute { sub_attribute, .. } => sub_attribute.map(|sub| sub.name.clone()),
        Target::Extension(_) => None,
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
