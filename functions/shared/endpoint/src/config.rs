//! What the environment says, read once at start.
#![expect(clippy::disallowed_methods, reason = "this is the one file that reads environment variables")]

use std::env;

/// A function's configuration.
///
/// | variable | meaning | default |
/// |---|---|---|
/// | `TABLE_NAME` | name of the DynamoDB table | required |
/// | `SECRETS_PREFIX` | secrets are named `<prefix>/connectors/<name>` and `<prefix>/keys` | required |
/// | `BASE_PATH` | path of the SCIM base URL behind the stage | `/scim/v2` |
/// | `PUBLIC_BASE_URL` | base URL that clients use, where it cannot be derived from the request | derived |
/// | `METRICS` | `true`: metrics are written beside the log | `false` |
/// | `AWS_LAMBDA_FUNCTION_NAME` | the function's name in its metrics; Lambda sets it | empty |
/// | `RUST_LOG` | what is logged, as `tracing` directives | `info` |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Name of the DynamoDB table.
    pub table: String,
    /// Secrets are named `<prefix>/connectors/<name>` and `<prefix>/keys`.
    pub secrets_prefix: String,
    /// Path of the base URL: with a leading slash, without a trailing one; may be empty.
    pub base_path: String,
    /// Base URL that clients use, without a trailing slash; derived from each request when absent.
    pub public_base_url: Option<String>,
    /// The function's name in its metrics, where they are written.
    pub measured_as: Option<String>,
}

/// A variable that has to be set and is not.
#[derive(Debug, thiserror::Error)]
#[error("environment variable {0} is not set")]
pub struct Missing(&'static str);

impl Config {
    /// Where the base path is when nothing says otherwise.
    pub const DEFAULT_BASE_PATH: &'static str = "/scim/v2";

    /// A configuration with the default base path.
    #[must_use]
    pub fn new(table: impl Into<String>, secrets_prefix: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            secrets_prefix: secrets_prefix.into(),
            base_path: Self::DEFAULT_BASE_PATH.to_owned(),
            public_base_url: None,
            measured_as: None,
        }
    }

    /// The same with another base path, in whatever way its slashes are written.
    #[must_use]
    pub fn with_base_path(mut self, path: &str) -> Self {
        self.base_path =
            path.split('/').filter(|part| !part.is_empty()).flat_map(|part| ["/", part]).collect();
        self
    }

    /// From the environment.
    ///
    /// # Errors
    ///
    /// [`Missing`] names the variable that is not set.
    pub fn from_env() -> Result<Self, Missing> {
        let required = |name| env::var(name).map_err(|_| Missing(name));
        let mut config = Self::new(required("TABLE_NAME")?, required("SECRETS_PREFIX")?);
        if let Ok(path) = env::var("BASE_PATH") {
            config = config.with_base_path(&path);
        }
        config.public_base_url = env::var("PUBLIC_BASE_URL")
            .ok()
            .map(|url| url.trim_end_matches('/').to_owned())
            .filter(|url| !url.is_empty());
        if env::var("METRICS").is_ok_and(|text| text == "true") {
            config.measured_as = Some(env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default());
        }
        Ok(config)
    }

    /// The directives of `RUST_LOG`.
    pub(crate) fn log_directives() -> String {
        env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned())
    }
}
