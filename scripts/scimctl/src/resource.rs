//! What `scimctl user` and `scimctl group` share: whose resources they are, and how they are reached.

pub(crate) mod column;
pub(crate) mod compare;
pub(crate) mod deleted;
pub(crate) mod difference;
pub(crate) mod export;
pub(crate) mod find;
pub(crate) mod get;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod matching;
pub(crate) mod members;
pub(crate) mod password;
pub(crate) mod plan;
pub(crate) mod purge;
pub(crate) mod restore;
pub(crate) mod rows;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use directory::Directory;
use endpoint::{
    Operator,
    operator::{Listing, Page, Reply},
};
use http::{Method, StatusCode};
use scim::{Kind, ResourceType};
use serde_json::Value;

use crate::{aws::Target, name, print::Format};

/// How often is asked again while the table is busy.
const PATIENCE: u32 = 8;

/// Options of every command that works on resources.
#[derive(Debug, clap::Args)]
pub(crate) struct Whose {
    /// The tenant whose resources they are
    #[arg(long, default_value = "default", value_parser = name::parse)]
    pub(crate) tenant: String,

    /// The connector whose externalIds are shown, compared and given
    #[arg(long, default_value = "default", value_parser = name::parse)]
    pub(crate) connector: String,

    #[command(flatten)]
    pub(crate) target: Target,

    #[command(flatten)]
    pub(crate) format: Format,
}

/// The resources of one type of a tenant.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) operator: Operator,
    pub(crate) directory: Directory,
    pub(crate) resource_type: Arc<ResourceType>,
    /// How many items the table had some hours ago.
    pub(crate) items: u64,
}

impl Whose {
    /// The tenant's resources at this endpoint, `/Users`.
    pub(crate) async fn open(&self, endpoint: &str) -> Result<Desk> {
        let table = self.target.open().await?;
        let operator = Operator::new(table.directory.clone(), &self.tenant, &self.connector)?;
        let catalog = operator.catalog().await.context("reading the schemas")?;
        let resource_type = catalog.at(endpoint).context("there is no such resource type")?;
        Ok(Desk {
            resource_type: Arc::clone(resource_type),
            operator,
            directory: table.directory,
            items: table.items,
        })
    }
}

impl Desk {
    /// What a request is answered with, whatever that says; asked again where the table is busy.
    ///
    /// # Errors
    ///
    /// When the table does not answer: nothing can be said of what was asked.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Reply> {
        self.ask_at(method, path, body, None).await
    }

    /// The same, done only while the resource is at this version.
    pub(crate) async fn ask_at(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        version: Option<&str>,
    ) -> Result<Reply> {
        patiently(async || self.operator.call_at(method.clone(), path, body, version).await).await
    }

    /// A part of a crawl, after the resource of an id.
    pub(crate) async fn page(&self, listing: &Listing, after: Option<&str>) -> Result<Page> {
        for attempt in 1.. {
            match self.operator.page(&self.resource_type, listing, after).await {
                Ok(page) => return Ok(page),
                Err(reply) if is_busy(&reply) && attempt < PATIENCE => wait(attempt).await,
                Err(reply) => bail!("{}", refusal(&reply)),
            }
        }
        bail!("the table is busy")
    }

    /// How many resources there are.
    pub(crate) async fn total(&self) -> Result<u64> {
        let path = format!("{}?count=0", self.resource_type.endpoint);
        let reply = self.ask(Method::GET, &path, None).await?;
        reply.body["totalResults"].as_u64().with_context(|| refusal(&reply))
    }

    /// What resources are called after: `userName`, `displayName`.
    pub(crate) fn naming(&self) -> &'static str {
        naming(&self.resource_type)
    }

    /// `user`, `group`.
    pub(crate) fn noun(&self) -> String {
        self.resource_type.name.to_lowercase()
    }
}

/// The attribute that resources of a type are called after.
pub(crate) fn naming(resource_type: &ResourceType) -> &'static str {
    if resource_type.kind == Kind::User { "userName" } else { "displayName" }
}

async fn patiently(call: impl AsyncFn() -> Reply) -> Result<Reply> {
    for attempt in 1.. {
        let reply = call().await;
        if is_busy(&reply) && attempt < PATIENCE {
            wait(attempt).await;
        } else if reply.status.is_server_error() && reply.status != StatusCode::NOT_IMPLEMENTED {
            bail!("{}", refusal(&reply));
        } else {
            return Ok(reply);
        }
    }
    bail!("the table is busy")
}

fn is_busy(reply: &Reply) -> bool {
    [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&reply.status)
}

async fn wait(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(500) * attempt).await;
}

/// What an answer that refuses says: `scimType` and detail.
pub(crate) fn refusal(reply: &Reply) -> String {
    let text = |name: &str| reply.body[name].as_str().unwrap_or_default();
    match (text("scimType"), text("detail")) {
        (_, "") => format!("answered with {}", reply.status),
        ("", detail) => detail.to_owned(),
        (scim_type, detail) => format!("{detail} [{scim_type}]"),
    }
}

/// A query's path.
pub(crate) fn query(endpoint: &str, pairs: &[(&str, &str)]) -> String {
    let pairs = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{endpoint}?{pairs}")
}
