//! Secrets in memory for a while, so that authentication costs no round trip.

use std::{collections::HashMap, sync::Arc, time::Duration};

use time::OffsetDateTime;
use tokio::sync::Mutex;

use crate::Error;

/// How long a secret is used without asking again.
pub(crate) const FRESH: Duration = Duration::from_mins(5);
/// How soon a secret may be asked for again when what came does not match it.
pub(crate) const REFRESH: Duration = Duration::from_secs(5);
/// The most names remembered, so that guessed names cannot fill the memory.
const MOST_NAMES: usize = 1000;

/// What secrets say, by their names below the prefix; names without a secret are remembered as well.
pub(crate) struct Cache<T> {
    entries: Mutex<HashMap<String, Entry<T>>>,
}

struct Entry<T> {
    secret: Option<Arc<T>>,
    read: OffsetDateTime,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self { entries: Mutex::default() }
    }
}

impl<T> Cache<T> {
    /// The secret of `name`, no older than `freshness`, and its age; read by `fetch` when it is.
    ///
    /// A lookup holds the lock while it reads: a burst of requests at a cold start reads once.
    pub(crate) async fn get<F>(
        &self,
        name: &str,
        freshness: Duration,
        now: OffsetDateTime,
        fetch: impl FnOnce() -> F,
    ) -> Result<Option<(Arc<T>, Duration)>, Error>
    where
        F: Future<Output = Result<Option<T>, Error>>,
    {
        let mut entries = self.entries.lock().await;
        if let Some(entry) = entries.get(name) {
            let age = Duration::try_from(now - entry.read).unwrap_or_default();
            // A name without a secret is asked for again as seldom as a refresh is allowed.
            let limit = if entry.secret.is_some() { freshness } else { freshness.min(REFRESH) };
            if age < limit {
                return Ok(entry.secret.clone().map(|secret| (secret, age)));
            }
        }
        let secret = match fetch().await.map(|secret| secret.map(Arc::new)) {
            // Better the secret of a few minutes ago than nobody let in while Secrets Manager is away.
            Err(Error::Unavailable(reason)) => match entries.get(name).and_then(|entry| entry.secret.clone())
            {
                Some(secret) => {
                    tracing::warn!(secret = name, reason, "using a cached secret past its time");
                    return Ok(Some((secret, Duration::ZERO)));
                }
                None => return Err(Error::Unavailable(reason)),
            },
            answer => answer?,
        };
        if entries.len() >= MOST_NAMES {
            entries.retain(|_, entry| entry.secret.is_some());
        }
        entries.insert(name.to_owned(), Entry { secret: secret.clone(), read: now });
        Ok(secret.map(|secret| (secret, Duration::ZERO)))
    }
}
