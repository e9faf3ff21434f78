//! What a text must look like to be a value of its attribute (RFC 7643 §2.3, §7).

use crate::{
    datetime,
    fold::fold,
    schema::{Attribute, Type, Uniqueness},
};

enum Fault {
    Format(&'static str),
    NotCanonical,
}

fn fault_in_text(attribute: &Attribute, text: &str) -> Option<Fault> {
    if text.contains('\0') {
        return Some(Fault::Format("text without NUL characters"));
    }
    match attribute.kind {
        Type::DateTime if datetime::parse(text).is_none() => {
            Some(Fault::Format("RFC 3339 date and time, for example 2026-11-21T01:00:00Z"))
        }
        Type::Binary if !is_base64(text) => Some(Fault::Format("base64, RFC 4648 section 4 or 5")),
        Type::Reference if !is_uri_reference(text) => {
            Some(Fault::Format("URI, for example https://example.com/a"))
        }
        // A value that identifies the resource needs something to be identified by.
        Type::String if attribute.uniqueness != Uniqueness::None && text.trim().is_empty() => {
            Some(Fault::Format("more than white space"))
        }
        Type::String if attribute.private.closed => {
            let listed = attribute
                .canonical_values
                .iter()
                .any(|value| if attribute.case_exact { value == text } else { fold(value) == fold(text) });
            (!listed).then_some(Fault::NotCanonical)
        }
        _ => None,
    }
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

/// Characters of RFC 3986 §2 only, and a scheme or path; what it refers to is not asked.
fn is_uri_reference(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.char_indices().all(|(at, c)| match c {
        '%' => bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
        c if c.is_ascii() => c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=".contains(c),
        // Internationalised identifiers (RFC 3987) are passed on as they came.
        c => !c.is_whitespace() && !c.is_control(),
    })
}
