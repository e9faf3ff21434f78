//! A page of everything there is, by `startIndex`: from the bookmark that the page before it left.

use directory::{Bookmark, Consistency, Position};
use scim::{Error, Object, list::ListQuery};
use time::OffsetDateTime;

use crate::{answer::from_directory, clock, resources::Call};

impl Call {
    /// How many there are.
    pub(in crate::resources) async fn total(&self) -> Result<usize, Error> {
        let total = self.directory().total(self.scope(), self.resource_type()).await;
        total.map(|total| usize::try_from(total).unwrap_or(usize::MAX)).map_err(from_directory)
    }

    /// A page of everything there is.
    pub(super) async fn page(&self, query: &ListQuery) -> Result<(usize, Vec<Object>), Error> {
        let (now, first) = (clock::now(), query.start_index as u64);
        let (total, page) = futures::join!(self.total(), Box::pin(self.records(query, now)));
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
                    self.service.crawls.note(self.scope(), self.resource_type(), &bookmark);
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
        if first == 1 {
            return self.walk(None, query.count).await;
        }
        let (scope, resource_type) = (self.scope(), self.resource_type());
        let guess = self.service.crawls.position(scope, resource_type, first);
        let guessed = async {
            match &guess {
                Some(position) => Some(self.walk(Some(position), query.count).await),
                None => None,
            }
        };
        let found = self.directory().bookmark(scope, resource_type, first, now);
        let (found, guessed) = futures::join!(found, guessed);
        let found = found.map_err(from_directory)?;
        let left = found.as_ref().map_or(first - 1, |found| first.saturating_sub(found.until));
        let mut after = found.map(|found| found.position);
        if let Some(page) = guessed.filter(|_| left == 0 && after == guess) {
            return page;
        }
        if left > 0 {
            let skipped = self.directory().skip(scope, resource_type, after.as_ref(), left).await;
            let skipped = skipped.map_err(from_directory)?;
            if skipped.count < left {
                return Ok(nothing);
            }
            after = skipped.position;
        }
        self.walk(after.as_ref(), query.count).await
    }

    async fn walk(&self, after: Option<&Position>, limit: usize) -> Result<directory::Page, Error> {
        let (scope, resource_type) = (self.scope(), self.resource_type());
        let walk = self.directory().walk(scope, resource_type, after, limit, Consistency::Eventual);
        walk.await.map_err(from_directory)
    }
}
