//! From an `Authorization` header to the connector it belongs to; and the deployment's keys.
//!
//! A connector is one identity provider's way in: a tenant, a name and its tokens, kept in one Secrets
//! Manager secret. It can also take tokens that an issuer signs, whose keys are then read over HTTPS.

mod cache;
mod credentials;
mod fetch;
mod jwt;
mod keys;
mod secret;

use std::{sync::Arc, time::Duration};

use aws_sdk_secretsmanager::Client;
use time::OffsetDateTime;

use crate::{
    cache::{Cache, Found, Freshness, Rate, Times},
    fetch::fetch,
    jwt::KeySets,
    keys::Keys,
    secret::Secret,
};
pub use crate::{
    credentials::{Credentials, DEFAULT_CONNECTOR, Token, is_name},
    jwt::{Jwt, Trust},
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
    /// Whether the token came as `Basic`, which a connector has to allow.
    pub is_basic: bool,
    /// When the token ends by what the connector's secret says; that of a signed token is its issuer's affair.
    pub token_end: Option<OffsetDateTime>,
}

/// Why a request was not let in. None of the texts says anything of the tenant.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no `Authorization` header.
    #[error("no Authorization header")]
    Missing,
    /// No connector has this token.
    #[error("the token is not known")]
    Unknown,
    /// No connector of this name has this token.
    #[error("the user name or the token is not known")]
    UnknownBasic,
    /// The JSON Web Token is not taken.
    #[error("the JSON Web Token is not taken: {0}")]
    Jwt(String),
    /// The keys of an issuer cannot be read.
    #[error("the keys of an issuer cannot be read: {0}")]
    NoKeys(String),
    /// Too many connectors that are not known have been asked for.
    #[error("too many connectors that are not known have been asked for")]
    Busy,
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

/// How long a secret is used without asking again, and how often it may be asked for when what came does not match it.
const TIMES: Times =
    Times { fresh: Duration::from_mins(5), renewals: Rate { at_once: 3.0, every: Duration::from_secs(5) } };

/// The connectors of a deployment, and its keys.
pub struct Connectors {
    client: Client,
    prefix: String,
    secrets: Cache<Secret>,
    keys: Cache<Keys>,
    key_sets: KeySets,
    /// Keys of this process alone, in the place of the deployment's.
    own: Option<Arc<Keys>>,
}

impl Connectors {
    /// The connectors whose secrets are named `<prefix>/connectors/<name>`, and the keys of `<prefix>/keys`.
    #[must_use]
    pub fn new(client: Client, prefix: impl Into<String>) -> Self {
        Self {
            client,
            prefix: prefix.into(),
            secrets: Cache::new(TIMES),
            keys: Cache::new(TIMES),
            key_sets: KeySets::default(),
            own: None,
        }
    }

    /// The connector whose token this is.
    ///
    /// A secret is read once every five minutes; sooner when a token does not match the secret that is remembered, so
    /// that a rotation works at once, yet three times in a row and then every five seconds at most. Names that turn out to
    /// be nobody's are looked up five times a second at most.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn authenticate(&self, token: &Token, now: OffsetDateTime) -> Result<Connector, Error> {
        let name = token.connector();
        let unknown = || if token.is_basic() { Error::UnknownBasic } else { Error::Unknown };
        let mut verdict = Err(unknown());
        // A second look, at a fresher secret, only when the cached one does not know the token.
        for freshness in [Freshness::Usual, Freshness::Renewed] {
            let Some(Found { value: secret, is_new }) = self.secret(name, freshness, now).await? else {
                return Err(unknown());
            };
            verdict = match secret.verify(token, now) {
                Ok((token_id, token_end)) => Ok(Connector {
                    tenant: secret.tenant.clone(),
                    name: name.to_owned(),
                    token_id: token_id.to_owned(),
                    is_basic: token.is_basic(),
                    token_end,
                }),
                Err(Error::Unknown) => Err(unknown()),
                Err(error) => return Err(error),
            };
            if verdict.is_ok() || is_new {
                break;
            }
        }
        verdict
    }

    /// The tenant of the default connector, whose secret can then be read: for the health check.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`], [`Error::Unreadable`] or, when there is no such secret, [`Error::Unknown`].
    pub async fn check(&self, now: OffsetDateTime) -> Result<String, Error> {
        const RECENT: Duration = Duration::from_secs(10);
        let found = self.secret(DEFAULT_CONNECTOR, Freshness::Within(RECENT), now).await?;
        found.map(|found| found.value.tenant.clone()).ok_or(Error::Unknown)
    }

    /// A connector's secret; `None` when there is none.
    async fn secret(
        &self,
        name: &str,
        freshness: Freshness,
        now: OffsetDateTime,
    ) -> Result<Option<Found<Secret>>, Error> {
        let name = format!("connectors/{name}");
        self.secrets
            .get(&name, freshness, now, || fetch(&self.client, &self.prefix, &name, Secret::parse))
            .await
    }
}
