//! What differs between identity providers: the words for types, and the language of expressions.

use scim::schema::{Attribute, Mutability, Type};
use serde_json::Value;

use super::row::{Leaf, Origin};

/// An identity provider that there is a guide for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Provider {
    /// Okta
    Okta,
    /// Microsoft Entra ID
    Entra,
}

/// Attributes of a directory that Entra leaves to companies to fill.
const EXTENSION_ATTRIBUTES: usize = 13;

impl Provider {
    /// The name on the command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Okta => "okta",
            Self::Entra => "entra",
        }
    }

    /// A type, in the word of the identity provider's own forms.
    pub(super) fn kind(self, attribute: &Attribute) -> &'static str {
        match (self, attribute.kind, attribute.multi_valued) {
            (Self::Okta, Type::Decimal, true) => "number array",
            (Self::Okta, Type::Integer, true) => "integer array",
            (Self::Okta, _, true) => "string array",
            (Self::Okta, Type::Decimal, false) => "number",
            (Self::Okta, Type::Integer, false) => "integer",
            (Self::Okta, Type::Boolean, false) => "boolean",
            (Self::Okta, _, false) => "string",
            (Self::Entra, Type::Boolean, _) => "Boolean",
            (Self::Entra, Type::Integer, _) => "Integer",
            (Self::Entra, Type::DateTime, _) => "DateTime",
            (Self::Entra, Type::Binary, _) => "Binary",
            (Self::Entra, Type::Complex, _) => "Reference",
            (Self::Entra, _, _) => "String",
        }
    }

    /// Who may change it, in the word of the identity provider's own forms.
    pub(super) const fn mutability(self, mutability: Mutability) -> &'static str {
        match (self, mutability) {
            (Self::Okta, Mutability::ReadOnly) => "READ_ONLY",
            (Self::Okta, Mutability::Immutable) => "IMMUTABLE",
            (Self::Okta, Mutability::WriteOnly) => "WRITE_ONLY",
            (Self::Okta, Mutability::ReadWrite) => "READ_WRITE",
            (Self::Entra, Mutability::ReadOnly) => "readOnly",
            (Self::Entra, Mutability::Immutable) => "immutable",
            (Self::Entra, Mutability::WriteOnly) => "writeOnly",
            (Self::Entra, Mutability::ReadWrite) => "readWrite",
        }
    }

    /// How the value of an attribute is made: the kind of mapping, and the value or the expression.
    pub(super) fn value(self, leaf: &Leaf<'_>, origin: &Origin, at: usize) -> (&'static str, String) {
        let (attribute, allowed) = (leaf.attribute, leaf.allowed());
        if let [only] = allowed {
            return match self {
                Self::Okta => ("Expression", format!("{only:?}")),
                Self::Entra => ("Constant", only.clone()),
            };
        }
        let from = match (&origin.from, self) {
            (Some(from), _) => from.clone(),
            (None, Self::Okta) => leaf.name().to_owned(),
            (None, Self::Entra) => format!("extensionAttribute{}", at % EXTENSION_ATTRIBUTES + 1),
        };
        if origin.choice
            && let [first, usual, ..] = allowed
        {
            return ("Expression", self.choice(&from, first, usual));
        }
        if attribute.kind == Type::DateTime && !attribute.multi_valued {
            return ("Expression", self.date(&from));
        }
        let default = attribute.private.default.as_ref().and_then(Value::as_str);
        // What the service would fill in needs no fallback of the mapping, and nobody is called Default.
        let fallback = (leaf.is_required()
            && !leaf.is_standard()
            && default.is_none()
            && attribute.kind == Type::String)
            .then(|| allowed.first().map_or("Default", String::as_str));
        match (self, fallback, origin.from.is_none().then_some(default).flatten()) {
            (Self::Okta, Some(fallback), _) => (
                "Expression",
                format!("user.{from} != null && user.{from} != \"\" ? user.{from} : {fallback:?}"),
            ),
            (Self::Entra, Some(fallback), _) => ("Expression", format!("Coalesce([{from}], {fallback:?})")),
            (Self::Okta, None, _) => ("Direct", format!("user.{from}")),
            // The target is filled where it is empty, and never overwritten.
            (Self::Entra, None, Some(default)) => ("None", default.to_owned()),
            (Self::Entra, None, None) => ("Direct", from),
        }
    }

    /// One of two values by who somebody is.
    fn choice(self, from: &str, first: &str, usual: &str) -> String {
        match self {
            Self::Okta => format!("isMemberOfGroupName(\"{first}s\") ? {first:?} : {usual:?}"),
            Self::Entra => format!("Switch([{from}], {usual:?}, {first:?}, {first:?})"),
        }
    }

    /// A date as a date and a time in RFC 3339.
    fn date(self, from: &str) -> String {
        match self {
            Self::Okta => format!("String.append(user.{from}, \"T01:00:00Z\")"),
            Self::Entra => format!("FormatDateTime([{from}], , \"M/d/yyyy\", \"yyyy-MM-ddTHH:mm:ssZ\")"),
        }
    }
}
