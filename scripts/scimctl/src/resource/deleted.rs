//! `list --deleted`: what can be restored.

use anyhow::{Context, Result};
use directory::Tombstone;
use serde_json::{Value, json};

use super::{find::text, list::List};
use crate::{clock::now, ending::written, print::columns, progress::Progress};

/// How many parts of the table are read at the same time.
const SEGMENTS: u16 = 8;

impl List {
    /// Deleted resources are found by their ids alone: to list them, everything is read.
    pub(super) async fn list_deleted(&self, endpoint: &str) -> Result<()> {
        let desk = self.whose.open(endpoint).await?;
        let progress = Progress::new("Reading the table", Some(desk.items));
        let scope = desk.operator.scope().await?;
        let seen = |items| progress.set(items);
        let found = desk.directory.tombstones(&scope, &desk.resource_type, now(), SEGMENTS, &seen).await;
        progress.end();
        let found = found.context("reading the table")?;
        let naming = desk.naming();
        let head = ["id", naming, "deleted", "until", "groups"].map(str::to_owned).to_vec();
        let rows = found.iter().map(|tombstone| row(tombstone, naming));
        let values: Value = found.iter().map(|tombstone| value(tombstone, naming)).collect();
        self.whose.format.print(&values, &columns(&std::iter::once(head).chain(rows).collect::<Vec<_>>()))
    }
}

fn row(tombstone: &Tombstone, naming: &str) -> Vec<String> {
    let Tombstone { record, deleted, until, group_count, .. } = tombstone;
    vec![
        record.id.to_string(),
        text(&record.attributes, naming).to_owned(),
        written(*deleted),
        written(*until),
        group_count.to_string(),
    ]
}

fn value(tombstone: &Tombstone, naming: &str) -> Value {
    let Tombstone { record, deleted, until, group_count, .. } = tombstone;
    json!({
        "id": record.id.as_str(), naming: text(&record.attributes, naming), "externalId": record.external_id,
        "deleted": written(*deleted), "until": written(*until), "groups": group_count,
    })
}
