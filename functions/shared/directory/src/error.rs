//! What can go wrong between a request and the table.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use scim::ResourceId;

/// Why a call did not do what it was asked to. Nothing was written unless a variant says so.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value that must be unique belongs to another resource.
    #[error("{attribute} {value:?} is taken by {other}")]
    Taken {
        /// The attribute, as in `userName` or `emails.value`.
        attribute: String,
        /// The value, as the client wrote it.
        value: String,
        /// The resource that has it.
        other: ResourceId,
    },
    /// The record has been changed or deleted since it was read.
    #[error("the record was changed by another request")]
    Changed,
    /// A user has more distinct e-mail addresses than the table can find users by.
    #[error("{count} distinct e-mail addresses, {limit} are possible")]
    TooManyEmails {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A write would touch more lookup items than one transaction can hold.
    #[error("{count} lookup items, {limit} are possible")]
    TooManyLookups {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The document is larger than the table takes.
    #[error("a document of {size_bytes} bytes, {limit_bytes} are possible")]
    TooLarge {
        /// Its size in the table's terms.
        size_bytes: usize,
        /// How large it may be.
        limit_bytes: usize,
    },
    /// The document holds a value that the table cannot.
    #[error("{attribute}: {reason}")]
    Unstorable {
        /// The top-level attribute that holds it.
        attribute: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Contended or throttled until the retries ran out. Of a change of members, a part may be written.
    #[error("the table is busy")]
    Busy,
    /// The service did not answer as it should. What was asked for may have been done, or a part of it.
    #[error("the table is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An item is not of the shape that this version writes.
    #[error("item {item}: {reason}")]
    Unreadable {
        /// The item's sort key: an id.
        item: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Codes of answers that mean "too much at once"; the SDK has retried them by the time they are seen here.
const THROTTLED: [&str; 4] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "LimitExceededException",
];

/// Codes of answers that mean "another write of the same item was under way", which the SDK does not retry.
const CONTENDED: [&str; 2] = ["TransactionConflictException", "TransactionInProgressException"];

impl Error {
    pub(crate) fn from_sdk<E, R>(error: SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let is_busy = error.code().is_some_and(|code| THROTTLED.contains(&code) || CONTENDED.contains(&code));
        if is_busy { Self::Busy } else { Self::Unavailable(Box::new(error)) }
    }
}

/// Whether a call may be repeated because another write of the same item was under way.
pub(crate) fn is_contended<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code().is_some_and(|code| CONTENDED.contains(&code))
}
