//! What the worker is called with.

use serde_json::Value;

/// Where records of a table's stream say they are from.
const STREAM: &str = "aws:dynamodb";
/// How both services that call on a schedule name it.
const SCHEDULED: &str = "Scheduled Event";

/// A call of the worker.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// The table has changed: records of its stream, as they came.
    Stream(Vec<Value>),
    /// It is time to tidy.
    Schedule,
}

impl Event {
    /// Reads an event.
    ///
    /// # Errors
    ///
    /// What came instead, without what it holds.
    pub(crate) fn read(mut event: Value) -> Result<Self, String> {
        if let Some(Value::Array(records)) = event.get_mut("Records").map(Value::take) {
            let source =
                |record: &Value| record.get("eventSource").and_then(Value::as_str).map(str::to_owned);
            return match records.first().and_then(source) {
                Some(source) if source != STREAM => Err(format!("records of {source}")),
                _ => Ok(Self::Stream(records)),
            };
        }
        let word = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or("nothing");
        match (word("detail-type"), word("source")) {
            (SCHEDULED, _) => Ok(Self::Schedule),
            ("nothing", "nothing") => Err(format!("{} without Records or detail-type", kind(&event))),
            (what, source) => Err(format!("{what} of {source}")),
        }
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "an object",
        Value::Array(_) => "an array",
        Value::String(_) => "a string",
        Value::Number(_) => "a number",
        Value::Bool(_) => "a boolean",
        Value::Null => "null",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn recorded(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_stream_is_told_from_a_schedule() {
        let Ok(Event::Stream(records)) = Event::read(recorded(include_str!("../events/stream.json"))) else {
            panic!("a stream");
        };
        assert_eq!(records.len(), 4);
        for schedule in [include_str!("../events/scheduler.json"), include_str!("../events/rule.json")] {
            assert_eq!(Event::read(recorded(schedule)), Ok(Event::Schedule));
        }
        assert_eq!(Event::read(json!({"Records": []})), Ok(Event::Stream(Vec::new())));
    }

    #[test]
    fn an_event_of_another_kind_is_named_without_what_it_holds() {
        for (event, named) in [
            (json!({"Records": [{"eventSource": "aws:sqs", "body": "secret"}]}), "records of aws:sqs"),
            (
                json!({"detail-type": "Object Created", "source": "aws.s3", "detail": "secret"}),
                "Object Created of aws.s3",
            ),
            (json!({"httpMethod": "secret"}), "an object without Records or detail-type"),
            (json!({"Records": "secret"}), "an object without Records or detail-type"),
            (json!("secret"), "a string without Records or detail-type"),
            (json!(null), "null without Records or detail-type"),
        ] {
            assert_eq!(Event::read(event), Err(named.to_owned()));
        }
    }
}
