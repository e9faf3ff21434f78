//! Which table, and how it is reached.

use anyhow::{Context, Result};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::{
    Client,
    config::{Credentials, SharedCredentialsProvider},
};
use aws_smithy_http_client::Builder;
use directory::Directory;

/// The table of a local server.
pub(crate) const LOCAL_TABLE: &str = "scim";
/// Region, access key and secret that a local engine is asked with; it checks none.
const LOCAL: &str = "local";

/// Options of every command that works on a table.
#[derive(Debug, clap::Args)]
pub(crate) struct Target {
    /// Name of the DynamoDB table: the stack's output
    #[arg(long, value_name = "NAME", env = "TABLE_NAME")]
    table: Option<String>,

    /// URL of DynamoDB, where it is not that of the region
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,

    /// The table of a local server, started as `scripts/dev --serve-engine 8123`, or of an engine at this URL
    #[arg(
        long,
        value_name = "URL",
        num_args = 0..=1,
        default_missing_value = "http://127.0.0.1:8123",
        conflicts_with = "endpoint"
    )]
    local: Option<String>,
}

/// A table that is there.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) directory: Directory,
    /// How many items it had some hours ago.
    pub(crate) items: u64,
}

impl Target {
    /// The table, once it has answered.
    pub(crate) async fn open(&self) -> Result<Table> {
        let name = match (&self.table, &self.local) {
            (_, Some(_)) => LOCAL_TABLE,
            (Some(name), None) => name,
            (None, None) => anyhow::bail!(
                "no table is named: --table NAME or TABLE_NAME, as the stack prints it, or --local"
            ),
        };
        let client = match &self.local {
            Some(url) => Client::new(&local(url)),
            None => self.remote().await,
        };
        let described = client.describe_table().table_name(name).send().await;
        let described = described.map_err(aws_sdk_dynamodb::Error::from);
        let described = described.with_context(|| format!("looking for the table {name}"))?.table;
        let items = described.and_then(|table| table.item_count).unwrap_or_default();
        let items = u64::try_from(items).unwrap_or_default();
        Ok(Table { directory: Directory::new(client, name), items })
    }

    /// Whether any table is named.
    pub(crate) fn is_named(&self) -> bool {
        self.table.is_some() || self.is_local()
    }

    /// Whether it is the table of a local server.
    pub(crate) fn is_local(&self) -> bool {
        self.local.is_some()
    }

    async fn remote(&self) -> Client {
        let aws = directory::aws().await;
        let Some(url) = &self.endpoint else { return Client::new(&aws) };
        Client::new(&aws.into_builder().endpoint_url(url).build())
    }
}

/// What stands in for AWS at `url` on this machine.
pub(crate) fn local(url: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(Builder::new().build_http())
        .region(Region::from_static(LOCAL))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            LOCAL, LOCAL, None, None, LOCAL,
        )))
        .endpoint_url(url)
        .build()
}
