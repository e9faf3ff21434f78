//! Schemas as data (RFC 7643 §7): the JSON documents drive validation, PATCH, filters, projection and discovery.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A schema: a URN and the attributes it defines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// The schema's URN.
    pub id: String,
    /// Short name, for people.
    pub name: String,
    /// What resources of this schema are, for people.
    #[serde(default)]
    pub description: String,
    /// The attributes.
    pub attributes: Vec<Attribute>,
}

/// One attribute and its characteristics (RFC 7643 §2.2, §7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// The name, in the spelling that is stored and returned.
    pub name: String,
    /// The data type.
    #[serde(rename = "type")]
    pub kind: Type,
    /// The attributes inside, for [`Type::Complex`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sub_attributes: Vec<Attribute>,
    /// Whether the value is an array.
    #[serde(default)]
    pub multi_valued: bool,
    /// What the attribute is for, for people.
    #[serde(default)]
    pub description: String,
    /// Whether a resource must have it.
    #[serde(default)]
    pub required: bool,
    /// Values that are suggested, or the only ones where `closed`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub canonical_values: Vec<String>,
    /// Whether two strings that differ in case only are different values.
    #[serde(default)]
    pub case_exact: bool,
    /// Who may change it, and when.
    #[serde(default)]
    pub mutability: Mutability,
    /// When it is part of an answer.
    #[serde(default)]
    pub returned: Returned,
    /// How far its values are unique.
    #[serde(default)]
    pub uniqueness: Uniqueness,
    /// What a [`Type::Reference`] may refer to: resource types, `external`, `uri`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference_types: Vec<String>,
    /// Characteristics of our own, which discovery does not publish.
    #[serde(flatten, skip_serializing)]
    pub private: Private,
}

/// Characteristics that RFC 7643 has no word for; never published.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Private {
    /// Whether `canonicalValues` are the only values allowed.
    pub closed: bool,
    /// The value the attribute gets when a write would leave it blank.
    pub default: Option<Value>,
    /// When a write that gives no value leaves the stored one.
    pub kept: Kept,
}

/// When a write that gives no value leaves the stored one (RFC 7644 §3.5.1 lets a server keep what a PUT
/// does not assert).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kept {
    /// Never: what is not given is cleared.
    #[default]
    Never,
    /// When a PUT does not mention the attribute; null or `""` clears it.
    Omitted,
    /// Whatever way the value is missing: the attribute can be changed, not cleared.
    Blank,
}

/// Data types (RFC 7643 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are RFC 7643's own")]
pub enum Type {
    String,
    Boolean,
    Decimal,
    Integer,
    DateTime,
    Binary,
    Reference,
    Complex,
}

impl Type {
    /// The type's name in a schema document.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Decimal => "decimal",
            Self::Integer => "integer",
            Self::DateTime => "dateTime",
            Self::Binary => "binary",
            Self::Reference => "reference",
            Self::Complex => "complex",
        }
    }
}

/// Who may change an attribute, and when (RFC 7643 §7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are RFC 7643's own")]
pub enum Mutability {
    ReadOnly,
    #[default]
    ReadWrite,
    Immutable,
    WriteOnly,
}

/// When an attribute is part of an answer (RFC 7643 §7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are RFC 7643's own")]
pub enum Returned {
    Always,
    Never,
    #[default]
    Default,
    Request,
}

/// How far an attribute's values are unique (RFC 7643 §7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are RFC 7643's own")]
pub enum Uniqueness {
    #[default]
    None,
    Server,
    Global,
}

impl Schema {
    /// Reads a schema document.
    ///
    /// # Errors
    ///
    /// The JSON error, when the document is not a Schema as RFC 7643 §7 describes it.
    pub fn from_json(document: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(document)
    }

    /// The attribute of this name, in any case (RFC 7643 §2.1).
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        find(&self.attributes, name)
    }
}

impl Attribute {
    /// The sub-attribute of this name, in any case.
    #[must_use]
    pub fn sub_attribute(&self, name: &str) -> Option<&Self> {
        find(&self.sub_attributes, name)
    }

    /// Whether it is an array of complex values, the plural attributes of RFC 7643 §2.4.
    #[must_use]
    pub fn is_plural(&self) -> bool {
        self.multi_valued && self.kind == Type::Complex
    }
}

fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// Attributes that every resource has (RFC 7643 §3.1), and `schemas`.
pub static COMMON: LazyLock<Schema> = LazyLock::new(|| own(include_str!("../schemas/common.json")));
/// The User schema (RFC 7643 §4.1).
pub static USER: LazyLock<Schema> = LazyLock::new(|| own(include_str!("../schemas/user.json")));
/// The enterprise extension of User (RFC 7643 §4.3).
pub static ENTERPRISE_USER: LazyLock<Schema> =
    LazyLock::new(|| own(include_str!("../schemas/enterprise_user.json")));
/// The Group schema (RFC 7643 §4.2).
pub static GROUP: LazyLock<Schema> = LazyLock::new(|| own(include_str!("../schemas/group.json")));

#[expect(clippy::expect_used, reason = "the documents are part of the program; a test reads each of them")]
fn own(document: &str) -> Schema {
    Schema::from_json(document).expect("a schema document of this crate")
}
