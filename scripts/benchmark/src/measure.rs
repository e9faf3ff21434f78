//! The endpoint in this process, and what a request to it costs.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use axum::{Router, body::Body};
use directory::{Directory, Scope, Usage};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use local::{Options, Stack, TABLE, aws};
use serde::Serialize;
use serde_json::Value;
use tower::ServiceExt;

/// The whole endpoint on an empty table.
pub(crate) struct Endpoint {
    pub(crate) stack: Stack,
    /// The same table, for filling it.
    pub(crate) directory: Directory,
    router: Router,
}

/// What one operation costs, on average over how often it was measured.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    pub(crate) operation: String,
    /// How many there are of what the cost could depend on: users of the directory, members of the group.
    pub(crate) size: usize,
    pub(crate) calls: f64,
    /// Sequential ones.
    pub(crate) round_trips: f64,
    pub(crate) read_units: f64,
    pub(crate) write_units: f64,
    /// Milliseconds.
    pub(crate) p50: f64,
    /// Milliseconds.
    pub(crate) p99: f64,
}

/// What one request cost.
pub(crate) struct Cost {
    usage: Usage,
    took: Duration,
}

impl Endpoint {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let stack = Stack::start(&Options::default()).await?;
        let directory = Directory::new(aws::dynamodb(stack.stand_ins.engine.url()), TABLE);
        let router = stack.router();
        let endpoint = Self { stack, directory, router };
        // The tenant's settings are read once a minute.
        endpoint.send(&Method::GET, "/Users?count=0", "").await?;
        Ok(endpoint)
    }

    /// A scope as requests of the default connector have it.
    pub(crate) fn scope() -> Scope {
        Scope::new("default", "default", "bench")
    }

    /// Sends a request that must succeed.
    pub(crate) async fn send(
        &self,
        method: &Method,
        path: &str,
        body: &str,
    ) -> anyhow::Result<(Value, Cost)> {
        let request = Request::builder()
            .method(method)
            .uri(format!("/scim/v2{path}"))
            .header("authorization", format!("Bearer {}", self.stack.token().as_str()))
            .header("content-type", "application/scim+json")
            .body(Body::from(body.to_owned()))?;
        let began = Instant::now();
        let answer = self.router.clone().oneshot(request).await?;
        let status = answer.status();
        let usage = answer.extensions().get::<Usage>().cloned().context("an answer without its cost")?;
        let bytes = answer.into_body().collect().await?.to_bytes();
        let took = began.elapsed();
        if !status.is_success() {
            bail!("{method} {path}: {status} {}", String::from_utf8_lossy(&bytes));
        }
        let body =
            if status == StatusCode::NO_CONTENT { Value::Null } else { serde_json::from_slice(&bytes)? };
        Ok((body, Cost { usage, took }))
    }
}

impl Row {
    #[expect(clippy::cast_precision_loss, reason = "counts of calls are small")]
    pub(crate) fn of(operation: &str, size: usize, costs: &[Cost]) -> Self {
        let mean = |of: &dyn Fn(&Usage) -> f64| {
            costs.iter().map(|cost| of(&cost.usage)).sum::<f64>() / costs.len().max(1) as f64
        };
        let mut times: Vec<_> = costs.iter().map(|cost| cost.took.as_secs_f64() * 1000.0).collect();
        times.sort_by(f64::total_cmp);
        let percentile = |hundredths: usize| times.get((times.len() * hundredths / 100).min(times.len() - 1));
        Self {
            operation: operation.to_owned(),
            size,
            calls: mean(&|usage| usage.calls() as f64),
            round_trips: mean(&|usage| usage.round_trips() as f64),
            read_units: mean(&Usage::read_units),
            write_units: mean(&Usage::write_units),
            p50: percentile(50).copied().unwrap_or_default(),
            p99: percentile(99).copied().unwrap_or_default(),
        }
    }

    /// What a million of them cost in US dollars, on demand, in the cheapest regions of 2026.
    pub(crate) fn dollars_per_million(&self) -> f64 {
        const READ: f64 = 0.125;
        const WRITE: f64 = 0.625;
        self.read_units * READ + self.write_units * WRITE
    }
}
