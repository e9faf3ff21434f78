//! The endpoint on this machine, from the same code that runs on AWS.
//!
//! What AWS brings is stood in for, on loopback only: DynamoDB by an embedded [`engine`], Secrets Manager by
//! [`secrets`]. The product's own SDK clients talk to both over HTTP, so it has no notion of being local.
//! [`Stack`] wires the functions to them in one process; [`watch`] runs them as Lambda functions; [`worker`] calls the
//! one that nobody requests anything of.

pub mod aws;
pub mod documents;
pub mod engine;
mod error;
mod packs;
mod ready;
pub mod secrets;
pub mod serve;
pub mod signal;
mod stack;
mod stand_ins;
pub mod table;
mod template;
mod token;
pub mod watch;
pub mod worker;

pub use engine::Engine;
pub use error::Error;
pub use packs::Pack;
pub use stack::Stack;
pub use stand_ins::{Options, PREFIX, StandIns, TABLE};
pub use token::Token;
