//! The tests that need tools beside Rust's own; `scripts/test` installs them and runs these.
#![cfg(test)]

mod lambda;
mod scim2_tester;

/// The local server, built with these tests.
const LOCAL: &str = env!("CARGO_BIN_EXE_local-under-test");
/// What runs a tool, and installs it first where it is missing.
const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/tools");
