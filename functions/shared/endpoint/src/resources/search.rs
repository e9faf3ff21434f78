//! `/.search` at the root: a query over all resource types (RFC 7644 §3.4.2.1, §3.4.3).

use std::sync::Arc;

use axum::{Router, body::Body, extract::FromRequestParts, routing::post};
use directory::Record;
use http::request::Parts;
use scim::{
    Error, Object, ResourceType,
    list::{self, ListQuery},
    search::{self, Selection},
    sort::{Key, Rank},
};

use super::{
    Call,
    crawl::Crawl,
    list::{Match, Work, first, in_bounds},
    respond,
};
use crate::{
    Service,
    answer::{self, Answer},
    authenticate::Caller,
    front,
};

/// The `/.search` over all resource types.
pub(crate) fn search(service: &Arc<Service>) -> Router {
    Router::new()
        .route("/.search", post(async |calls: Calls, body: Body| respond(calls.search(body).await)))
        .with_state(Arc::clone(service))
}

/// One request to all resource types of the tenant.
struct Calls(Vec<Call>);

impl FromRequestParts<Arc<Service>> for Calls {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Answer> {
        let calls = || -> Result<_, Error> {
            let caller: Caller = front::noted(&parts.extensions)?;
            caller.tenant.catalog.resource_types.iter().map(|it| Call::new(parts, service, it)).collect()
        };
        calls().map(Self).map_err(answer::error)
    }
}

/// A part of a query: what is asked of one resource type.
pub(super) struct Part<'a> {
    pub(super) call: &'a Call,
    pub(super) query: ListQuery,
}

impl Calls {
    async fn search(&self, body: Body) -> Result<Answer, Error> {
        let [first, ..] = &self.0[..] else { return response(0, 1, &[]) };
        let query = ListQuery::from_search(first.body(body).await?)?;
        if let Some(sort_by) = &query.sort_by {
            self.check(sort_by)?;
        }
        let parts = self.parts(&query)?;
        if query.cursor.is_some() {
            return Crawl { call: first, endpoint: "/", query: &query, parts: &parts }.answer().await;
        }
        let (total, resources) = match &query.sort_by {
            None => concatenated(&parts, &query).await?,
            Some(sort_by) => sorted(&parts, &query, sort_by).await?,
        };
        response(total, query.start_index, &resources)
    }

    /// Refuses to sort by what none of the resource types has.
    fn check(&self, sort_by: &str) -> Result<(), Error> {
        let keys = self.0.iter().map(|call| Key::parse(sort_by, call.resource_type()));
        let refusals = keys.map(Result::err).collect::<Option<Vec<_>>>();
        refusals.into_iter().flatten().next().map_or(Ok(()), Err)
    }

    /// What is asked of each resource type that can have an answer.
    fn parts(&self, query: &ListQuery) -> Result<Vec<Part<'_>>, Error> {
        let Some(filter) = &query.filter else {
            return Ok(self.0.iter().map(|call| Part { call, query: query.clone() }).collect());
        };
        let resource_types: Vec<&ResourceType> = self.0.iter().map(Call::resource_type).collect();
        search::check(filter, &resource_types)?;
        let parts = self.0.iter().filter_map(|call| {
            let filter = match Selection::of(filter, call.resource_type()) {
                Selection::All => None,
                Selection::Nothing => return None,
                Selection::Matching(filter) => Some(filter),
            };
            Some(Part { call, query: ListQuery { filter, ..query.clone() } })
        });
        Ok(parts.collect())
    }
}

/// The page of all resources together, sorted.
async fn sorted(parts: &[Part<'_>], query: &ListQuery, sort_by: &str) -> Result<(usize, Vec<Object>), Error> {
    let found = ranked(parts, query, sort_by).await?;
    let total = found.len();
    let mut rest = found.into_iter().skip(query.start_index - 1);
    let (page, gone) = first(parts, &mut rest, query.count).await?;
    Ok((total - gone, interleaved(parts, page).await?))
}

/// All resources that match, sorted, each with which part it is of.
pub(super) async fn ranked(
    parts: &[Part<'_>],
    query: &ListQuery,
    sort_by: &str,
) -> Result<Vec<(usize, Match)>, Error> {
    let mut found = Vec::new();
    for (at, Part { call, query }) in parts.iter().enumerate() {
        // A type without the attribute sorts as resources without a value do.
        let key = Key::parse(sort_by, call.resource_type()).ok();
        let work = Work::begin(&call.scope().usage);
        let matches = call.matches(query, key, &work).await?;
        found.extend(matches.into_iter().map(|mut one| {
            one.rank.get_or_insert(Rank::ABSENT);
            (at, one)
        }));
    }
    // Equal ones in the order of types and ids, which stays the same from one page to the next.
    found.sort_by(|(part, one), (other_part, other)| {
        let order = query.sort_order.compare(&one.rank, &other.rank);
        order.then_with(|| (part, &one.id).cmp(&(other_part, &other.id)))
    });
    Ok(found)
}

/// Resources of several parts as the answer shows them, in the order given.
pub(super) async fn interleaved(parts: &[Part<'_>], page: Vec<(usize, Match)>) -> Result<Vec<Object>, Error> {
    let mut records: Vec<Vec<Record>> = parts.iter().map(|_| Vec::new()).collect();
    let order: Vec<usize> = page
        .into_iter()
        .filter_map(|(at, one)| {
            records[at].push(one.record?);
            Some(at)
        })
        .collect();
    let mut shown = Vec::with_capacity(parts.len());
    for (part, records) in parts.iter().zip(records) {
        shown.push(part.call.shown(records, &part.query).await?.into_iter());
    }
    Ok(order.into_iter().filter_map(|at| shown[at].next()).collect())
}

/// The page of one resource type after the other.
async fn concatenated(parts: &[Part<'_>], query: &ListQuery) -> Result<(usize, Vec<Object>), Error> {
    let (mut total, mut resources) = (0, Vec::new());
    let mut start_index = query.start_index;
    for part in parts {
        let query = ListQuery { start_index, count: query.count - resources.len(), ..part.query.clone() };
        let (count, page) = part.call.select(&query).await?;
        total += count;
        resources.extend(page);
        start_index = start_index.saturating_sub(count).max(1);
    }
    Ok((total, resources))
}

fn response(total: usize, start_index: usize, resources: &[Object]) -> Result<Answer, Error> {
    in_bounds(&list::response(total, start_index, resources))
}
