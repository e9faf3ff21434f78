//! Everything there is in the order of an index: only the resources of a page are read.

use scim::{
    Error,
    filter::plan::{Bounds, Indexed, Plan, Range},
    list::ListQuery,
    sort::{Order, Rank},
};

use super::{
    found::{Match, first, walkable},
    work::{Work, too_many},
};
use crate::{
    answer::from_directory,
    resources::{Call, search::Part},
};

/// A part of everything, sorted.
pub(in crate::resources) struct Stretch {
    pub(in crate::resources) found: Vec<Match>,
    /// Whether something follows.
    pub(in crate::resources) more: bool,
}

/// Where in a sorted crawl a page begins: right after the resource of a rank and an id.
#[derive(Clone, Copy)]
pub(in crate::resources) struct After<'a> {
    pub(in crate::resources) rank: &'a Rank,
    pub(in crate::resources) id: &'a str,
}

impl Call {
    /// How many there are, and the page of them that the query asks for.
    pub(super) async fn sorted(
        &self,
        query: &ListQuery,
        index: Indexed,
    ) -> Result<(usize, Vec<Match>), Error> {
        let before = query.start_index - 1;
        let (total, page) = futures::join!(self.total(), self.page_along(query, index, None, before));
        let (total, Stretch { found, more }) = (total?, page?);
        let served = if found.is_empty() { 0 } else { before + found.len() + usize::from(more) };
        Ok((total.max(served), found))
    }

    /// The resources in the order of `index` after a place but for the first `skipped`: as many as the query asks for, or
    /// all where nothing follows.
    pub(in crate::resources) async fn page_along(
        &self,
        query: &ListQuery,
        index: Indexed,
        after: Option<After<'_>>,
        skipped: usize,
    ) -> Result<Stretch, Error> {
        let whole = Plan::Ranges { ranges: vec![Range::whole(index)], lookups: Vec::new() };
        self.facts.plan(whole.to_string());
        let parts = [Part { call: self, query: ListQuery { filter: None, ..query.clone() } }];
        let (work, mut slack) = (Work::begin(&self.scope().usage), 0);
        loop {
            // A page of none asks for the total alone.
            let wanted = if query.count == 0 { 0 } else { skipped.saturating_add(query.count + slack) };
            let Stretch { found, more } = self.along(index, query.sort_order, after, wanted, &work).await?;
            let mut rest = found.into_iter().skip(skipped).map(|one| (0, one));
            let (page, gone) = first(&parts, &mut rest, query.count).await?;
            let more = more || rest.next().is_some();
            // The index names some that are gone: those that take their places lie further on.
            if page.len() < query.count && more {
                slack += gone.max(1) * 2;
                continue;
            }
            return Ok(Stretch { found: page.into_iter().map(|(_, one)| one).collect(), more });
        }
    }

    /// Those in the order of `index` after a place, of equal rank in the order of their ids: `wanted` of them, and more
    /// where others are equal to the last.
    async fn along(
        &self,
        index: Indexed,
        order: Order,
        after: Option<After<'_>>,
        wanted: usize,
        work: &Work,
    ) -> Result<Stretch, Error> {
        let mut ranked = Vec::new();
        let (Some(walked), true) = (walkable(index), wanted > 0) else {
            return Ok(Stretch { found: Vec::new(), more: false });
        };
        let (bounds, mut mark) = (bounds(order, after.as_ref()), None);
        let more = loop {
            // One more than is wanted tells whether something follows.
            let limit = Some((wanted - ranked.len().min(wanted)).saturating_add(1));
            let page = self.directory().entries(self.scope(), walked, &bounds, order, mark.as_ref(), limit);
            let page = page.await.map_err(from_directory)?;
            let may_go_on = work.entries(page.entries.len());
            let entries = page.entries.into_iter().map(|entry| (Rank::text(entry.text), entry.id));
            ranked.extend(entries.filter(|(rank, id)| {
                after.as_ref().is_none_or(|after| {
                    order.compare(rank, after.rank).then_with(|| id.as_str().cmp(after.id)).is_gt()
                })
            }));
            mark = page.next;
            let is_full = wanted <= ranked.len()
                && ranked.last().is_some_and(|(last, _)| *last != ranked[wanted - 1].0);
            if is_full || mark.is_none() {
                break is_full;
            }
            if !may_go_on {
                return Err(too_many(self.resource_type()));
            }
        };
        ranked
            .sort_by(|(one, id), (other, other_id)| order.compare(one, other).then_with(|| id.cmp(other_id)));
        let more = more || ranked.len() > wanted;
        let found = ranked.into_iter().map(|(rank, id)| Match { id, rank: Some(rank), record: None });
        Ok(Stretch { found: found.collect(), more })
    }
}

/// Where in the index everything after a place lies.
fn bounds(order: Order, after: Option<&After<'_>>) -> Bounds {
    match (order, after.and_then(|after| after.rank.beginning())) {
        (Order::Ascending, Some((text, _))) => Bounds::Between { from: Some(text.to_owned()), to: None },
        (Order::Descending, Some((text, true))) => Bounds::Between { from: None, to: Some(text.to_owned()) },
        _ => Bounds::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(order: Order, text: &str, expected: (Option<&str>, Option<&str>)) {
        let rank = Rank::text(text.to_owned());
        let (from, to) = match bounds(order, Some(&After { rank: &rank, id: "" })) {
            Bounds::Between { from, to } => (from, to),
            _ => (None, None),
        };
        assert_eq!((from.as_deref(), to.as_deref()), expected);
    }

    #[test]
    fn a_crawl_goes_on_from_the_text_of_its_last_rank() {
        check(Order::Ascending, "ann", (Some("ann"), None));
        check(Order::Descending, "ann", (None, Some("ann")));
        let long = "x".repeat(600);
        check(Order::Ascending, &long, (Some(&long[..509]), None));
        check(Order::Descending, &long, (None, None));
    }
}
