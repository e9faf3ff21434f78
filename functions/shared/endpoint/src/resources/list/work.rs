//! How much one query may look at.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use directory::Usage;
use scim::{Error, ErrorKind, Kind, ResourceType};
use tokio::time::Instant;

/// The most resources that a query reads.
pub(in crate::resources) const MOST_RESOURCES: usize = 50_000;
/// The most resources of which a query reads what it asks about alone: that is little, so the time ends most sooner.
const MOST_PARTS: usize = 250_000;
/// The most entries of an index that a query looks at: some thousands come in one answer.
const MOST_ENTRIES: usize = 1_000_000;
/// How long a query may look.
const LONGEST: Duration = Duration::from_secs(20);

/// What a query has looked at so far.
pub(in crate::resources) struct Work {
    ends: Instant,
    resources: AtomicUsize,
    parts: AtomicUsize,
    entries: AtomicUsize,
}

impl Work {
    /// Begins now.
    pub(in crate::resources) fn begin(usage: &Usage) -> Self {
        let ends = Instant::now() + LONGEST;
        let ends = usage.deadline().map_or(ends, |deadline| deadline.min(ends));
        let none = || AtomicUsize::new(0);
        Self { ends, resources: none(), parts: none(), entries: none() }
    }

    /// Counts resources that were read; whether more may be.
    pub(in crate::resources) fn resources(&self, count: usize) -> bool {
        self.goes_on(&self.resources, count, MOST_RESOURCES)
    }

    /// Counts resources of which a part was read; whether more may be.
    pub(super) fn parts(&self, count: usize) -> bool {
        self.goes_on(&self.parts, count, MOST_PARTS)
    }

    /// Counts entries of an index that were read; whether more may be.
    pub(super) fn entries(&self, count: usize) -> bool {
        self.goes_on(&self.entries, count, MOST_ENTRIES)
    }

    fn goes_on(&self, counter: &AtomicUsize, count: usize, most: usize) -> bool {
        counter.fetch_add(count, Ordering::Relaxed) + count < most && Instant::now() < self.ends
    }
}

/// The refusal of a query that would have to look at more (RFC 7644 §3.4.2.1).
pub(in crate::resources) fn too_many(resource_type: &ResourceType) -> Error {
    let quick = match resource_type.kind {
        Kind::User => {
            "compare id, userName, externalId or emails.value with eq, or one of the last three with sw"
        }
        Kind::Group => {
            "compare id, displayName, externalId or members.value with eq, or displayName or externalId with sw"
        }
        Kind::Other => "compare id or externalId with eq, or externalId with sw",
    };
    let detail = format!(
        "Too many resources would have to be looked at, more than {MOST_PARTS} or for longer than {} seconds: {quick}",
        LONGEST.as_secs()
    );
    Error::new(ErrorKind::TooMany, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_work_of_a_query_ends_by_number_and_by_time() {
        let work = Work::begin(&Usage::default());
        assert!(work.resources(MOST_RESOURCES - 1) && !work.resources(1));
        assert!(work.parts(MOST_PARTS - 1) && !work.parts(1));
        assert!(work.entries(MOST_ENTRIES - 1) && !work.entries(1));
        let work = Work::begin(&Usage::default());
        tokio::time::advance(LONGEST.saturating_sub(Duration::from_millis(1))).await;
        assert!(work.resources(0) && work.parts(0) && work.entries(0));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!work.resources(0) && !work.parts(0) && !work.entries(0));
    }

    #[tokio::test(start_paused = true)]
    async fn the_work_of_a_query_ends_with_its_request() {
        let usage = Usage::default();
        usage.end_at(Instant::now() + Duration::from_secs(1));
        let work = Work::begin(&usage);
        assert!(work.resources(0));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!work.resources(0));
    }
}
