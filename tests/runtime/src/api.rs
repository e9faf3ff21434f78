//! A stand-in for the Lambda Runtime API, on loopback.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result, anyhow, bail};
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use crate::Answer;

/// What became of an invocation.
#[derive(Debug)]
pub enum Outcome {
    /// The function's answer.
    Response(Value),
    /// What the runtime reports when there is none: API Gateway says 502 then.
    Error(Value),
}

impl Outcome {
    /// What the client gets.
    ///
    /// # Errors
    ///
    /// Where API Gateway would say 502.
    pub fn answer(self) -> Result<Answer> {
        match self {
            Self::Response(answer) => Answer::read(answer),
            Self::Error(error) => bail!("the runtime reports {error}"),
        }
    }
}

/// Serves one sandbox; ends when this is dropped.
#[derive(Debug)]
pub struct RuntimeApi {
    address: String,
    shared: Arc<Shared>,
    events: mpsc::UnboundedSender<Next>,
    asked: watch::Receiver<u64>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    waiting: tokio::sync::Mutex<mpsc::UnboundedReceiver<Next>>,
    asked: watch::Sender<u64>,
    answers: Mutex<HashMap<String, oneshot::Sender<(Instant, Outcome)>>>,
    /// What the next answer is refused with.
    refusal: Mutex<Option<StatusCode>>,
}

/// What a sandbox gets that asks for an event.
#[derive(Debug)]
enum Next {
    Invocation(Invocation),
    Failure(StatusCode),
}

/// What Lambda takes of an answer, in bytes.
const LARGEST_ANSWER: usize = 6_291_556;

#[derive(Debug)]
struct Invocation {
    id: String,
    deadline_ms: u64,
    event: Vec<u8>,
}

impl RuntimeApi {
    /// One on a free port.
    ///
    /// # Errors
    ///
    /// When there is no port.
    pub async fn start() -> Result<Self> {
        let (events, waiting) = mpsc::unbounded_channel();
        let (sender, asked) = watch::channel(0);
        let waiting = tokio::sync::Mutex::new(waiting);
        let shared =
            Arc::new(Shared { waiting, asked: sender, answers: Mutex::default(), refusal: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        // The runtime posts its answer on a second connection while the first stays open: both are served.
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{what}", post(done))
            .route("/2018-06-01/runtime/init/error", post(StatusCode::ACCEPTED))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            // It ends with the task.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { address, shared, events, asked, server })
    }

    /// What `AWS_LAMBDA_RUNTIME_API` says.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// When the sandbox has asked for its `count`th event.
    ///
    /// # Errors
    ///
    /// When it has not after ten seconds.
    pub async fn asked(&self, count: u64) -> Result<()> {
        let mut asked = self.asked.clone();
        let asked = asked.wait_for(|asked| *asked >= count);
        tokio::time::timeout(Duration::from_secs(10), asked)
            .await
            .context("the function asks for no event")??;
        Ok(())
    }

    /// Hands an event to the sandbox, which has `time` for it; what comes of it, and when.
    ///
    /// # Errors
    ///
    /// When nothing comes within `time` and as much as Lambda itself would then take to end the function.
    pub async fn invoke(&self, event: &Value, time: Duration) -> Result<(Instant, Outcome)> {
        let deadline = now_ms().saturating_add(u64::try_from(time.as_millis())?);
        self.invoke_until(event, deadline, time + Duration::from_secs(1)).await
    }

    /// The same with any deadline, in milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// When nothing comes within `patience`.
    pub async fn invoke_until(
        &self,
        event: &Value,
        deadline_ms: u64,
        patience: Duration,
    ) -> Result<(Instant, Outcome)> {
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let id = format!("8476a536-e9f4-11e8-9739-{count:012x}");
        let (sender, answer) = oneshot::channel();
        self.answers().insert(id.clone(), sender);
        let event = event.to_string().into_bytes();
        self.events
            .send(Next::Invocation(Invocation { id, deadline_ms, event }))
            .context("the runtime API has ended")?;
        tokio::time::timeout(patience, answer)
            .await
            .map_err(|_| anyhow!("no answer within {patience:?}"))?
            .context("the runtime API has ended")
    }

    /// The sandbox gets this status in place of an event.
    ///
    /// # Errors
    ///
    /// When this has ended.
    pub fn fail(&self, status: StatusCode) -> Result<()> {
        self.events.send(Next::Failure(status)).context("the runtime API has ended")
    }

    /// The next answer is refused with this status: who waits for it gets an error.
    pub fn refuse_answer(&self, status: StatusCode) {
        *self.shared.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(status);
    }

    fn answers(&self) -> std::sync::MutexGuard<'_, HashMap<String, oneshot::Sender<(Instant, Outcome)>>> {
        self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Milliseconds since 1970.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the deadline of an event is a time of day")]
pub fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    shared.asked.send_modify(|count| *count += 1);
    let Invocation { id, deadline_ms, event } = match shared.waiting.lock().await.recv().await {
        Some(Next::Invocation(invocation)) => invocation,
        Some(Next::Failure(status)) => return status.into_response(),
        None => return StatusCode::GONE.into_response(),
    };
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline_ms.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:scim".to_owned(),
        ),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0".to_owned()),
        (header::CONTENT_TYPE.as_str(), "application/json".to_owned()),
    ];
    (headers, event).into_response()
}

async fn done(
    State(shared): State<Arc<Shared>>,
    Path((id, what)): Path<(String, String)>,
    body: Bytes,
) -> StatusCode {
    let at = Instant::now();
    let mut refusal = shared.refusal.lock().unwrap_or_else(PoisonError::into_inner).take();
    if body.len() > LARGEST_ANSWER {
        refusal = Some(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let outcome = match refusal {
        Some(status) => Outcome::Error(json!({"errorMessage": format!("the answer was refused: {status}")})),
        None if what == "response" => Outcome::Response(body),
        None => Outcome::Error(body),
    };
    let waiting = shared.answers.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    // Who waited may have given up.
    let _ = waiting.map(|sender| sender.send((at, outcome)));
    refusal.unwrap_or(StatusCode::ACCEPTED)
}
