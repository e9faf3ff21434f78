//! Entity tags (RFC 7644 §3.14): a resource's revision, compared weakly.

use axum::http::{HeaderMap, HeaderName, header};
use scim::{Error, ErrorKind};

/// The entity tag of a revision.
pub(crate) fn version(revision: u64) -> String {
    format!("W/\"{revision}\"")
}

/// Whether the client already has this revision (`If-None-Match` on GET).
pub(crate) fn is_current(headers: &HeaderMap, revision: u64) -> bool {
    matches(headers, &header::IF_NONE_MATCH, revision) == Some(true)
}

/// Whether the request names the versions it is meant for.
pub(crate) fn is_given(headers: &HeaderMap) -> bool {
    headers.contains_key(header::IF_MATCH)
}

/// Refuses a change that was meant for another revision (`If-Match`).
///
/// # Errors
///
/// [`ErrorKind::PreconditionFailed`] naming the present version.
pub(crate) fn check(headers: &HeaderMap, revision: u64) -> Result<(), Error> {
    if matches(headers, &header::IF_MATCH, revision) == Some(false) {
        let detail = format!(
            "If-Match names another version than the present one, {}: read the resource again",
            version(revision)
        );
        return Err(Error::new(ErrorKind::PreconditionFailed, detail));
    }
    Ok(())
}

/// Whether the header, if there is one, names this revision; `*` names any.
fn matches(headers: &HeaderMap, name: &HeaderName, revision: u64) -> Option<bool> {
    let own = revision.to_string();
    let mut values = headers.get_all(name).iter().peekable();
    values.peek()?;
    Some(values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(|tag| {
        let tag = tag.trim();
        let opaque = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || opaque.trim_matches('"') == own
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_tags(value: &'static str, expected: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, value.parse().expect("a header"));
        assert_eq!(check(&headers, 7).is_ok(), expected, "{value}");
    }

    #[test]
    fn tags_compare_weakly_and_a_star_is_any() {
        check_tags("W/\"7\"", true);
        check_tags("\"7\"", true);
        check_tags("\"1\", W/\"7\"", true);
        check_tags("*", true);
        check_tags("W/\"70\"", false);
        check_tags("\"x\"", false);
        assert!(check(&HeaderMap::new(), 7).is_ok());
    }
}
