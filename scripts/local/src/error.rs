//! What can keep the local server from running.

use std::io;
use std::path::PathBuf;

use aws_sdk_dynamodb::error::DisplayErrorContext;

/// Why something local did not start, or failed; told to the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else listens there.
    #[error("port {0} is taken: end the process that uses it, or choose another with --port (0 takes any)")]
    PortTaken(u16),
    /// Another local server keeps its data there.
    #[error("{0} is in use by another local server: start this one with --engine to share its data")]
    DataInUse(PathBuf),
    /// A file, a listener or a child process.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, to go in front of the cause.
        doing: String,
        /// The cause.
        source: io::Error,
    },
    /// The embedded DynamoDB engine.
    #[error("the DynamoDB engine: {0}")]
    Engine(String),
    /// `template.yaml` is not what this crate reads the table from.
    #[error("template.yaml: {0}")]
    Template(String),
    /// The engine refused the table.
    #[error("creating the table: {}", DisplayErrorContext(.0))]
    Table(Box<aws_sdk_dynamodb::Error>),
    /// A file of `--resource-types` holds something else.
    #[error("{0} holds no resource types or schemas: {1}")]
    Document(PathBuf, String),
    /// A setting could not be written to the table.
    #[error("configuring the tenant: {0}")]
    Configuration(directory::Error),
    /// The engine's stream cannot be read, or not be worked off.
    #[error("the table's stream: {0}")]
    Stream(String),
    /// The worker did not answer.
    #[error(transparent)]
    Worker(worker::Error),
    /// The Secrets Manager stand-in's file.
    #[error("{0} does not hold secrets of a local server: {1}")]
    Secrets(PathBuf, serde_json::Error),
    /// The operating system gave no random bytes for a token or a key.
    #[error("no randomness for a secret: {0}")]
    Randomness(getrandom::Error),
    /// The token given cannot stand in an Authorization header.
    #[error("--token: {0}")]
    Token(connector::Error),
    /// The child process of `local watch`.
    #[error("cargo lambda ended by itself, {0}")]
    ChildEnded(std::process::ExitStatus),
}

impl Error {
    /// Names what was being done when `source` came up.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}
