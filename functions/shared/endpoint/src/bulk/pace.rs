//! The time that a bulk job has. API Gateway gives up after 29 s, and the client would lose the report of what was
//! done.

use std::{future::Future, time::Duration};

use futures::{StreamExt, stream};
use scim::bulk::{Job, Reply, Request};
use tokio::time::{Instant, timeout_at};

/// When the report is written, whatever is under way.
const END: Duration = Duration::from_secs(26);
/// What is left of the function's own time for that.
const RESERVE: Duration = Duration::from_millis(500);
/// What an operation may take: so long before the end the last one begins.
const LONGEST_OPERATION: Duration = Duration::from_secs(6);
/// Operations under way at once, where their order does not matter. The counters of a tenant take about 200 new
/// resources a second.
const CONCURRENT: usize = 4;

/// When a job has to come to its end.
pub(super) struct Pace {
    last_begin: Instant,
    end: Instant,
}

impl Pace {
    /// From now on, with what is left of the function's own time.
    pub(super) fn new(time_left: Option<Duration>) -> Self {
        let now = Instant::now();
        let end = time_left.map_or(END, |left| left.saturating_sub(RESERVE).min(END));
        Self { last_begin: now + end.saturating_sub(LONGEST_OPERATION), end: now + end }
    }

    /// Makes the requests that the job asks for, until it is over or the time is.
    pub(super) async fn run<F>(&self, job: &mut Job, send: impl Fn(Request) -> F)
    where
        F: Future<Output = (Request, Reply)>,
    {
        loop {
            if Instant::now() >= self.last_begin {
                job.stop();
            }
            let requests = job.next_requests();
            if requests.is_empty() {
                return;
            }
            let mut replies = stream::iter(requests).map(&send).buffer_unordered(CONCURRENT);
            loop {
                match timeout_at(self.end, replies.next()).await {
                    Ok(Some((request, reply))) => job.answer(&request, reply),
                    Ok(None) => break,
                    Err(_) => return,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, sync::Arc};

    use http::{Method, StatusCode};
    use scim::{
        bulk::{BULK_REQUEST_SCHEMA, read},
        client::Dialect,
        resource_type::USERS,
    };
    use serde_json::{Value, json};

    use super::*;

    /// Runs a job whose every request takes `each`; returns the statuses, and how many were under way at most.
    async fn run(operations: &[Value], each: Duration, time_left: Option<Duration>) -> (Vec<String>, usize) {
        let body = json!({"schemas": [BULK_REQUEST_SCHEMA], "Operations": operations});
        let body = body.as_object().cloned().expect("an object");
        let mut job = read(body, &[Arc::clone(&USERS)], "http://h", Dialect::default()).expect("a job");
        let (now, most) = (Cell::new(0), Cell::new(0));
        let send = async |request: Request| {
            now.set(now.get() + 1);
            most.set(most.get().max(now.get()));
            tokio::time::sleep(each).await;
            now.set(now.get() - 1);
            let status =
                if request.method == Method::POST { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
            (request, Reply { status, location: Some("http://h/Users/1".into()), version: None, error: None })
        };
        Pace::new(time_left).run(&mut job, send).await;
        let report = job.report().body;
        let entries = report["Operations"].as_array().into_iter().flatten();
        let statuses = entries.map(|entry| match entry["response"]["detail"].as_str() {
            Some(detail) if detail.contains("under way") => "under way".to_owned(),
            _ => entry["status"].as_str().unwrap_or_default().to_owned(),
        });
        (statuses.collect(), most.get())
    }

    fn counts(statuses: &[String]) -> Vec<(&str, usize)> {
        statuses.chunk_by(|one, next| one == next).map(|same| (same[0].as_str(), same.len())).collect()
    }

    fn deletes(count: usize) -> Vec<Value> {
        (0..count).map(|at| json!({"method": "DELETE", "path": format!("/Users/{at}")})).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_begin_in_time_is_reported() {
        let (statuses, most) = run(&deletes(30), Duration::from_secs(1), None).await;
        assert_eq!((counts(&statuses), most), (vec![("204", 20), ("503", 10)], 1));
        let (statuses, _) = run(&deletes(30), Duration::from_secs(1), Some(Duration::from_secs(15))).await;
        assert_eq!(counts(&statuses), [("204", 9), ("503", 21)]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_end_in_time_is_reported() {
        let (statuses, _) = run(&deletes(3), Duration::from_secs(19), None).await;
        assert_eq!(counts(&statuses), [("204", 1), ("under way", 1), ("503", 1)]);
    }

    #[tokio::test(start_paused = true)]
    async fn new_resources_are_made_some_at_a_time() {
        let creates: Vec<_> = (0..40)
            .map(|at| {
                json!({"method": "POST", "path": "/Users", "bulkId": at.to_string(), "data": {"userName": at.to_string()}})
            })
            .collect();
        let (statuses, most) = run(&creates, Duration::from_secs(1), None).await;
        assert_eq!((counts(&statuses), most), (vec![("201", 40)], CONCURRENT));
    }
}
