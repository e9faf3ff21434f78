//! Cursors (RFC 9865 §2): where a query goes on, sealed, so that a client can neither read one nor make one.
//!
//! The text is base64url of a nonce and of what `XChaCha20-Poly1305` makes of the cursor. Who asked for what is not in it
//! but sealed along with it: for anybody and anything else it does not open. Pure: key, nonce and time are parameters.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use connector::Key;
use scim::{Error, ErrorKind, list::CURSOR_TIMEOUT};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;

/// What the keys of cursors are derived for. A change of the format changes it, which ends the cursors in use.
pub(crate) const PURPOSE: &str = "cursor";

/// Bytes to draw anew for each cursor: enough of them that they may be drawn at random.
pub(crate) type Nonce = [u8; 24];

/// Where a query goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// The page size of the first page, which the others keep.
    pub(crate) count: usize,
    /// How many resources were served up to here.
    pub(crate) served: usize,
    /// How many there were when the first page was served; `None` where they were too many to count.
    pub(crate) total: Option<usize>,
    /// What was served last.
    pub(crate) place: Place,
    /// When it ends, in seconds since 1970.
    pub(crate) ends: i64,
}

/// Right after a resource, whether or not that still exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The name of its resource type.
    pub(crate) resource_type: String,
    /// Its id; `None` is the place before the first.
    pub(crate) id: Option<String>,
    /// Its [`Rank`](scim::sort::Rank), where the query is sorted.
    pub(crate) rank: Option<String>,
}

/// Who asks for what: no cursor is good for anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) connector: &'a str,
    /// The endpoint's path, such as `/Users`.
    pub(crate) endpoint: &'a str,
    /// See [`ListQuery::question`](scim::list::ListQuery::question).
    pub(crate) question: &'a str,
}

impl Query<'_> {
    /// As JSON, in which no value can reach into the next.
    fn text(&self) -> String {
        json!([self.tenant, self.connector, self.endpoint, self.question]).to_string()
    }
}

impl Cursor {
    /// The cursor as a client gets it: `A-Z a-z 0-9 - _` only. `None` if it could not be sealed.
    pub(crate) fn seal(&self, query: &Query<'_>, key: &Key, nonce: Nonce) -> Option<String> {
        let (msg, aad) = (serde_json::to_vec(self).ok()?, query.text());
        let payload = Payload { msg: &msg, aad: aad.as_bytes() };
        let sealed = XChaCha20Poly1305::new(key.into()).encrypt(&nonce.into(), payload).ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// The cursor that `text` is; `None` when this key did not seal it, or not for this query.
    pub(crate) fn open(text: &str, query: &Query<'_>, key: &Key) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<{ size_of::<Nonce>() }>()?;
        let aad = query.text();
        let payload = Payload { msg: sealed, aad: aad.as_bytes() };
        let opened = XChaCha20Poly1305::new(key.into()).decrypt(nonce.into(), payload).ok()?;
        serde_json::from_slice(&opened).ok()
    }

    /// Refuses a cursor that has ended and a page size other than that of the first page.
    pub(crate) fn check(&self, count: usize, now: OffsetDateTime) -> Result<(), Error> {
        if self.ends <= now.unix_timestamp() {
            let detail = format!(
                "The cursor has expired: ask for the next page within {} seconds, or begin again with an empty cursor",
                CURSOR_TIMEOUT.as_secs()
            );
            return Err(Error::new(ErrorKind::ExpiredCursor, detail).at("cursor"));
        }
        if self.count != count {
            let detail = format!(
                "Bad value of parameter count: expected that of the first page, {}, got {count}",
                self.count
            );
            return Err(Error::new(ErrorKind::InvalidCount, detail).at("count"));
        }
        Ok(())
    }
}

/// The one answer to every cursor that does not open: why it does not is nobody's business (RFC 9865 §5.2).
pub(crate) fn invalid() -> Error {
    let detail = "Bad value of parameter cursor: expected the nextCursor of the page before, with all other parameters \
                  as they were, or nothing for the first page";
    Error::new(ErrorKind::InvalidCursor, detail).at("cursor")
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const KEY: Key = [7; 32];
    const NONCE: Nonce = [9; 24];
    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);
    const QUERY: Query<'static> =
        Query { tenant: "acme", connector: "okta", endpoint: "/Users", question: "[null]" };

    fn cursor() -> Cursor {
        let place = Place {
            resource_type: "User".to_owned(),
            id: Some("0a000000-0000-4000-8000-000000000000".to_owned()),
            rank: Some("tjensen".to_owned()),
        };
        Cursor {
            count: 100,
            served: 300,
            total: Some(1000),
            place,
            ends: (NOW + CURSOR_TIMEOUT).unix_timestamp(),
        }
    }

    fn sealed() -> String {
        cursor().seal(&QUERY, &KEY, NONCE).expect("a cursor")
    }

    #[test]
    fn a_cursor_opens_with_its_key_for_its_query() {
        assert_eq!(Cursor::open(&sealed(), &QUERY, &KEY), Some(cursor()));
        assert_eq!(Cursor::open(&sealed(), &QUERY, &[8; 32]), None);
        for query in [
            Query { tenant: "acm", ..QUERY },
            Query { connector: "entra", ..QUERY },
            Query { endpoint: "/Groups", ..QUERY },
            Query { question: "[1]", ..QUERY },
            Query { tenant: "acme\",\"okta", connector: "/Users", endpoint: "", ..QUERY },
        ] {
            assert_eq!(Cursor::open(&sealed(), &query, &KEY), None, "{query:?}");
        }
    }

    #[test]
    fn a_cursor_that_was_changed_anywhere_does_not_open() {
        let sealed = sealed();
        for at in 0..sealed.len() {
            for other in ["A", "B", "-", "=", "."] {
                let mut changed = sealed.clone();
                changed.replace_range(at..=at, other);
                let opened = Cursor::open(&changed, &QUERY, &KEY);
                assert_eq!(opened.is_some(), changed == sealed, "{changed}");
            }
            assert_eq!(Cursor::open(&sealed[..at], &QUERY, &KEY), None);
        }
        assert_eq!(Cursor::open(&format!("{sealed}A"), &QUERY, &KEY), None);
        assert_eq!(Cursor::open(&format!("{sealed}AAAA"), &QUERY, &KEY), None);
    }

    #[test]
    fn a_cursor_goes_into_a_url_and_shows_nothing() {
        let sealed = sealed();
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        assert!(sealed.bytes().all(is_unreserved), "{sealed}");
        let bytes = URL_SAFE_NO_PAD.decode(&sealed).expect("base64url");
        for shown in ["jensen", "0a000000", "User", "acme"] {
            assert!(!bytes.windows(shown.len()).any(|window| window == shown.as_bytes()), "{shown}");
        }
        let again = cursor().seal(&QUERY, &KEY, [1; 24]).expect("a cursor");
        assert_ne!(sealed[32..], again[32..], "the nonce makes the same cursor another text");
    }

    #[test]
    fn a_cursor_ends_after_an_hour_and_keeps_the_count() {
        let check = |count, seconds| {
            let now = NOW + time::Duration::seconds(seconds);
            cursor().check(count, now).map_err(|error| (error.kind(), error.detail().to_owned()))
        };
        assert_eq!(check(100, 0), Ok(()));
        assert_eq!(check(100, 3599), Ok(()));
        for (count, seconds, kind, expected) in [
            (100, 3600, ErrorKind::ExpiredCursor, "within 3600 seconds"),
            (99, 3600, ErrorKind::ExpiredCursor, "within 3600 seconds"),
            (99, 0, ErrorKind::InvalidCount, "expected that of the first page, 100, got 99"),
        ] {
            let (got, detail) = check(count, seconds).expect_err(expected);
            assert_eq!(got, kind);
            assert!(detail.contains(expected), "{detail}");
        }
    }
}
