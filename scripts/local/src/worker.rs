//! What calls the worker function on AWS: the event source mapping that reads the table's stream, and the schedule.

mod filter;
mod stream;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use directory::{Directory, Usage};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};
use worker::{Answer, Worker, clock};

use self::{filter::Filter, stream::Stream};
use crate::{Engine, Error, TABLE, aws, template};

/// How often the stream is read.
const READ_EVERY: Duration = Duration::from_secs(1);
/// How often what is due is done: sooner than on AWS, where it is every minute.
const TIDY_EVERY: Duration = Duration::from_secs(5);
/// How long AWS keeps records of a stream; the engine keeps them for ever.
const KEPT: time::Duration = time::Duration::days(1);
/// By which name the worker writes, and logs.
const REQUEST_ID: &str = "local-worker";

/// Calls the worker with what an engine's stream tells, as the template has it.
#[derive(Debug)]
pub struct Caller {
    worker: Worker,
    stream: Stream,
    filters: Vec<Filter>,
}

/// Runs the worker on an engine that is embedded here, for ever; on another it is its server's to run.
///
/// # Errors
///
/// [`Error::Template`].
pub async fn beside(engine: &Engine) -> Result<(), Error> {
    if engine.is_embedded() {
        Caller::new(engine.url())?.run().await;
    }
    std::future::pending().await
}

impl Caller {
    /// For the engine at `url`, from the beginning of its stream.
    ///
    /// # Errors
    ///
    /// [`Error::Template`] where the filters of the template's event source mapping cannot be read.
    pub fn new(url: &str) -> Result<Self, Error> {
        Self::with_client(aws::dynamodb(url), url)
    }

    /// The same, whose worker reaches the table through `client`.
    ///
    /// # Errors
    ///
    /// As [`Caller::new`].
    pub fn with_client(client: Client, url: &str) -> Result<Self, Error> {
        let filters = template::filters()?.into_iter().map(|pattern| Filter::parse(&pattern));
        Ok(Self {
            worker: Worker::new(Directory::new(client, TABLE)),
            stream: Stream::new(url),
            filters: filters.collect::<Result<_, _>>().map_err(Error::Template)?,
        })
    }

    /// Hands all that is new in the stream to the worker; how many records passed the filters.
    ///
    /// # Errors
    ///
    /// [`Error::Stream`] where it cannot be read, or the worker asks for it again. What was not noted comes again.
    pub async fn follow(&mut self, now: OffsetDateTime) -> Result<usize, Error> {
        let mut handed = 0;
        loop {
            let page = self.stream.read().await?;
            if page.records.is_empty() {
                return Ok(handed);
            }
            let records: Vec<_> = page
                .records
                .into_iter()
                .filter(|record| is_kept(record, now) && self.passes(record))
                .collect();
            handed += records.len();
            if !records.is_empty() {
                self.note(records, now).await?;
            }
            self.stream.go_on(page.next);
        }
    }

    async fn note(&self, records: Vec<Value>, now: OffsetDateTime) -> Result<(), Error> {
        match self.call(json!({ "Records": records }), now).await? {
            Answer::Noted { failed, .. } if !failed.batch_item_failures.is_empty() => {
                Err(Error::Stream("records could not be noted".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Lets the worker do what is due.
    ///
    /// # Errors
    ///
    /// [`Error::Worker`].
    pub async fn tidy(&self, now: OffsetDateTime) -> Result<Answer, Error> {
        self.call(json!({"detail-type": "Scheduled Event", "source": "local", "detail": "{}"}), now).await
    }

    async fn call(&self, event: Value, now: OffsetDateTime) -> Result<Answer, Error> {
        self.worker.answer(event, &Usage::default(), REQUEST_ID, now).await.map_err(Error::Worker)
    }

    fn passes(&self, record: &Value) -> bool {
        self.filters.iter().any(|filter| filter.fits(record))
    }

    /// Goes on for ever. An engine that does not answer is told of once, and asked again.
    async fn run(mut self) {
        let mut is_away = false;
        let mut tidied = Instant::now();
        loop {
            sleep(READ_EVERY).await;
            match self.turn(&mut tidied).await {
                Ok(()) => is_away = false,
                Err(error) if !is_away => {
                    tracing::warn!(%error, "the worker tries again");
                    is_away = true;
                }
                Err(_) => {}
            }
        }
    }

    async fn turn(&mut self, tidied: &mut Instant) -> Result<(), Error> {
        self.follow(clock::now()).await?;
        if tidied.elapsed() >= TIDY_EVERY {
            *tidied = Instant::now();
            let answer = self.tidy(clock::now()).await?;
            if let Answer::Tidied { done, left, failed } = answer
                && done + failed > 0
            {
                tracing::info!(done, left, failed, "tidied");
            }
        }
        Ok(())
    }
}

fn is_kept(record: &Value, now: OffsetDateTime) -> bool {
    let since = now - KEPT;
    let at = record["dynamodb"]["ApproximateCreationDateTime"].as_f64().and_then(|seconds| {
        let at = time::Duration::checked_seconds_f64(seconds)?;
        OffsetDateTime::UNIX_EPOCH.checked_add(at)
    });
    at.is_none_or(|at| at >= since)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn what_is_older_than_a_day_is_gone() {
        let now = datetime!(2026-11-22 12:00 UTC);
        let kept = |at: OffsetDateTime| {
            is_kept(&json!({"dynamodb": {"ApproximateCreationDateTime": at.unix_timestamp()}}), now)
        };
        assert!(kept(now) && kept(datetime!(2026-11-21 12:00 UTC)));
        assert!(!kept(datetime!(2026-11-21 11:59 UTC)));
        assert!(is_kept(&json!({}), now), "what has no time is not lost");
    }

    #[tokio::test]
    async fn an_engine_that_is_unplugged_is_an_error_and_no_end() {
        let mut caller = Caller::new("http://127.0.0.1:1").unwrap();
        for _ in 0..2 {
            let failed = caller.follow(clock::now()).await;
            assert!(matches!(failed, Err(Error::Stream(_))), "{failed:?}");
        }
    }
}
