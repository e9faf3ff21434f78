//! Where in a resource the values of an attribute are.

use serde_json::Value;

use crate::{Object, resource_type::Target};

/// The canonical names that lead to an attribute's values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Source<'a> {
    /// The URN under which the attribute lies, for one of an extension.
    pub(crate) extension: Option<&'a str>,
    /// The attribute; an extension's URN for all of the extension.
    pub(crate) attribute: &'a str,
    /// The attribute inside.
    pub(crate) sub_attribute: Option<&'a str>,
}

impl<'a> Source<'a> {
    /// Where `target` lies.
    pub(crate) fn of(target: &Target<'a>) -> Self {
        match *target {
            Target::Extension(schema) => Self { extension: None, attribute: &schema.id, sub_attribute: None },
            Target::Attribute { extension, attribute, sub_attribute } => Self {
                extension: extension.map(|schema| schema.id.as_str()),
                attribute: &attribute.name,
                sub_attribute: sub_attribute.map(|sub| sub.name.as_str()),
            },
        }
    }

    /// The name under which a resource holds it.
    pub(crate) fn top(&self) -> &'a str {
        self.extension.unwrap_or(self.attribute)
    }

    /// The values of the attribute itself: several for a multi-valued one, none where it is absent.
    pub(crate) fn values<'r>(&self, resource: &'r Object) -> &'r [Value] {
        let holder = match self.extension {
            Some(urn) => resource.get(urn).and_then(Value::as_object),
            None => Some(resource),
        };
        holder.and_then(|holder| holder.get(self.attribute)).map_or(&[], each)
    }

    /// Whether `holds` for any value here, of the sub-attribute where one is named.
    pub(crate) fn any(&self, resource: &Object, holds: impl Fn(&Value) -> bool) -> bool {
        self.values(resource).iter().any(|value| match self.sub_attribute {
            None => holds(value),
            Some(name) => value.get(name).is_some_and(|value| each(value).iter().any(&holds)),
        })
    }
}

/// The elements of an array, or the one value that is none.
pub(crate) fn each(value: &Value) -> &[Value] {
    match value {
        Value::Array(elements) => elements,
        single => std::slice::from_ref(single),
    }
}
