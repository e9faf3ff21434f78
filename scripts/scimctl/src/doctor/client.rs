//! Requests to the endpoint, as an identity provider sends them.

use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result};
use http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt as _, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as Http, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

/// The longest that an answer may take: API Gateway gives up after 29 s.
const TIMEOUT: Duration = Duration::from_secs(35);
/// The most of an answer that is read.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The most of an answer that is shown, where it is no SCIM error.
const SHOWN_CHARACTERS: usize = 200;

/// A client of one endpoint. It knows no `Debug`: it has a token.
pub(super) struct Client {
    base: String,
    http: Http<HttpsConnector<HttpConnector>, String>,
    token: Option<String>,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// The body, where it is JSON.
    pub(super) json: Option<Value>,
    /// The body as text, cut.
    pub(super) text: String,
    pub(super) elapsed: Duration,
}

impl Client {
    /// For the endpoint of this base URL.
    pub(super) fn new(base: &str) -> Result<Self> {
        let tls = HttpsConnectorBuilder::new()
            .with_native_roots()
            .context("reading this machine's root certificates")?;
        let connector = tls.https_or_http().enable_http1().build();
        Ok(Self {
            base: base.to_owned(),
            http: Http::builder(TokioExecutor::new()).build(connector),
            token: None,
        })
    }

    /// The base URL, without a slash at its end.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// From here on requests carry this token.
    pub(super) fn use_token(&mut self, token: String) {
        self.token = Some(token);
    }

    /// A request by which nothing changes.
    pub(super) async fn get(&self, path: &str) -> Result<Answer> {
        self.send(&Method::GET, path, self.token.as_deref(), None).await
    }

    /// The same without a token.
    pub(super) async fn get_openly(&self, path: &str) -> Result<Answer> {
        self.send(&Method::GET, path, None, None).await
    }

    /// A request by which something changes.
    pub(super) async fn write(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        self.send(&method, path, self.token.as_deref(), body).await
    }

    async fn send(
        &self,
        method: &Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        request = request.header(header::ACCEPT, "application/scim+json, application/json");
        request = request.header(header::USER_AGENT, concat!("scimctl/", env!("CARGO_PKG_VERSION")));
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/scim+json; charset=utf-8");
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        // The request is not shown where it cannot be made: it has the token in it.
        let request =
            request.body(body).map_err(|_| Error::msg("no request can be made of this URL and token"))?;
        let start = Instant::now();
        let answered = tokio::time::timeout(TIMEOUT, async {
            let (parts, body) = self.http.request(request).await?.into_parts();
            let body = Limited::new(body, MOST_BYTES).collect().await.map_err(Error::from_boxed)?.to_bytes();
            anyhow::Ok((parts, body))
        });
        let (parts, body) = answered.await.context("no answer within 35 seconds")??;
        // A gateway can repeat the header that it does not like: the token is not shown again.
        let body = String::from_utf8_lossy(&body);
        let body = token.map_or_else(|| body.to_string(), |token| body.replace(token, "…"));
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            json: serde_json::from_str(&body).ok(),
            text: body.chars().take(SHOWN_CHARACTERS).collect(),
            elapsed: start.elapsed(),
        })
    }
}

impl Answer {
    /// A header's text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What is at a JSON pointer.
    pub(super) fn at(&self, pointer: &str) -> Option<&Value> {
        self.json.as_ref()?.pointer(pointer)
    }

    /// A text at a JSON pointer, or nothing.
    pub(super) fn text_at(&self, pointer: &str) -> &str {
        self.at(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// What it is, in a few words: the status and what an error says.
    pub(super) fn summary(&self) -> String {
        let detail = self.text_at("/detail");
        let detail = if detail.is_empty() { self.text.as_str() } else { detail };
        let line = detail.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() { self.status.to_string() } else { format!("{}: {line}", self.status) }
    }

    /// Why it is no `ListResponse` of this many in all, `None` where it is one.
    pub(super) fn list_fault(&self, total: Option<u64>) -> Option<String> {
        if self.status != 200 {
            return Some(self.summary());
        }
        if !self.is_scim() {
            return Some(format!(
                "200, but as {}",
                self.header("content-type").unwrap_or("no media type at all")
            ));
        }
        for number in ["/totalResults", "/startIndex", "/itemsPerPage"] {
            if !self.at(number).is_some_and(Value::is_u64) {
                return Some(format!("200, but {} is no integer", number.trim_start_matches('/')));
            }
        }
        if !self.at("/Resources").is_some_and(Value::is_array) {
            return Some("200, but there is no array Resources".to_owned());
        }
        let found = self.at("/totalResults").and_then(Value::as_u64);
        total
            .filter(|_| found != total)
            .map(|total| format!("{} found instead of {total}", found.unwrap_or_default()))
    }

    /// Whether it is of SCIM's media type.
    pub(super) fn is_scim(&self) -> bool {
        let kind = self.header("content-type").and_then(|kind| kind.split(';').next()).unwrap_or_default();
        kind.trim().eq_ignore_ascii_case("application/scim+json")
    }

    /// Why it is no SCIM error of this status.
    pub(super) fn error_fault(&self, status: u16) -> Option<String> {
        if self.status != status {
            return Some(format!("expected {status}, got {}", self.summary()));
        }
        let is_error = self.is_scim()
            && self.text_at("/status") == status.to_string()
            && !self.text_at("/detail").is_empty();
        (!is_error).then(|| format!("{status}, but not as a SCIM error: {}", self.summary()))
    }
}
