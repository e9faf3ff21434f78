//! The tests of the whole, in one program.
#![cfg(test)]

mod answer_size;
mod bad_input;
mod bulk;
mod bulk_limits;
mod client;
mod client_filters;
mod concurrent_creates;
mod connectors;
mod crawls;
mod crowds;
mod cursors;
mod dev_server;
mod discovery;
mod endpoint;
mod error_texts;
mod fixtures;
mod health;
mod isolation;
mod limits;
mod logged;
mod metrics;
mod panics;
mod passwords;
mod permissions;
mod planned_queries;
mod queries;
mod query_budgets;
mod requirements;
mod rotation;
mod sandbox;
mod signed_tokens;
mod template;
mod tidy;
mod too_many;
mod worker;
