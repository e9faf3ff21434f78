//! What is logged, for tests that read it.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::Once;

use tracing_subscriber::EnvFilter;

/// Of our own code everything, of what it stands on what production logs.
const DIRECTIVES: &str =
    "info,connector=trace,directory=trace,endpoint=trace,local=trace,scim=trace,worker=trace";

thread_local! {
    /// The lines that this thread logs: all of a test, which has a thread of its own.
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps what is logged from now on, as a function writes it.
pub(crate) fn keep() {
    static KEPT: Once = Once::new();
    KEPT.call_once(|| {
        let subscriber = tracing_subscriber::fmt().json().with_env_filter(EnvFilter::new(DIRECTIVES));
        subscriber.with_writer(|| Log).init();
    });
}

/// What this thread has logged since the last time.
pub(crate) fn take() -> String {
    String::from_utf8(LOG.take()).unwrap()
}
