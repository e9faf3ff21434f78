//! Reading the whole table for what a few of its items are: what no key leads to.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity::Total};
use futures::{TryStreamExt as _, stream};

use crate::{Directory, Error, Usage, fsck::patiently, table::Item};

/// Which items a scan returns, and what of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scan<'a> {
    /// The condition, in DynamoDB's expression language.
    pub(crate) filter: &'a str,
    /// What it compares with, by the names it gives them.
    pub(crate) values: &'a [(&'a str, &'a str)],
    /// What is returned of an item; `None` returns all.
    pub(crate) projection: Option<&'a str>,
    /// The names that condition and projection write as `#name`.
    pub(crate) names: &'a [&'a str],
    /// How many parts of the table are read at the same time.
    pub(crate) segments: u16,
    pub(crate) usage: &'a Usage,
}

impl Directory {
    /// Gives `take` the items that are sought, some at a time, and tells `seen` how many were looked at by then.
    pub(crate) async fn scan(
        &self,
        scan: Scan<'_>,
        seen: &(dyn Fn(u64) + Sync),
        take: impl AsyncFn(Vec<Item>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (looked_at, segments) = (AtomicU64::new(0), scan.segments.max(1));
        stream::iter((0..segments).map(Ok))
            .try_for_each_concurrent(usize::from(segments), async |segment| {
                let mut after = None;
                loop {
                    let page =
                        patiently(async || self.scan_page(scan, segment, segments, after.clone()).await);
                    let Page { items, looked_at: more, next } = page.await?;
                    if !items.is_empty() {
                        take(items).await?;
                    }
                    seen(looked_at.fetch_add(more, Ordering::Relaxed) + more);
                    after = next;
                    if after.is_none() {
                        return Ok(());
                    }
                }
            })
            .await
    }

    async fn scan_page(
        &self,
        scan: Scan<'_>,
        segment: u16,
        segments: u16,
        after: Option<Item>,
    ) -> Result<Page, Error> {
        let mut call = self
            .client
            .scan()
            .table_name(&*self.table)
            .segment(segment.into())
            .total_segments(segments.into())
            .set_exclusive_start_key(after)
            .filter_expression(scan.filter)
            .set_projection_expression(scan.projection.map(str::to_owned))
            .consistent_read(true)
            .return_consumed_capacity(Total);
        for name in scan.names {
            call = call.expression_attribute_names(format!("#{name}"), *name);
        }
        for (name, value) in scan.values {
            call = call.expression_attribute_values(*name, AttributeValue::S((*value).to_owned()));
        }
        let under_way = scan.usage.call();
        let answer = call.send().await.map_err(Error::from_sdk)?;
        drop(under_way);
        scan.usage.read(answer.consumed_capacity());
        Ok(Page {
            looked_at: u64::try_from(answer.scanned_count).unwrap_or_default(),
            items: answer.items.unwrap_or_default(),
            next: answer.last_evaluated_key.filter(|key| !key.is_empty()),
        })
    }
}

struct Page {
    items: Vec<Item>,
    /// How many items were read for it.
    looked_at: u64,
    next: Option<Item>,
}
