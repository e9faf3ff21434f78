//! The tests of the whole, in one program.
#![cfg(test)]

mod concurrent_creates;
mod dev_server;
mod fixtures;
mod tidy;
