//! SCIM 2.0 as RFC 7643 (schema) and RFC 7644 (protocol) define it.
//!
//! Everything here is pure: nothing awaits, reads a clock, the environment or randomness. A resource is a
//! JSON object plus the [`ResourceType`] that describes it; there is no struct
//! per attribute.

pub mod bulk;
pub mod catalog;
pub mod client;
pub mod create_only;
pub mod datetime;
pub mod discovery;
pub mod error;
pub mod filter;
pub mod fold;
pub mod id;
pub mod list;
pub mod members;
pub mod patch;
pub mod path;
pub mod person;
pub mod projection;
pub mod resource;
pub mod resource_type;
#[cfg(test)]
mod samples;
pub mod schema;
pub mod search;
pub mod sort;
pub mod value;

pub use error::{Error, ErrorKind};
pub use id::{Kind, ResourceId};
pub use resource_type::ResourceType;

/// A JSON object: a resource, or a complex attribute's value.
pub type Object = serde_json::Map<String, serde_json::Value>;
