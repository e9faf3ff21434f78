//! Changing a tenant's configuration so that nothing is lost which somebody else changes in the same moment.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use directory::{Directory, Revision, Usage};
use scim::Object;

use crate::{aws::Target, name, print::Format};

/// Documents by the names that the table gives them, in its order: an endpoint reads them so.
pub(crate) type Documents = BTreeMap<String, Object>;

/// Options of commands that work on documents of a tenant.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The tenant
    #[arg(long, value_parser = name::parse)]
    pub(crate) tenant: String,

    #[command(flatten)]
    pub(crate) target: Target,

    #[command(flatten)]
    pub(crate) format: Format,
}

/// How often a change is decided anew because others change the same documents.
const MOST_TRIES: u32 = 20;

/// Documents that one transaction holds.
const MOST_DOCUMENTS: usize = 100;

/// The documents of a tenant, as of all writes answered before.
pub(crate) async fn read(directory: &Directory, tenant: &str) -> Result<Documents> {
    let all = directory.configuration_now(tenant, &Usage::default()).await;
    let all = all.with_context(|| format!("reading the configuration of tenant {tenant}"))?;
    Ok(all.into_iter().map(|setting| (setting.name, setting.document)).collect())
}

/// Changes documents of a tenant; `change` may be asked again, when others have changed those meanwhile on which it
/// depends: the ones whose names `depends` approves.
pub(crate) async fn change<T>(
    directory: &Directory,
    tenant: &str,
    depends: impl Fn(&str) -> bool,
    change: impl Fn(&mut Documents) -> Result<T>,
) -> Result<T> {
    for attempt in 1..=MOST_TRIES {
        let mut before = read(directory, tenant).await?;
        before.retain(|name, _| depends(name));
        let mut after = before.clone();
        let outcome = change(&mut after)?;
        if before == after {
            return Ok(outcome);
        }
        let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
        let revisions: Vec<_> = names
            .map(|name| Revision {
                name: name.clone(),
                before: before.get(name).cloned(),
                after: after.get(name).cloned(),
            })
            .collect();
        ensure!(
            revisions.len() <= MOST_DOCUMENTS,
            "tenant {tenant} has {} documents that depend on each other: {MOST_DOCUMENTS} can be changed at once",
            revisions.len()
        );
        let written = directory.reconfigure(tenant, &revisions).await;
        if written.with_context(|| format!("writing the configuration of tenant {tenant}"))? {
            return Ok(outcome);
        }
        tokio::time::sleep(Duration::from_millis(20) * attempt).await;
    }
    bail!("others keep changing the configuration of tenant {tenant}")
}
