//! Looking again at what looked wrong.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::{sync::mpsc, time::Instant};

use super::{
    Outcome,
    finding::Problem,
    link::Others,
    run::{Run, patiently},
    subject::Subject,
};
use crate::{Consistency, Error, keys::Key, record::text, table::Item};

/// Looks at the same time.
const AT_ONCE: usize = 16;
/// How often an item is read anew that changes while it is looked at.
const ATTEMPTS: u32 = 5;
/// Items that one transaction may read.
const MOST_READ: usize = 100;

/// An item that looked wrong.
#[derive(Debug)]
pub(super) struct Suspect {
    pub(super) key: Key,
    pub(super) problems: Vec<Problem>,
    pub(super) since: Instant,
}

impl Run<'_> {
    /// Looks again at each suspect when its pause is over, and finds what is still wrong with it.
    pub(super) async fn confirm(&self, waiting: mpsc::Receiver<Suspect>) -> Result<(), Error> {
        let suspects =
            stream::unfold(waiting, async |mut waiting| waiting.recv().await.map(|next| (next, waiting)));
        suspects.map(Ok).try_for_each_concurrent(AT_ONCE, |suspect| self.look(suspect)).await
    }

    async fn look(&self, suspect: Suspect) -> Result<(), Error> {
        tokio::time::sleep_until(suspect.since + self.check.pause).await;
        let key = &suspect.key;
        let Some((subject, others)) = patiently(async || self.moment(key).await).await? else {
            return Ok(());
        };
        let mut problems = subject.judge(&others, self.now());
        problems.retain(|problem| suspect.problems.contains(problem));
        let findings: Vec<_> = problems.into_iter().map(|problem| subject.finding(problem)).collect();
        let outcomes = if self.check.repair {
            self.mend(&subject, &others, &findings).await?
        } else {
            vec![Outcome::Left; findings.len()]
        };
        for (finding, outcome) in findings.into_iter().zip(outcomes) {
            self.found(finding, outcome);
        }
        Ok(())
    }

    /// An item and what it must agree with, as they are at one moment; `None` where it is gone, or never the same
    /// for long enough to be looked at.
    async fn moment(&self, key: &Key) -> Result<Option<(Subject, Others)>, Error> {
        for _ in 0..ATTEMPTS {
            let Some(item) = self.one(key).await? else { return Ok(None) };
            let subject = self.subject(item).await?;
            let links = subject.links();
            let (again, others) = match links.len() {
                0 => return Ok(Some((subject, Others::new()))),
                few if few < MOST_READ => match self.read_at_once(key, &links).await? {
                    Some(read) => read,
                    None => continue,
                },
                _ => {
                    let others = self.read(links).await?;
                    (self.one(key).await?, others)
                }
            };
            if again.is_some_and(|again| is_same(&again, &subject.item)) {
                return Ok(Some((subject, others)));
            }
        }
        Ok(None)
    }

    async fn one(&self, key: &Key) -> Result<Option<Item>, Error> {
        self.directory.item(&self.usage, key, Consistency::Strong).await
    }
}

/// Whether an item has not been written between two reads of it: a record by its revision, since its sets come in
/// any order.
fn is_same(one: &Item, other: &Item) -> bool {
    match (one.get("rev"), other.get("rev")) {
        (None, None) => one == other,
        (one_revision, other_revision) => {
            one_revision == other_revision
                && text(one, "rid") == text(other, "rid")
                && one.get("intent") == other.get("intent")
        }
    }
}
