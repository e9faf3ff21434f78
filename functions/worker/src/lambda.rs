//! The worker under the Lambda runtime, and its log: one line a call.

use std::time::Duration;

use directory::{Directory, Usage};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use tokio::time::Instant;
use tracing_subscriber::{EnvFilter, fmt};

use crate::{Answer, Error, Worker, clock, config::Config, worker};

/// How long before Lambda ends a call the worker takes on nothing more: what it is at may take as long.
const MARGIN: Duration = Duration::from_secs(2);

/// Answers events until the sandbox ends.
///
/// # Errors
///
/// A variable that is missing in the environment, or an error of the runtime API.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_env_filter(EnvFilter::new(Config::log_directives()))
        .init();
    let config = Config::from_env()?;
    let client = aws_sdk_dynamodb::Client::new(&directory::aws().await);
    let worker = Worker::new(Directory::new(client, config.table));
    lambda_runtime::run(service_fn(|event| answer(&worker, event))).await
}

async fn answer(worker: &Worker, event: LambdaEvent<Value>) -> Result<Answer, lambda_runtime::Error> {
    let (event, context) = event.into_parts();
    let started = Instant::now();
    let usage = Usage::default();
    let deadline = clock::instant(context.deadline());
    usage.end_at(deadline.checked_sub(MARGIN).unwrap_or(deadline));
    let answer = worker.answer(event, &usage, &context.request_id, clock::now()).await;
    write(&answer, &usage, &context.request_id, started);
    // In words only: the runtime logs what it is given as it is for debugging, and answers of the table are in that.
    answer.map_err(|error| error.to_string().into())
}

/// Writes the line of a call: numbers only, no value.
fn write(answer: &Result<Answer, Error>, usage: &Usage, request_id: &str, started: Instant) {
    let (what, records, done, left, failed) = match answer {
        Ok(Answer::Noted { records, failed }) => {
            ("noted", Some(*records), None, None, failed.batch_item_failures.len())
        }
        Ok(Answer::Tidied { done, left, failed }) => ("tidied", None, Some(*done), Some(*left), *failed),
        // What an error says the runtime logs.
        Err(Error::Table(error)) => return worker::log(error, request_id),
        Err(Error::Unknown(_)) => return,
    };
    tracing::info!(
        request.id = request_id,
        records,
        done,
        left,
        failed,
        table.calls = usage.calls(),
        table.read_units = usage.read_units(),
        table.write_units = usage.write_units(),
        table.retries = usage.retries(),
        table.conflicts = usage.conflicts(),
        table.throttles = usage.throttles(),
        duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "{what}"
    );
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::{Client, Config, config::BehaviorVersion};
    use lambda_runtime::Context;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn the_runtime_learns_the_words_of_an_error_and_no_more() {
        let config = Config::builder().behavior_version(BehaviorVersion::latest()).build();
        let worker = Worker::new(Directory::new(Client::from_conf(config), "scim"));
        let event = json!({"Records": [{"eventSource": "aws:sqs", "body": "secret"}]});
        let error = answer(&worker, LambdaEvent::new(event, Context::default())).await.unwrap_err();
        let words = "the worker knows streams of its table and schedules, not records of aws:sqs";
        assert_eq!((error.to_string(), format!("{error:?}")), (words.to_owned(), format!("{words:?}")));
    }
}
