//! API Gateway's events, and what it makes of an answer.

use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

/// How API Gateway writes a request down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A REST API's proxy event, 1.0.
    Rest,
    /// An HTTP API's, 2.0.
    Http,
}

/// A client's request, as it reaches API Gateway.
#[derive(Debug, Clone)]
pub struct Request {
    method: String,
    /// Behind the stage, percent-encoded, with its query.
    path: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
    is_base64: bool,
}

/// The host that requests go to where they do not say.
const HOST: &str = "abc123.execute-api.us-east-1.amazonaws.com";
/// The stage of the template.
const STAGE: &str = "v1";

impl Request {
    /// A request with no more than it needs.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Self {
        let headers = [("Host", HOST), ("X-Forwarded-Proto", "https"), ("User-Agent", "a client")];
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            body: None,
            is_base64: false,
        }
    }

    /// The same with a header, in place of that of this name.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(given, _)| given != name);
        self.more(name, value)
    }

    /// The same with a header beside those of this name.
    #[must_use]
    pub fn more(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with a bearer token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    /// The same with a body.
    #[must_use]
    pub fn body(mut self, body: &Value) -> Self {
        self.body = Some(body.to_string());
        self.header("Content-Type", "application/scim+json")
    }

    /// The same with its body in base64, as comes what API Gateway takes for binary.
    #[must_use]
    pub fn base64(mut self) -> Self {
        self.body = self.body.map(|body| STANDARD.encode(body));
        self.is_base64 = true;
        self
    }

    /// The event.
    #[must_use]
    pub fn event(&self, format: Format) -> Value {
        match format {
            Format::Rest => self.rest(),
            Format::Http => self.http(),
        }
    }

    fn rest(&self) -> Value {
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let (mut single, mut multiple) = (Map::new(), Map::new());
        for (name, value) in &self.headers {
            single.insert(name.clone(), value.as_str().into());
            push(&mut multiple, name, value);
        }
        let (mut query_single, mut query_multiple) = (Map::new(), Map::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // API Gateway decodes them, and so must who reads them not do it again.
            let (name, value) = (decoded(name), decoded(value));
            query_single.insert(name.clone(), value.as_str().into());
            push(&mut query_multiple, &name, &value);
        }
        let none_if_empty =
            |map: Map<String, Value>| if map.is_empty() { Value::Null } else { Value::Object(map) };
        json!({
            "resource": "/Users/{proxy+}",
            "path": path,
            "httpMethod": self.method,
            "headers": none_if_empty(single),
            "multiValueHeaders": none_if_empty(multiple),
            "queryStringParameters": none_if_empty(query_single),
            "multiValueQueryStringParameters": none_if_empty(query_multiple),
            "pathParameters": {"proxy": path.rsplit('/').next()},
            "stageVariables": null,
            "requestContext": {
                "resourceId": "2gxmpl", "resourcePath": "/Users/{proxy+}", "httpMethod": self.method,
                "extendedRequestId": "JJbxmplHYosFVYQ=", "requestTime": "10/Mar/2026:00:03:59 +0000",
                "path": format!("/{STAGE}{path}"), "accountId": "123456789012", "protocol": "HTTP/1.1",
                "stage": STAGE, "domainPrefix": "abc123", "requestTimeEpoch": 1_583_798_639_428_u64,
                "requestId": "77375676-xmpl-4b79-853a-f982474efe18", "domainName": HOST, "apiId": "abc123",
                "identity": {"sourceIp": "52.255.255.12", "userAgent": "a client", "accessKey": null, "user": null}
            },
            "body": self.body,
            "isBase64Encoded": self.is_base64,
        })
    }

    fn http(&self) -> Value {
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let mut headers = Map::new();
        for (name, value) in &self.headers {
            let name = name.to_lowercase();
            let joined = match headers.get(&name).and_then(Value::as_str) {
                Some(before) => format!("{before},{value}"),
                None => value.clone(),
            };
            headers.insert(name, joined.into());
        }
        let mut event = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers,
            "requestContext": {
                "accountId": "123456789012", "apiId": "abc123", "domainName": HOST, "domainPrefix": "abc123",
                "http": {"method": self.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "52.255.255.12",
                         "userAgent": "a client"},
                "requestId": "JKJaXmPLvHcESHA=", "routeKey": "$default", "stage": "$default",
                "time": "10/Mar/2026:05:16:23 +0000", "timeEpoch": 1_583_817_383_220_u64
            },
            "isBase64Encoded": self.is_base64,
        });
        // There is none where there is no body, not even null.
        if let Some(body) = &self.body {
            event["body"] = body.as_str().into();
        }
        event
    }
}

fn push(map: &mut Map<String, Value>, name: &str, value: &str) {
    if let Value::Array(values) = map.entry(name).or_insert_with(|| json!([])) {
        values.push(value.into());
    }
}

/// Percent-decoded; `+` is a blank.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let hexadecimal = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match (first, hexadecimal.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &behind[2..];
                continue;
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(*first),
        }
        rest = behind;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a client gets.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u64,
    /// Every header, by its name in lower case.
    pub headers: Map<String, Value>,
    /// The body, decoded.
    pub body: String,
}

impl Answer {
    /// Of a function's answer.
    ///
    /// # Errors
    ///
    /// Where API Gateway would say 502, since the answer has not the shape that it asks for.
    pub fn read(mut answer: Value) -> Result<Self> {
        let status = answer["statusCode"].as_u64().context("no status code")?;
        let headers = ["headers", "multiValueHeaders"]
            .into_iter()
            .filter_map(|name| answer[name].as_object_mut().map(std::mem::take))
            .flatten()
            .collect();
        let body = answer["body"].as_str().unwrap_or_default().to_owned();
        let body =
            if answer["isBase64Encoded"] == true { String::from_utf8(STANDARD.decode(body)?)? } else { body };
        Ok(Self { status, headers, body })
    }

    /// The body as JSON; null where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        match self.headers.get(name)? {
            Value::Array(values) => values.first()?.as_str(),
            value => value.as_str(),
        }
    }
}
