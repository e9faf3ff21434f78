//! What a text must look like to be a value of its attribute (RFC 7643 §2.3, §7).

use super::{Place, quoted};
use crate::{
    Error, ErrorKind, datetime,
    fold::fold,
    schema::{Attribute, Type, Uniqueness},
};

/// Why `text` cannot be a value of `attribute`, if it cannot.
pub(super) fn fault(attribute: &Attribute, text: &str, place: Place<'_>) -> Option<Error> {
    let detail = match format_missed(attribute, text) {
        Some(format) => format!("Value in attribute {place} does not comply to a required format ({format})"),
        None if !is_allowed(attribute, text) => format!(
            "Value {} in attribute {place} is not one of the canonical values: [{}]",
            quoted(text),
            attribute.canonical_values.join(", ")
        ),
        None => return None,
    };
    Some(Error::new(ErrorKind::InvalidValue, detail).at(place.to_string()))
}

fn format_missed(attribute: &Attribute, text: &str) -> Option<&'static str> {
    if text.contains('\0') {
        return Some("text without NUL characters");
    }
    match attribute.kind {
        Type::DateTime if datetime::parse(text).is_none() => {
            Some("RFC 3339 date and time, for example 2026-11-21T01:00:00Z")
        }
        Type::Binary if !is_base64(text) => Some("base64, RFC 4648 section 4 or 5"),
        Type::Reference if !is_uri_reference(text) => Some("URI, for example https://example.com/a"),
        // A value that identifies the resource needs something to be identified by.
        Type::String if attribute.uniqueness != Uniqueness::None && text.trim().is_empty() => {
            Some("more than white space")
        }
        _ => None,
    }
}

/// Whether the schema allows the value: most canonical values are suggestions only.
fn is_allowed(attribute: &Attribute, text: &str) -> bool {
    let is = |value: &String| if attribute.case_exact { value == text } else { fold(value) == fold(text) };
    !attribute.private.closed || attribute.canonical_values.iter().any(is)
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let alphabet =
        |extra: [u8; 2]| digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || extra.contains(&byte));
    (alphabet(*b"+/") || alphabet(*b"-_"))
        && digits.len() % 4 != 1
        && (padding == 0 || (padding <= 2 && text.len().is_multiple_of(4)))
}

/// Characters of RFC 3986 §2 only; what it refers to is not asked.
fn is_uri_reference(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.char_indices().all(|(at, c)| match c {
        '%' => bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
        c if c.is_ascii() => c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=".contains(c),
        // Internationalised identifiers (RFC 3987) are passed on as they came.
        c => !c.is_whitespace() && !c.is_control(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::samples;

    /// Whether each of `texts` is refused, with the sentence's last part, as an attribute of these characteristics.
    fn check(mut attribute: serde_json::Value, texts: &[&str], expected: Option<&str>) {
        attribute["name"] = "a".into();
        let attribute = samples::attribute(attribute);
        for text in texts {
            let detail = fault(&attribute, text, Place::top("a")).map(|error| error.detail().to_owned());
            let said = detail.as_ref().and_then(|detail| Some(detail.split_once("attribute a ")?.1));
            assert_eq!(said, expected, "{text}");
        }
    }

    #[test]
    fn instants_are_whole() {
        let instant = json!({"type": "dateTime"});
        check(instant.clone(), &["2026-11-21T01:00:00Z", "2026-11-21T01:00:00.123+02:00"], None);
        let format = "RFC 3339 date and time, for example 2026-11-21T01:00:00Z";
        let told = format!("does not comply to a required format ({format})");
        check(instant, &["2026-11-21", "yesterday", " 2026-11-21T01:00:00Z"], Some(&told));
    }

    #[test]
    fn binary_values_are_base64_of_one_alphabet() {
        let binary = json!({"type": "binary"});
        check(binary.clone(), &["AQ==", "AQ", "AQI=", "AQID", "+/+/", "-_-_"], None);
        let told = "does not comply to a required format (base64, RFC 4648 section 4 or 5)";
        check(binary, &["A", "A===", "AQ=", "====", "+_AA", "A=Q=", "AQ==\n", "Aé=="], Some(told));
    }

    #[test]
    fn references_are_made_of_the_characters_of_a_uri() {
        let reference = json!({"type": "reference"});
        let good =
            ["https://example.com/a?b=%20#c", "../Users/26118915", "urn:x:y", "https://bücher.example/"];
        check(reference.clone(), &good, None);
        let told = "does not comply to a required format (URI, for example https://example.com/a)";
        check(
            reference,
            &["a b", "a%2", "a%", "a%zz", "%é", "<a>", "a\u{a0}b", "a\nb", "\"", "a\\b"],
            Some(told),
        );
    }

    #[test]
    fn what_identifies_a_resource_is_more_than_white_space() {
        let unique = json!({"type": "string", "uniqueness": "server"});
        check(unique.clone(), &["x", " x "], None);
        check(
            unique,
            &[" ", "\t\u{2003}"],
            Some("does not comply to a required format (more than white space)"),
        );
        check(json!({"type": "string"}), &[" "], None);
    }

    #[test]
    fn no_text_holds_a_nul() {
        for kind in ["string", "reference", "binary", "dateTime"] {
            let told = "does not comply to a required format (text without NUL characters)";
            check(json!({"type": kind, "canonicalValues": ["a\0"], "closed": true}), &["a\0"], Some(told));
        }
    }

    #[test]
    fn canonical_values_are_suggestions_unless_closed() {
        let open = json!({"type": "string", "canonicalValues": ["Work", "straße"]});
        check(open.clone(), &["work", "other"], None);
        let mut closed = open;
        closed["closed"] = true.into();
        check(closed.clone(), &["Work", "WORK", "STRASSE"], None);
        check(
            closed.clone(),
            &["other", " Work"],
            Some("is not one of the canonical values: [Work, straße]"),
        );
        closed["caseExact"] = true.into();
        check(closed.clone(), &["Work"], None);
        check(closed, &["work"], Some("is not one of the canonical values: [Work, straße]"));
    }
}
