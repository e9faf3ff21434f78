//! Waiting between attempts: full jitter, bounded in number and in time.

use std::{future::Future, time::Duration};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use tokio::time::Instant;

use crate::{Error, Usage, error::is_contended, usage::Cause};

/// Attempts in all, the first included.
const ATTEMPTS: u32 = 8;
/// The longest first wait; it doubles with every attempt.
const FIRST_WAIT: Duration = Duration::from_millis(25);
const LONGEST_WAIT: Duration = Duration::from_millis(800);
/// Of the time that a request has, what one contended step may take: those that follow need some of it.
const TOTAL: Duration = Duration::from_secs(6);
/// The longest that one call may take, the SDK's own attempts included: it ends before a lease does under which it was
/// made.
pub(crate) const LONGEST_CALL: Duration = Duration::from_secs(12);
/// The longest that a call may take with those that repeat it: the last begins before the waits are used up.
pub(crate) const LONGEST: Duration = TOTAL.saturating_add(LONGEST_CALL);

/// The waits of one call that is repeated.
#[derive(Debug)]
pub(crate) struct Backoff {
    attempt: u32,
    deadline: Instant,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { attempt: 1, deadline: Instant::now() + TOTAL }
    }

    /// Waits a random part of what the attempt allows.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] when attempts or time, this call's or the request's, are used up.
    pub(crate) async fn wait(&mut self, usage: &Usage, cause: Cause) -> Result<(), Error> {
        let longest = FIRST_WAIT.saturating_mul(1 << (self.attempt - 1)).min(LONGEST_WAIT);
        let wait = longest.mul_f64(fastrand::f64());
        let deadline = usage.deadline().map_or(self.deadline, |deadline| deadline.min(self.deadline));
        if self.attempt >= ATTEMPTS || Instant::now() + wait > deadline {
            return Err(Error::Busy);
        }
        self.attempt += 1;
        usage.retry(cause);
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// Makes `call`, again while it meets a transaction on its item, and returns the last answer.
pub(crate) async fn while_contended<O, E, R, F>(
    usage: &Usage,
    mut call: impl FnMut() -> F,
) -> Result<O, SdkError<E, R>>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<O, SdkError<E, R>>>,
{
    let mut backoff = Backoff::new();
    loop {
        let under_way = usage.call();
        // Boxed: the SDK's futures are large, and callers hold many of these at once.
        let answer = Box::pin(call()).await;
        drop(under_way);
        match answer {
            Err(error) if is_contended(&error) && backoff.wait(usage, Cause::Conflict).await.is_ok() => {}
            answer => return answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_are_bounded_in_number() {
        let (usage, mut backoff) = (Usage::default(), Backoff::new());
        for _ in 1..ATTEMPTS {
            backoff.wait(&usage, Cause::Conflict).await.expect("an attempt is left");
        }
        assert!(matches!(backoff.wait(&usage, Cause::Throttle).await, Err(Error::Busy)));
        assert_eq!(usage.retries(), u64::from(ATTEMPTS) - 1);
    }

    #[tokio::test(start_paused = true)]
    async fn waits_are_bounded_in_time() {
        let (usage, mut backoff) = (Usage::default(), Backoff::new());
        tokio::time::advance(TOTAL + Duration::from_millis(1)).await;
        assert!(matches!(backoff.wait(&usage, Cause::Throttle).await, Err(Error::Busy)));
    }

    #[tokio::test(start_paused = true)]
    async fn waits_end_with_the_request() {
        let (usage, mut backoff) = (Usage::default(), Backoff::new());
        usage.end_at(Instant::now() + FIRST_WAIT);
        tokio::time::advance(FIRST_WAIT + Duration::from_millis(1)).await;
        assert!(matches!(backoff.wait(&usage, Cause::Throttle).await, Err(Error::Busy)));
        assert_eq!(usage.retries(), 0);
    }
}
