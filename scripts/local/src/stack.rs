//! The functions in one process, on top of the stand-ins.

use aws_sdk_dynamodb::Client;
use axum::Router;
use connector::Connectors;
use directory::Directory;
use endpoint::{Config, Service};

use crate::stand_ins::{PREFIX, TABLE};
use crate::{Error, Options, StandIns, Token, aws};

/// The whole endpoint; what it keeps in memory ends when this is dropped.
#[derive(Debug)]
pub struct Stack {
    /// What it stands on.
    pub stand_ins: StandIns,
    router: Router,
    config: Config,
}

impl Stack {
    /// Starts the stand-ins and wires the functions' routes to them.
    ///
    /// # Errors
    ///
    /// Any [`Error`] of [`StandIns::start`].
    pub async fn start(options: &Options) -> Result<Self, Error> {
        let stand_ins = StandIns::start(options).await?;
        let config = Config::new(TABLE, PREFIX).with_base_path(&options.base_path);
        let router = router(&config, &stand_ins, aws::dynamodb(stand_ins.engine.url()));
        Ok(Self { stand_ins, router, config })
    }

    /// The endpoint as another process would serve it, which reaches the same table through `client`.
    pub fn sandbox(&self, client: Client) -> Router {
        router(&self.config, &self.stand_ins, client)
    }

    /// The endpoint as a service: take it to `oneshot` or to a listener.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// What a client of the default connector sends.
    #[must_use]
    pub fn token(&self) -> &Token {
        &self.stand_ins.token
    }
}

fn router(config: &Config, stand_ins: &StandIns, client: Client) -> Router {
    let directory = Directory::new(client, TABLE);
    let connectors = Connectors::new(aws::secrets(stand_ins.secrets.url()), PREFIX);
    let service = Service::new(config.clone(), directory, connectors);
    endpoint::front(endpoint::all(&service), &service)
}
