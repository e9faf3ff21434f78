//! What one resource type adds to a page by cursor.

use directory::{Consistency, Position, Record};
use scim::{Error, filter::plan::Plan};

use super::super::{
    list::{MOST_RESOURCES, STRIDE, Work, first},
    search::Part,
};
use crate::{answer::from_directory, cursor};

/// A part of what one resource type has.
pub(super) struct Stretch {
    pub(super) records: Vec<Record>,
    /// Whether something follows.
    pub(super) more: bool,
    /// The id after which it follows; `None` is the beginning.
    pub(super) last: Option<String>,
    /// How many there are in all, where that was to be counted and could be.
    pub(super) total: Option<usize>,
}

impl Part<'_> {
    /// Up to `limit` of those that match, in the order of their ids, from `after` on; fewer only when nothing follows,
    /// or when enough was looked at for one request.
    pub(super) async fn stretch(
        &self,
        after: Option<&str>,
        limit: usize,
        counts: bool,
    ) -> Result<Stretch, Error> {
        if limit == 0 && !counts {
            return Ok(Stretch { records: Vec::new(), more: true, last: None, total: None });
        }
        let Some(filter) = &self.query.filter else { return self.walked(after, limit, counts).await };
        match filter.plan(self.call.resource_type()) {
            Plan::Scan => self.scanned(after, limit, counts).await,
            Plan::Ids(_) | Plan::Lookups(_) | Plan::Ranges { .. } => self.looked_up(after, limit).await,
        }
    }

    /// A stretch of everything there is.
    async fn walked(&self, after: Option<&str>, limit: usize, counts: bool) -> Result<Stretch, Error> {
        self.call.facts.plan(Plan::Scan.to_string());
        let total = async { if counts { self.call.total().await.map(Some) } else { Ok(None) } };
        let (total, page) = futures::join!(total, self.walk(position(after)?, limit));
        let (total, page) = (total?, page?);
        let more = if limit == 0 { total != Some(0) } else { page.next.is_some() };
        let last = page.next.as_ref().map(Position::to_string);
        Ok(Stretch { records: page.records, more, last, total })
    }

    /// A stretch of those that keys or ranges find: all of them are found each time.
    async fn looked_up(&self, after: Option<&str>, limit: usize) -> Result<Stretch, Error> {
        let mut found = self.call.matches(&self.query, None, &self.work()).await?;
        found.sort_by(|one, other| one.id.cmp(&other.id));
        let total = found.len();
        found.retain(|one| after.is_none_or(|after| one.id.as_str() > after));
        let mut found = found.into_iter().map(|one| (0, one));
        let (page, gone) = first(std::slice::from_ref(self), &mut found, limit).await?;
        let more = found.next().is_some();
        let records: Vec<_> = page.into_iter().filter_map(|(_, one)| one.record).collect();
        let last = records.last().map(|record| record.id.to_string());
        Ok(Stretch { records, more, last, total: Some(total - gone) })
    }

    fn work(&self) -> Work {
        Work::begin(&self.call.scope().usage)
    }

    /// A stretch of those that a filter selects: looked for from `after` on, and all of them counted on the first page
    /// if they can be.
    async fn scanned(&self, after: Option<&str>, limit: usize, counts: bool) -> Result<Stretch, Error> {
        self.call.facts.plan(Plan::Scan.to_string());
        let (question, work) = (self.call.question(&self.query, None)?, self.work());
        let counts = counts && self.call.total().await? <= MOST_RESOURCES;
        let mut gathered = Gathered { limit, counts, ..Gathered::default() };
        let mut after = position(after)?;
        loop {
            let page = self.walk(after, STRIDE).await?;
            let may_go_on = work.resources(page.records.len());
            let matches = self.call.matching(page.records, &question).await?;
            gathered.add(matches.into_iter().filter_map(|one| one.record));
            after = page.next;
            if after.is_none() || !may_go_on || gathered.is_enough() {
                break;
            }
        }
        let last = if gathered.matched > limit {
            gathered.items.last().map(|record| record.id.to_string())
        } else {
            after.as_ref().map(Position::to_string)
        };
        Ok(Stretch {
            more: gathered.matched > limit || after.is_some(),
            last,
            total: (counts && after.is_none()).then_some(gathered.matched),
            records: gathered.items,
        })
    }

    async fn walk(&self, after: Option<Position>, limit: usize) -> Result<directory::Page, Error> {
        let (scope, resource_type) = (self.call.scope(), self.call.resource_type());
        let walk =
            self.call.directory().walk(scope, resource_type, after.as_ref(), limit, Consistency::Eventual);
        walk.await.map_err(from_directory)
    }
}

fn position(id: Option<&str>) -> Result<Option<Position>, Error> {
    id.map(|id| Position::parse(id).ok_or_else(cursor::invalid)).transpose()
}

/// What was found of a page so far.
struct Gathered<T> {
    /// The page.
    items: Vec<T>,
    /// How many it holds at most.
    limit: usize,
    /// Whether all that match are to be counted.
    counts: bool,
    matched: usize,
}

impl<T> Default for Gathered<T> {
    fn default() -> Self {
        Self { items: Vec::new(), limit: 0, counts: false, matched: 0 }
    }
}

impl<T> Gathered<T> {
    fn add(&mut self, matches: impl Iterator<Item = T>) {
        for item in matches {
            self.matched += 1;
            if self.items.len() < self.limit {
                self.items.push(item);
            }
        }
    }

    /// Whether the page is full and known to be followed by another.
    fn is_enough(&self) -> bool {
        !self.counts && self.matched > self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(limit: usize, counts: bool, steps: &[usize]) -> (usize, usize, bool) {
        let mut gathered = Gathered { limit, counts, ..Gathered::default() };
        for matched in steps {
            gathered.add(0..*matched);
        }
        (gathered.items.len(), gathered.matched, gathered.is_enough())
    }

    #[test]
    fn a_page_is_gathered_until_one_more_matches_or_all_are_counted() {
        assert_eq!(gathered(10, false, &[10]), (10, 10, false));
        assert_eq!(gathered(10, false, &[4, 7]), (10, 11, true));
        assert_eq!(gathered(10, true, &[11]), (10, 11, false));
    }
}
