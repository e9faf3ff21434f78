//! Where the crawls go on whose last page this sandbox served: their next page can be read while their bookmark is,
//! which alone says whether that is where it goes on.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use directory::{Bookmark, Position, Scope};
use scim::ResourceType;

/// The most crawls that are remembered; a client that pages through a directory makes one.
const MOST: usize = 256;

/// The last bookmark that this sandbox wrote for each connector and resource type.
#[derive(Default)]
pub(crate) struct Remembered(Mutex<HashMap<Crawler, (u64, Position)>>);

/// Tenant, connector and resource type.
type Crawler = (String, String, String);

impl Remembered {
    pub(super) fn note(&self, scope: &Scope, resource_type: &ResourceType, bookmark: &Bookmark) {
        let mut crawls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if crawls.len() >= MOST {
            crawls.clear();
        }
        let place = (bookmark.start_index, bookmark.position.clone());
        crawls.insert(crawler(scope, resource_type), place);
    }

    /// Where a page goes on, as far as this sandbox knows.
    pub(super) fn position(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        start_index: u64,
    ) -> Option<Position> {
        let crawls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (noted, position) = crawls.get(&crawler(scope, resource_type))?;
        (*noted == start_index).then(|| position.clone())
    }
}

fn crawler(scope: &Scope, resource_type: &ResourceType) -> Crawler {
    (scope.tenant.clone(), scope.connector.clone(), resource_type.name.clone())
}

#[cfg(test)]
mod tests {
    use scim::resource_type::{GROUPS, USERS};

    use super::*;

    fn bookmark(start_index: u64) -> Bookmark {
        let position = Position::parse("0a000000-0000-4000-8000-000000000000").expect("an id");
        Bookmark { start_index, until: start_index, position }
    }

    #[test]
    fn a_crawl_is_remembered_by_who_asks_for_what_and_where_it_goes_on() {
        let (remembered, scope) = (Remembered::default(), Scope::new("acme", "okta", ""));
        remembered.note(&scope, &USERS, &bookmark(101));
        assert_eq!(remembered.position(&scope, &USERS, 101), Some(bookmark(101).position));
        assert_eq!(remembered.position(&scope, &USERS, 201), None);
        assert_eq!(remembered.position(&scope, &GROUPS, 101), None);
        assert_eq!(remembered.position(&Scope::new("acme", "entra", ""), &USERS, 101), None);
        assert_eq!(remembered.position(&Scope::new("other", "okta", ""), &USERS, 101), None);
    }

    #[test]
    fn crawls_do_not_pile_up() {
        let remembered = Remembered::default();
        for number in 0..3 * MOST {
            remembered.note(&Scope::new(format!("t{number}"), "okta", ""), &USERS, &bookmark(101));
        }
        assert!(remembered.0.lock().expect("no panic").len() <= MOST);
    }
}
