//! Queries (RFC 7644 §3.4.2): found by keys where the filter allows, else by walking the directory.

use axum::{body::Body, http::StatusCode};
use directory::{Bookmark, Consistency, Lookup, Position, Record};
use futures::{StreamExt, TryStreamExt, stream};
use scim::{
    Error, ErrorKind, Kind, Object, ResourceId,
    filter::{
        BoundFilter,
        plan::{Indexed, Leaf, Plan},
    },
    list::{self, ListQuery},
    members::MEMBERS,
    sort,
};

use time::OffsetDateTime;

use super::{Call, crawl::Crawl, read::Beside, search::Part};
use crate::{
    answer::{self, Answer, from_directory},
    clock,
};

/// The most documents one query looks at when no key narrows it down.
pub(super) const MOST_SCANNED: usize = 50_000;
/// Documents read at a time on the way.
pub(super) const STRIDE: usize = 500;
/// Reads under way at once for what lies beside the resources of a page.
const CONCURRENT: usize = 25;

impl Call {
    pub(super) async fn list(&self) -> Result<Answer, Error> {
        let query = ListQuery::from_pairs(&self.parameters)?;
        self.query(query).await
    }

    pub(super) async fn search(&self, body: Body) -> Result<Answer, Error> {
        self.query(ListQuery::from_search(self.body(body).await?)?).await
    }

    async fn query(&self, query: ListQuery) -> Result<Answer, Error> {
        if query.cursor.is_some() {
            if let Some(sort_by) = &query.sort_by {
                sort::Key::parse(sort_by, self.resource_type())?;
            }
            let parts = [Part { call: self, query: query.clone() }];
            let endpoint = &self.resource_type().endpoint;
            return Crawl { call: self, endpoint, query: &query, parts: &parts }.answer().await;
        }
        let (total, resources) = self.select(&query).await?;
        Ok(answer::json(StatusCode::OK, &list::response(total, query.start_index, &resources)))
    }

    /// How many resources match, and the page of them.
    pub(super) async fn select(&self, query: &ListQuery) -> Result<(usize, Vec<Object>), Error> {
        let key =
            query.sort_by.as_deref().map(|name| sort::Key::parse(name, self.resource_type())).transpose()?;
        if query.filter.is_none() && key.is_none() {
            self.facts.plan(Plan::Scan.to_string());
            return self.page(query).await;
        }
        let mut found = self.matches(query, key.as_ref()).await?;
        if let Some(key) = key {
            key.sort(&mut found, query.sort_order, |(_, resource)| resource);
        }
        let total = found.len();
        let page = found.into_iter().skip(query.start_index - 1).take(query.count);
        let shown = self.shown(page.map(|(record, _)| record).collect(), query).await?;
        Ok((total, shown))
    }

    /// All that match, in no order of theirs, each with the resource that was looked at, in which `key` has its value.
    pub(super) async fn matches(
        &self,
        query: &ListQuery,
        key: Option<&sort::Key<'_>>,
    ) -> Result<Vec<(Record, Object)>, Error> {
        let filter = query.filter.as_ref().map(|filter| filter.bind(self.resource_type())).transpose()?;
        let plan = query.filter.as_ref().map_or(Plan::Scan, |filter| filter.plan(self.resource_type()));
        self.facts.plan(plan.to_string());
        match plan {
            Plan::Scan => self.scan(filter.as_ref(), key).await,
            plan => self.look_up(plan, filter.as_ref(), key).await,
        }
    }

    /// How many there are.
    pub(super) async fn total(&self) -> Result<usize, Error> {
        let total = self.directory().total(self.scope(), self.resource_type()).await;
        total.map(|total| usize::try_from(total).unwrap_or(usize::MAX)).map_err(from_directory)
    }

    /// A page of everything there is.
    async fn page(&self, query: &ListQuery) -> Result<(usize, Vec<Object>), Error> {
        let (now, first) = (clock::now(), query.start_index as u64);
        let (total, page) = futures::join!(self.total(), self.records(query, now));
        let (total, page) = (total?, page?);
        if page.records.is_empty() {
            return Ok((total, Vec::new()));
        }
        let served = query.start_index - 1 + page.records.len();
        // A directory that fits into one page needs no bookmark; the end of a longer one does, lest the client's
        // last question meets a bookmark of an earlier crawl.
        let position = page.next.clone().or_else(|| if first > 1 { Position::end() } else { None });
        let bookmark = position.map(|position| Bookmark {
            start_index: served as u64 + 1,
            until: if page.next.is_some() { served as u64 + 1 } else { first + query.count as u64 },
            position,
        });
        let remember = async {
            match bookmark {
                Some(bookmark) => {
                    self.directory().put_bookmark(self.scope(), self.resource_type(), &bookmark, now).await
                }
                None => Ok(()),
            }
        };
        let (remembered, shown) = futures::join!(remember, self.shown(page.records, query));
        remembered.map_err(from_directory)?;
        // Never fewer than were served, and one more while there is more: a client that counts must not stop early.
        Ok((total.max(served + usize::from(page.next.is_some())), shown?))
    }

    /// The records of a page: from the nearest bookmark, passing over what lies between.
    async fn records(&self, query: &ListQuery, now: OffsetDateTime) -> Result<directory::Page, Error> {
        let nothing = directory::Page { records: Vec::new(), next: None };
        if query.count == 0 {
            return Ok(nothing);
        }
        let first = query.start_index as u64;
        let mut after = None;
        if first > 1 {
            let found = self.directory().bookmark(self.scope(), self.resource_type(), first, now).await;
            let found = found.map_err(from_directory)?;
            let left = found.as_ref().map_or(first - 1, |found| first.saturating_sub(found.until));
            after = found.map(|found| found.position);
            if left > 0 {
                let skipped =
                    self.directory().skip(self.scope(), self.resource_type(), after.as_ref(), left).await;
                let skipped = skipped.map_err(from_directory)?;
                if skipped.count < left {
                    return Ok(nothing);
                }
                after = skipped.position;
            }
        }
        self.directory()
            .walk(self.scope(), self.resource_type(), after.as_ref(), query.count, Consistency::Eventual)
            .await
            .map_err(from_directory)
    }

    /// Those that some keys find and the filter confirms, in the directory's own order.
    async fn look_up(
        &self,
        plan: Plan,
        filter: Option<&BoundFilter<'_>>,
        key: Option<&sort::Key<'_>>,
    ) -> Result<Vec<(Record, Object)>, Error> {
        let mut ids: Vec<ResourceId> = match plan {
            Plan::Ids(ids) => ids.iter().filter_map(|id| ResourceId::parse(id)).collect(),
            Plan::Lookups(leaves) => {
                let found: Vec<Vec<ResourceId>> = stream::iter(leaves)
                    .map(|leaf| self.find(leaf))
                    .buffer_unordered(CONCURRENT)
                    .try_collect()
                    .await?;
                found.concat()
            }
            Plan::Scan => Vec::new(),
        };
        ids.retain(|id| id.kind() == self.resource_type().kind);
        ids.sort();
        ids.dedup();
        let records = self
            .directory()
            .get_many(self.scope(), self.resource_type(), &ids)
            .await
            .map_err(from_directory)?;
        self.matching(records, filter, key).await
    }

    async fn find(&self, leaf: Leaf) -> Result<Vec<ResourceId>, Error> {
        let Leaf { attribute, value } = leaf;
        let lookup = match attribute {
            Indexed::Id => return Ok(ResourceId::parse(&value).into_iter().collect()),
            Indexed::Member => {
                let Some(member) = ResourceId::parse(&value) else { return Ok(Vec::new()) };
                let groups = self
                    .directory()
                    .groups_of(self.scope(), &member, Consistency::Strong)
                    .await
                    .map_err(from_directory)?;
                return Ok(groups.into_iter().map(|group| group.id).collect());
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

    /// All that match, found by looking at each.
    async fn scan(
        &self,
        filter: Option<&BoundFilter<'_>>,
        key: Option<&sort::Key<'_>>,
    ) -> Result<Vec<(Record, Object)>, Error> {
        let mut found = Vec::new();
        let mut scanned = 0;
        let mut after: Option<Position> = None;
        loop {
            let page = self
                .directory()
                .walk(self.scope(), self.resource_type(), after.as_ref(), STRIDE, Consistency::Eventual)
                .await
                .map_err(from_directory)?;
            scanned += page.records.len();
            found.extend(self.matching(page.records, filter, key).await?);
            after = page.next;
            if after.is_none() {
                return Ok(found);
            }
            if scanned >= MOST_SCANNED {
                return Err(self.too_many());
            }
        }
    }

    pub(super) fn too_many(&self) -> Error {
        let indexed = match self.resource_type().kind {
            Kind::User => "id, userName, externalId or emails.value",
            Kind::Group => "id, displayName, externalId or members.value",
            Kind::Other => "id or externalId",
        };
        let detail = format!(
            "More than {MOST_SCANNED} resources would have to be looked at: compare {indexed} with eq"
        );
        Error::new(ErrorKind::TooMany, detail)
    }

    /// The records that match, each with the resource that was looked at.
    pub(super) async fn matching(
        &self,
        records: Vec<Record>,
        filter: Option<&BoundFilter<'_>>,
        key: Option<&sort::Key<'_>>,
    ) -> Result<Vec<(Record, Object)>, Error> {
        let reads = |name: &str| {
            filter.is_some_and(|filter| filter.reads(name)) || key.is_some_and(|key| key.reads(name))
        };
        let (reads_groups, reads_members) = (reads("groups"), reads(MEMBERS));
        let looked_at: Vec<(Record, Object)> = stream::iter(records)
            .map(async |record| {
                let mut beside = Beside::default();
                if self.resource_type().kind == Kind::User && reads_groups {
                    beside.groups = self.groups(&record.id).await?;
                }
                if self.resource_type().kind == Kind::Group && reads_members {
                    beside.members = self.members(&record.id).await?;
                }
                let whole = self.whole(&record, &beside);
                Ok::<_, Error>((record, whole))
            })
            .buffered(CONCURRENT)
            .try_collect()
            .await?;
        Ok(looked_at
            .into_iter()
            .filter(|(_, resource)| filter.is_none_or(|filter| filter.matches(resource)))
            .collect())
    }

    /// The resources as the answer shows them.
    pub(super) async fn shown(&self, records: Vec<Record>, query: &ListQuery) -> Result<Vec<Object>, Error> {
        stream::iter(records)
            .map(async |record| {
                let beside = self.beside(&record.id, &query.projection).await?;
                Ok(query.projection.apply(self.resource_type(), self.whole(&record, &beside)))
            })
            .buffered(CONCURRENT)
            .try_collect()
            .await
    }
}
