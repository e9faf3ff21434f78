//! Queries (RFC 7644 §3.4.2): found by keys or along an index where the filter allows, else by walking the directory.

mod found;
mod page;
mod question;
mod remembered;
mod sorted;
mod work;

pub(super) use found::{Match, first};
pub(crate) use remembered::Remembered;
pub(super) use sorted::{After, Stretch};
pub(super) use work::{MOST_RESOURCES, Work, too_many};

use std::sync::atomic::AtomicUsize;

use axum::{body::Body, http::StatusCode};
use directory::Record;
use futures::{StreamExt, TryStreamExt, stream};
use scim::{
    Error, ErrorKind, Object,
    filter::plan::Plan,
    list::{self, ListQuery},
    sort,
};
use serde_json::Value;

use super::{Call, crawl::Crawl, search::Part};
use crate::answer::{self, Answer};

/// Resources read at a time on the way.
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
        in_bounds(&list::response(total, query.start_index, &resources))
    }

    /// How many resources match, and the page of them.
    pub(super) async fn select(&self, query: &ListQuery) -> Result<(usize, Vec<Object>), Error> {
        let key =
            query.sort_by.as_deref().map(|name| sort::Key::parse(name, self.resource_type())).transpose()?;
        let (total, page) = match (&query.filter, key) {
            (None, None) => {
                self.facts.plan(Plan::Scan.to_string());
                return self.page(query).await;
            }
            (None, Some(key)) if let Some(index) = self.index_of(&key) => self.sorted(query, index).await?,
            (_, key) => self.selected(query, key).await?,
        };
        let records = page.into_iter().filter_map(|one| one.record).collect();
        Ok((total, self.shown(records, query).await?))
    }

    /// How many match, and the page of them.
    async fn selected(
        &self,
        query: &ListQuery,
        key: Option<sort::Key<'_>>,
    ) -> Result<(usize, Vec<Match>), Error> {
        let mut found = self.matches(query, key, &Work::begin(&self.scope().usage)).await?;
        found.sort_by(|one, other| {
            query.sort_order.compare(&one.rank, &other.rank).then_with(|| one.id.cmp(&other.id))
        });
        let total = found.len();
        let parts = [Part { call: self, query: query.clone() }];
        let mut rest = found.into_iter().skip(query.start_index - 1).map(|one| (0, one));
        let (page, gone) = first(&parts, &mut rest, query.count).await?;
        Ok((total - gone, page.into_iter().map(|(_, one)| one).collect()))
    }

    /// The resources as the answer shows them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooMany`] when they are too large together, as soon as that is certain.
    pub(super) async fn shown(&self, records: Vec<Record>, query: &ListQuery) -> Result<Vec<Object>, Error> {
        let (size, projection) = (AtomicUsize::new(0), self.settled(query.projection.clone()));
        let named = self.named(records.iter().map(|record| &record.attributes), &projection);
        let people = self.people(named).await?;
        stream::iter(records)
            .map(async |record| {
                let beside = self.beside(&record, &projection).await?;
                let shown = projection.apply(self.resource_type(), self.resolved(&record, &beside, &people));
                if answer::is_too_much(&shown, &size) { Err(too_large()) } else { Ok(shown) }
            })
            .buffered(CONCURRENT)
            .try_collect()
            .await
    }
}

/// The answer with a page.
///
/// # Errors
///
/// [`ErrorKind::TooMany`] for one that is larger than Lambda passes on.
pub(super) fn in_bounds(page: &Value) -> Result<Answer, Error> {
    answer::json_in_bounds(StatusCode::OK, page).ok_or_else(too_large)
}

fn too_large() -> Error {
    let detail = "The answer would take more than 5 MB: ask for a smaller count, or for groups with \
                  excludedAttributes=members";
    Error::new(ErrorKind::TooMany, detail)
}
