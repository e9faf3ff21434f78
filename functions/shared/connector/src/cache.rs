//! Secrets in memory for a while, so that authentication costs no round trip.

use std::{collections::HashMap, sync::Arc, time::Duration};

use time::OffsetDateTime;
use tokio::sync::Mutex;

use crate::Error;

/// How long a name without a secret is known to have none.
const ABSENT: Duration = Duration::from_secs(5);
/// How long what is past its time is used without asking again a service that has just not answered: a call that hangs
/// takes seconds.
const HELD: Duration = Duration::from_secs(5);
/// The most names remembered, so that guessed names cannot fill the memory.
const MOST_NAMES: usize = 1000;
/// How often names may be asked for that turn out to have no secret: who guesses names cannot run up the bill.
const STRANGERS: Rate = Rate { at_once: 20.0, every: Duration::from_millis(200) };

/// How long what was read is used, and how often it may be read before that time is over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) fresh: Duration,
    pub(crate) renewals: Rate,
}

/// So many at once, and then one in every so long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) at_once: f64,
    pub(crate) every: Duration,
}

/// How old an answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// As old as is usual.
    Usual,
    /// No older than this.
    Within(Duration),
    /// Read now, if it was not too often of late: what is remembered seems to be out of date.
    Renewed,
}

/// What was found under a name.
pub(crate) struct Found<T> {
    pub(crate) value: Arc<T>,
    /// Whether it was read just now: reading it again would tell nothing new.
    pub(crate) is_new: bool,
}

/// What secrets say, by their names below the prefix; names without a secret are remembered as well.
pub(crate) struct Cache<T> {
    times: Times,
    state: Mutex<State<T>>,
}

struct State<T> {
    entries: HashMap<String, Entry<T>>,
    strangers: Allowance,
}

struct Entry<T> {
    value: Option<Arc<T>>,
    read: OffsetDateTime,
    /// Since when the service does not answer.
    failed: Option<OffsetDateTime>,
    renewals: Allowance,
}

/// What is left of a rate.
struct Allowance {
    rate: Rate,
    left: f64,
    counted: OffsetDateTime,
}

impl Allowance {
    fn new(rate: Rate, now: OffsetDateTime) -> Self {
        Self { rate, left: rate.at_once, counted: now }
    }

    fn is_left(&mut self, now: OffsetDateTime) -> bool {
        let passed = (now - self.counted).as_seconds_f64().max(0.0);
        self.counted = now;
        self.left = (self.left + passed / self.rate.every.as_secs_f64()).min(self.rate.at_once);
        self.left >= 1.0
    }

    fn spend(&mut self) {
        self.left -= 1.0;
    }
}

impl<T> Entry<T> {
    /// Whether there is no need, or no leave, to read again.
    fn is_good(&mut self, freshness: Freshness, times: Times, now: OffsetDateTime) -> bool {
        let age = Duration::try_from(now - self.read).unwrap_or_default();
        if self.value.is_some() && self.failed.is_some_and(|failed| now - failed < HELD) {
            return true;
        }
        match (&self.value, freshness) {
            (None, _) => age < ABSENT,
            (Some(_), Freshness::Usual) => age < times.fresh,
            (Some(_), Freshness::Within(limit)) => age < limit,
            (Some(_), Freshness::Renewed) => {
                let may_renew = self.renewals.is_left(now);
                if may_renew {
                    self.renewals.spend();
                }
                !may_renew
            }
        }
    }
}

impl<T> Cache<T> {
    pub(crate) fn new(times: Times) -> Self {
        let strangers = Allowance::new(STRANGERS, OffsetDateTime::UNIX_EPOCH);
        Self { times, state: Mutex::new(State { entries: HashMap::new(), strangers }) }
    }

    /// What is under `name`; read by `fetch` where what is remembered is too old.
    ///
    /// A lookup holds the lock while it reads: a burst of requests at a cold start reads once.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] when too many names have been asked for of late that have no secret; those of `fetch`.
    pub(crate) async fn get<F>(
        &self,
        name: &str,
        freshness: Freshness,
        now: OffsetDateTime,
        fetch: impl FnOnce() -> F,
    ) -> Result<Option<Found<T>>, Error>
    where
        F: Future<Output = Result<Option<T>, Error>>,
    {
        let State { entries, strangers } = &mut *self.state.lock().await;
        if let Some(entry) = entries.get_mut(name)
            && entry.is_good(freshness, self.times, now)
        {
            return Ok(entry.value.clone().map(|value| Found { value, is_new: false }));
        }
        let known = entries.get(name).and_then(|entry| entry.value.clone());
        if known.is_none() && !strangers.is_left(now) {
            return Err(Error::Busy);
        }
        let value = match fetch().await {
            Ok(value) => value.map(Arc::new),
            // Better the secret of a few minutes ago than nobody let in while Secrets Manager is away.
            Err(error @ (Error::Unavailable(_) | Error::NoKeys(_))) => {
                let Some(value) = known else { return Err(error) };
                if let Some(entry) = entries.get_mut(name) {
                    entry.failed = Some(now);
                }
                tracing::warn!(name, %error, "using what was read before past its time");
                return Ok(Some(Found { value, is_new: true }));
            }
            Err(error) => return Err(error),
        };
        if value.is_none() {
            strangers.spend();
        }
        if entries.len() >= MOST_NAMES {
            entries.retain(|_, entry| entry.value.is_some());
        }
        let renewals = match entries.remove(name) {
            Some(entry) => entry.renewals,
            None => Allowance::new(self.times.renewals, now),
        };
        entries.insert(name.to_owned(), Entry { value: value.clone(), read: now, failed: None, renewals });
        Ok(value.map(|value| Found { value, is_new: true }))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const TIMES: Times = Times {
        fresh: Duration::from_mins(5),
        renewals: Rate { at_once: 1.0, every: Duration::from_mins(1) },
    };

    /// A service that hangs until the SDK gives up must not be waited for by every request.
    #[tokio::test]
    async fn what_is_past_its_time_is_used_for_a_while_without_asking_a_service_that_is_away() {
        let (cache, asked) = (Cache::new(TIMES), Cell::new(0));
        let begin = OffsetDateTime::UNIX_EPOCH;
        let get = async |seconds: u64, answer: Result<Option<u8>, Error>| {
            let fetch = async || {
                asked.set(asked.get() + 1);
                answer
            };
            let found = cache.get("a", Freshness::Usual, begin + Duration::from_secs(seconds), fetch).await;
            found.map(|found| found.map(|found| *found.value))
        };
        let away = || Err(Error::Unavailable("away".to_owned()));
        assert_eq!(get(0, Ok(Some(1))).await.ok(), Some(Some(1)));
        for second in 300..305 {
            assert_eq!(get(second, away()).await.ok(), Some(Some(1)));
        }
        assert_eq!(asked.get(), 2);
        assert_eq!(get(305, away()).await.ok(), Some(Some(1)));
        assert_eq!(get(310, Ok(Some(2))).await.ok(), Some(Some(2)));
        assert_eq!(asked.get(), 4);
    }
}
