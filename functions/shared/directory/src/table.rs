//! The calls to DynamoDB: each is counted, follows its pages and repeats what was left undone.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::Arc,
};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, KeysAndAttributes, ReturnConsumedCapacity::Total, Select, WriteRequest},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{Error, Usage, keys, keys::Key, record::text, retry::Backoff, usage::Cause};

/// An item, by attribute name.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Calls of one request that are under way at the same time.
pub(crate) const CONCURRENT_CALLS: usize = 32;
/// Keys in one `BatchGetItem`.
const KEYS_PER_READ: usize = 100;
/// Items in one `BatchWriteItem`.
const ITEMS_PER_WRITE: usize = 25;

/// The table. Clones are cheap and share the client's connections.
#[derive(Clone)]
pub struct Directory {
    pub(crate) client: Client,
    pub(crate) table: Arc<str>,
}

/// Whether a read must see every write that was answered before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consistency {
    /// It sees them all.
    Strong,
    /// It may miss those of the last moments, and costs half.
    Eventual,
}

/// What of an item a read returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Projection {
    All,
    Keys,
    /// The sort key, and `displayName` of the document.
    DisplayName,
    /// The sort key, and `userName` and `displayName` of the document.
    Names,
    /// The key, and what says whether a change of a group's members has come to its end.
    Pending,
    /// Key, kind, and what other items must agree with of a record: not its document.
    Bare,
}

/// Items of one partition key, in the order of their sort keys.
#[derive(Debug)]
pub(crate) struct Query<'a> {
    pub(crate) pk: &'a str,
    /// Begins after this sort key.
    pub(crate) after: Option<String>,
    /// Ends after so many items; `None` reads all.
    pub(crate) limit: Option<u64>,
    pub(crate) consistency: Consistency,
}

/// How far [`Directory::count`] came.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) items: u64,
    /// The sort key of the last item, when the limit ended the count.
    pub(crate) last: Option<String>,
}

impl Directory {
    /// The table of this name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into().into() }
    }

    /// Reads an item that is never there, to see whether the table answers.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`]
    pub async fn ping(&self) -> Result<(), Error> {
        self.item(&Usage::default(), &keys::ping(), Consistency::Eventual).await.map(drop)
    }

    /// One item, by its key.
    pub(crate) async fn item(
        &self,
        usage: &Usage,
        key: &Key,
        consistency: Consistency,
    ) -> Result<Option<Item>, Error> {
        let _under_way = usage.call();
        let call = self.client.get_item().table_name(&*self.table).set_key(Some(key.attributes()));
        let call = call.consistent_read(consistency.is_strong()).return_consumed_capacity(Total);
        let answer = call.send().await.map_err(Error::from_sdk)?;
        usage.read(answer.consumed_capacity());
        Ok(answer.item)
    }

    /// The items of a query, as many pages as it takes.
    pub(crate) async fn query(&self, usage: &Usage, query: Query<'_>) -> Result<Vec<Item>, Error> {
        let Query { pk, mut after, limit, consistency } = query;
        let mut left = limit.unwrap_or(u64::MAX);
        let mut items = Vec::new();
        while left > 0 {
            let under_way = usage.call();
            let call = self.page(pk, after.as_deref(), left, consistency);
            let answer = call.send().await.map_err(Error::from_sdk)?;
            drop(under_way);
            usage.read(answer.consumed_capacity());
            let page = answer.items.unwrap_or_default();
            left = left.saturating_sub(page.len() as u64);
            items.extend(page);
            after = answer.last_evaluated_key.as_ref().and_then(|key| text(key, "sk")).map(str::to_owned);
            if after.is_none() {
                break;
            }
        }
        Ok(items)
    }

    /// How many items a query has, without reading what is in them.
    pub(crate) async fn count(&self, usage: &Usage, query: Query<'_>) -> Result<Counted, Error> {
        let Query { pk, after: mut last, limit, consistency } = query;
        let limit = limit.unwrap_or(u64::MAX);
        let mut items = 0;
        while items < limit {
            let under_way = usage.call();
            let call = self.page(pk, last.as_deref(), limit - items, consistency).select(Select::Count);
            let answer = call.send().await.map_err(Error::from_sdk)?;
            drop(under_way);
            usage.read(answer.consumed_capacity());
            items += u64::try_from(answer.count).unwrap_or_default();
            last = answer.last_evaluated_key.as_ref().and_then(|key| text(key, "sk")).map(str::to_owned);
            if last.is_none() {
                break;
            }
        }
        Ok(Counted { items, last })
    }

    fn page(
        &self,
        pk: &str,
        after: Option<&str>,
        limit: u64,
        consistency: Consistency,
    ) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        self.client
            .query()
            .table_name(&*self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .set_exclusive_start_key(after.map(|sk| Key::new(pk.to_owned(), sk).attributes()))
            // A limit beyond what one can say is none: a page ends at 1 MB anyway.
            .set_limit(i32::try_from(limit).ok())
            .consistent_read(consistency.is_strong())
            .return_consumed_capacity(Total)
    }

    /// The items of these keys that exist, in no order.
    pub(crate) async fn items(
        &self,
        usage: &Usage,
        keys: BTreeSet<Key>,
        projection: Projection,
        consistency: Consistency,
    ) -> Result<Vec<Item>, Error> {
        let keys: Vec<_> = keys.iter().map(Key::attributes).collect();
        let chunks: Vec<_> = keys.chunks(KEYS_PER_READ).map(<[_]>::to_vec).collect();
        stream::iter(chunks)
            .map(|keys| self.batch(usage, keys, projection, consistency))
            .buffer_unordered(CONCURRENT_CALLS)
            .try_concat()
            .await
    }

    async fn batch(
        &self,
        usage: &Usage,
        keys: Vec<Item>,
        projection: Projection,
        consistency: Consistency,
    ) -> Result<Vec<Item>, Error> {
        let mut wanted = Some(projection.of(keys, consistency)?);
        let (mut items, mut backoff) = (Vec::new(), Backoff::new());
        while let Some(request) = wanted {
            let under_way = usage.call();
            let call = self.client.batch_get_item().request_items(&*self.table, request);
            let answer = call.return_consumed_capacity(Total).send().await.map_err(Error::from_sdk)?;
            drop(under_way);
            usage.read(answer.consumed_capacity());
            items.extend(answer.responses.unwrap_or_default().into_values().flatten());
            wanted = answer.unprocessed_keys.unwrap_or_default().into_values().next();
            if wanted.is_some() {
                backoff.wait(usage, Cause::Throttle).await?;
            }
        }
        Ok(items)
    }

    /// Puts and deletes items, none of them twice, in no order. On an error the rest is still written.
    pub(crate) async fn write(&self, usage: &Usage, requests: Vec<WriteRequest>) -> Result<(), Error> {
        let chunks: Vec<_> = requests.chunks(ITEMS_PER_WRITE).map(<[_]>::to_vec).collect();
        let answers: Vec<_> = stream::iter(chunks)
            .map(|requests| self.write_chunk(usage, requests))
            .buffer_unordered(CONCURRENT_CALLS)
            .collect()
            .await;
        answers.into_iter().collect()
    }

    async fn write_chunk(&self, usage: &Usage, mut requests: Vec<WriteRequest>) -> Result<(), Error> {
        let mut backoff = Backoff::new();
        loop {
            let under_way = usage.call();
            let call = self.client.batch_write_item().request_items(&*self.table, requests.clone());
            let answer = call.return_consumed_capacity(Total).send().await;
            drop(under_way);
            let cause = match answer {
                Ok(answer) => {
                    usage.write(answer.consumed_capacity());
                    requests = answer.unprocessed_items.unwrap_or_default().into_values().flatten().collect();
                    if requests.is_empty() {
                        return Ok(());
                    }
                    Cause::Throttle
                }
                Err(error) if crate::error::is_contended(&error) => Cause::Conflict,
                Err(error) => return Err(Error::from_sdk(error)),
            };
            backoff.wait(usage, cause).await?;
        }
    }
}

impl Consistency {
    const fn is_strong(self) -> bool {
        matches!(self, Self::Strong)
    }
}

impl Projection {
    /// [`Self::Bare`] as an expression, and the names in it.
    pub(crate) const BARE: &str = "pk, sk, #kind, #keys, #intent, #deleted";
    pub(crate) const BARE_NAMES: [(&str, &str); 4] =
        [("#kind", "kind"), ("#keys", "keys"), ("#intent", "intent"), ("#deleted", "deleted")];

    fn of(self, keys: Vec<Item>, consistency: Consistency) -> Result<KeysAndAttributes, Error> {
        let request =
            KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(consistency.is_strong());
        let request = match self {
            Self::All => request,
            Self::Keys => request.projection_expression("pk, sk"),
            Self::DisplayName => request
                .projection_expression("sk, #doc.#name")
                .expression_attribute_names("#doc", "doc")
                .expression_attribute_names("#name", "displayName"),
            Self::Names => request
                .projection_expression("sk, #doc.#user, #doc.#display")
                .expression_attribute_names("#doc", "doc")
                .expression_attribute_names("#user", "userName")
                .expression_attribute_names("#display", "displayName"),
            Self::Pending => request
                .projection_expression("pk, sk, #intent, #at")
                .expression_attribute_names("#intent", "intent")
                .expression_attribute_names("#at", "at"),
            Self::Bare => {
                let names = Self::BARE_NAMES.map(|(short, name)| (short.to_owned(), name.to_owned()));
                request
                    .projection_expression(Self::BARE)
                    .set_expression_attribute_names(Some(HashMap::from(names)))
            }
        };
        request.build().map_err(|error| Error::Unavailable(Box::new(error)))
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory").field("table", &self.table).finish_non_exhaustive()
    }
}
