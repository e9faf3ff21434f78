//! Local servers as processes of their own.

use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};

use anyhow::{Context, Result};
use local::{TABLE, Token};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::place::Place;

/// A running `local`. It is asked to end when this is dropped, without a wait.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// What it said when it was ready.
    pub ready: Ready,
}

/// The line that `local --json` prints once it serves.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// The SCIM base URL.
    pub base_url: String,
    /// The default connector's token.
    pub token: String,
    /// Where the DynamoDB engine answers.
    pub engine_url: String,
    /// Where the Secrets Manager stand-in answers.
    pub secrets_url: String,
    /// The process.
    pub pid: i32,
}

impl Server {
    /// Starts `program`, a `local` binary, with `arguments`; returns once it serves.
    ///
    /// # Errors
    ///
    /// When it ends, or says something else, before.
    pub async fn start(program: &str, arguments: &[&str]) -> Result<Self> {
        Self::start_with_path(program, arguments, std::env::var_os("PATH").unwrap_or_default()).await
    }

    /// The same with another `PATH` to find cargo's subcommands on.
    ///
    /// # Errors
    ///
    /// As [`Server::start`].
    pub async fn start_with_path(program: &str, arguments: &[&str], path: OsString) -> Result<Self> {
        // `--json` is an option of the command, in front of what the command passes on.
        let (options, passed_on) = arguments
            .split_at(arguments.iter().position(|argument| *argument == "--").unwrap_or(arguments.len()));
        let mut child = Command::new(program)
            .args(options)
            .arg("--json")
            .args(passed_on)
            .env("PATH", path)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {program}"))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let line = BufReader::new(stdout).lines().next_line().await?.context("it ended before it served")?;
        let ready = serde_json::from_str(&line).with_context(|| format!("it said {line:?}"))?;
        Ok(Self { child, ready })
    }

    /// A new connector called `name` with a tenant of that name; returns its token.
    ///
    /// # Errors
    ///
    /// When the Secrets Manager stand-in does not take it.
    pub async fn connect(&self, name: &str) -> Result<Token> {
        self.place().connect(name).await
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> Place {
        let Ready { base_url, engine_url, secrets_url, .. } = self.ready.clone();
        Place { base_url, engine_url, secrets_url, table: TABLE.to_owned() }
    }

    /// Asks it to end, as `kill` does, and waits.
    ///
    /// # Errors
    ///
    /// When it is gone already.
    pub async fn stop(mut self) -> Result<ExitStatus> {
        self.terminate().context("it has ended before")?;
        Ok(self.child.wait().await?)
    }

    fn terminate(&self) -> Result<()> {
        let id = self.child.id().context("it was waited for")?;
        Ok(kill(Pid::from_raw(id.try_into()?), Signal::SIGTERM)?)
    }
}

/// `SIGTERM`, never `SIGKILL`: the server ends what it has started itself.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.terminate();
    }
}
