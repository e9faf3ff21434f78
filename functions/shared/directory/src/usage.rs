//! What a request costs: calls, round trips and capacity units, as the service reports them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::types::ConsumedCapacity;
use tokio::time::Instant;

/// What the calls made so far have cost, and the time that all have together; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Usage(Arc<Mutex<Counts>>);

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    calls: u64,
    round_trips: u64,
    in_flight: u64,
    conflicts: u64,
    throttles: u64,
    read_units: f64,
    write_units: f64,
    deadline: Option<Instant>,
}

/// Why something is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Others were at the same resource.
    Conflict,
    /// The service took less at once than it was sent.
    Throttle,
}

impl Usage {
    /// Nothing is tried again, or waited for, beyond this time.
    pub fn end_at(&self, deadline: Instant) {
        self.counts().deadline = Some(deadline);
    }

    /// When the request must be answered.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.counts().deadline
    }

    /// Calls to the service. One that the SDK repeated counts once.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.counts().calls
    }

    /// Sequential round trips: how often a call was made while none was under way.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.counts().round_trips
    }

    /// How often something was tried again: conflicts and throttles together.
    #[must_use]
    pub fn retries(&self) -> u64 {
        let counts = self.counts();
        counts.conflicts + counts.throttles
    }

    /// How often something was tried again because others were at the same resource.
    #[must_use]
    pub fn conflicts(&self) -> u64 {
        self.counts().conflicts
    }

    /// How often something was tried again because the service took less at once than it was sent. What the SDK
    /// repeats by itself is not among them.
    #[must_use]
    pub fn throttles(&self) -> u64 {
        self.counts().throttles
    }

    /// Read capacity units of answered calls.
    #[must_use]
    pub fn read_units(&self) -> f64 {
        self.counts().read_units
    }

    /// Write capacity units of answered calls, indexes included.
    #[must_use]
    pub fn write_units(&self) -> f64 {
        self.counts().write_units
    }

    /// Counts a call, which is under way until the guard is dropped.
    pub(crate) fn call(&self) -> UnderWay<'_> {
        let mut counts = self.counts();
        counts.calls += 1;
        counts.round_trips += u64::from(counts.in_flight == 0);
        counts.in_flight += 1;
        UnderWay(self)
    }

    pub(crate) fn retry(&self, cause: Cause) {
        let mut counts = self.counts();
        match cause {
            Cause::Conflict => counts.conflicts += 1,
            Cause::Throttle => counts.throttles += 1,
        }
    }

    pub(crate) fn read<'a>(&self, capacity: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.counts().read_units += units(capacity);
    }

    pub(crate) fn write<'a>(&self, capacity: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.counts().write_units += units(capacity);
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn units<'a>(capacity: impl IntoIterator<Item = &'a ConsumedCapacity>) -> f64 {
    capacity.into_iter().filter_map(ConsumedCapacity::capacity_units).sum()
}

/// A call under way.
pub(crate) struct UnderWay<'a>(&'a Usage);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.counts().in_flight -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_overlap_are_one_round_trip() {
        let usage = Usage::default();
        let (first, second) = (usage.call(), usage.call());
        drop(first);
        let third = usage.call();
        drop((second, third));
        drop(usage.call());
        assert_eq!((usage.calls(), usage.round_trips()), (4, 2));
    }
}
