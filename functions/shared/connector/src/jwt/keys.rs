//! The keys that issuers publish (RFC 7517 §5), read over HTTPS and remembered: the one call to the outside.

use std::{
    collections::HashMap,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::{
    client::{http::HttpConnector as _, orchestrator::HttpRequest},
    http::Request,
};
use http::Uri;
use http_body_util::{BodyExt as _, Limited};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    Error,
    cache::{Cache, Found, Freshness, Rate, Times},
};

/// How long a set of keys is used without asking again, for issuers announce a new key days before they use it; and
/// how often it may be read when it lacks one.
pub(super) const TIMES: Times =
    Times { fresh: Duration::from_hours(1), renewals: Rate { at_once: 2.0, every: Duration::from_secs(30) } };
/// The longest that an issuer may take.
const TIMEOUT: Duration = Duration::from_secs(3);
/// How long an issuer that has just not answered is left alone: whoever sends tokens of its would have each wait.
const LEFT_ALONE: Duration = Duration::from_secs(5);
/// Entra publishes 15 KB.
const MOST_BYTES: usize = 256 * 1024;

/// Sets of keys by their URLs.
pub(crate) struct KeySets {
    cache: Cache<JwkSet>,
    /// Made when the first token of this kind comes: root certificates take milliseconds to read.
    https: OnceLock<Connector>,
    /// When those were asked for that could not be read, and why not: as many as connectors trust.
    away: Mutex<HashMap<String, (OffsetDateTime, String)>>,
}

impl Default for KeySets {
    fn default() -> Self {
        Self { cache: Cache::new(TIMES), https: OnceLock::new(), away: Mutex::default() }
    }
}

impl KeySets {
    /// The keys at `url`.
    pub(super) async fn get(
        &self,
        url: &str,
        freshness: Freshness,
        now: OffsetDateTime,
    ) -> Result<Found<JwkSet>, Error> {
        let found = self.cache.get(url, freshness, now, async || self.read(url, now).await.map(Some)).await?;
        found.ok_or_else(|| Error::NoKeys("there are none".to_owned()))
    }

    async fn read(&self, url: &str, now: OffsetDateTime) -> Result<JwkSet, Error> {
        let away = || self.away.lock().unwrap_or_else(PoisonError::into_inner);
        let reason = match away().get(url) {
            Some((asked, reason)) if now - *asked < LEFT_ALONE => Some(reason.clone()),
            _ => None,
        };
        if let Some(reason) = reason {
            return Err(Error::NoKeys(reason));
        }
        let read = self.fetch(url).await;
        match &read {
            Err(reason) => drop(away().insert(url.to_owned(), (now, reason.clone()))),
            Ok(_) => drop(away().remove(url)),
        }
        read.map_err(Error::NoKeys)
    }

    async fn fetch(&self, url: &str) -> Result<JwkSet, String> {
        let read = async {
            check_url(url)?;
            let mut request: HttpRequest = Request::get(url).map_err(|error| error.to_string())?;
            request.headers_mut().insert("accept", "application/json");
            let https = self.https.get_or_init(|| {
                let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
                Connector::builder().tls_provider(ring).build()
            });
            let answer = https.call(request).await.map_err(|error| format!("{error:?}"))?;
            if !answer.status().is_success() {
                return Err(format!("status {}", answer.status().as_u16()));
            }
            let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await;
            parse(&body.map_err(|error| error.to_string())?.to_bytes())
        };
        let read = tokio::time::timeout(TIMEOUT, read).await;
        read.unwrap_or_else(|_| Err(format!("no answer within {} s", TIMEOUT.as_secs())))
            .map_err(|reason| format!("{url}: {reason}"))
    }
}

/// The keys that can be used; a kind of key that is not known does no harm to the others.
fn parse(body: &[u8]) -> Result<JwkSet, String> {
    #[derive(Deserialize)]
    struct Document {
        keys: Vec<Value>,
    }
    let document: Document = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let keys = document.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    Ok(JwkSet { keys: keys.collect() })
}

/// Whether keys may be read from there: over TLS, or from this machine.
///
/// # Errors
///
/// What is wrong, in words.
pub(super) fn check_url(url: &str) -> Result<(), String> {
    let parsed: Uri = url.parse().map_err(|error| format!("jwksUrl is no URL: {error}"))?;
    let is_plain = parsed.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    let is_local = ["127.0.0.1", "localhost", "[::1]"].contains(&parsed.host().unwrap_or_default());
    match parsed.scheme_str() {
        Some("https") if is_plain => Ok(()),
        Some("http") if is_plain && is_local => Ok(()),
        _ => Err("jwksUrl must begin with https:// and a host".to_owned()),
    }
}
