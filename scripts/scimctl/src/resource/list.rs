//! `list`: resources as columns, or as JSON, one a line.

use anyhow::Result;
use endpoint::operator::Listing;
use scim::{Object, ResourceType, members::MEMBERS};
use serde_json::Value;

use super::{
    Whose,
    column::{Column, cell},
};
use crate::{print::columns, progress::Progress};

/// Options of `list`.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only those that match, as in 'active eq false and userName sw "ann"'
    #[arg(long, conflicts_with = "deleted")]
    filter: Option<String>,

    /// These attributes, separated by commas, by their SCIM paths
    #[arg(long, conflicts_with = "deleted")]
    attributes: Option<String>,

    /// How many at most; 0 lists all
    #[arg(long, value_name = "N", default_value_t = 100)]
    count: usize,

    /// Those that are deleted and can be restored: reads the whole table
    #[arg(long)]
    pub(super) deleted: bool,

    #[command(flatten)]
    pub(super) whose: Whose,
}

impl List {
    pub(crate) async fn run(&self, endpoint: &str) -> Result<()> {
        if self.deleted {
            return self.list_deleted(endpoint).await;
        }
        let desk = self.whose.open(endpoint).await?;
        let shown = self.columns(&desk.resource_type)?;
        let listing = Listing {
            filter: self.filter.clone(),
            attributes: self.attributes.as_ref().map(|_| paths(&shown)),
            excluded_attributes: self.attributes.is_none().then(|| format!("{MEMBERS},groups")),
        };
        let progress = Progress::new("Listing", None);
        let most = if self.count == 0 { usize::MAX } else { self.count };
        let mut rows = vec![shown.iter().map(|column| column.path.clone()).collect::<Vec<_>>()];
        let (mut listed, mut after) = (0, None);
        let more = loop {
            let page = desk.page(&listing, after.as_deref()).await?;
            let left = most - listed;
            let is_cut = page.resources.len() > left;
            for resource in page.resources.into_iter().take(left) {
                listed += 1;
                if self.whose.format.is_json() {
                    progress.line(&Value::Object(resource).to_string())?;
                } else {
                    rows.push(row(&resource, &shown));
                }
            }
            progress.set(listed as u64);
            after = page.next;
            if is_cut || after.is_none() || listed == most {
                break is_cut || after.is_some();
            }
        };
        progress.end();
        if !self.whose.format.is_json() {
            progress.line(&columns(&rows))?;
        }
        if more {
            self.whose.format.remark(&format!("More follow these {listed}: --count 0 lists all."));
        }
        Ok(())
    }

    fn columns(&self, resource_type: &ResourceType) -> Result<Vec<Column>> {
        let by_default = match super::naming(resource_type) {
            "userName" => "id,userName,active,externalId,meta.lastModified",
            name => &format!("id,{name},externalId,meta.lastModified"),
        };
        let names = self.attributes.as_deref().unwrap_or(by_default).split(',');
        names.map(|name| Column::parse(name, resource_type)).collect()
    }
}

/// The columns' attributes, as a request names them: without which of several values is meant.
fn paths(columns: &[Column]) -> String {
    let bare = columns.iter().map(|column| column.path.split('[').next().unwrap_or_default());
    bare.collect::<Vec<_>>().join(",")
}

fn row(resource: &Object, shown: &[Column]) -> Vec<String> {
    let value = |column: &Column| column.get(resource).map(cell).unwrap_or_default();
    shown.iter().map(|column| value(column).replace('\n', ", ")).collect()
}
