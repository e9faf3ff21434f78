//! From an `Authorization` header to the connector it belongs to; and the deployment's keys.
//!
//! A connector is one identity provider's way in: a tenant, a name and its tokens, kept in one Secrets
//! Manager secret. This crate knows no HTTP beyond the header's text.

mod cache;
mod credentials;
mod fetch;
mod keys;
mod secret;

use std::{sync::Arc, time::Duration};

use aws_sdk_secretsmanager::Client;
use time::OffsetDateTime;

use crate::{cache::Cache, fetch::fetch, keys::Keys, secret::Secret};
pub use crate::{
    credentials::{Credentials, DEFAULT_CONNECTOR},
    keys::Key,
};

/// Who a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connector {
    /// The tenant whose resources it sees.
    pub tenant: String,
    /// The connector's name, `[a-z0-9-]{1,32}`.
    pub name: String,
    /// Which of its tokens was used; never the token.
    pub token_id: String,
}

/// Why a request was not let in. None of the texts says anything of the tenant.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no `Authorization` header.
    #[error("no Authorization header")]
    Missing,
    /// The header is of a scheme that is not served.
    #[error("the scheme {0} is not enabled")]
    Scheme(String),
    /// No connector has this token.
    #[error("the token is not known")]
    Unknown,
    /// The token was valid once.
    #[error("the token ended at {0}")]
    Expired(String),
    /// Secrets Manager does not answer.
    #[error("Secrets Manager: {0}")]
    Unavailable(String),
    /// The secret of this name, below the prefix, is not one this program understands.
    #[error("the secret {0} cannot be read: {1}")]
    Unreadable(String, String),
}

/// The connectors of a deployment, and its keys.
pub struct Connectors {
    client: Client,
    prefix: String,
    secrets: Cache<Secret>,
    keys: Cache<Keys>,
    /// Keys of this process alone, in the place of the deployment's.
    own: Option<Arc<Keys>>,
}

impl Connectors {
    /// The connectors whose secrets are named `<prefix>/connectors/<name>`, and the keys of `<prefix>/keys`.
    #[must_use]
    pub fn new(client: Client, prefix: impl Into<String>) -> Self {
        let (secrets, keys) = (Cache::default(), Cache::default());
        Self { client, prefix: prefix.into(), secrets, keys, own: None }
    }

    /// The connector that an `Authorization` header's value belongs to.
    ///
    /// A secret is read once every few minutes; sooner when a token does not match the secret that is cached,
    /// so that a rotation works at once, yet no more often than every few seconds.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn authenticate(
        &self,
        authorization: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Connector, Error> {
        let credentials = Credentials::parse(authorization)?;
        let name = credentials.connector();
        let mut verdict = Err(Error::Unknown);
        // A second look, at a fresher secret, only when the cached one does not know the token.
        for freshness in [cache::FRESH, cache::REFRESH] {
            let Some((secret, age)) = self.secret(name, freshness, now).await? else {
                return Err(Error::Unknown);
            };
            verdict = secret.verify(&credentials, now).map(|token_id| Connector {
                tenant: secret.tenant.clone(),
                name: name.to_owned(),
                token_id: token_id.to_owned(),
            });
            if !matches!(verdict, Err(Error::Unknown)) || age < cache::REFRESH {
                break;
            }
        }
        verdict
    }

    /// Whether the secret of the default connector can be read, for the health check.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`], [`Error::Unreadable`] or, when there is no such secret, [`Error::Unknown`].
    pub async fn check(&self, now: OffsetDateTime) -> Result<(), Error> {
        const RECENT: Duration = Duration::from_secs(10);
        self.secret(DEFAULT_CONNECTOR, RECENT, now).await?.map(|_| ()).ok_or(Error::Unknown)
    }

    /// A connector's secret, no older than `freshness`, and its age; `None` when there is none.
    async fn secret(
        &self,
        name: &str,
        freshness: Duration,
        now: OffsetDateTime,
    ) -> Result<Option<(Arc<Secret>, Duration)>, Error> {
        let name = format!("connectors/{name}");
        self.secrets
            .get(&name, freshness, now, || fetch(&self.client, &self.prefix, &name, Secret::parse))
            .await
    }
}
