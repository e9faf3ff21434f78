//! A line to a service that can be cut, fail in several ways, or lose an answer.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::Result;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpSocket, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nobody listens: connections are refused.
    Refuses,
    /// Whoever connects is shown out at once.
    Closes,
    /// Nothing comes back.
    Hangs,
    /// Every answer is a 500 that says nothing.
    Fails,
    /// Every answer is a 200 of somebody else, a page for a browser.
    Strays,
    /// Every answer is no HTTP.
    Babbles,
    /// Every answer ends in its middle, and so does its connection.
    BreaksOff,
}

const FAILS: &[u8] = b"HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const STRAYS: &[u8] =
    b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>";

/// A line to one service, by TCP on loopback; ends when this is dropped.
#[derive(Debug)]
pub struct Line {
    url: String,
    shared: Arc<Shared>,
    server: JoinHandle<Result<()>>,
    /// Never listens: keeps the port while nobody does.
    _place: TcpSocket,
}

#[derive(Debug)]
struct Shared {
    fault: watch::Sender<Option<Fault>>,
    listens: watch::Sender<bool>,
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
        let place = bound("127.0.0.1:0".parse()?)?;
        let address = place.local_addr()?;
        let shared = Arc::new(Shared {
            fault: watch::Sender::new(None),
            listens: watch::Sender::new(false),
            cuts: watch::Sender::new(0),
            to_lose: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
        });
        let server = tokio::spawn(serve(address, service, Arc::clone(&shared)));
        let line = Self { url: format!("http://{address}"), shared, server, _place: place };
        line.listens(true).await;
        Ok(line)
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

    /// From now on this is wrong. Where nobody is let in, who was is shown out.
    pub async fn fail(&self, fault: Fault) {
        self.shared.fault.send_replace(Some(fault));
        self.listens(fault != Fault::Refuses).await;
        if matches!(fault, Fault::Refuses | Fault::Closes) {
            self.cut();
        }
    }

    /// All is well again.
    pub async fn come_back(&self) {
        self.shared.fault.send_replace(None);
        self.listens(true).await;
    }

    /// The service hears of every request, and the `nth` answer from now, the first is 1, is lost.
    pub fn lose_answer(&self, nth: usize) {
        self.shared.to_lose.store(nth, Ordering::SeqCst);
    }

    async fn listens(&self, yes: bool) {
        // The sender is here, so that there is always somebody to wait for.
        let _ = self.shared.listens.subscribe().wait_for(|listens| *listens == yes).await;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.server.abort();
        self.cut();
    }
}

/// A socket at `address`, which others may have as well that do not listen.
fn bound(address: SocketAddr) -> Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn serve(address: SocketAddr, service: String, shared: Arc<Shared>) -> Result<()> {
    let mut fault = shared.fault.subscribe();
    loop {
        fault.wait_for(|fault| *fault != Some(Fault::Refuses)).await?;
        let listener = bound(address)?.listen(1024)?;
        shared.listens.send_replace(true);
        tokio::select! {
            () = accept(&listener, &service, &shared) => return Ok(()),
            refuses = fault.wait_for(|fault| *fault == Some(Fault::Refuses)) => drop(refuses?),
        }
        drop(listener);
        shared.listens.send_replace(false);
    }
}

async fn accept(listener: &TcpListener, service: &str, shared: &Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        if *shared.fault.borrow() == Some(Fault::Closes) {
            continue;
        }
        shared.connections.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(connect(client, service.to_owned(), Arc::clone(shared)));
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
    let mut fault = shared.fault.subscribe();
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let left = shared.to_lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |nth| nth.checked_sub(1));
        if left == Ok(1) {
            return;
        }
        let answer = &buffer[..length];
        let now = *fault.borrow_and_update();
        let _heard = match now {
            None | Some(Fault::Refuses | Fault::Closes) => {
                if to.write_all(answer).await.is_err() {
                    return;
                }
                continue;
            }
            // What was held back is of no use to anybody when the line is well again.
            Some(Fault::Hangs) => fault.wait_for(|fault| *fault != now).await.map(drop).is_ok(),
            Some(Fault::Fails) => to.write_all(FAILS).await.is_ok(),
            Some(Fault::Strays) => to.write_all(STRAYS).await.is_ok(),
            Some(Fault::Babbles) => to.write_all(b"\0\x01 nothing of this is HTTP\r\n\r\n").await.is_ok(),
            Some(Fault::BreaksOff) => to.write_all(&answer[..length / 2]).await.is_ok(),
        };
        // It was the last answer on this connection.
        return;
    }
}
