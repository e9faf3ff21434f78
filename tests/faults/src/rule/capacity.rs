//! The limit of a partition: so many write units a second for one partition key.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::Rule;
use crate::{
    fault::{Fault, cancelled, refused},
    request::{Item, Request, Write},
};

/// Bytes that one write unit writes.
const UNIT_BYTES: usize = 1024;

/// Refuses writes beyond what a partition key takes; a second of it can be saved up.
///
/// AWS splits partitions that stay hot, up to one for each item: this is the worst it does, not what it does for
/// long. What an update leaves of an item is guessed by the item's last known size.
#[derive(Debug)]
pub struct Capacity {
    units_a_second: f64,
    indexes: Vec<String>,
    buckets: HashMap<String, Bucket>,
    sizes: HashMap<(String, String), usize>,
}

#[derive(Debug)]
struct Bucket {
    units: f64,
    filled: Instant,
}

impl Capacity {
    /// A limit of so many write units a second and key; AWS has 1,000.
    #[must_use]
    pub fn of(units_a_second: f64) -> Self {
        Self { units_a_second, indexes: Vec::new(), buckets: HashMap::new(), sizes: HashMap::new() }
    }

    /// Indexes whose partition keys are these attributes have the same limit, and hold back the table's writes.
    #[must_use]
    pub fn with_indexes<'a>(mut self, partition_keys: impl IntoIterator<Item = &'a str>) -> Self {
        self.indexes = partition_keys.into_iter().map(str::to_owned).collect();
        self
    }

    /// What a write takes, by bucket.
    fn charges(&self, write: Write<'_>, is_transaction: bool) -> Vec<(String, f64)> {
        let key = write.key();
        let known = self.sizes.get(&key).copied().unwrap_or_default();
        let bytes = match write {
            Write::Put(item) => size(item).max(known),
            Write::Update(key, values) => (size(key) + values.map_or(0, size)).max(known),
            Write::Delete(_) | Write::Check(_) => known,
        };
        let factor = if is_transaction { 2.0 } else { 1.0 };
        let mut charges = vec![(format!("pk {}", key.0), units(bytes) * factor)];
        if let Write::Put(item) = write {
            let indexed = |name: &String| Some((format!("{name} {}", item.get(name)?["S"].as_str()?), 1.0));
            charges.extend(self.indexes.iter().filter_map(indexed));
        }
        charges
    }

    /// Takes all of the charges or none; whether they were there.
    fn take(&mut self, charges: &[(String, f64)]) -> bool {
        let now = Instant::now();
        let most = self.units_a_second;
        let mut sums: HashMap<&str, f64> = HashMap::new();
        for (bucket, units) in charges {
            *sums.entry(bucket).or_default() += units;
        }
        for name in sums.keys() {
            let bucket =
                self.buckets.entry((*name).to_owned()).or_insert(Bucket { units: most, filled: now });
            let gained = (now - bucket.filled).as_secs_f64() * most;
            *bucket = Bucket { units: (bucket.units + gained).min(most), filled: now };
        }
        // A full bucket lets anything through once, or an item larger than the limit could never be written.
        let fits = sums.iter().all(|(name, sum)| self.buckets[*name].units >= sum.min(most));
        if fits {
            for (name, sum) in sums {
                if let Some(bucket) = self.buckets.get_mut(name) {
                    bucket.units -= sum;
                }
            }
        }
        fits
    }

    fn remember(&mut self, writes: &[Write<'_>]) {
        for write in writes {
            match write {
                Write::Put(item) => drop(self.sizes.insert(write.key(), size(item))),
                Write::Delete(_) => drop(self.sizes.remove(&write.key())),
                Write::Update(..) | Write::Check(_) => {}
            }
        }
    }
}

impl Rule for Capacity {
    fn before(&mut self, request: &mut Request) -> Option<Fault> {
        let writes = request.writes();
        if writes.is_empty() {
            return None;
        }
        let is_transaction = request.is_transaction();
        let charges: Vec<_> = writes.iter().map(|write| self.charges(*write, is_transaction)).collect();
        if request.operation() == "BatchWriteItem" {
            let over: BTreeSet<_> = (0..writes.len()).filter(|place| !self.take(&charges[*place])).collect();
            let done: Vec<_> =
                (0..writes.len()).filter(|place| !over.contains(place)).map(|place| writes[place]).collect();
            self.remember(&done);
            return match over.len() {
                0 => None,
                all if all == writes.len() => Some(refused("ThrottlingException")),
                _ => Some(Fault::Without(over)),
            };
        }
        if self.take(&charges.concat()) {
            self.remember(&writes);
            return None;
        }
        Some(if is_transaction {
            let mut codes = vec!["None"; writes.len()];
            for (code, charges) in codes.iter_mut().zip(&charges) {
                let is_short = charges
                    .iter()
                    .any(|(name, units)| self.buckets.get(name).is_some_and(|b| b.units < *units));
                if is_short {
                    *code = "ThrottlingError";
                }
            }
            // Together they are too much, each alone is not.
            if codes.iter().all(|code| *code == "None") {
                codes[0] = "ThrottlingError";
            }
            cancelled(&codes)
        } else {
            refused("ThrottlingException")
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "an item has at most 400 units")]
fn units(bytes: usize) -> f64 {
    bytes.div_ceil(UNIT_BYTES).max(1) as f64
}

/// The size of an item in DynamoDB's terms, about.
fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &Value) -> usize {
    let Some((kind, value)) = value.as_object().and_then(|value| value.iter().next()) else { return 1 };
    let texts = |values: &Value| {
        values.as_array().into_iter().flatten().filter_map(Value::as_str).map(|text| text.len() + 1).sum()
    };
    match kind.as_str() {
        "S" | "N" | "B" => value.as_str().map_or(1, str::len),
        "SS" | "NS" | "BS" => texts(value),
        "L" => 3 + value.as_array().into_iter().flatten().map(|value| 1 + value_size(value)).sum::<usize>(),
        "M" => 3 + value.as_object().map_or(0, |map: &Map<String, Value>| map.len() + size(map)),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn item(pk: &str, bytes: usize) -> Value {
        json!({ "pk": { "S": pk }, "sk": { "S": "!" }, "n_pk": { "S": "t#U" }, "x": { "S": "x".repeat(bytes) } })
    }

    fn put(pk: &str, bytes: usize) -> Request {
        Request::new("PutItem", &json!({ "Item": item(pk, bytes) }))
    }

    fn transaction(pks: &[&str]) -> Request {
        let puts: Vec<_> = pks.iter().map(|pk| json!({ "Put": { "Item": item(pk, 1) } })).collect();
        Request::new("TransactWriteItems", &json!({ "TransactItems": puts }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_takes_so_many_units_a_second() {
        let mut capacity = Capacity::of(10.0);
        for _ in 0..10 {
            assert_eq!(capacity.before(&mut put("a", 1)), None);
        }
        assert_eq!(capacity.before(&mut put("a", 1)), Some(refused("ThrottlingException")));
        assert_eq!(capacity.before(&mut put("b", 1)), None, "another key has its own");
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(capacity.before(&mut put("a", 4500)), None, "five units");
        assert!(capacity.before(&mut put("a", 1)).is_some(), "its size is what it was");
        assert_eq!(capacity.before(&mut Request::new("Query", &json!({}))), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_transaction_counts_twice_and_is_taken_whole() {
        let mut capacity = Capacity::of(4.0);
        assert_eq!(capacity.before(&mut transaction(&["a", "b"])), None);
        assert_eq!(capacity.before(&mut transaction(&["a"])), None);
        let expected = cancelled(&["ThrottlingError", "None"]);
        assert_eq!(capacity.before(&mut transaction(&["a", "b"])), Some(expected));
        assert_eq!(capacity.before(&mut put("b", 1)), None, "the cancelled one has taken nothing");
        assert_eq!(capacity.before(&mut put("b", 1)), None);
        assert!(capacity.before(&mut put("b", 1)).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn of_a_batch_what_does_not_fit_is_left() {
        let mut capacity = Capacity::of(2.0);
        let puts: Vec<_> =
            ["a", "a", "a", "b"].iter().map(|pk| json!({ "PutRequest": { "Item": item(pk, 1) } })).collect();
        let mut batch = Request::new("BatchWriteItem", &json!({ "RequestItems": { "t": puts } }));
        assert_eq!(capacity.before(&mut batch), Some(Fault::Without([2].into())));
        assert_eq!(capacity.before(&mut batch), Some(Fault::Without([0, 1, 2].into())));
        assert_eq!(capacity.before(&mut batch), Some(refused("ThrottlingException")));
    }

    #[tokio::test(start_paused = true)]
    async fn an_index_holds_back_the_table() {
        let mut capacity = Capacity::of(2.0).with_indexes(["n_pk"]);
        assert_eq!(capacity.before(&mut put("a", 1)), None);
        assert_eq!(capacity.before(&mut put("b", 1)), None);
        assert!(capacity.before(&mut put("c", 1)).is_some());
    }
}
