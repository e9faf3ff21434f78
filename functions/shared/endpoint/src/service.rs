//! What every function shares while its sandbox lives: the table, the connectors, the configuration.

use std::sync::{Arc, atomic::AtomicBool};

use connector::Connectors;
use directory::Directory;
use time::OffsetDateTime;
use tokio::sync::Mutex;

use crate::{
    authenticate::Routes,
    config::{Config, Missing},
    metrics::Metrics,
    resources::Remembered,
    tenants::Tenants,
};

/// The state behind the routes.
pub struct Service {
    pub(crate) config: Config,
    pub(crate) directory: Directory,
    pub(crate) connectors: Connectors,
    pub(crate) tenants: Tenants,
    /// To whom signed tokens belong.
    pub(crate) routes: Routes,
    /// Where crawls go on.
    pub(crate) crawls: Remembered,
    /// The last health report and when it was made, so that an open endpoint costs nothing when it is hammered.
    pub(crate) health: Mutex<Option<(OffsetDateTime, crate::health::Report)>>,
    /// Where metrics go, if they are wanted.
    pub(crate) metrics: Option<Metrics>,
    /// Whether a request has come already.
    pub(crate) is_warm: AtomicBool,
}

impl Service {
    /// From its parts, without metrics.
    #[must_use]
    pub fn new(config: Config, directory: Directory, connectors: Connectors) -> Arc<Self> {
        Self::measured(config, directory, connectors, None)
    }

    /// From its parts.
    #[must_use]
    pub fn measured(
        config: Config,
        directory: Directory,
        connectors: Connectors,
        metrics: Option<Metrics>,
    ) -> Arc<Self> {
        Arc::new(Self {
            config,
            directory,
            connectors,
            tenants: Tenants::default(),
            routes: Routes::default(),
            crawls: Remembered::default(),
            health: Mutex::default(),
            metrics,
            is_warm: AtomicBool::default(),
        })
    }

    /// From the environment: configuration, credentials, region and endpoints. Makes no call.
    ///
    /// # Errors
    ///
    /// [`Missing`] names the variable that is not set.
    pub async fn from_env() -> Result<Arc<Self>, Missing> {
        let config = Config::from_env()?;
        let aws = directory::aws().await;
        let directory = Directory::new(aws_sdk_dynamodb::Client::new(&aws), config.table.as_str());
        let connectors =
            Connectors::new(aws_sdk_secretsmanager::Client::new(&aws), config.secrets_prefix.as_str());
        let metrics = config.measured_as.as_deref();
        let metrics = metrics.map(|function| Metrics::on_stdout(config.secrets_prefix.as_str(), function));
        Ok(Self::measured(config, directory, connectors, metrics))
    }
}
