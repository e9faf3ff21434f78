//! Resource types (RFC 7643 §6): which schemas describe a resource, and what a name means in them.

use std::sync::{Arc, LazyLock};

use crate::{
    id::Kind,
    path::AttributePath,
    schema::{Attribute, COMMON, ENTERPRISE_USER, GROUP, Schema, USER},
};

/// A type of resource: its endpoint, its schema and the extensions it may carry.
#[derive(Debug, Clone)]
pub struct ResourceType {
    /// `User`, `Group`, …: also `meta.resourceType`.
    pub name: String,
    /// The path below the base URL, with its slash: `/Users`.
    pub endpoint: String,
    /// What it is, for people.
    pub description: String,
    /// What it is to the table.
    pub kind: Kind,
    /// The base schema.
    pub schema: Arc<Schema>,
    /// The extensions.
    pub extensions: Vec<Extension>,
}

/// An extension of a resource type (RFC 7643 §3.3).
#[derive(Debug, Clone)]
pub struct Extension {
    /// The extension's schema; its URN is the key of its attributes in a resource.
    pub schema: Arc<Schema>,
    /// Whether every resource must carry it.
    pub required: bool,
}

/// What an [`AttributePath`] means in a resource type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target<'a> {
    /// An attribute, or a sub-attribute of it.
    Attribute {
        /// The extension that defines it; `None` for the base schema and the common attributes.
        extension: Option<&'a Schema>,
        /// The attribute.
        attribute: &'a Attribute,
        /// The sub-attribute.
        sub_attribute: Option<&'a Attribute>,
    },
    /// All attributes of an extension.
    Extension(&'a Schema),
}

impl ResourceType {
    /// What `path` means here, names compared without case; `None` when no schema knows it.
    ///
    /// A name without URN is looked for in the base schema, the common attributes and, last, the extensions.
    #[must_use]
    pub fn resolve(&self, path: &AttributePath) -> Option<Target<'_>> {
        let sub = path.sub_attribute.as_deref();
        let Some(urn) = &path.schema else {
            return self.core(&path.attribute).and_then(|attribute| target(None, attribute, sub)).or_else(
                || self.extensions.iter().find_map(|extension| in_extension(extension, &path.attribute, sub)),
            );
        };
        if let Some(extension) = self.extension(urn) {
            return in_extension(extension, &path.attribute, sub);
        }
        if self.schema.id.eq_ignore_ascii_case(urn) {
            return self.core(&path.attribute).and_then(|attribute| target(None, attribute, sub));
        }
        // The last part of the URN itself was taken for the name: the path is a whole extension, or, as
        // Entra's oldest jobs write it, the extension and an attribute with a dot between.
        let urn = format!("{urn}:{}", path.attribute);
        if let Some(extension) = self.extension(&urn) {
            return match sub {
                None => Some(Target::Extension(&extension.schema)),
                Some(name) => in_extension(extension, name, None),
            };
        }
        let name = sub?;
        self.schema
            .id
            .eq_ignore_ascii_case(&urn)
            .then(|| self.core(name))
            .flatten()
            .and_then(|attribute| target(None, attribute, None))
    }

    /// The attribute of the base schema or of RFC 7643 §3.1 with this name.
    #[must_use]
    pub fn core(&self, name: &str) -> Option<&Attribute> {
        self.schema.attribute(name).or_else(|| COMMON.attribute(name))
    }

    /// The extension with this URN, compared without case.
    #[must_use]
    pub fn extension(&self, urn: &str) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.schema.id.eq_ignore_ascii_case(urn))
    }
}

fn in_extension<'a>(extension: &'a Extension, name: &str, sub: Option<&str>) -> Option<Target<'a>> {
    extension.schema.attribute(name).and_then(|attribute| target(Some(&extension.schema), attribute, sub))
}

fn target<'a>(
    extension: Option<&'a Schema>,
    attribute: &'a Attribute,
    sub: Option<&str>,
) -> Option<Target<'a>> {
    let sub_attribute = match sub {
        Some(name) => Some(attribute.sub_attribute(name)?),
        None => None,
    };
    Some(Target::Attribute { extension, attribute, sub_attribute })
}

impl Target<'_> {
    /// The attribute that holds the values: the sub-attribute where one is named.
    #[must_use]
    pub fn leaf(&self) -> Option<&Attribute> {
        match self {
            Self::Attribute { attribute, sub_attribute, .. } => Some(sub_attribute.unwrap_or(attribute)),
            Self::Extension(_) => None,
        }
    }
}

impl std::fmt::Display for Target<'_> {
    /// The full name, as error texts and attribute mappings write it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Extension(schema) => f.write_str(&schema.id),
            Self::Attribute { extension, attribute, sub_attribute } => {
                if let Some(schema) = extension {
                    write!(f, "{}:", schema.id)?;
                }
                f.write_str(&attribute.name)?;
                sub_attribute.map_or(Ok(()), |sub| write!(f, ".{}", sub.name))
            }
        }
    }
}

/// User (RFC 7643 §4.1) with the enterprise extension (§4.3).
pub static USERS: LazyLock<Arc<ResourceType>> = LazyLock::new(|| {
    Arc::new(ResourceType {
        name: "User".into(),
        endpoint: "/Users".into(),
        description: "A person's account.".into(),
        kind: Kind::User,
        schema: Arc::new(USER.clone()),
        extensions: vec![Extension { schema: Arc::new(ENTERPRISE_USER.clone()), required: false }],
    })
});

/// Group (RFC 7643 §4.2).
pub static GROUPS: LazyLock<Arc<ResourceType>> = LazyLock::new(|| {
    Arc::new(ResourceType {
        name: "Group".into(),
        endpoint: "/Groups".into(),
        description: "A named set of users and groups.".into(),
        kind: Kind::Group,
        schema: Arc::new(GROUP.clone()),
        extensions: Vec::new(),
    })
});

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: Option<&str>) {
        let parsed = AttributePath::parse(path).expect("a path");
        assert_eq!(USERS.resolve(&parsed).map(|target| target.to_string()).as_deref(), expected, "{path}");
    }

    #[test]
    fn names_resolve_in_any_spelling_a_client_sends() {
        let core = "urn:ietf:params:scim:schemas:core:2.0:User";
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        check("USERNAME", Some("userName"));
        check("Emails.Value", Some("emails.value"));
        check(&format!("{core}:active"), Some("active"));
        check(&format!("{core}.active"), Some("active"));
        check("meta.lastModified", Some("meta.lastModified"));
        check("externalid", Some("externalId"));
        check(enterprise, Some(enterprise));
        check(&format!("{enterprise}:Manager.value"), Some(&format!("{enterprise}:manager.value")));
        check(&format!("{enterprise}.department"), Some(&format!("{enterprise}:department")));
        check("manager", Some(&format!("{enterprise}:manager")));
        check("name.nope", None);
        check("nope", None);
        check("urn:x:User:userName", None);
    }
}
