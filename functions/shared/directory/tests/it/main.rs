//! The directory against an embedded DynamoDB engine, through the SDK.

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
