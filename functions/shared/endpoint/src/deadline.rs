//! The time that a request has: what Lambda gives the function, and never more than API Gateway waits for.

use std::time::Duration;

use axum::http::request::Parts;
use lambda_http::RequestExt;
use tokio::time::Instant;

use crate::clock;

/// API Gateway gives up after 29 s. What is said by then reaches the client.
const LONGEST: Duration = Duration::from_secs(27);
/// What is kept of Lambda's time for the answer, and at most half of it.
const RESERVE: Duration = Duration::from_millis(500);

/// When a request that came just now must be answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    /// By when it ends by itself, and says what it has done.
    pub(crate) end: Instant,
    /// How much later it is answered, done or not.
    grace: Duration,
}

impl Deadline {
    pub(crate) fn of(parts: &Parts) -> Self {
        let (left, reserve) = time_left(parts).map_or((LONGEST, RESERVE), |left| {
            let reserve = RESERVE.min(left / 2);
            (left.saturating_sub(reserve).min(LONGEST), reserve)
        });
        Self { end: Instant::now() + left, grace: reserve * 2 / 5 }
    }

    /// When it is answered, done or not.
    pub(crate) fn at_last(self) -> Instant {
        self.end + self.grace
    }
}

/// What is left of the time after which Lambda ends the function; unknown where the runtime names a time that has passed
/// already, as `cargo lambda watch` does.
pub(crate) fn time_left(parts: &Parts) -> Option<Duration> {
    let deadline = i128::from(parts.lambda_context_ref()?.deadline);
    let left = deadline - clock::now().unix_timestamp_nanos() / 1_000_000;
    u64::try_from(left).ok().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use lambda_http::Context;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_request_ends_before_lambda_and_api_gateway_do() {
        let now = u64::try_from(clock::now().unix_timestamp_nanos() / 1_000_000).expect("after 1970");
        for (deadline, expected, at_last) in [
            (None, 27_000, 27_200),
            (Some(now + 60_000), 27_000, 27_200),
            (Some(now + 5000), 4500, 4700),
            (Some(now + 800), 400, 560),
            // One that has passed says nothing of the time there is.
            (Some(now - 1000), 27_000, 27_200),
            (Some(0), 27_000, 27_200),
            (Some(u64::MAX), 27_000, 27_200),
        ] {
            let (mut parts, ()) = http::Request::new(()).into_parts();
            if let Some(deadline) = deadline {
                let mut context = Context::default();
                context.deadline = deadline;
                parts.extensions.insert(context);
            }
            let made = Deadline::of(&parts);
            for (moment, expected) in [(made.end, expected), (made.at_last(), at_last)] {
                let left = moment - Instant::now();
                let slack = Duration::from_millis(expected).saturating_sub(left);
                assert!(slack < Duration::from_millis(200), "{left:?} for {deadline:?}");
                assert!(left <= Duration::from_millis(expected), "{left:?} for {deadline:?}");
            }
        }
    }
}
