//! `tenant erase`: nothing of a tenant is left.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use directory::{Erasure, Kept};
use serde_json::json;

use crate::{
    aws::Target,
    name,
    print::{Format, columns, confirm},
    progress::Progress,
    vault::{Place, Vault},
};

/// Options of `erase`.
#[derive(Debug, clap::Args)]
pub(super) struct Erase {
    /// The tenant
    #[arg(value_parser = name::parse)]
    tenant: String,

    /// Count what would be deleted, and delete nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,

    /// Keep its connectors, settings and schemas: only its resources go
    #[arg(long)]
    keep_configuration: bool,

    /// Do not ask
    #[arg(long)]
    yes: bool,

    /// How many parts of the table are read at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    segments: u16,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    target: Target,

    #[command(flatten)]
    format: Format,
}

/// Items by kind.
type Counts = BTreeMap<String, u64>;

impl Erase {
    /// Whether nothing is left.
    pub(super) async fn run(&self) -> Result<bool> {
        let vault = self.place.beside(&self.target).await?;
        let table = self.target.open().await?;
        let connectors = if self.keep_configuration { Vec::new() } else { self.connectors(&vault).await? };
        let kept = if self.keep_configuration { Kept::Configuration } else { Kept::Nothing };
        let erasure = Erasure { tenant: &self.tenant, kept, segments: self.segments };
        let passes = |what| Progress::new(what, Some(table.items));
        if self.dry_run {
            let progress = passes("Counting");
            let counts = table.directory.inventory(erasure, &|items| progress.set(items)).await;
            progress.end();
            return self.tell(&connectors, &counts.context("reading the table")?, &Counts::new());
        }
        let what = if self.keep_configuration {
            "every user, group and other resource"
        } else {
            "every user, group and other resource, its schemas, settings and connectors"
        };
        let question = format!("Deletes {what} of tenant {}. Nothing brings them back.", self.tenant);
        confirm(&question, &self.tenant, self.yes)?;
        for connector in &connectors {
            vault.delete(connector, true).await?;
        }
        let progress = passes("Erasing");
        let erased = table.directory.erase(erasure, &|items| progress.set(items)).await;
        progress.end();
        let erased = erased.context("deleting: done again, it goes on")?;
        let progress = passes("Looking whether anything is left");
        let left = table.directory.inventory(erasure, &|items| progress.set(items)).await;
        progress.end();
        self.tell(&connectors, &erased, &left.context("reading the table: done again, it goes on")?)
    }

    /// The connectors that lead to the tenant.
    async fn connectors(&self, vault: &Vault) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for name in vault.names().await? {
            let stored = vault.read(&name).await;
            // Whose it is must be known: what is overlooked would let somebody in.
            let Ok(stored) = stored else {
                bail!(
                    "the secret of connector {name} cannot be read, so that nobody knows whose it is: mend or delete it"
                );
            };
            if stored.secret.tenant == self.tenant {
                found.push(name);
            }
        }
        Ok(found)
    }

    fn tell(&self, connectors: &[String], counts: &Counts, left: &Counts) -> Result<bool> {
        let value = json!({
            "tenant": self.tenant, "dryRun": self.dry_run, "connectors": connectors, "items": counts, "left": left,
        });
        let done = if self.dry_run { "would be deleted" } else { "deleted" };
        let row =
            |word: &str, name: &str, count: &u64| vec![word.to_owned(), name.to_owned(), count.to_string()];
        let mut rows: Vec<_> = connectors
            .iter()
            .map(|name| vec![done.to_owned(), format!("connector {name}"), String::new()])
            .collect();
        rows.extend(counts.iter().map(|(kind, count)| row(done, kind, count)));
        rows.extend(left.iter().map(|(kind, count)| row("came meanwhile, is left", kind, count)));
        let mut lines = vec![columns(&rows)];
        if !left.is_empty() {
            lines.push("Do it again: requests were answered meanwhile".to_owned());
        } else if !self.dry_run || rows.is_empty() {
            let but = if self.keep_configuration { " but its configuration" } else { "" };
            lines.push(format!("Nothing of tenant {} is there{but}", self.tenant));
        }
        let text = lines.join("\n");
        self.format.print(&value, text.trim_start())?;
        Ok(left.is_empty())
    }
}
