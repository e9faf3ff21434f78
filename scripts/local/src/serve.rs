//! `local`: the functions in one process, over HTTP.

use std::time::Duration;

use crate::ready::Ready;
use crate::{Error, Options, Stack, engine, signal, worker};

/// How long requests under way may take once the server was asked to end.
const GRACE: Duration = Duration::from_secs(5);

/// Serves on `port` of 127.0.0.1 (0: any free one) until Ctrl-C or `SIGTERM`.
///
/// # Errors
///
/// [`Error::PortTaken`], and any [`Error`] of [`Stack::start`].
pub async fn run(options: &Options, port: u16, json: bool) -> Result<(), Error> {
    let (listener, origin) = engine::listen(port).await?;
    let stack = Stack::start(options).await?;
    let (ending, ended) = tokio::sync::oneshot::channel::<()>();
    let serve = axum::serve(listener, stack.router()).with_graceful_shutdown(async {
        let _ = ended.await;
    });
    let end = async {
        signal::asked_to_end().await?;
        drop(ending);
        tokio::time::sleep(GRACE).await;
        Ok(())
    };
    Ready::new(format!("{origin}{}", options.base_path), &stack.stand_ins).announce(json)?;
    tokio::select! {
        served = serve => served.map_err(Error::io("serving")),
        ended = end => ended,
        failed = worker::beside(&stack.stand_ins.engine) => failed,
    }
}
