//! A line to a service that can be cut, go dead, or lose an answer.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use anyhow::Result;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// What happens on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// All goes through.
    Open,
    /// Nothing comes back.
    Dead,
    /// Whoever connects is shown out at once.
    Down,
}

/// A line to one service, by TCP on loopback; ends when this is dropped.
#[derive(Debug)]
pub struct Line {
    url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    state: watch::Sender<State>,
    /// How often connections were cut; those that are open notice a change.
    cuts: watch::Sender<usize>,
    /// The how manyth answer from now is not passed on, and its connection closed instead; 0 is none.
    to_lose: AtomicUsize,
    connections: AtomicUsize,
}

impl Line {
    /// A line to the service at `url`, `http://host:port`.
    ///
    /// # Errors
    ///
    /// When there is no port.
    pub async fn to(url: &str) -> Result<Self> {
        let service = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared {
            state: watch::Sender::new(State::Open),
            cuts: watch::Sender::new(0),
            to_lose: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
        });
        let served = Arc::clone(&shared);
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *served.state.borrow() == State::Down {
                    continue;
                }
                served.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(connect(client, service.clone(), Arc::clone(&served)));
            }
        });
        Ok(Self { url, shared, server: serving })
    }

    /// Where it begins.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How many connections there have been.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Closes what is connected, as a service does with what is idle for long.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|count| *count += 1);
    }

    /// From now on nothing comes back.
    pub fn hang(&self) {
        self.shared.state.send_replace(State::Dead);
    }

    /// From now on nobody is let in, and who was is shown out.
    pub fn go_down(&self) {
        self.shared.state.send_replace(State::Down);
        self.cut();
    }

    /// All is well again.
    pub fn come_back(&self) {
        self.shared.state.send_replace(State::Open);
    }

    /// The service hears of every request, and the `nth` answer from now, the first is 1, is lost.
    pub fn lose_answer(&self, nth: usize) {
        self.shared.to_lose.store(nth, Ordering::SeqCst);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.server.abort();
        self.cut();
    }
}

async fn connect(client: TcpStream, service: String, shared: Arc<Shared>) {
    let mut cuts = shared.cuts.subscribe();
    let Ok(server) = TcpStream::connect(service).await else { return };
    // Small packets both ways, which must not wait for each other.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((client_reads, client_writes), (server_reads, server_writes)) =
        (client.into_split(), server.into_split());
    tokio::select! {
        () = forth(client_reads, server_writes) => {}
        () = back(server_reads, client_writes, &shared) => {}
        _ = cuts.changed() => {}
    }
}

async fn forth(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let _ = tokio::io::copy(&mut from, &mut to).await;
}

/// One service and one client take turns on a connection: the first bytes after a request are its answer's.
async fn back(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, shared: &Shared) {
    let mut buffer = vec![0; 64 * 1024];
    let mut state = shared.state.subscribe();
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let left = shared.to_lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |nth| nth.checked_sub(1));
        if left == Ok(1) {
            return;
        }
        // What was held back is of no use to anybody when the line is well again.
        if *state.borrow_and_update() == State::Dead {
            let _ = state.wait_for(|state| *state != State::Dead).await;
            return;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
