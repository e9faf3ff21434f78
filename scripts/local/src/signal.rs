//! The two signals that ask a process to end.

use nix::sys::signal::Signal;
use tokio::signal::unix::{SignalKind, signal};

use crate::Error;

/// Waits for Ctrl-C (`SIGINT`) or `SIGTERM` and says which it was.
///
/// # Errors
///
/// [`Error::Io`] when the process cannot listen for signals.
pub async fn asked_to_end() -> Result<Signal, Error> {
    let listen = |kind| signal(kind).map_err(Error::io("listening for signals"));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(tokio::select! {
        _ = interrupt.recv() => Signal::SIGINT,
        _ = terminate.recv() => Signal::SIGTERM,
    })
}
