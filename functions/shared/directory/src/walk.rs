//! Resources in a stable order: one shard after the other, by id in each.

use std::{collections::BTreeSet, fmt, fmt::Write as _};

use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder,
    types::{AttributeValue, ReturnConsumedCapacity::Total},
};
use futures::future::try_join_all;
use scim::{ResourceId, ResourceType};

use crate::{
    Consistency, Directory, Error, Record, Scope,
    keys::{self, Key},
    table::{Item, Query},
};

/// A place in the order: right after the resource of an id, whether or not that still exists.
///
/// An id names its shard, so it says everything about the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position(ResourceId);

/// A part of a walk.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The resources, in order.
    pub records: Vec<Record>,
    /// Where the walk goes on; `None` when nothing follows.
    pub next: Option<Position>,
}

/// How far a walk came without looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Where the walk goes on; `None` is the beginning. When nothing follows it is the end of the last shard.
    pub position: Option<Position>,
    /// How many resources lie before it; fewer than were asked for when nothing follows.
    pub count: u64,
}

impl Directory {
    /// Up to `limit` resources of this type from `after` on; fewer only when nothing follows.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unreadable`]
    #[tracing::instrument(level = "debug", skip_all, fields(limit))]
    pub async fn walk(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        after: Option<&Position>,
        limit: usize,
        consistency: Consistency,
    ) -> Result<Page, Error> {
        if limit == 0 {
            return Ok(Page { records: Vec::new(), next: after.cloned() });
        }
        // One more than is asked for tells whether something follows.
        let wanted = limit + 1;
        let shard = |pk: String, after: Option<String>, wanted: usize| async move {
            let query = Query { pk: &pk, after, limit: Some(wanted as u64), consistency };
            self.query(&scope.usage, query).await
        };
        let mut rest = collections(scope, resource_type, after);
        let mut items: Vec<Item> = Vec::new();
        while let Some((pk, from)) = rest.next() {
            let is_whole = from.is_none();
            items.extend(shard(pk, from, wanted - items.len()).await?);
            if items.len() >= wanted {
                break;
            }
            if is_whole {
                // Ids are spread evenly: one whole shard that does not fill the page says that the others
                // are as small, and all of them are read at once.
                let left = wanted - items.len();
                let shards = try_join_all(rest.by_ref().map(|(pk, from)| shard(pk, from, left))).await?;
                items.extend(shards.into_iter().flatten());
            }
        }
        let follows = items.len() > limit;
        items.truncate(limit);
        let records =
            items.into_iter().map(|item| Record::from_item(scope, item)).collect::<Result<Vec<_>, _>>()?;
        let next = records.last().filter(|_| follows).map(|last| Position(last.id.clone()));
        Ok(Page { records, next })
    }

    /// Up to `limit` resources of one shard, of those that [`shards`](Self::shards) names, from `after` on: no more than
    /// one answer of the table holds. Where `names` are given the records have those attributes alone, which saves what
    /// sending and reading the others takes.
    ///
    /// It may miss what was written in the last moments.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unreadable`]
    pub async fn walk_shard(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        shard: char,
        after: Option<&Position>,
        limit: usize,
        names: Option<&BTreeSet<&str>>,
    ) -> Result<Page, Error> {
        let pk = keys::collection(&scope.tenant, resource_type, shard);
        let under_way = scope.usage.call();
        let query = self
            .client
            .query()
            .table_name(&*self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(pk.clone()))
            .set_exclusive_start_key(after.map(|after| Key::new(pk, after.to_string()).attributes()))
            .set_limit(i32::try_from(limit).ok())
            .return_consumed_capacity(Total);
        let query = match names {
            Some(names) => projected(query, names),
            None => query,
        };
        let answer = query.send().await.map_err(Error::from_sdk)?;
        drop(under_way);
        scope.usage.read(answer.consumed_capacity());
        let is_last = answer.last_evaluated_key.is_none_or(|key| key.is_empty());
        let items = answer.items.unwrap_or_default().into_iter().map(|mut item| {
            // Of a document without any of the names nothing is returned.
            item.entry("doc".to_owned()).or_insert_with(|| AttributeValue::M(Item::new()));
            Record::from_item(scope, item)
        });
        let records = items.collect::<Result<Vec<_>, _>>()?;
        let next = records.last().filter(|_| !is_last).map(|last| Position(last.id.clone()));
        Ok(Page { records, next })
    }

    /// The shards that hold resources of this type, in the order of a walk.
    #[must_use]
    pub fn shards(&self, scope: &Scope, resource_type: &ResourceType) -> Vec<char> {
        resource_type.kind.shards(scope.policy.shards(resource_type.kind)).collect()
    }

    /// Passes over `count` resources of this type from `after` on. It costs what reading them costs, and sends
    /// nothing of them.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`]
    #[tracing::instrument(level = "debug", skip_all, fields(count))]
    pub async fn skip(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        after: Option<&Position>,
        count: u64,
    ) -> Result<Skipped, Error> {
        if count == 0 {
            return Ok(Skipped { position: after.cloned(), count });
        }
        let mut skipped = Skipped { position: after.cloned(), count: 0 };
        for (pk, from) in collections(scope, resource_type, after) {
            let (limit, consistency) = (Some(count - skipped.count), Consistency::Eventual);
            let counted =
                self.count(&scope.usage, Query { pk: &pk, after: from, limit, consistency }).await?;
            skipped.count += counted.items;
            let shard = pk.chars().next_back().unwrap_or_default();
            skipped.position = match counted.last {
                Some(last) => Position::parse(&last),
                None => Position::end_of(shard),
            };
            if skipped.count == count {
                break;
            }
        }
        Ok(skipped)
    }
}

/// The query, for records with these attributes alone.
fn projected(query: QueryFluentBuilder, names: &BTreeSet<&str>) -> QueryFluentBuilder {
    const ALWAYS: [&str; 8] = ["sk", "v", "rev", "created", "modified", "externalIds", "epoch", "intent"];
    let mut expression = ALWAYS.map(|name| format!("#{name}")).join(", ");
    let mut query =
        ALWAYS.iter().fold(query, |query, name| query.expression_attribute_names(format!("#{name}"), *name));
    for (number, name) in names.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(expression, ", #doc.#doc{number}");
        query = query.expression_attribute_names(format!("#doc{number}"), *name);
    }
    if !names.is_empty() {
        query = query.expression_attribute_names("#doc", "doc");
    }
    query.projection_expression(expression)
}

/// The collections from `after` on, each with the sort key to begin after.
fn collections<'a>(
    scope: &'a Scope,
    resource_type: &'a ResourceType,
    after: Option<&'a Position>,
) -> impl Iterator<Item = (String, Option<String>)> + 'a {
    let kind = resource_type.kind;
    let first = after.map(|position| position.0.shard());
    kind.shards(scope.policy.shards(kind)).filter(move |shard| Some(*shard) >= first).map(move |shard| {
        let from = after.filter(|_| Some(shard) == first).map(|position| position.0.to_string());
        (keys::collection(&scope.tenant, resource_type, shard), from)
    })
}

impl Position {
    /// The position that its text names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        ResourceId::parse(text).map(Self)
    }

    /// After the last id there can be.
    #[must_use]
    pub fn end() -> Option<Self> {
        Self::end_of('f')
    }

    /// After the last id that a shard can hold.
    fn end_of(shard: char) -> Option<Self> {
        Self::parse(&format!("{shard}fffffff-ffff-4fff-bfff-ffffffffffff"))
    }
}

impl From<&ResourceId> for Position {
    fn from(id: &ResourceId) -> Self {
        Self(id.clone())
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
