//! What the tests of the whole are written with: fixtures, and the servers they are driven against.
//!
//! A [`fixture`] is a JSON file: requests and what each must be answered. [`run`] sends it to a [`Target`] and
//! checks every answer against the fixture's [`pattern`]s and against the [`rules`] that hold for all answers.

pub mod fixture;
pub mod pattern;
pub mod place;
mod report;
pub mod requirements;
pub mod rules;
pub mod run;
pub mod server;
pub mod target;
mod values;

pub use fixture::Fixture;
pub use target::Target;
