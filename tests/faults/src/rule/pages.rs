//! Short pages: a page ends at 1 MB, wherever that is.

use std::collections::HashSet;

use serde_json::json;

use super::Rule;
use crate::{fault::Fault, request::Request};

/// Cuts the pages of `Query` and `Scan`.
#[derive(Debug)]
pub struct Pages {
    size: u64,
    has_empty: bool,
    /// Bodies that were answered by an empty page just now.
    emptied: HashSet<String>,
}

impl Pages {
    /// Pages of at most so many items.
    #[must_use]
    pub fn of(size: u64) -> Self {
        Self { size, has_empty: false, emptied: HashSet::new() }
    }

    /// Before each page but the first comes an empty one, which ends where it began.
    #[must_use]
    pub fn with_empty(mut self) -> Self {
        self.has_empty = true;
        self
    }
}

impl Rule for Pages {
    fn before(&mut self, request: &mut Request) -> Option<Fault> {
        if !matches!(request.operation(), "Query" | "Scan") {
            return None;
        }
        let start = &request.body()["ExclusiveStartKey"];
        if self.has_empty && start.is_object() && !self.emptied.remove(&request.sent().body) {
            self.emptied.insert(request.sent().body.clone());
            let page = json!({ "Items": [], "Count": 0, "ScannedCount": 0, "LastEvaluatedKey": start });
            return Some(Fault::Answered(page));
        }
        let limit = request.body()["Limit"].as_u64();
        if limit.is_none_or(|limit| limit > self.size) {
            request.body_mut()["Limit"] = json!(self.size);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_lowered_and_never_raised() {
        for (limit, expected) in [(json!(null), json!(2)), (json!(9), json!(2)), (json!(1), json!(1))] {
            let mut request = Request::new("Query", &json!({ "Limit": limit }));
            assert_eq!(Pages::of(2).before(&mut request), None);
            assert_eq!(request.body()["Limit"], expected);
        }
        let mut request = Request::new("GetItem", &json!({}));
        assert_eq!(Pages::of(2).before(&mut request), None);
        assert_eq!(request.body(), &json!({}));
    }

    #[test]
    fn an_empty_page_ends_where_it_began_and_comes_once() {
        let mut pages = Pages::of(1).with_empty();
        let mut ask = |body| pages.before(&mut Request::new("Query", &body));
        assert_eq!(ask(json!({})), None, "the first page has no place to end at");
        let second = json!({ "ExclusiveStartKey": { "pk": { "S": "a" } } });
        for _ in 0..2 {
            let Some(Fault::Answered(page)) = ask(second.clone()) else { panic!("an empty page") };
            assert_eq!(page["LastEvaluatedKey"], second["ExclusiveStartKey"]);
            assert_eq!((&page["Items"], &page["Count"]), (&json!([]), &json!(0)));
            assert_eq!(ask(second.clone()), None);
        }
    }
}
