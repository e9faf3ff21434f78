//! The stream of the engine's table, over HTTP: records come in the very form in which Lambda hands them on.

use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::{Error, TABLE, aws};

/// A place in the stream. The engine has one shard a table.
#[derive(Debug)]
pub(super) struct Stream {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
    /// Where to read next, once that is known.
    iterator: Option<String>,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Page {
    /// Records in their order; none where there is nothing new.
    pub(super) records: Vec<Value>,
    /// Where to go on behind them.
    pub(super) next: String,
}

impl Stream {
    /// The beginning of the stream of the engine at `url`.
    pub(super) fn new(url: &str) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            url: url.to_owned(),
            iterator: None,
        }
    }

    /// The records from here on; they come again until [`Self::go_on`].
    ///
    /// # Errors
    ///
    /// [`Error::Stream`].
    pub(super) async fn read(&mut self) -> Result<Page, Error> {
        let iterator = match &self.iterator {
            Some(iterator) => iterator.clone(),
            None => self.beginning().await?,
        };
        let mut page = self.ask("GetRecords", json!({ "ShardIterator": iterator })).await?;
        let next = word(&page, "/NextShardIterator")?;
        self.iterator = Some(iterator);
        match page["Records"].take() {
            Value::Array(records) => Ok(Page { records, next }),
            _ => Err(Error::Stream("GetRecords answers without records".to_owned())),
        }
    }

    /// Goes on to what comes behind a page.
    pub(super) fn go_on(&mut self, next: String) {
        self.iterator = Some(next);
    }

    async fn beginning(&self) -> Result<String, Error> {
        let streams = self.ask("ListStreams", json!({ "TableName": TABLE })).await?;
        let arn = word(&streams, "/Streams/0/StreamArn")?;
        let stream = self.ask("DescribeStream", json!({ "StreamArn": arn })).await?;
        let shard = word(&stream, "/StreamDescription/Shards/0/ShardId")?;
        let beginning = json!({"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
        word(&self.ask("GetShardIterator", beginning).await?, "/ShardIterator")
    }

    async fn ask(&self, operation: &str, body: Value) -> Result<Value, Error> {
        let failed = |reason: &dyn std::fmt::Display| Error::Stream(format!("{operation}: {reason}"));
        // The engine wants a signature and does not check it.
        let credentials = aws::CREDENTIALS;
        let request = axum::http::Request::post(&self.url)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDBStreams_20120810.{operation}"))
            .header("x-amz-date", "20260101T000000Z")
            .header(
                "authorization",
                format!(
                    "AWS4-HMAC-SHA256 Credential={credentials}, SignedHeaders=host, Signature={credentials}"
                ),
            )
            .body(Full::from(body.to_string()))
            .map_err(|error| failed(&error))?;
        let answer = self.client.request(request).await.map_err(|error| failed(&error))?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(|error| failed(&error))?.to_bytes();
        if status.is_success() {
            serde_json::from_slice(&body).map_err(|error| failed(&error))
        } else {
            Err(failed(&status))
        }
    }
}

fn word(answer: &Value, pointer: &str) -> Result<String, Error> {
    let word = answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    word.ok_or_else(|| Error::Stream(format!("an answer has no {pointer}")))
}
