//! A stand-in for AWS Secrets Manager: its JSON protocol over HTTP on loopback, one process's memory or one file.
//!
//! It answers `CreateSecret`, `PutSecretValue`, `GetSecretValue`, `UpdateSecretVersionStage`,
//! `DescribeSecret`, `ListSecrets` and `DeleteSecret` with the shapes and error types of the service, so that
//! the SDK's client cannot tell them apart. Left out: binary secrets, dates, rotation and permissions.

mod store;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{Error, engine};
use store::{Refusal, Store};

/// The media type of AWS's JSON protocol.
const MEDIA_TYPE: &str = "application/x-amz-json-1.1";

/// A running stand-in. It ends when this is dropped.
#[derive(Debug)]
pub struct Secrets {
    url: String,
    store: Arc<Store>,
    reads: Arc<AtomicUsize>,
    /// Kept for its end only: dropped, it stops the server.
    _stop: oneshot::Sender<()>,
}

impl Secrets {
    /// A stand-in on a free port; it keeps its secrets in `file`, where one is given.
    ///
    /// # Errors
    ///
    /// [`Error::Secrets`] and [`Error::Io`] when the file cannot be read, [`Error::Io`] without a listener.
    pub async fn start(file: Option<PathBuf>) -> Result<Self, Error> {
        let store = Arc::new(Store::open(file)?);
        let (listener, url) = engine::listen(0).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        let reads = Arc::default();
        let routes = Router::new().fallback(answer).with_state((store.clone(), Arc::clone(&reads)));
        tokio::spawn(async move {
            let serve = axum::serve(listener, routes).with_graceful_shutdown(async {
                let _ = stopped.await;
            });
            if let Err(error) = serve.await {
                tracing::error!(%error, "the Secrets Manager stand-in ended");
            }
        });
        Ok(Self { url, store, reads, _stop: stop })
    }

    /// Where it answers, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How often a secret has been asked for, found or not.
    #[must_use]
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    /// The current value of the secret `name`.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        let answer = self.store.answer("GetSecretValue", &json!({"SecretId": name})).ok()?;
        answer["SecretString"].as_str().map(str::to_owned)
    }

    /// Makes `value` the current value of the secret `name`, and creates it where it is missing.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when its file cannot be written.
    pub fn set(&self, name: &str, value: &str) -> Result<(), Error> {
        self.store.set(name, value)
    }
}

async fn answer(
    State((store, reads)): State<(Arc<Store>, Arc<AtomicUsize>)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    if target.ends_with(".GetSecretValue") {
        reads.fetch_add(1, Ordering::SeqCst);
    }
    let outcome = match (target.strip_prefix("secretsmanager."), serde_json::from_slice(&body)) {
        (Some(action), Ok(request)) => store.answer(action, &request),
        (None, _) => Err(Refusal::new("UnknownOperationException", "no secretsmanager operation is named")),
        (_, Err(error)) => Err(Refusal::new("SerializationException", &error.to_string())),
    };
    let (status, body) = match outcome {
        Ok(body) => (StatusCode::OK, body),
        Err(Refusal { kind, message }) => {
            (StatusCode::BAD_REQUEST, json!({"__type": kind, "Message": message}))
        }
    };
    (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], Value::to_string(&body)).into_response()
}

#[cfg(test)]
mod tests {
    use aws_sdk_secretsmanager::Error as Refused;

    use super::*;
    use crate::aws;

    #[tokio::test]
    async fn the_sdk_client_is_served_as_by_the_service() {
        let secrets = Secrets::start(None).await.unwrap();
        let client = aws::secrets(secrets.url());
        let created = client.create_secret().name("a/b").secret_string("one").send().await.unwrap();
        let again = client.create_secret().name("a/b").secret_string("x").send().await;
        assert!(matches!(Refused::from(again.unwrap_err()), Refused::ResourceExistsException(_)));

        client.put_secret_value().secret_id("a/b").secret_string("two").send().await.unwrap();
        let by_arn = client.get_secret_value().secret_id(created.arn().unwrap()).send().await.unwrap();
        assert_eq!((by_arn.name(), by_arn.secret_string()), (Some("a/b"), Some("two")));
        let previous = client.get_secret_value().secret_id("a/b").version_stage("AWSPREVIOUS");
        assert_eq!(previous.send().await.unwrap().secret_string(), Some("one"));
        let described = client.describe_secret().secret_id("a/b").send().await.unwrap();
        assert_eq!(described.version_ids_to_stages().unwrap().len(), 2);

        let missing = client.get_secret_value().secret_id("a/c").send().await;
        assert!(matches!(Refused::from(missing.unwrap_err()), Refused::ResourceNotFoundException(_)));
        client.delete_secret().secret_id("a/b").send().await.unwrap();
        let deleted = client.get_secret_value().secret_id("a/b").send().await;
        assert!(matches!(Refused::from(deleted.unwrap_err()), Refused::InvalidRequestException(_)));
        client.delete_secret().secret_id("a/b").force_delete_without_recovery(true).send().await.unwrap();
        let gone = client.describe_secret().secret_id("a/b").send().await;
        assert!(matches!(Refused::from(gone.unwrap_err()), Refused::ResourceNotFoundException(_)));
    }

    #[tokio::test]
    async fn secrets_are_listed_by_the_prefix_of_their_names_in_pages() {
        let secrets = Secrets::start(None).await.unwrap();
        for name in ["s/connectors/a", "s/connectors/b", "s/connectors/c", "s/keys"] {
            secrets.set(name, "value").unwrap();
        }
        let client = aws::secrets(secrets.url());
        let filter = aws_sdk_secretsmanager::types::Filter::builder()
            .key(aws_sdk_secretsmanager::types::FilterNameStringType::Name)
            .values("s/connectors/")
            .build();
        let mut pages = client.list_secrets().filters(filter).max_results(2).into_paginator().send();
        let mut names: Vec<Vec<String>> = Vec::new();
        while let Some(page) = pages.next().await {
            names.push(
                page.unwrap().secret_list().iter().map(|entry| entry.name().unwrap().to_owned()).collect(),
            );
        }
        let expected: [Vec<String>; 2] =
            [vec!["s/connectors/a".into(), "s/connectors/b".into()], vec!["s/connectors/c".into()]];
        assert_eq!(names, expected);
    }

    #[tokio::test]
    async fn the_current_stage_moves_only_from_the_version_that_has_it() {
        let secrets = Secrets::start(None).await.unwrap();
        let client = aws::secrets(secrets.url());
        let first = client.create_secret().name("a").secret_string("one").send().await.unwrap();
        let put = client.put_secret_value().secret_id("a").secret_string("two").version_stages("ASIDE");
        let second = put.send().await.unwrap();
        assert_eq!(secrets.value("a").as_deref(), Some("one"));
        let (one, two) = (first.version_id().unwrap(), second.version_id().unwrap());
        let switch = client.update_secret_version_stage().secret_id("a").version_stage("AWSCURRENT");
        let switch = switch.move_to_version_id(two);
        switch.clone().remove_from_version_id(one).send().await.unwrap();
        assert_eq!(secrets.value("a").as_deref(), Some("two"));
        let late = switch.move_to_version_id(one).remove_from_version_id(one).send().await;
        assert!(matches!(Refused::from(late.unwrap_err()), Refused::InvalidParameterException(_)));
        assert_eq!(secrets.value("a").as_deref(), Some("two"));
    }

    #[tokio::test]
    async fn a_file_keeps_the_secrets_for_the_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("secrets.json");
        Secrets::start(Some(file.clone())).await.unwrap().set("a", "kept").unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Secrets::start(Some(file)).await.unwrap().value("a").as_deref(), Some("kept"));
    }
}
