//! What the environment says, read once at start.
#![expect(clippy::disallowed_methods, reason = "this is the one file that reads environment variables")]

use std::env;

/// The worker's configuration.
///
/// | variable | meaning | default |
/// |---|---|---|
/// | `TABLE_NAME` | name of the DynamoDB table | required |
/// | `RUST_LOG` | what is logged, as `tracing` directives | `info` |
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// Name of the DynamoDB table.
    pub(crate) table: String,
}

/// A variable that has to be set and is not.
#[derive(Debug, thiserror::Error)]
#[error("environment variable {0} is not set")]
pub(crate) struct Missing(&'static str);

impl Config {
    /// From the environment.
    ///
    /// # Errors
    ///
    /// [`Missing`] names the variable that is not set.
    pub(crate) fn from_env() -> Result<Self, Missing> {
        Ok(Self { table: env::var("TABLE_NAME").map_err(|_| Missing("TABLE_NAME"))? })
    }

    /// The directives of `RUST_LOG`.
    pub(crate) fn log_directives() -> String {
        env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned())
    }
}
