//! `scimctl connector trust` and `untrust`: tokens that an issuer signs, in place of tokens of ours.

use anyhow::{Context, Result, bail};
use directory::{Directory, Route};
use scim::Object;
use serde_json::{Value, json};

use super::{Both, Opened};
use crate::configuration;

#[derive(Debug, clap::Args)]
pub(super) struct Trust {
    #[command(flatten)]
    both: Both,

    /// Who issues the tokens: their iss, letter by letter
    #[arg(long, value_name = "URL")]
    issuer: String,

    /// Whom they are for: one of their aud; together with the issuer it names this connector alone
    #[arg(long, value_name = "TEXT")]
    audience: String,

    /// Where the issuer publishes its keys
    #[arg(long, value_name = "URL")]
    jwks_url: String,

    /// The application that may come in: the tokens' sub, appid or azp
    #[arg(long, value_name = "ID", required_unless_present = "scope")]
    subject: Option<String>,

    /// What the tokens must be good for: one of their scope, scp or roles
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Untrust {
    #[command(flatten)]
    both: Both,
}

impl Trust {
    pub(super) async fn run(&self) -> Result<()> {
        let both = &self.both;
        let Opened { directory, secret, .. } = both.open().await?;
        let mut document = json!({
            "issuer": self.issuer, "audience": self.audience, "jwksUrl": self.jwks_url,
            "subject": self.subject, "scope": self.scope,
        });
        let fields = document.as_object_mut().context("a document")?;
        fields.retain(|_, value| !value.is_null());
        let trust = read(fields)?;
        trust.check().map_err(anyhow::Error::msg)?;
        let route = Route { tenant: secret.tenant.clone(), connector: both.name.clone() };
        // The way before the door: a route that leads to no trust lets nobody in.
        let is_ours = directory.add_route(&self.issuer, &self.audience, &route).await;
        if !is_ours.context("writing the route")? {
            bail!(
                "tokens of {} for {} belong to another connector of this deployment: each needs an audience of its own",
                self.issuer,
                self.audience
            );
        }
        let before = put(&directory, &route, Some(fields.clone())).await?;
        if let Some(old) = before.as_ref().and_then(|old| read(old).ok())
            && (old.issuer != self.issuer || old.audience != self.audience)
        {
            directory
                .remove_route(&old.issuer, &old.audience, &route)
                .await
                .context("removing the old route")?;
        }
        both.format.remark("Functions take it up within a minute.");
        let text = format!(
            "Connector {} takes tokens of {} for {}, beside its own.",
            both.name, self.issuer, self.audience
        );
        let told = json!({ "connector": both.name, "tenant": secret.tenant, "trust": document });
        both.format.print(&told, &text)
    }
}

impl Untrust {
    pub(super) async fn run(&self) -> Result<()> {
        let both = &self.both;
        let Opened { directory, secret, .. } = both.open().await?;
        let was = forget(&directory, &secret.tenant, &both.name).await?;
        let text = if was {
            format!("Connector {} takes its own tokens only, within a minute.", both.name)
        } else {
            format!("Connector {} trusts no issuer.", both.name)
        };
        let told = json!({ "connector": both.name, "tenant": secret.tenant, "untrusted": was });
        both.format.print(&told, &text)
    }
}

/// Takes a connector's trust and its route away; whether there was one.
pub(super) async fn forget(directory: &Directory, tenant: &str, connector: &str) -> Result<bool> {
    let route = Route { tenant: tenant.to_owned(), connector: connector.to_owned() };
    let Some(old) = put(directory, &route, None).await? else { return Ok(false) };
    if let Ok(old) = read(&old) {
        directory.remove_route(&old.issuer, &old.audience, &route).await.context("removing the route")?;
    }
    Ok(true)
}

/// What the trust of a connector is called in the table.
pub(super) fn name(connector: &str) -> String {
    format!("trust#{connector}")
}

/// Puts a trust, or none, in place of the one that there was, which is returned.
async fn put(directory: &Directory, route: &Route, trust: Option<Object>) -> Result<Option<Object>> {
    let name = name(&route.connector);
    let changed = configuration::change(
        directory,
        &route.tenant,
        |document| document == name,
        |documents| {
            let before = documents.remove(&name);
            if let Some(trust) = &trust {
                documents.insert(name.clone(), trust.clone());
            }
            Ok(before)
        },
    );
    changed.await
}

fn read(document: &Object) -> Result<connector::Trust> {
    serde_json::from_value(Value::Object(document.clone())).context("what is stored is no trust")
}
