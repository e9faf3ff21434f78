//! Reading the whole table, and beside each item what it must agree with.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity::Total};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::{sync::mpsc, time::Instant};

use super::{
    confirm::Suspect,
    entity::{Entity, tenant},
    link::Links,
    run::{Run, patiently},
    subject::Matter,
};
use crate::{Error, table::Item};

/// Items whose links are read together: with documents of the largest size this is what is kept of them at once.
const AT_ONCE: usize = 500;

/// A page of one part of the table.
struct Page {
    items: Vec<Item>,
    next: Option<Item>,
}

impl Run<'_> {
    /// Sends everything that looks wrong to `suspects`.
    pub(super) async fn scan(&self, suspects: mpsc::Sender<Suspect>) -> Result<(), Error> {
        let segments = self.check.segments.max(1);
        stream::iter(0..segments)
            .map(|segment| self.segment(segment, segments, &suspects))
            .buffer_unordered(usize::from(segments))
            .try_collect()
            .await
    }

    async fn segment(
        &self,
        segment: u16,
        segments: u16,
        suspects: &mpsc::Sender<Suspect>,
    ) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = patiently(async || self.page(segment, segments, after.clone()).await).await?;
            let mut items = page.items;
            while !items.is_empty() {
                let rest = items.split_off(items.len().min(AT_ONCE));
                self.examine(std::mem::replace(&mut items, rest), suspects).await?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn page(&self, segment: u16, segments: u16, after: Option<Item>) -> Result<Page, Error> {
        let mut call = self
            .directory
            .client
            .scan()
            .table_name(&*self.directory.table)
            .segment(segment.into())
            .total_segments(segments.into())
            .set_exclusive_start_key(after)
            .return_consumed_capacity(Total);
        if let Some(tenant) = &self.check.tenant {
            let prefix = AttributeValue::S(format!("{tenant}#"));
            call = call
                .filter_expression("begins_with(pk, :tenant)")
                .expression_attribute_values(":tenant", prefix);
        }
        let _under_way = self.usage.call();
        let answer = call.send().await.map_err(Error::from_sdk)?;
        self.usage.read(answer.consumed_capacity());
        Ok(Page { items: answer.items.unwrap_or_default(), next: answer.last_evaluated_key })
    }

    async fn examine(&self, items: Vec<Item>, suspects: &mpsc::Sender<Suspect>) -> Result<(), Error> {
        let (count, mut subjects, mut links) =
            (items.len(), Vec::with_capacity(items.len()), Links::default());
        for item in items {
            let subject = self.subject(item).await?;
            links.extend(subject.links());
            self.tally(tenant(&subject.key), &subject.matter);
            subjects.push(subject);
        }
        let links = &links;
        let others = patiently(async || self.read(links.clone()).await).await?;
        for subject in subjects {
            let problems = subject.judge(&others, self.now());
            if !problems.is_empty() {
                let suspect = Suspect { key: subject.key, problems, since: Instant::now() };
                // Whoever takes them ends early by an error only, which ends this too.
                let _ = suspects.send(suspect).await;
            }
        }
        self.saw(count);
        Ok(())
    }

    fn tally(&self, tenant: &str, matter: &Matter) {
        let mut tally = self.tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match matter {
            Matter::Stored(stored) => tally.count(tenant, stored.type_name(), stored.id().counter()),
            Matter::Entity(Entity::Counter(counter)) => tally.note(tenant, counter),
            _ => {}
        }
    }
}
