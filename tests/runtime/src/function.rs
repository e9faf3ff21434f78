//! A sandbox: a compiled function with the environment that Lambda gives it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
};

use crate::{Answer, Format, Outcome, Request, RuntimeApi};

/// What a function speaks to.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where DynamoDB answers.
    pub dynamodb: String,
    /// Where Secrets Manager answers.
    pub secrets: String,
    /// Further variables, or other values of Lambda's.
    pub variables: BTreeMap<String, String>,
}

/// A running function. Its process is killed when this is dropped.
#[derive(Debug)]
pub struct Function {
    api: RuntimeApi,
    child: Child,
    spawned: Instant,
    ready: Instant,
    log: Arc<Mutex<Vec<String>>>,
    invocations: AtomicU64,
}

/// The folder of the compiled functions: that of this program's own build, or what `FUNCTIONS` says.
///
/// # Errors
///
/// When this program lies nowhere.
#[expect(clippy::disallowed_methods, reason = "says which build is looked at; no function reads it")]
pub fn folder() -> Result<PathBuf> {
    if let Ok(folder) = std::env::var("FUNCTIONS") {
        return Ok(folder.into());
    }
    let program = std::env::current_exe()?;
    // Tests lie in a folder of their own, beside the programs.
    let beside = program.ancestors().skip(1).find(|folder| !folder.ends_with("deps"));
    Ok(beside.context("this program has no folder")?.to_owned())
}

impl Function {
    /// Starts `program`; returns once it asks for its first event.
    ///
    /// # Errors
    ///
    /// When it is not there, or does not ask.
    pub async fn start(program: &Path, target: &Target) -> Result<Self> {
        let api = RuntimeApi::start().await?;
        let address = api.address().to_owned();
        Self::start_at(program, target, api, &address).await
    }

    /// The same with a runtime API that it reaches at another address than its own, by a line that fails for instance.
    ///
    /// # Errors
    ///
    /// As [`Function::start`].
    pub async fn start_at(program: &Path, target: &Target, api: RuntimeApi, address: &str) -> Result<Self> {
        let spawned = Instant::now();
        let mut child = Command::new(program)
            .env_clear()
            .envs(environment(address, target))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}: build it first", program.display()))?;
        let log = Arc::default();
        tokio::spawn(read(child.stdout.take().context("no standard output")?, Arc::clone(&log)));
        tokio::spawn(read(child.stderr.take().context("no standard error")?, Arc::clone(&log)));
        api.asked(1).await?;
        Ok(Self { api, child, spawned, ready: Instant::now(), log, invocations: AtomicU64::new(0) })
    }

    /// What calls it.
    #[must_use]
    pub const fn api(&self) -> &RuntimeApi {
        &self.api
    }

    /// When its process was made.
    #[must_use]
    pub const fn spawned(&self) -> Instant {
        self.spawned
    }

    /// When it asked for its first event.
    #[must_use]
    pub const fn ready(&self) -> Instant {
        self.ready
    }

    /// Its process.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn pid(&self) -> Result<i32> {
        Ok(self.child.id().context("it has ended")?.try_into()?)
    }

    /// What it has written, a line each.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the outcome of a raw event is, and when it came.
    ///
    /// # Errors
    ///
    /// As [`RuntimeApi::invoke`].
    pub async fn invoke(&self, event: &serde_json::Value, time: Duration) -> Result<(Instant, Outcome)> {
        self.invocations.fetch_add(1, Ordering::SeqCst);
        self.api.invoke(event, time).await
    }

    /// The same with any deadline, in milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// As [`RuntimeApi::invoke_until`].
    pub async fn invoke_until(
        &self,
        event: &serde_json::Value,
        deadline_ms: u64,
        patience: Duration,
    ) -> Result<(Instant, Outcome)> {
        self.invocations.fetch_add(1, Ordering::SeqCst);
        self.api.invoke_until(event, deadline_ms, patience).await
    }

    /// What the client of a request gets, who has the time of the template.
    ///
    /// # Errors
    ///
    /// Where there is no answer, or none that API Gateway could pass on.
    pub async fn send(&self, format: Format, request: &Request) -> Result<Answer> {
        self.send_within(format, request, Duration::from_secs(29)).await
    }

    /// The same with so much time for it.
    ///
    /// # Errors
    ///
    /// As [`Function::send`].
    pub async fn send_within(&self, format: Format, request: &Request, time: Duration) -> Result<Answer> {
        self.invoke(&request.event(format), time).await?.1.answer()
    }

    /// Waits until it asks for another event, as before Lambda freezes it.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn idle(&self) -> Result<()> {
        self.api.asked(self.invocations.load(Ordering::SeqCst) + 1).await
    }

    /// Stops its process, as Lambda does between events.
    ///
    /// # Errors
    ///
    /// When it has ended, or does not become idle.
    pub async fn freeze(&self) -> Result<()> {
        self.idle().await?;
        self.signal(Signal::SIGSTOP)
    }

    /// Lets it go on.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn thaw(&self) -> Result<()> {
        self.signal(Signal::SIGCONT)
    }

    /// Asks it to end.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn terminate(&self) -> Result<()> {
        self.signal(Signal::SIGTERM)
    }

    /// Waits for its end: five seconds, then it is an error.
    ///
    /// # Errors
    ///
    /// When it goes on.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let ended = tokio::time::timeout(Duration::from_secs(5), self.child.wait()).await;
        Ok(ended.context("it goes on")??)
    }

    /// Whether the process lives.
    ///
    /// # Errors
    ///
    /// When the system does not know.
    pub fn lives(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill(Pid::from_raw(self.pid()?), signal)?)
    }
}

/// What Lambda sets, and the template.
fn environment(api: &str, target: &Target) -> BTreeMap<String, String> {
    let variables = [
        ("AWS_LAMBDA_RUNTIME_API", api),
        ("AWS_LAMBDA_FUNCTION_NAME", "scim"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_LEVEL", "INFO"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/scim/users"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/03/10/[$LATEST]0123456789abcdef0123456789abcdef"),
        ("AWS_REGION", local::aws::REGION),
        ("AWS_DEFAULT_REGION", local::aws::REGION),
        ("AWS_ACCESS_KEY_ID", local::aws::CREDENTIALS),
        ("AWS_SECRET_ACCESS_KEY", local::aws::CREDENTIALS),
        ("AWS_SESSION_TOKEN", local::aws::CREDENTIALS),
        ("_HANDLER", "bootstrap"),
        ("_X_AMZN_TRACE_ID", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0"),
        ("LAMBDA_TASK_ROOT", "/var/task"),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
        ("TZ", ":UTC"),
        ("TABLE_NAME", local::TABLE),
        ("SECRETS_PREFIX", local::PREFIX),
        ("BASE_PATH", "/scim/v2"),
        ("PUBLIC_BASE_URL", ""),
        ("RUST_LOG", "INFO"),
        ("AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH", "true"),
        ("AWS_ENDPOINT_URL_DYNAMODB", target.dynamodb.as_str()),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", target.secrets.as_str()),
    ];
    let mut environment: BTreeMap<_, _> =
        variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    environment.extend(target.variables.clone());
    environment
}

async fn read(stream: impl AsyncRead + Unpin, log: Arc<Mutex<Vec<String>>>) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}
