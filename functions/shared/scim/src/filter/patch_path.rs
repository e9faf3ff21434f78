//! PATCH paths (RFC 7644 §3.5.2, figure 7): `attrPath / valuePath [subAttr]`.

use std::fmt;

use super::{
    Filter,
    cursor::{Cursor, Subject},
    lexer::Token,
};
use crate::{Error, path::AttributePath};

/// What the `path` of a PATCH operation says. Which of it exists is the schema's to say.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchPath {
    /// The attribute, with its sub-attribute where no filter stands between: `name.familyName`.
    pub attribute: AttributePath,
    /// Which values of the attribute; its names are sub-attributes.
    pub filter: Option<Filter>,
    /// The sub-attribute after the filter: `value` in `emails[type eq "work"].value`.
    pub sub_attribute: Option<String>,
}

/// The path that `text` is, within the limits of a filter.
///
/// # Errors
///
/// [`ErrorKind::InvalidPath`](crate::ErrorKind::InvalidPath) with the byte offset, what was expected there
/// and what came.
pub fn parse_path(text: &str) -> Result<PatchPath, Error> {
    let mut cursor = Cursor::new(text, Subject::Path)?;
    let attribute = cursor.attribute_path()?;
    let filter = cursor.value_filter()?;
    let sub_attribute = match filter {
        Some(_) => cursor.name_after_brackets()?.map(str::to_owned),
        None => None,
    };
    match cursor.token {
        Token::End => Ok(PatchPath { attribute, filter, sub_attribute }),
        _ => Err(cursor.expected("the end of the path")),
    }
}

impl fmt::Display for PatchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.attribute)?;
        if let Some(filter) = &self.filter {
            write!(f, "[{filter}]")?;
        }
        self.sub_attribute.as_ref().map_or(Ok(()), |name| write!(f, ".{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn check(text: &str, expected: (&str, Option<&str>, Option<&str>)) {
        let path = parse_path(text).expect(text);
        let filter = path.filter.as_ref().map(ToString::to_string);
        let parts = (path.attribute.to_string(), filter.as_deref(), path.sub_attribute.as_deref());
        assert_eq!((parts.0.as_str(), parts.1, parts.2), expected, "{text}");
        assert_eq!(parse_path(&path.to_string()), Ok(path), "{text}");
    }

    fn check_error(text: &str, expected: &str) {
        let error = parse_path(text).expect_err(text);
        assert_eq!((error.kind(), error.detail()), (ErrorKind::InvalidPath, expected), "{text}");
    }

    #[test]
    fn paths_have_an_attribute_a_filter_and_a_sub_attribute() {
        check("userName", ("userName", None, None));
        check("name.familyName", ("name.familyName", None, None));
        check("members[value eq \"1\"]", ("members", Some("value eq \"1\""), None));
        check(r#"emails[type eq "work"].value"#, ("emails", Some(r#"type eq "work""#), Some("value")));
        check(r#"emails[Type EQ "a]b\"]"].Value"#, ("emails", Some(r#"Type eq "a]b\"]""#), Some("Value")));
        check(
            r#"addresses[(type eq "work" or primary eq True) and not (country eq "DE")].region"#,
            (
                "addresses",
                Some(r#"(type eq "work" or primary eq true) and not (country eq "DE")"#),
                Some("region"),
            ),
        );
    }

    #[test]
    fn urns_may_name_the_attribute_or_be_all_of_the_path() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        for path in [urn.to_owned(), format!("{urn}:manager.value"), format!("{urn}.manager")] {
            check(&path, (&path, None, None));
        }
        let manager = format!("{urn}:manager");
        check(
            &format!("{manager}[value eq \"1\"].displayName"),
            (&manager, Some("value eq \"1\""), Some("displayName")),
        );
    }

    #[test]
    fn errors_say_where() {
        check_error("", "Bad path at offset 0: expected an attribute name, got the end");
        check_error("fav?", "Bad path at offset 0: expected an attribute name, got fav?");
        check_error("a b", "Bad path at offset 2: expected the end of the path, got b");
        check_error("emails.", "Bad path at offset 0: expected an attribute name, got emails.");
        check_error("emails[]", "Bad path at offset 7: expected an attribute name, not or (, got ]");
        check_error("emails[value pr", "Bad path at offset 15: expected and, or or ], got the end");
        check_error(
            "emails[value pr].",
            "Bad path at offset 16: expected the name of a sub-attribute after the dot, got .",
        );
        check_error(
            "emails[value pr].a.b",
            "Bad path at offset 16: expected the name of a sub-attribute after the dot, got .a.b",
        );
        check_error(
            "emails[value pr]value",
            "Bad path at offset 16: expected the end of the path, got value",
        );
        check_error(
            "members[value eq 1x]",
            "Bad path at offset 17: expected a value, got 1x; string values need double quotes",
        );
    }
}
