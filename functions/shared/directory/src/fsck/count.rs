//! The counters: whether each is how many resources it counts.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity::Total, ReturnValue, Select};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use scim::ResourceType;

use super::{
    Outcome,
    entity::Counter,
    finding::{Finding, Problem},
    run::{Run, patiently},
};
use crate::{
    Consistency, Error, Scope,
    expression::Change,
    keys::{self, Key},
    record::{kind, text},
    update::Written,
};

/// How often is counted anew while others create and delete.
const ATTEMPTS: u32 = 5;
/// Counters that are counted anew at the same time.
const AT_ONCE: usize = 16;
/// The most shards that a kind of resource can have.
const MOST_SHARDS: u8 = 8;

/// What was seen: how many of each type and digit, and what its counter said.
#[derive(Debug, Default)]
pub(super) struct Tally {
    seen: BTreeMap<(String, String, char), (u64, i64)>,
}

impl Tally {
    /// One resource more.
    pub(super) fn count(&mut self, tenant: &str, type_name: &str, digit: char) {
        self.entry(tenant, type_name, digit).0 += 1;
    }

    /// What a counter says.
    pub(super) fn note(&mut self, tenant: &str, counter: &Counter) {
        self.entry(tenant, &counter.type_name, counter.digit).1 = counter.count;
    }

    fn entry(&mut self, tenant: &str, type_name: &str, digit: char) -> &mut (u64, i64) {
        self.seen.entry((tenant.to_owned(), type_name.to_owned(), digit)).or_default()
    }
}

impl Run<'_> {
    /// Compares what was seen with the counters, and counts anew what does not agree.
    pub(super) async fn count(&self) -> Result<(), Error> {
        let tally =
            std::mem::take(&mut *self.tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        let differ =
            tally.seen.into_iter().filter(|(_, (actual, stored))| i64::try_from(*actual) != Ok(*stored));
        stream::iter(differ)
            .map(Ok)
            .try_for_each_concurrent(AT_ONCE, async |((tenant, type_name, digit), _)| {
                // A type that is not configured any more has been found with each of its resources.
                match self.profile(&tenant).await?.resource_type(&type_name) {
                    Ok(resource_type) => self.recount(&tenant, &resource_type, digit).await,
                    Err(_) => Ok(()),
                }
            })
            .await
    }

    /// Counts until the counter has stood still meanwhile, twice with the same result.
    async fn recount(&self, tenant: &str, resource_type: &ResourceType, digit: char) -> Result<(), Error> {
        let key = Key::new(keys::counters(tenant, resource_type), String::from(digit));
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let stored = self.stored(&key).await?;
            let actual = patiently(async || self.actual(tenant, resource_type, digit).await).await?;
            if self.stored(&key).await? != stored {
                continue;
            }
            if i64::try_from(actual) == Ok(stored) {
                return Ok(());
            }
            if last == Some((stored, actual)) {
                return self.found_count(tenant, key, stored, actual).await;
            }
            last = Some((stored, actual));
            tokio::time::sleep(self.check.pause).await;
        }
        Ok(())
    }

    async fn found_count(&self, tenant: &str, key: Key, stored: i64, actual: u64) -> Result<(), Error> {
        let outcome =
            if self.check.repair { self.correct(tenant, &key, stored, actual).await? } else { Outcome::Left };
        let (tenant, Key { pk, sk }) = (tenant.to_owned(), key);
        let problem = Problem::CountDiffers { stored, actual };
        self.found(Finding { tenant, pk, sk, problem }, outcome);
        Ok(())
    }

    /// Sets a counter that still says what it said.
    async fn correct(&self, tenant: &str, key: &Key, stored: i64, actual: u64) -> Result<Outcome, Error> {
        let number = |number: String| AttributeValue::N(number);
        let change = Change::new(key.clone())
            .set(kind("Counter"))
            .set([("count".to_owned(), number(actual.to_string()))]);
        let change = if stored == 0 {
            change.when(
                "attribute_not_exists(#count) OR #count = :was",
                &["count"],
                [(":was", number("0".to_owned()))],
            )
        } else {
            change.when("#count = :was", &["count"], [(":was", number(stored.to_string()))])
        };
        let mut scope = Scope::new(tenant, "fsck", "fsck");
        scope.usage = self.usage.clone();
        Ok(match self.directory.write_one(&scope, change, ReturnValue::None).await? {
            Written::Done(_) => Outcome::Mended,
            Written::Refused(_) => Outcome::Overtaken,
        })
    }

    /// What a counter says; one that does not exist says 0.
    async fn stored(&self, key: &Key) -> Result<i64, Error> {
        let item =
            patiently(async || self.directory.item(&self.usage, key, Consistency::Strong).await).await?;
        let count = item.and_then(|item| item.get("count")?.as_n().ok()?.parse().ok());
        Ok(count.unwrap_or(0))
    }

    /// How many resources have this second digit.
    async fn actual(&self, tenant: &str, resource_type: &ResourceType, digit: char) -> Result<u64, Error> {
        let mut actual = 0;
        for shard in resource_type.kind.shards(MOST_SHARDS) {
            let pk = keys::collection(tenant, resource_type, shard);
            let mut after: Option<String> = None;
            loop {
                let _under_way = self.usage.call();
                let call = self
                    .directory
                    .client
                    .query()
                    .table_name(&*self.directory.table)
                    .key_condition_expression("pk = :pk AND begins_with(sk, :digits)")
                    .expression_attribute_values(":pk", AttributeValue::S(pk.clone()))
                    .expression_attribute_values(":digits", AttributeValue::S(format!("{shard}{digit}")))
                    .set_exclusive_start_key(after.map(|sk| Key::new(pk.clone(), sk).attributes()))
                    .consistent_read(true)
                    .select(Select::Count)
                    .return_consumed_capacity(Total);
                let answer = call.send().await.map_err(Error::from_sdk)?;
                self.usage.read(answer.consumed_capacity());
                actual += u64::try_from(answer.count).unwrap_or_default();
                after = answer.last_evaluated_key.as_ref().and_then(|key| text(key, "sk")).map(str::to_owned);
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(actual)
    }
}
