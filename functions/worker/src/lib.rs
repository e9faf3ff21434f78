//! Ends what requests that were cut off have begun. How is in `directory`; here is only how that is called.
//!
//! The table's stream tells the worker of changes, which notes tasks, and a schedule lets it do those that are due. On
//! AWS [`lambda`] receives both; the local server hands the same events to the same [`Worker`].

pub mod clock;
mod config;
mod event;
pub mod lambda;
mod record;
mod worker;

pub use worker::{Answer, Error, Worker};
