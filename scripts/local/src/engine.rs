//! The DynamoDB engine: embedded and served on loopback, or somebody else's.

use std::fs::{self, File, TryLockError};
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use dynoxide::Database;
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::Error;

/// How often expired items are deleted. AWS takes days; nothing may depend on it.
const SWEEP_INTERVAL: Duration = Duration::from_mins(1);

/// A DynamoDB engine to talk to over HTTP. An embedded one ends when this is dropped.
#[derive(Debug)]
pub struct Engine {
    url: String,
    /// Of an embedded one: dropped, it stops the engine's server.
    stop: Option<oneshot::Sender<()>>,
    /// Locked while the engine runs, so that no second one opens the same data.
    _lock: Option<File>,
}

impl Engine {
    /// An empty embedded engine whose data end with it, on `port` (0: any free one).
    ///
    /// # Errors
    ///
    /// [`Error::PortTaken`], [`Error::Engine`].
    pub async fn in_memory(port: u16) -> Result<Self, Error> {
        let database = indexed_memory().map_err(|error| Error::Engine(error.to_string()))?;
        Self::embed(database, port, None).await
    }

    /// An embedded engine whose data stay in `directory`, which is made where it is missing.
    ///
    /// # Errors
    ///
    /// [`Error::DataInUse`], [`Error::PortTaken`], [`Error::Io`], [`Error::Engine`].
    pub async fn on_disk(directory: &Path, port: u16) -> Result<Self, Error> {
        let shown = directory.display();
        fs::create_dir_all(directory).map_err(Error::io(format!("making {shown}")))?;
        let lock = File::create(directory.join("lock")).map_err(Error::io(format!("writing to {shown}")))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::DataInUse(directory.to_owned()),
            TryLockError::Error(source) => Error::Io { doing: format!("locking {shown}"), source },
        })?;
        let file = directory.join("dynamodb.sqlite");
        let database = indexed(&file.to_string_lossy()).map_err(|error| Error::Engine(error.to_string()))?;
        Self::embed(database, port, Some(lock)).await
    }

    /// An engine that runs elsewhere, at `url`.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), stop: None, _lock: None }
    }

    /// Where it answers, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it runs in this process.
    #[must_use]
    pub const fn is_embedded(&self) -> bool {
        self.stop.is_some()
    }

    async fn embed(database: Database, port: u16, lock: Option<File>) -> Result<Self, Error> {
        let (listener, url) = listen(port).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        let served = database.clone();
        tokio::spawn(async move {
            let serve = dynoxide::server::serve_with_shutdown(listener, served, async {
                let _ = stopped.await;
            });
            tokio::select! {
                end = serve => if let Err(error) = end {
                    tracing::error!(error, "the DynamoDB engine ended");
                },
                () = sweep(&database) => {}
            }
        });
        Ok(Self { url, stop: Some(stop), _lock: lock })
    }
}

/// What the engine lacks: each write asks for the last record of the stream, and without these looks through all that
/// the stream ever told.
const STREAM_INDEXES: &str = "
    CREATE INDEX IF NOT EXISTS stream_order ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
    CREATE INDEX IF NOT EXISTS shard_order
        ON _stream_records (table_name, shard_id, CAST(sequence_number AS INTEGER));";

/// The database in this file.
fn indexed(file: &str) -> Result<Database, Box<dyn std::error::Error>> {
    let database = Database::new(file)?;
    rusqlite::Connection::open(file)?.execute_batch(STREAM_INDEXES)?;
    Ok(database)
}

/// An empty database in memory.
fn indexed_memory() -> Result<Database, Box<dyn std::error::Error>> {
    // Nothing but a file can be reached beside the engine.
    let file = NamedTempFile::new()?;
    drop(indexed(&file.path().to_string_lossy())?);
    let database = Database::memory()?;
    database.restore_from(&file.path().to_string_lossy())?;
    Ok(database)
}

/// Deletes items whose time to live is over, now and then, for ever.
async fn sweep(database: &Database) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        let swept = database.clone();
        match tokio::task::spawn_blocking(move || swept.sweep_ttl()).await {
            Ok(Ok(0)) => {}
            Ok(Ok(items)) => tracing::debug!(items, "deleted expired items"),
            Ok(Err(error)) => tracing::warn!(%error, "could not delete expired items"),
            Err(error) => tracing::warn!(%error, "the deletion of expired items failed"),
        }
    }
}

/// A listener on loopback and its URL.
pub(crate) async fn listen(port: u16) -> Result<(TcpListener, String), Error> {
    let doing = || format!("listening on 127.0.0.1:{port}");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        if error.kind() == std::io::ErrorKind::AddrInUse {
            Error::PortTaken(port)
        } else {
            Error::io(doing())(error)
        }
    })?;
    let address = listener.local_addr().map_err(Error::io(doing()))?;
    Ok((listener, format!("http://{address}")))
}
