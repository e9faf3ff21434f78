//! `local watch`: the functions as Lambda runs them, under `cargo lambda watch`, rebuilt when their code changes.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::ready::Ready;
use crate::stand_ins::{PREFIX, TABLE};
use crate::{Error, Options, StandIns, aws, engine, signal, worker};

/// How long the child may take to end once it was asked to.
const GRACE: Duration = Duration::from_secs(10);
/// Sandboxes of each function: requests beyond that wait.
const CONCURRENCY: &str = "4";

/// Starts the stand-ins and `cargo lambda watch` on `port` of 127.0.0.1 (0: any free one), with `arguments` after
/// its own, until Ctrl-C or `SIGTERM`; then ends the processes it started, and no others.
///
/// # Errors
///
/// [`Error::PortTaken`], [`Error::ChildEnded`], and any [`Error`] of [`StandIns::start`].
pub async fn run(options: &Options, port: u16, json: bool, arguments: &[String]) -> Result<(), Error> {
    // Held just long enough to learn a free port, or that this one is taken.
    let (listener, origin) = engine::listen(port).await?;
    let address = listener.local_addr().map_err(Error::io("listening"))?;
    drop(listener);
    let stand_ins = StandIns::start(options).await?;
    let mut child = command(options, &stand_ins, address.port(), arguments)
        .spawn()
        .map_err(Error::io("starting cargo lambda watch"))?;
    let ready = async {
        while TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ready::new(format!("{origin}{}", options.base_path), &stand_ins).announce(json)?;
        std::future::pending::<Result<Signal, Error>>().await
    };
    let asked = tokio::select! {
        ended = child.wait() => {
            return Err(Error::ChildEnded(ended.map_err(Error::io("waiting for cargo lambda watch"))?));
        }
        asked = signal::asked_to_end() => asked,
        failed = ready => failed,
        failed = worker::beside(&stand_ins.engine) => failed.map(|()| Signal::SIGTERM),
    };
    end(&mut child, *asked.as_ref().unwrap_or(&Signal::SIGTERM)).await?;
    asked.map(drop)
}

fn command(options: &Options, stand_ins: &StandIns, port: u16, arguments: &[String]) -> Command {
    let mut command = Command::new("cargo");
    command
        .args(["lambda", "watch", "--invoke-address", "127.0.0.1", "--invoke-port", &port.to_string()])
        .args(["--concurrency", CONCURRENCY])
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .env("AWS_ENDPOINT_URL_DYNAMODB", stand_ins.engine.url())
        .env("AWS_ENDPOINT_URL_SECRETS_MANAGER", stand_ins.secrets.url())
        .env("AWS_ACCESS_KEY_ID", aws::CREDENTIALS)
        .env("AWS_SECRET_ACCESS_KEY", aws::CREDENTIALS)
        .env_remove("AWS_SESSION_TOKEN")
        .env_remove("AWS_PROFILE")
        .env("AWS_REGION", aws::REGION)
        .env("TABLE_NAME", TABLE)
        .env("SECRETS_PREFIX", PREFIX)
        .env("BASE_PATH", &options.base_path)
        // A group of its own, so that a signal reaches what cargo-lambda starts, and Ctrl-C comes through here.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .kill_on_drop(true);
    for (name, _) in std::env::vars_os() {
        // Set by the cargo that runs this program. Build scripts look at them, ring's for one: it and all that uses
        // it would be compiled anew, and once more by the next cargo in a shell.
        if ["CARGO_MANIFEST_", "CARGO_PKG_"].iter().any(|begin| name.to_string_lossy().starts_with(begin)) {
            command.env_remove(name);
        }
    }
    command
}

/// Passes the signal on to the child's process group and waits; kills the group when that takes too long.
async fn end(child: &mut Child, asked: Signal) -> Result<(), Error> {
    let Some(id) = child.id().and_then(|id| i32::try_from(id).ok()) else { return Ok(()) };
    // The group exists as long as the child was not waited for, so these can reach nobody else.
    let _ = killpg(Pid::from_raw(id), asked);
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
    }
    child.wait().await.map(drop).map_err(Error::io("waiting for cargo lambda watch"))
}
