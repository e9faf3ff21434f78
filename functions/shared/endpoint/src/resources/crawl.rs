//! Pages by cursor (RFC 9865): each goes on right after the last resource of the page before, whoever came or went
//! meanwhile.

mod stretch;

use scim::{
    Error, ErrorKind, Object,
    list::{self, CURSOR_TIMEOUT, ListQuery},
    sort::{Key, Rank},
};
use time::OffsetDateTime;

use super::{
    Call,
    list::{After, Match, Stretch, first, in_bounds, too_many},
    search::{Part, interleaved, ranked},
};
use crate::{
    answer::Answer,
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
            return Err(too_many(self.call.resource_type()));
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
        in_bounds(&body)
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
        let rank = from.map(|cursor| cursor.place.rank.as_deref().and_then(Rank::parse));
        let rank = rank.map(|rank| rank.ok_or_else(cursor::invalid)).transpose()?;
        let place = match (from, &rank) {
            (Some(Cursor { place, .. }), Some(rank)) => {
                let id = place.id.as_deref().unwrap_or_default();
                Some((self.part(place)?, After { rank, id }))
            }
            _ => None,
        };
        let (total, page, follows) = match self.along_index(place.as_ref(), sort_by).await? {
            Some(found) => found,
            None => self.ranked(place, sort_by).await?,
        };
        let next = page.last().filter(|_| follows).and_then(|(at, one)| {
            Some(Place {
                resource_type: self.parts[*at].call.resource_type().name.clone(),
                id: Some(one.id.to_string()),
                rank: Some(one.rank.as_ref()?.to_string()),
            })
        });
        let resources = interleaved(self.parts, page).await?;
        Ok(Page { total: Some(total), resources, next })
    }

    /// How many there are, those of the page and whether more follow, where all of one type are sorted by what an index
    /// holds.
    async fn along_index(
        &self,
        place: Option<&(usize, After<'_>)>,
        sort_by: &str,
    ) -> Result<Option<(usize, Vec<(usize, Match)>, bool)>, Error> {
        let [Part { call, query }] = self.parts else { return Ok(None) };
        let index = Key::parse(sort_by, call.resource_type()).ok().and_then(|key| call.index_of(&key));
        let Some(index) = index.filter(|_| query.filter.is_none()) else { return Ok(None) };
        let after = place.map(|(_, after)| *after);
        let (total, stretch) = futures::join!(call.total(), call.page_along(query, index, after, 0));
        let Stretch { found, more } = stretch?;
        Ok(Some((total?, found.into_iter().map(|one| (0, one)).collect(), more)))
    }

    /// How many match, those of them that make the page after the place, and whether more follow.
    async fn ranked(
        &self,
        place: Option<(usize, After<'_>)>,
        sort_by: &str,
    ) -> Result<(usize, Vec<(usize, Match)>, bool), Error> {
        let mut found = ranked(self.parts, self.query, sort_by).await?;
        let total = found.len();
        if let Some((at, After { rank, id })) = place {
            let is_before = |(part, one): &(usize, Match)| {
                let order = self.query.sort_order.compare(&one.rank.as_ref(), &Some(rank));
                order.then_with(|| (*part, one.id.as_str()).cmp(&(at, id))).is_le()
            };
            found.drain(..found.partition_point(is_before));
        }
        let mut found = found.into_iter();
        let (page, gone) = first(self.parts, &mut found, self.query.count).await?;
        Ok((total - gone, page, found.next().is_some()))
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
