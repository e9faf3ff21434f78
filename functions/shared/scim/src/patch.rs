//! PATCH (RFC 7644 §3.5.2): the message, and its operations applied in order, all or none.

mod detached;
mod element;
mod engine;
mod message;
mod spot;

pub use detached::member_changes;
pub use engine::apply;
pub use message::{Op, Operation, PATCH_SCHEMA, read};
