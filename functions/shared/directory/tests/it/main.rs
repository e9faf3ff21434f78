//! The directory against an embedded DynamoDB engine, through the SDK.

#![expect(clippy::expect_used, clippy::panic, reason = "a test ends where what it stands on is not there")]

mod budgets;
mod configuration;
mod erase;
mod faults;
mod find;
mod fsck;
mod index;
mod intents;
mod isolation;
mod members;
mod records;
mod restore;
mod schedules;
mod support;
mod table;
mod tidy;
mod unique;
mod walk;
