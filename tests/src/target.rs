//! Where requests go: the endpoint in this process, or a server.

use std::fmt::Write;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::body::Body;
use axum::body::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tower::ServiceExt;

/// The longest that an answer may take, unless a target says otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// An endpoint and its base URL.
#[derive(Debug, Clone)]
pub struct Target {
    origin: String,
    base_path: String,
    timeout: Duration,
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    InProcess(Router),
    Http(Box<Client<HttpConnector<Resolver>, Full<Bytes>>>),
}

/// Resolves names as this machine does, and what is below `localhost` to itself (RFC 6761 §6.3).
#[derive(Debug, Clone)]
struct Resolver;

impl tower::Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            let name = if name.as_str().ends_with(".localhost") { "localhost" } else { name.as_str() };
            // The port is that of the URL, whichever stands here.
            let found: Vec<_> = tokio::net::lookup_host((name, 0)).await?.collect();
            Ok(found.into_iter())
        })
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Answer {
    /// A header's value, where it is there and text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body, where it is JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl Target {
    /// The endpoint that `router` is, in this process; it serves below `base_path`.
    #[must_use]
    pub fn in_process(router: Router, base_path: &str) -> Self {
        Self {
            origin: "http://localhost".to_owned(),
            base_path: base_path.to_owned(),
            timeout: TIMEOUT,
            way: Way::InProcess(router),
        }
    }

    /// The server whose SCIM base URL is `base_url`.
    ///
    /// # Errors
    ///
    /// When that is no `http` URL.
    pub fn http(base_url: &str) -> Result<Self> {
        let uri: Uri = base_url.parse()?;
        ensure!(uri.scheme_str() == Some("http"), "{base_url} is no http URL");
        let authority = uri.authority().context("a URL without a host")?;
        Ok(Self {
            origin: format!("http://{authority}"),
            base_path: uri.path().trim_end_matches('/').to_owned(),
            timeout: TIMEOUT,
            way: Way::Http(Box::new(
                Client::builder(TokioExecutor::new()).build(HttpConnector::new_with_resolver(Resolver)),
            )),
        })
    }

    /// The same, with more or less patience.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The SCIM base URL, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}{}", self.origin, self.base_path)
    }

    /// Sends one request; `path` is below the base URL, or a whole URL of this target's.
    ///
    /// # Errors
    ///
    /// When no request can be made of this, or no answer comes.
    pub async fn send(
        &self,
        method: &Method,
        path: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
    ) -> Result<Answer> {
        let whole = path.strip_prefix(&self.origin).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let path = match whole {
            Some(rest) => sendable(rest)?,
            None => sendable(&format!("{}{path}", self.base_path))?,
        };
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = method.clone();
        for (name, value) in headers {
            request
                .headers_mut()
                .append(name.parse::<HeaderName>()?, HeaderValue::from_bytes(value.as_bytes())?);
        }
        let answered = tokio::time::timeout(self.timeout, async {
            match &self.way {
                Way::InProcess(router) => {
                    *request.uri_mut() = Uri::from(path);
                    request.headers_mut().insert(header::HOST, HeaderValue::from_static("localhost"));
                    let answer = router.clone().oneshot(request.map(Body::new)).await?;
                    collect(answer).await
                }
                Way::Http(client) => {
                    *request.uri_mut() = format!("{}{path}", self.origin).parse()?;
                    collect(client.request(request).await?).await
                }
            }
        });
        answered.await.context("no answer in time")?
    }
}

async fn collect<B>(answer: http::Response<B>) -> Result<Answer>
where
    B: http_body::Body<Error: std::error::Error + Send + Sync + 'static>,
{
    let (parts, body) = answer.into_parts();
    Ok(Answer { status: parts.status, headers: parts.headers, body: body.collect().await?.to_bytes() })
}

/// `path` as it is, save for the characters that no HTTP client can put on a request line.
fn sendable(path: &str) -> Result<PathAndQuery> {
    let mut sent = String::with_capacity(path.len());
    for character in path.chars() {
        let separator = if sent.contains('?') { "/?" } else { "/" };
        let possible = character != '#' && PathAndQuery::try_from(format!("{separator}{character}")).is_ok();
        if possible {
            sent.push(character);
        } else {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                let _ = write!(sent, "%{byte:02X}");
            }
        }
    }
    if sent.is_empty() {
        sent.push('/');
    }
    sent.parse().with_context(|| format!("no request can be made for {path:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_sent_as_written_where_that_is_possible() {
        for (written, sent) in [
            ("/Users//x/?a=b&a=c", "/Users//x/?a=b&a=c"),
            ("/Users?filter=userName eq \"a+b\"", "/Users?filter=userName%20eq%20%22a+b%22"),
            ("/Users?filter=%22%2b", "/Users?filter=%22%2b"),
            ("/a#b\n", "/a%23b%0A"),
            ("", "/"),
        ] {
            assert_eq!(sendable(written).unwrap().as_str(), sent);
        }
    }
}
