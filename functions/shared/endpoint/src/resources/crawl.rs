//! Pages by cursor (RFC 9865): each goes on right after the last resource of the page before, whoever came or went
//! meanwhile.

mod stretch;

use axum::http::StatusCode;
use scim::{
    Error, ErrorKind, Object,
    list::{self, CURSOR_TIMEOUT, ListQuery},
    sort::Rank,
};
use time::OffsetDateTime;

use super::{
    Call,
    search::{Part, interleaved, ranked},
};
use crate::{
    answer::{self, Answer},
    clock,
    cursor::{self, Cursor, Place},
};

/// A query that is paged by cursor.
pub(super) struct Crawl<'a> {
    /// Who asks.
    pub(super) call: &'a Call,
    /// The path of the endpoint that is asked.
    pub(super) endpoint: &'a str,
    /// What is asked.
    pub(super) query: &'a ListQuery,
    /// What is asked of each resource type; one follows the other.
    pub(super) parts: &'a [Part<'a>],
}

/// A page, and what it ends with where another one follows.
struct Page {
    total: Option<usize>,
    resources: Vec<Object>,
    next: Option<Place>,
}

impl Crawl<'_> {
    pub(super) async fn answer(&self) -> Result<Answer, Error> {
        let (now, scope, question) = (clock::now(), self.call.scope(), self.query.question());
        let sealed_for = cursor::Query {
            tenant: &scope.tenant,
            connector: &scope.connector,
            endpoint: self.endpoint,
            question: &question,
        };
        let from = self.open(&sealed_for, now).await?;
        let page = match &self.query.sort_by {
            None => self.in_order_of_ids(from.as_ref()).await?,
            Some(sort_by) => self.sorted(from.as_ref(), sort_by).await?,
        };
        if self.query.count == 0 && page.total.is_none() {
            return Err(self.call.too_many());
        }
        // A page without room is followed by no other.
        let place = page.next.filter(|_| self.query.count > 0);
        let served = from.map_or(0, |cursor| cursor.served) + page.resources.len();
        // Never fewer than were served, and one more while there is more.
        let total = page.total.map(|total| total.max(served + usize::from(place.is_some())));
        let mut next = None;
        if let Some(place) = place {
            let ends = (now + CURSOR_TIMEOUT).unix_timestamp();
            let cursor = Cursor { count: self.query.count, served, total: page.total, place, ends };
            next = Some(self.seal(&cursor, &sealed_for, now).await?);
        }
        let body = list::cursor_response(total, next.as_deref(), &page.resources);
        Ok(answer::json(StatusCode::OK, &body))
    }

    /// The cursor that the client sent; `None` for the first page.
    async fn open(&self, query: &cursor::Query<'_>, now: OffsetDateTime) -> Result<Option<Cursor>, Error> {
        let Some(text) = self.query.cursor.as_deref().filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let connectors = &self.call.service.connectors;
        let open = |key: &_| Cursor::open(text, query, key);
        let opened = connectors.try_keys(cursor::PURPOSE, now, open).await.map_err(from_keys)?;
        let cursor = opened.ok_or_else(cursor::invalid)?;
        cursor.check(self.query.count, now)?;
        Ok(Some(cursor))
    }

    async fn seal(
        &self,
        cursor: &Cursor,
        query: &cursor::Query<'_>,
        now: OffsetDateTime,
    ) -> Result<String, Error> {
        let connectors = &self.call.service.connectors;
        let key = connectors.newest_key(cursor::PURPOSE, now).await.map_err(from_keys)?;
        let nonce = clock::nonce().map_err(|cause| internal(&cause))?;
        cursor.seal(query, &key, nonce).ok_or_else(|| internal(&"it could not be sealed"))
    }

    /// Which of the parts a place is in.
    fn part(&self, place: &Place) -> Result<usize, Error> {
        let name = &place.resource_type;
        let found = self.parts.iter().position(|part| part.call.resource_type().name == *name);
        found.ok_or_else(cursor::invalid)
    }

    async fn in_order_of_ids(&self, from: Option<&Cursor>) -> Result<Page, Error> {
        let is_first = from.is_none();
        let (mut total, mut after, begin) = match from {
            None => (Some(0), None, 0),
            Some(cursor) => (cursor.total, cursor.place.id.as_deref(), self.part(&cursor.place)?),
        };
        let (mut resources, mut next) = (Vec::new(), None);
        for part in &self.parts[begin..] {
            let limit = if next.is_some() { 0 } else { self.query.count - resources.len() };
            let stretch = part.stretch(after.take(), limit, is_first).await?;
            if is_first {
                total = total.zip(stretch.total).map(|(total, more)| total + more);
            }
            if next.is_none() && stretch.more {
                let resource_type = part.call.resource_type().name.clone();
                next = Some(Place { resource_type, id: stretch.last, rank: None });
            }
            resources.extend(part.call.shown(stretch.records, &part.query).await?);
            if next.is_some() && !is_first {
                break;
            }
        }
        Ok(Page { total, resources, next })
    }

    /// A page of all that match, sorted: those that come after the place, by their rank and by their id.
    async fn sorted(&self, from: Option<&Cursor>, sort_by: &str) -> Result<Page, Error> {
        let mut found = ranked(self.parts, self.query, sort_by).await?;
        let total = found.len();
        if let Some(Cursor { place, .. }) = from {
            let at = self.part(place)?;
            let rank = place.rank.as_deref().and_then(Rank::parse).ok_or_else(cursor::invalid)?;
            let id = place.id.as_deref().unwrap_or_default();
            found.drain(
                ..found.partition_point(|(other, part, record)| {
                    let order = self.query.sort_order.compare(other, &rank);
                    order.then_with(|| (*part, record.id.as_str()).cmp(&(at, id))).is_le()
                }),
            );
        }
        let follows = found.len() > self.query.count;
        found.truncate(self.query.count);
        let next = found.last().filter(|_| follows).map(|(rank, at, record)| Place {
            resource_type: self.parts[*at].call.resource_type().name.clone(),
            id: Some(record.id.to_string()),
            rank: Some(rank.to_string()),
        });
        let page = found.into_iter().map(|(_, at, record)| (at, record));
        let resources = interleaved(self.parts, page).await?;
        Ok(Page { total: Some(total), resources, next })
    }
}

/// What a client is told when keys cannot be read: the cause is logged here.
fn from_keys(error: connector::Error) -> Error {
    match error {
        connector::Error::Unavailable(cause) => {
            tracing::error!(cause, "Secrets Manager does not answer");
            let detail = "The keys of cursors cannot be read at the moment: repeat the request";
            Error::new(ErrorKind::Unavailable, detail)
        }
        other => internal(&other),
    }
}

fn internal(cause: &dyn std::fmt::Display) -> Error {
    tracing::error!(%cause, "a cursor cannot be made or read");
    Error::new(ErrorKind::Internal, "Internal error: the cause is in the log under this request's id")
}
