//! From an event to its answer.

use std::error::Error as _;

use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use directory::{Directory, Tidied, Usage};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    event::Event,
    record::{read, sequence_number},
};

/// The worker, on its table.
#[derive(Clone, Debug)]
pub struct Worker {
    directory: Directory,
}

/// What the worker answers: what the service that called it reads.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// Changes of the table were noted.
    Noted {
        /// How many there were.
        #[serde(skip)]
        records: usize,
        /// The first that could not be, by its sequence number: the stream is to go on from there.
        #[serde(flatten)]
        failed: DynamoDbEventResponse,
    },
    /// What was due was done.
    Tidied {
        /// Tasks that are done.
        done: usize,
        /// Tasks that others are at, or for which there was no time.
        left: usize,
        /// Tasks that failed, and are due again.
        failed: usize,
    },
}

/// Why an event was not answered. Says nothing of what it holds.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something called the worker that should not.
    #[error("the worker knows streams of its table and schedules, not {0}")]
    Unknown(String),
    /// What is due could not be read.
    #[error("what is due cannot be read: {0}")]
    Table(#[from] directory::Error),
}

impl Worker {
    /// The worker of this table.
    #[must_use]
    pub const fn new(directory: Directory) -> Self {
        Self { directory }
    }

    /// Answers `event`, in the time of `usage`. The same event may come again: what was done is found done.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for an event of another kind, [`Error::Table`] for a schedule while the table is away.
    pub async fn answer(
        &self,
        event: Value,
        usage: &Usage,
        request_id: &str,
        now: OffsetDateTime,
    ) -> Result<Answer, Error> {
        match Event::read(event).map_err(Error::Unknown)? {
            Event::Stream(records) => Ok(self.note(&records, usage, request_id, now).await),
            Event::Schedule => {
                let Tidied { done, left, failed } = self.directory.tidy(usage, request_id, now).await?;
                Ok(Answer::Tidied { done, left, failed })
            }
        }
    }

    /// Notes every record that can be read, those behind one that cannot as well: Lambda gives that one up in the
    /// end, and they may go with it.
    async fn note(&self, records: &[Value], usage: &Usage, request_id: &str, now: OffsetDateTime) -> Answer {
        let mut changes = Vec::with_capacity(records.len());
        let mut first_odd = None;
        for record in records {
            match read(record, now) {
                Some(change) => changes.push(change),
                None => first_odd = first_odd.or(Some(record)),
            }
        }
        if let Some(record) = first_odd {
            let number = sequence_number(record);
            tracing::error!(
                request.id = request_id,
                record.number = number,
                "a record of the stream cannot be read"
            );
        }
        let again = match self.directory.note(usage, &changes, now).await {
            Ok(()) => first_odd,
            Err(error) => {
                log(&error, request_id);
                records.first()
            }
        };
        // Lambda takes a number that it does not know for the whole batch.
        let number = again.map(|record| sequence_number(record).unwrap_or_default());
        Answer::Noted { records: records.len(), failed: go_on_from(number) }
    }
}

fn go_on_from(number: Option<&str>) -> DynamoDbEventResponse {
    let mut response = DynamoDbEventResponse::default();
    if let Some(number) = number {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some(number.to_owned());
        response.batch_item_failures.push(failure);
    }
    response
}

/// Logs why the table could not be used, with the causes that the error keeps to itself: their words, not their
/// content, which may be items.
pub(crate) fn log(error: &directory::Error, request_id: &str) {
    let (mut causes, mut next) = (Vec::new(), error.source());
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    tracing::error!(request.id = request_id, %error, cause = causes.join(": "), "the table does not answer");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_what_lambda_reads() {
        let noted =
            |number| serde_json::to_value(Answer::Noted { records: 2, failed: go_on_from(number) }).unwrap();
        assert_eq!(noted(None), json!({"batchItemFailures": []}));
        assert_eq!(noted(Some("111")), json!({"batchItemFailures": [{"itemIdentifier": "111"}]}));
        let tidied = Answer::Tidied { done: 1, left: 2, failed: 3 };
        assert_eq!(serde_json::to_value(tidied).unwrap(), json!({"done": 1, "left": 2, "failed": 3}));
    }
}
