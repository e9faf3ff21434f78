//! Attribute names as clients write them (RFC 7644 §3.10): `[urn:]attribute[.subAttribute]`.

use std::fmt;

use serde::Deserialize;

/// A parsed attribute name. What it means is the [`ResourceType`](crate::ResourceType)'s to say.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct AttributePath {
    /// The schema URN in front of the name, if one was given.
    pub schema: Option<String>,
    /// The attribute's name, in the client's spelling.
    pub attribute: String,
    /// The sub-attribute after the dot, in the client's spelling.
    pub sub_attribute: Option<String>,
}

impl AttributePath {
    /// Parses `[urn:]attribute[.subAttribute]`; the URN ends at the last colon.
    ///
    /// `None` when a name is empty or holds a character outside RFC 7643 §2.1.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (schema, name) = match text.rsplit_once(':') {
            Some((schema, name)) if !schema.is_empty() => (Some(schema.to_owned()), name),
            Some(_) => return None,
            None => (None, text),
        };
        let (attribute, sub_attribute) = match name.split_once('.') {
            Some((attribute, sub)) => (attribute, Some(sub)),
            None => (name, None),
        };
        (is_name(attribute) && sub_attribute.is_none_or(is_name)).then(|| Self {
            schema,
            attribute: attribute.to_owned(),
            sub_attribute: sub_attribute.map(str::to_owned),
        })
    }

    /// The same name in lower case: names that differ in nothing else mean the same (RFC 7643 §2.1).
    #[must_use]
    pub fn to_lowercase(&self) -> Self {
        Self {
            schema: self.schema.as_deref().map(str::to_ascii_lowercase),
            attribute: self.attribute.to_ascii_lowercase(),
            sub_attribute: self.sub_attribute.as_deref().map(str::to_ascii_lowercase),
        }
    }
}

impl TryFrom<String> for AttributePath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is not the path of an attribute"))
    }
}

/// Whether `text` is an attribute name: a letter, then letters, digits, `-` and `_`; or `$ref` (RFC 7643 §2.1).
#[must_use]
pub fn is_name(text: &str) -> bool {
    let mut characters = text.strip_prefix('$').unwrap_or(text).chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && characters.all(|next| next.is_ascii_alphanumeric() || next == '-' || next == '_')
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}:")?;
        }
        f.write_str(&self.attribute)?;
        match &self.sub_attribute {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(Option<&str>, &str, Option<&str>)>) {
        let parsed = AttributePath::parse(text);
        let parts =
            parsed.as_ref().map(|p| (p.schema.as_deref(), p.attribute.as_str(), p.sub_attribute.as_deref()));
        assert_eq!(parts, expected, "{text}");
        if let Some(path) = parsed {
            assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn names_split_at_the_last_colon_and_the_first_dot() {
        check("userName", Some((None, "userName", None)));
        check("name.familyName", Some((None, "name", Some("familyName"))));
        check("members.$ref", Some((None, "members", Some("$ref"))));
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        check(&format!("{urn}:manager.value"), Some((Some(urn), "manager", Some("value"))));
        for bad in ["", ".", "a.", ".a", "a.b.c", ":a", "1st", "a b", "fav?", "é", "urn:x:"] {
            check(bad, None);
        }
    }
}
