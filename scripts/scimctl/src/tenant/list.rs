//! `tenant list`: the tenants that connectors lead to, and what they have.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use directory::Scope;
use scim::resource_type::{GROUPS, USERS};
use serde_json::{Value, json};

use crate::{
    aws::Target,
    configuration,
    print::{Format, columns},
    progress::Progress,
    vault::{Place, Stored},
};

/// How many parts of the table are read at the same time.
const SEGMENTS: u16 = 8;

/// Options of `list`.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Also find tenants that no connector leads to, and count their items: reads the whole table
    #[arg(long)]
    scan: bool,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    target: Target,

    #[command(flatten)]
    format: Format,
}

/// What is known of a tenant.
#[derive(Default)]
struct Tenant {
    connectors: Vec<String>,
    items: Option<u64>,
}

impl List {
    pub(super) async fn run(&self) -> Result<()> {
        let vault = self.place.beside(&self.target).await?;
        let table = self.target.open().await?;
        let mut tenants: BTreeMap<String, Tenant> = BTreeMap::new();
        for name in vault.names().await? {
            match vault.read(&name).await {
                Ok(Stored { secret, .. }) => {
                    tenants.entry(secret.tenant.clone()).or_default().connectors.push(name);
                }
                Err(error) => self.format.remark(&format!("connector {name}: {error:#}")),
            }
        }
        if self.scan {
            let progress = Progress::new("Reading the table", Some(table.items));
            let found = table.directory.tenants(SEGMENTS, &|items| progress.set(items)).await;
            progress.end();
            for (name, items) in found.context("reading the table")? {
                tenants.entry(name).or_default().items = Some(items);
            }
        }
        let head = ["TENANT", "USERS", "GROUPS", "DOCUMENTS", "CONNECTORS", "ITEMS"];
        let (mut rows, mut values) = (vec![head.map(str::to_owned).to_vec()], Vec::new());
        for (name, Tenant { connectors, items }) in tenants {
            let scope = Scope::new(name.as_str(), "scimctl", "scimctl");
            let users = table.directory.total(&scope, &USERS).await.context("counting users")?;
            let groups = table.directory.total(&scope, &GROUPS).await.context("counting groups")?;
            let documents = configuration::read(&table.directory, &name).await?;
            rows.push(vec![
                name.clone(),
                users.to_string(),
                groups.to_string(),
                documents.len().to_string(),
                connectors.join(" "),
                items.map(|items| items.to_string()).unwrap_or_default(),
            ]);
            values.push(json!({
                "tenant": name, "users": users, "groups": groups, "configuration": documents.keys().collect::<Vec<_>>(),
                "connectors": connectors, "items": items,
            }));
        }
        self.format.print(&Value::Array(values), &columns(&rows))
    }
}
