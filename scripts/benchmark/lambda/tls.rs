//! TLS in front of a stand-in, with a certificate made for it.

use std::{
    fs,
    sync::{Arc, OnceLock},
};

use anyhow::{Context, Result};
use rcgen::CertifiedKey;
use tempfile::NamedTempFile;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// The root certificates of this machine: as many as Lambda's sandbox has are read and parsed there.
const ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The certificate, in text and as it is sent, and its key: the same for all services, since a function takes its roots
/// from one file.
static CERTIFICATE: OnceLock<(String, Vec<u8>, Vec<u8>)> = OnceLock::new();

/// A listener with TLS in front of a service without; ends when this is dropped.
pub(crate) struct Tls {
    url: String,
    roots: NamedTempFile,
    server: JoinHandle<()>,
}

impl Tls {
    /// One in front of the service at `url`, `http://host:port`.
    pub(crate) async fn before(url: &str) -> Result<Self> {
        let service = url.trim_start_matches("http://").to_owned();
        let made = || -> Result<_> {
            let CertifiedKey { cert, signing_key } =
                rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
            Ok((cert.pem(), cert.der().to_vec(), signing_key.serialize_der()))
        };
        if CERTIFICATE.get().is_none() {
            // Two who make one at the same time use the first.
            let _ = CERTIFICATE.set(made()?);
        }
        let (pem, certificate, key) = CERTIFICATE.get().context("no certificate")?;
        let roots = NamedTempFile::new()?;
        let others = fs::read_to_string(ROOTS).unwrap_or_default();
        fs::write(roots.path(), others + pem).context("writing the root certificates")?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.clone()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(certificate.clone())], key)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("https://localhost:{}", listener.local_addr()?.port());
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(acceptor.clone(), client, service.clone()));
            }
        });
        Ok(Self { url, roots, server })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The file with the root certificates, this one's among them.
    pub(crate) fn roots(&self) -> String {
        self.roots.path().display().to_string()
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Passes a connection on; one that breaks is the function's to make again.
async fn pass(acceptor: TlsAcceptor, client: TcpStream, service: String) {
    let _ = client.set_nodelay(true);
    let (Ok(mut client), Ok(mut server)) = tokio::join!(acceptor.accept(client), TcpStream::connect(service))
    else {
        return;
    };
    let _ = server.set_nodelay(true);
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}
