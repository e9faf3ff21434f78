//! The tests of the whole, in one program.
#![cfg(test)]

mod answer_size;
mod bad_input;
mod bulk;
mod bulk_limits;
mod client_filters;
mod concurrent_creates;
mod crawls;
mod crowds;
mod cursors;
mod dev_server;
mod discovery;
mod endpoint;
mod fixtures;
mod limits;
mod logged;
mod passwords;
mod permissions;
mod planned_queries;
mod queries;
mod query_budgets;
mod requirements;
mod sandbox;
mod template;
mod tidy;
mod too_many;
mod worker;
