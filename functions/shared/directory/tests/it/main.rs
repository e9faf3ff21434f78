//! The directory against an embedded DynamoDB engine, through the SDK.

#![expect(clippy::expect_used, clippy::panic, reason = "a test ends where what it stands on is not there")]

mod budgets;
mod faults;
mod find;
mod isolation;
mod members;
mod records;
mod support;
mod table;
mod unique;
mod walk;
mod wire;
