//! The one error of the protocol (RFC 7644 §3.12): a kind, the attribute concerned and one sentence.

use std::collections::HashSet;

use http::StatusCode;
use serde_json::{Value, json};

/// URN of the error message (RFC 7644 §3.12).
pub const ERROR_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Why a request was refused. Decides status and `scimType`; nothing else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The filter does not parse, or names what cannot be filtered.
    InvalidFilter,
    /// More results, or more work, than the server will do for one request.
    TooMany,
    /// A value is taken by another resource.
    Uniqueness,
    /// The target attribute may not be changed in this way.
    Mutability,
    /// The body's structure is not what the message asks for.
    InvalidSyntax,
    /// A PATCH path does not parse or names nothing the schema knows.
    InvalidPath,
    /// A PATCH path selects nothing.
    NoTarget,
    /// A value is missing, of the wrong type or not allowed.
    InvalidValue,
    /// The protocol version asked for is not served.
    InvalidVersion,
    /// The request would disclose what it must not.
    Sensitive,
    /// A pagination cursor is not one of ours (RFC 9865 §2.1).
    InvalidCursor,
    /// A pagination cursor is too old (RFC 9865 §2.1).
    ExpiredCursor,
    /// A page size is not acceptable (RFC 9865 §2.1).
    InvalidCount,
    /// No token, or one that is not valid.
    Unauthorized,
    /// The token is valid and does not allow this.
    Forbidden,
    /// No such resource or endpoint.
    NotFound,
    /// The endpoint exists and does not take this method.
    MethodNotAllowed,
    /// The version in `If-Match` is not the stored one.
    PreconditionFailed,
    /// The body is larger than the endpoint takes.
    PayloadTooLarge,
    /// The body's media type is neither SCIM nor JSON.
    UnsupportedMediaType,
    /// The same resource is being changed by others; the request may be repeated.
    Conflict,
    /// The server failed; the cause is in its log.
    Internal,
    /// The request is understood and not served here.
    NotImplemented,
    /// A dependency is not answering; the request may be repeated.
    Unavailable,
    /// Too many requests.
    TooManyRequests,
}

impl ErrorKind {
    /// HTTP status and `scimType`, as RFC 7644 §3.12 (table 9) and RFC 9865 §2.1 pair them.
    #[must_use]
    pub const fn wire(self) -> (StatusCode, Option<&'static str>) {
        match self {
            Self::InvalidFilter => (StatusCode::BAD_REQUEST, Some("invalidFilter")),
            Self::TooMany => (StatusCode::BAD_REQUEST, Some("tooMany")),
            Self::Uniqueness => (StatusCode::CONFLICT, Some("uniqueness")),
            Self::Mutability => (StatusCode::BAD_REQUEST, Some("mutability")),
            Self::InvalidSyntax => (StatusCode::BAD_REQUEST, Some("invalidSyntax")),
            Self::InvalidPath => (StatusCode::BAD_REQUEST, Some("invalidPath")),
            Self::NoTarget => (StatusCode::BAD_REQUEST, Some("noTarget")),
            Self::InvalidValue => (StatusCode::BAD_REQUEST, Some("invalidValue")),
            Self::InvalidVersion => (StatusCode::BAD_REQUEST, Some("invalidVers")),
            Self::Sensitive => (StatusCode::FORBIDDEN, Some("sensitive")),
            Self::InvalidCursor => (StatusCode::BAD_REQUEST, Some("invalidCursor")),
            Self::ExpiredCursor => (StatusCode::BAD_REQUEST, Some("expiredCursor")),
            Self::InvalidCount => (StatusCode::BAD_REQUEST, Some("invalidCount")),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, None),
            Self::Forbidden => (StatusCode::FORBIDDEN, None),
            Self::NotFound => (StatusCode::NOT_FOUND, None),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, None),
            Self::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, None),
            Self::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, None),
            Self::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, None),
            Self::Conflict => (StatusCode::CONFLICT, None),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, None),
            Self::NotImplemented => (StatusCode::NOT_IMPLEMENTED, None),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, None),
            Self::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, None),
        }
    }
}

/// A refusal, fit to be shown to the administrator of an identity provider as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    path: Option<String>,
    detail: String,
}

impl Error {
    /// A refusal of `kind`, explained by the sentence `detail`.
    #[must_use]
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, path: None, detail: detail.into() }
    }

    /// Names the attribute concerned, as the client would write it.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Says where in the request it went wrong, in front of what is known already.
    #[must_use]
    pub fn within(mut self, place: &str) -> Self {
        self.detail = format!("{place}: {}", self.detail);
        self
    }

    /// Several refusals of one request as one: the first one's kind, every sentence once.
    ///
    /// `None` when there are none. Of very many sentences the last are counted only: a body of wrong values is
    /// not answered by a larger one.
    #[must_use]
    pub fn all(errors: Vec<Self>) -> Option<Self> {
        const MOST_SENTENCES: usize = 100;
        let mut errors = errors.into_iter();
        let mut all = errors.next()?;
        let mut said = HashSet::from([all.detail.clone()]);
        let others: Vec<_> =
            errors.map(|error| error.detail).filter(|detail| said.insert(detail.clone())).collect();
        for detail in others.iter().take(MOST_SENTENCES - 1) {
            all.detail.push_str("; ");
            all.detail.push_str(detail);
        }
        if others.len() >= MOST_SENTENCES {
            all.detail = format!("{}; and {} more", all.detail, others.len() + 1 - MOST_SENTENCES);
        }
        Some(all)
    }

    /// The kind, from which status and `scimType` follow.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The attribute concerned, when one is.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// The sentence.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The response body (RFC 7644 §3.12); `status` is a string there.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (status, scim_type) = self.kind.wire();
        let mut body = json!({
            "schemas": [ERROR_SCHEMA],
            "status": status.as_str(),
            "detail": self.detail,
        });
        if let Some(scim_type) = scim_type {
            body["scimType"] = scim_type.into();
        }
        body
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Refusals of these sentences, the first of another kind than the rest, are one of the sentence `expected`.
    fn check(sentences: &[&str], expected: Option<&str>) {
        let kinds = std::iter::once(ErrorKind::Mutability).chain(std::iter::repeat(ErrorKind::InvalidValue));
        let errors = kinds.zip(sentences).map(|(kind, sentence)| Error::new(kind, *sentence).at(*sentence));
        let all = Error::all(errors.collect());
        assert_eq!(all.as_ref().map(Error::detail), expected);
        if let Some(all) = all {
            assert_eq!((all.kind(), all.path()), (ErrorKind::Mutability, sentences.first().copied()));
        }
    }

    #[test]
    fn every_sentence_is_said_once() {
        check(&[], None);
        check(&["a"], Some("a"));
        check(&["a", "b", "a", "c", "b"], Some("a; b; c"));
    }

    #[test]
    fn very_many_sentences_are_counted() {
        let sentences: Vec<_> = (0..100).map(|at| at.to_string()).collect();
        let mut sentences: Vec<_> = sentences.iter().map(String::as_str).collect();
        let hundred = sentences.join("; ");
        check(&sentences, Some(&hundred));
        sentences.extend(["x", "y", "x"]);
        check(&sentences, Some(&format!("{hundred}; and 2 more")));
    }
}
