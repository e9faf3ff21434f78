//! The tests of the whole, in one program.
#![cfg(test)]

mod bad_input;
mod bulk;
mod bulk_limits;
mod concurrent_creates;
mod cursors;
mod dev_server;
mod discovery;
mod endpoint;
mod fixtures;
mod passwords;
mod requirements;
mod template;
mod tidy;
mod too_many;
