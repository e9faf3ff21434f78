//! Indexes that are behind the table.

use std::{collections::HashMap, time::Duration};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::Rule;
use crate::request::{Request, Write, key};

/// An item that was put a moment ago is not in an index yet. What was deleted is gone at once, and an item that was
/// there before it was put again is hidden with the new ones.
#[derive(Debug)]
pub struct Lag {
    by: Duration,
    written: HashMap<(String, String), Instant>,
}

impl Lag {
    /// Indexes that are behind by so much; on AWS mostly less than a second.
    #[must_use]
    pub fn of(by: Duration) -> Self {
        Self { by, written: HashMap::new() }
    }
}

impl Rule for Lag {
    fn awaits(&self, request: &Request) -> bool {
        match request.operation() {
            "Query" | "Scan" => request.body()["IndexName"].is_string(),
            _ => request.writes().iter().any(|write| matches!(write, Write::Put(_))),
        }
    }

    fn after(&mut self, request: &Request, answer: &mut Value) {
        let now = Instant::now();
        self.written.retain(|_, at| now - *at < self.by);
        if matches!(request.operation(), "Query" | "Scan") {
            let Some(items) = answer["Items"].as_array_mut() else { return };
            items.retain(|item| item.as_object().is_none_or(|item| !self.written.contains_key(&key(item))));
            let count = items.len();
            answer["Count"] = json!(count);
            return;
        }
        // An item that is put again has been in the index before: its first time is what counts.
        for write in request.writes() {
            if let Write::Put(_) = write {
                self.written.entry(write.key()).or_insert(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(lag: &mut Lag, index: Value) -> (usize, Value) {
        let request = Request::new("Query", &json!({ "IndexName": index }));
        let mut answer = json!({ "Items": [
            { "pk": { "S": "a" }, "sk": { "S": "!" } }, { "pk": { "S": "b" }, "sk": { "S": "!" } }
        ], "Count": 2 });
        if lag.awaits(&request) {
            lag.after(&request, &mut answer);
        }
        (answer["Items"].as_array().map_or(0, Vec::len), answer["Count"].clone())
    }

    #[tokio::test(start_paused = true)]
    async fn an_index_shows_an_item_a_moment_later() {
        let mut lag = Lag::of(Duration::from_secs(1));
        let item = json!({ "pk": { "S": "a" }, "sk": { "S": "!" } });
        let transaction = json!({ "TransactItems": [{ "Put": { "Item": item } }] });
        let put = Request::new("TransactWriteItems", &transaction);
        assert!(lag.awaits(&put));
        lag.after(&put, &mut json!({}));
        assert_eq!(query(&mut lag, json!("by_user_name")), (1, json!(1)));
        assert_eq!(query(&mut lag, json!(null)), (2, json!(2)), "the table is never behind");
        tokio::time::advance(Duration::from_millis(500)).await;
        lag.after(&put, &mut json!({}));
        tokio::time::advance(Duration::from_millis(501)).await;
        assert_eq!(query(&mut lag, json!("by_user_name")), (2, json!(2)));
    }
}
