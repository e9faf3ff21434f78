//! Checking the whole table: that every item is of a known shape, and that those which belong together agree.
//!
//! `scan` reads all items, a page at a time, and reads beside each what it must agree with. What looks wrong is a
//! suspicion: others write meanwhile, and a few things are written one after the other. `confirm` looks again a
//! little later, at one moment of all items involved, and only what is wrong then is found. `count` compares the
//! counters at the end. With [`Check::repair`], `mend` makes right what has one right state, by writes that do
//! nothing where the table has changed since.
//!
//! What is kept in memory grows with the number of tenants, not with what they hold.

mod confirm;
mod count;
mod entity;
mod finding;
mod leftover;
mod link;
mod membership;
mod mend;
mod run;
mod scan;
mod stored;
mod subject;

use std::{sync::Arc, time::Duration};

use scim::ResourceType;
use time::OffsetDateTime;

pub use finding::{Finding, Problem, Side};
pub(crate) use run::patiently;

use crate::{Directory, Error, Policy, Setting};

/// What to check, and how.
#[derive(Debug, Clone)]
pub struct Check {
    /// Only this tenant; `None` checks all.
    pub tenant: Option<String>,
    /// Whether to make right what is found.
    pub repair: bool,
    /// How many parts of the table are read at the same time.
    pub segments: u16,
    /// How long after it was seen a suspicion is looked at again. The two items of a membership are written one
    /// after the other: a repair that came between them would undo one, so that repairs need [`Self::SAFE_PAUSE`].
    pub pause: Duration,
    /// The time at which the check begins.
    pub now: OffsetDateTime,
}

/// How wrong the clock of whoever checks may be: a lease that ended less than this ago may be held still.
const SKEW: time::Duration = time::Duration::minutes(1);

impl Check {
    /// Longer than any request lasts: what is half done after it stays so.
    pub const SAFE_PAUSE: Duration = Duration::from_secs(35);

    /// A check of everything, beginning now, that repairs nothing.
    #[must_use]
    pub const fn new(now: OffsetDateTime) -> Self {
        Self { tenant: None, repair: false, segments: 8, pause: Duration::from_secs(5), now }
    }
}

/// What of a tenant's configuration decides how its items are to look.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its policy.
    pub policy: Policy,
    /// Its resource types, User and Group among them.
    pub resource_types: Vec<Arc<ResourceType>>,
}

impl Default for Profile {
    fn default() -> Self {
        let resource_types = scim::catalog::Catalog::default().resource_types;
        Self { policy: Policy::default(), resource_types }
    }
}

/// What a check tells on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// So many items have been seen by now.
    Seen(u64),
    /// This is wrong, and what has become of it.
    Found(Finding, Outcome),
}

/// What has become of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was only to be told, or there is more than one way to make it right.
    Left,
    /// It has been made right.
    Mended,
    /// The table changed in the moment of the repair: the next check tells what is left of it.
    Overtaken,
}

/// What a check has come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Items that were looked at.
    pub seen: u64,
    /// Findings.
    pub found: u64,
    /// Findings that were made right.
    pub mended: u64,
}

impl Directory {
    /// Checks the table, and tells `report` what is found when it is found.
    ///
    /// `interpret` makes a profile of a tenant's configuration, as whatever serves the tenant does.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], and [`Error::Unreadable`] for a tenant's configuration: an item that
    /// cannot be read is a finding.
    pub async fn fsck(
        &self,
        check: &Check,
        interpret: &(dyn Fn(Vec<Setting>) -> Profile + Sync),
        report: &(dyn Fn(Event) + Sync),
    ) -> Result<Summary, Error> {
        run::Run::new(self, check, interpret, report).run().await
    }
}
