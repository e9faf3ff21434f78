//! The tests of the whole, in one program.
#![cfg(test)]

mod bad_input;
mod concurrent_creates;
mod dev_server;
mod discovery;
mod endpoint;
mod fixtures;
mod passwords;
mod requirements;
mod tidy;
mod too_many;
