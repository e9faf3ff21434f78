//! What Lambda does with a function, on this machine: nothing of the function is replaced, it is the compiled program.
//!
//! [`Function`] is a sandbox: a process with Lambda's environment, called through a [`RuntimeApi`], that can be frozen
//! and ended. [`Request`] makes API Gateway's events. [`Line`] lies between a function and what it calls, and fails.

mod api;
mod event;
mod function;
mod line;

pub use api::{Outcome, RuntimeApi, now_ms};
pub use event::{Answer, Format, Request};
pub use function::{Function, Target, folder};
pub use line::{Fault, Line};
