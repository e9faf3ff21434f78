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
/// How many names that are not known may be asked for at once …
const STRANGERS_AT_ONCE: f64 = 20.0;
/// … and in each second after that: who guesses names cannot run up the bill.
const STRANGERS_A_SECOND: f64 = 5.0;

/// What secrets say, by their names below the prefix; names without a secret are remembered as well.
pub(crate) struct Cache<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    entries: HashMap<String, Entry<T>>,
    strangers: Allowance,
}

struct Entry<T> {
    secret: Option<Arc<T>>,
    read: OffsetDateTime,
}

/// How many more names that are not known may be asked for.
struct Allowance {
    left: f64,
    counted: Option<OffsetDateTime>,
}

impl Allowance {
    /// Takes one, if there is one.
    fn take(&mut self, now: OffsetDateTime) -> bool {
        let passed = self.counted.map_or(0.0, |counted| (now - counted).as_seconds_f64().max(0.0));
        self.counted = Some(now);
        self.left = (self.left + passed * STRANGERS_A_SECOND).min(STRANGERS_AT_ONCE);
        let is_left = self.left >= 1.0;
        if is_left {
            self.left -= 1.0;
        }
        is_left
    }
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        let strangers = Allowance { left: STRANGERS_AT_ONCE, counted: None };
        Self { state: Mutex::new(State { entries: HashMap::new(), strangers }) }
    }
}

impl<T> Cache<T> {
    /// The secret of `name`, no older than `freshness`, and its age; read by `fetch` when it is.
    ///
    /// A lookup holds the lock while it reads: a burst of requests at a cold start reads once.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] when too many names that are not known have been asked for; those of `fetch`.
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
        let State { entries, strangers } = &mut *self.state.lock().await;
        if let Some(entry) = entries.get(name) {
            let age = Duration::try_from(now - entry.read).unwrap_or_default();
            // A name without a secret is asked for again as seldom as a refresh is allowed.
            let limit = if entry.secret.is_some() { freshness } else { freshness.min(REFRESH) };
            if age < limit {
                return Ok(entry.secret.clone().map(|secret| (secret, age)));
            }
        }
        let is_known = entries.get(name).is_some_and(|entry| entry.secret.is_some());
        if !is_known && !strangers.take(now) {
            return Err(Error::Busy);
        }
        let secret = match fetch().await.map(|secret| secret.map(Arc::new)) {
            // Better the secret of a few minutes ago than nobody let in while Secrets Manager is away.
            Err(error @ (Error::Unavailable(_) | Error::NoKeys(_))) => {
                let known = entries.get(name).and_then(|entry| entry.secret.clone());
                let Some(secret) = known else { return Err(error) };
                tracing::warn!(name, %error, "using what was read before past its time");
                return Ok(Some((secret, Duration::ZERO)));
            }
            answer => answer?,
        };
        if entries.len() >= MOST_NAMES {
            entries.retain(|_, entry| entry.secret.is_some());
        }
        entries.insert(name.to_owned(), Entry { secret: secret.clone(), read: now });
        Ok(secret.map(|secret| (secret, Duration::ZERO)))
    }
}
