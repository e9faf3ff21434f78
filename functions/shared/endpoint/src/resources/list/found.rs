//! What a query finds: by keys, along an index, or by looking at everything.

use std::collections::{BTreeMap, BTreeSet};

use directory::{Index, Lookup, Record};
use futures::{StreamExt, TryStreamExt, future::try_join_all, stream};
use scim::{
    Error, Kind, ResourceId,
    filter::plan::{Indexed, Leaf, Plan, Range},
    list::{ListQuery, MOST_COUNT},
    sort::{Key, Order, Rank},
};

use super::{
    CONCURRENT, STRIDE,
    question::Question,
    work::{MOST_RESOURCES, Work, too_many},
};
use crate::{
    answer::from_directory,
    resources::{Call, search::Part},
};

/// Resources of which a part is read at a time.
const PARTS_AT_ONCE: usize = 2_000;
/// Resources that are read at a time where an index names them.
const LOOKED_AT_ONCE: usize = 2_000;

/// A resource that matches a query.
pub(in crate::resources) struct Match {
    pub(in crate::resources) id: ResourceId,
    /// What it is sorted by, where it is.
    pub(in crate::resources) rank: Option<Rank>,
    /// The resource, if it was looked at; an index alone may be wrong about it.
    pub(in crate::resources) record: Option<Record>,
}

impl Call {
    /// All that match, in no order, each with its rank under `key`.
    pub(in crate::resources) async fn matches(
        &self,
        query: &ListQuery,
        key: Option<Key<'_>>,
        work: &Work,
    ) -> Result<Vec<Match>, Error> {
        let plan = match (&query.filter, key.as_ref().and_then(|key| self.index_of(key))) {
            (Some(filter), _) => filter.plan(self.resource_type()),
            (None, Some(index)) => Plan::Ranges { ranges: vec![Range::whole(index)], lookups: Vec::new() },
            (None, None) => Plan::Scan,
        };
        self.facts.plan(plan.to_string());
        let question = self.question(query, key)?;
        match plan {
            Plan::Ids(ids) => {
                let ids = ids.iter().filter_map(|id| ResourceId::parse(id)).collect();
                self.look_at(ids, &question, work).await
            }
            Plan::Lookups(leaves) => self.look_at(self.look_up(leaves).await?, &question, work).await,
            Plan::Ranges { ranges, lookups } => self.in_ranges(&ranges, lookups, &question, work).await,
            Plan::Scan => self.scan(&question, work).await,
        }
    }

    /// The index that holds what `key` sorts by, in which every resource of the type is.
    pub(in crate::resources) fn index_of(&self, key: &Key<'_>) -> Option<Indexed> {
        match self.resource_type().kind {
            Kind::User if key.reads("userName") => Some(Indexed::UserName),
            Kind::Group if key.reads("displayName") => Some(Indexed::DisplayName),
            _ => None,
        }
    }

    /// The resources that some keys find.
    async fn look_up(&self, leaves: Vec<Leaf>) -> Result<BTreeSet<ResourceId>, Error> {
        let found: Vec<Vec<ResourceId>> = stream::iter(leaves)
            .map(|leaf| self.find(leaf))
            .buffer_unordered(CONCURRENT)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn find(&self, Leaf { attribute, value }: Leaf) -> Result<Vec<ResourceId>, Error> {
        let lookup = match attribute {
            Indexed::Id => return Ok(ResourceId::parse(&value).into_iter().collect()),
            Indexed::Member => {
                let Some(member) = ResourceId::parse(&value) else { return Ok(Vec::new()) };
                Lookup::Member(member)
            }
            Indexed::UserName => Lookup::UserName(value),
            Indexed::DisplayName => Lookup::DisplayName(value),
            Indexed::Email => Lookup::Email(value),
            Indexed::ExternalId => Lookup::ExternalId(value),
        };
        self.found(&lookup).await
    }

    /// The resources that one key finds.
    pub(crate) async fn found(&self, lookup: &Lookup) -> Result<Vec<ResourceId>, Error> {
        self.directory().find(self.scope(), self.resource_type(), lookup).await.map_err(from_directory)
    }

    /// Those of these resources that match.
    async fn look_at(
        &self,
        mut ids: BTreeSet<ResourceId>,
        question: &Question<'_>,
        work: &Work,
    ) -> Result<Vec<Match>, Error> {
        ids.retain(|id| id.kind() == self.resource_type().kind);
        let ids: Vec<_> = ids.into_iter().collect();
        let (mut found, mut may_go_on) = (Vec::new(), ids.len() <= MOST_RESOURCES);
        for some in ids.chunks(LOOKED_AT_ONCE) {
            if !may_go_on {
                return Err(too_many(self.resource_type()));
            }
            let records = self.directory().get_many(self.scope(), self.resource_type(), some).await;
            for one in self.matching(records.map_err(from_directory)?, question).await? {
                found.push(one.kept(found.len()));
            }
            may_go_on = work.resources(some.len());
        }
        Ok(found)
    }

    /// Those that ranges and keys find. What an index is sure of is not looked at.
    async fn in_ranges(
        &self,
        ranges: &[Range],
        lookups: Vec<Leaf>,
        question: &Question<'_>,
        work: &Work,
    ) -> Result<Vec<Match>, Error> {
        let walks = try_join_all(ranges.iter().map(|range| self.in_range(range, question, work)));
        let (walks, looked_up) = futures::try_join!(walks, self.look_up(lookups))?;
        let (mut sure, mut open) = (BTreeMap::new(), looked_up);
        for walk in walks {
            sure.extend(walk.sure);
            open.extend(walk.open);
        }
        open.retain(|id| !sure.contains_key(id));
        // So many are found sooner among all.
        if open.len() > MOST_RESOURCES {
            return self.scan(question, work).await;
        }
        let mut found = self.look_at(open, question, work).await?;
        found.extend(sure.into_iter().map(|(id, rank)| Match { id, rank, record: None }));
        Ok(found)
    }

    async fn in_range(&self, range: &Range, question: &Question<'_>, work: &Work) -> Result<Walked, Error> {
        let mut walked = Walked::default();
        let Some(index) = walkable(range.index()) else { return Ok(walked) };
        // Further resource types share an index, and to sort by what is not in it the resources are needed.
        let is_sorted_by_it =
            question.key.as_ref().is_none_or(|key| self.index_of(key) == Some(range.index()));
        let decides = range.decides() && is_sorted_by_it && self.resource_type().kind != Kind::Other;
        let (bounds, mut after) = (range.bounds(), None);
        loop {
            let page = self.directory().entries(
                self.scope(),
                index,
                &bounds,
                Order::Ascending,
                after.as_ref(),
                None,
            );
            let page = page.await.map_err(from_directory)?;
            let may_go_on = work.entries(page.entries.len());
            for entry in page.entries {
                let is_known = entry.is_whole || range.is_whole();
                if entry.id.kind() != self.resource_type().kind || (is_known && !range.accepts(&entry.text)) {
                    continue;
                }
                if is_known && decides {
                    let rank = question.key.as_ref().map(|_| Rank::text(entry.text));
                    walked.sure.insert(entry.id, rank);
                } else {
                    walked.open.insert(entry.id);
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(walked);
            }
            if !may_go_on {
                return Err(too_many(self.resource_type()));
            }
        }
    }

    /// All that match, found by looking at each: at all shards at once.
    async fn scan(&self, question: &Question<'_>, work: &Work) -> Result<Vec<Match>, Error> {
        let shards = self.directory().shards(self.scope(), self.resource_type()).into_iter();
        let found = try_join_all(shards.map(|shard| self.scan_shard(shard, question, work))).await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// All of a shard that match. What comes first is read whole, as all of a small directory is; of the rest only what
    /// the question is about.
    async fn scan_shard(
        &self,
        shard: char,
        question: &Question<'_>,
        work: &Work,
    ) -> Result<Vec<Match>, Error> {
        let (scope, resource_type) = (self.scope(), self.resource_type());
        let (mut found, mut after, names) = (Vec::new(), None, question.names());
        loop {
            let names = names.as_ref().filter(|_| after.is_some());
            let limit = if names.is_some() { PARTS_AT_ONCE } else { STRIDE };
            let page =
                self.directory().walk_shard(scope, resource_type, shard, after.as_ref(), limit, names).await;
            let page = page.map_err(from_directory)?;
            let looked_at = page.records.len();
            let may_go_on = if names.is_some() { work.parts(looked_at) } else { work.resources(looked_at) };
            for mut one in self.matching(page.records, question).await? {
                one.record = one.record.filter(|_| names.is_none());
                found.push(one.kept(found.len()));
            }
            after = page.next;
            if after.is_none() {
                return Ok(found);
            }
            if !may_go_on {
                return Err(too_many(resource_type));
            }
        }
    }
}

impl Match {
    /// The match, as one that comes after so many: beyond what a page can show only the id is kept.
    fn kept(mut self, before: usize) -> Self {
        self.record = self.record.filter(|_| before < MOST_COUNT);
        self
    }
}

/// What a walk along an index found.
#[derive(Default)]
struct Walked {
    /// Those that match.
    sure: BTreeMap<ResourceId, Option<Rank>>,
    /// Those that may match.
    open: BTreeSet<ResourceId>,
}

/// The index that is walked for an attribute.
pub(super) const fn walkable(indexed: Indexed) -> Option<Index> {
    match indexed {
        Indexed::UserName => Some(Index::UserName),
        Indexed::DisplayName => Some(Index::DisplayName),
        Indexed::Email => Some(Index::Email),
        Indexed::ExternalId => Some(Index::ExternalId),
        Indexed::Id | Indexed::Member => None,
    }
}

/// The first `count` of `found` that are what the index said, each with its record; and how many before the last of them
/// are not.
pub(in crate::resources) async fn first(
    parts: &[Part<'_>],
    found: &mut impl Iterator<Item = (usize, Match)>,
    count: usize,
) -> Result<(Vec<(usize, Match)>, usize), Error> {
    let (mut page, mut gone) = (Vec::new(), 0);
    loop {
        let next: Vec<_> = found.take(count - page.len()).collect();
        if next.is_empty() {
            return Ok((page, gone));
        }
        let asked = next.len();
        let confirmed = confirmed(parts, next).await?;
        gone += asked - confirmed.len();
        page.extend(confirmed);
    }
}

/// Those of `found` that were looked at, or are looked at now and match.
async fn confirmed(parts: &[Part<'_>], found: Vec<(usize, Match)>) -> Result<Vec<(usize, Match)>, Error> {
    let mut seen = BTreeMap::new();
    for (at, Part { call, query }) in parts.iter().enumerate() {
        let unseen = found.iter().filter(|(part, one)| *part == at && one.record.is_none());
        let ids: Vec<_> = unseen.map(|(_, one)| one.id.clone()).collect();
        if ids.is_empty() {
            continue;
        }
        let records = call.directory().get_many(call.scope(), call.resource_type(), &ids).await;
        let matching = call.matching(records.map_err(from_directory)?, &call.question(query, None)?).await?;
        seen.extend(matching.into_iter().map(|one| ((at, one.id), one.record)));
    }
    Ok(found
        .into_iter()
        .filter_map(|(at, mut one)| {
            if one.record.is_none() {
                one.record = seen.remove(&(at, one.id.clone()))?;
            }
            Some((at, one))
        })
        .collect())
}
