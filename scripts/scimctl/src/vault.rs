//! The secrets of a deployment's connectors, in Secrets Manager.

use anyhow::{Context, Error, Result, bail, ensure};
use aws_sdk_secretsmanager::{
    Client,
    operation::{create_secret::CreateSecretError, get_secret_value::GetSecretValueError},
    types::{Filter, FilterNameStringType},
};

use crate::{
    aws::{self, Target},
    secret::Secret,
};

/// The stage of the version that is used.
const CURRENT: &str = "AWSCURRENT";
/// The stage of a version until it is used. A version without a stage may be thrown away.
const PROPOSED: &str = "SCIMCTL";
/// How often a change is tried again because others change the same secret.
const MOST_TRIES: u32 = 10;

/// Options of every command that works on connectors' secrets.
#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    /// Name of the stack: its secrets are STACK/connectors/NAME
    #[arg(long, value_name = "NAME", env = "SECRETS_PREFIX", default_value = "scim")]
    stack: String,

    /// A local server's Secrets Manager, at the URL that scripts/dev prints
    #[arg(long, value_name = "URL")]
    secrets: Option<String>,
}

/// The secrets of a stack's connectors.
pub(crate) struct Vault {
    client: Client,
    prefix: String,
}

/// A secret, and the version that it was read from.
pub(crate) struct Stored {
    pub(crate) secret: Secret,
    version: String,
}

impl Place {
    /// Where the secrets are.
    pub(crate) async fn open(&self) -> Vault {
        let client = match &self.secrets {
            Some(url) => Client::new(&aws::local(url)),
            None => Client::new(&directory::aws().await),
        };
        Vault { client, prefix: format!("{}/connectors/", self.stack) }
    }

    /// Whether it is a local server's.
    pub(crate) fn is_local(&self) -> bool {
        self.secrets.is_some()
    }

    /// Where the secrets are, for a command that also works on a table.
    ///
    /// # Errors
    ///
    /// When one is local and the other is not: what is tried out must not reach a deployment.
    pub(crate) async fn beside(&self, target: &Target) -> Result<Vault> {
        ensure!(
            self.secrets.is_some() == target.is_local(),
            "--local and --secrets go together: scripts/dev prints the URL of its Secrets Manager"
        );
        Ok(self.open().await)
    }
}

impl Vault {
    /// The names of all connectors.
    pub(crate) async fn names(&self) -> Result<Vec<String>> {
        let by_name = Filter::builder().key(FilterNameStringType::Name).values(&self.prefix).build();
        let mut pages = self.client.list_secrets().filters(by_name).into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| refused("listing the secrets", error))?;
            let listed = page.secret_list.unwrap_or_default().into_iter().filter_map(|entry| entry.name);
            names.extend(listed.filter_map(|name| name.strip_prefix(&self.prefix).map(str::to_owned)));
        }
        names.sort();
        Ok(names)
    }

    /// The secret of a connector.
    pub(crate) async fn read(&self, connector: &str) -> Result<Stored> {
        let name = self.name(connector);
        let read = match self.client.get_secret_value().secret_id(&name).send().await {
            Ok(read) => read,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
            {
                bail!("there is no connector {connector}: no secret {name}")
            }
            Err(error) => return Err(refused(&format!("reading the secret {name}"), error)),
        };
        let secret = Secret::parse(read.secret_string().unwrap_or_default());
        let secret = secret.with_context(|| format!("the secret {name}"))?;
        Ok(Stored { secret, version: read.version_id.context("a version of the secret")? })
    }

    /// Makes the secret of a new connector.
    pub(crate) async fn create(&self, connector: &str, secret: &Secret) -> Result<()> {
        let name = self.name(connector);
        let create = self.client.create_secret().name(&name).secret_string(secret.text()?);
        match create.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(CreateSecretError::is_resource_exists_exception) =>
            {
                bail!("there is a connector {connector} already: the secret {name}")
            }
            // A deleted secret keeps its name for some weeks.
            Err(error) => Err(refused(&format!("creating the secret {name}"), error)),
        }
    }

    /// Changes the secret of a connector; `change` may be asked again, when others have changed it meanwhile.
    ///
    /// Putting a value has no condition, but moving the stage that says which version is used has: it names the
    /// version that had the stage before. So the new value is put aside first, and becomes the current one only
    /// if what it was made from still is.
    pub(crate) async fn change<T>(
        &self,
        connector: &str,
        change: impl Fn(&mut Secret) -> Result<T>,
    ) -> Result<T> {
        let name = self.name(connector);
        for _ in 0..MOST_TRIES {
            let Stored { mut secret, version: before } = self.read(connector).await?;
            let outcome = change(&mut secret)?;
            let put = self.client.put_secret_value().secret_id(&name).secret_string(secret.text()?);
            let put = put.version_stages(PROPOSED).send().await;
            let put = put.map_err(|error| refused(&format!("writing the secret {name}"), error))?;
            let version = put.version_id.context("a version of the secret")?;
            let switch = self.client.update_secret_version_stage().secret_id(&name).version_stage(CURRENT);
            let switch = switch.move_to_version_id(&version).remove_from_version_id(&before);
            let Err(error) = switch.send().await else { return Ok(outcome) };
            // The answer may have been lost: what is current now tells.
            let current = self.read(connector).await?.version;
            if current == version {
                return Ok(outcome);
            }
            if current == before {
                return Err(refused(&format!("switching the secret {name}"), error));
            }
        }
        bail!("others keep changing the secret {name}")
    }

    /// Deletes the secret of a connector: at once and for good, or so that it can be restored for 30 days.
    pub(crate) async fn delete(&self, connector: &str, is_for_good: bool) -> Result<()> {
        let name = self.name(connector);
        let mut delete = self.client.delete_secret().secret_id(&name);
        if is_for_good {
            delete = delete.force_delete_without_recovery(true);
        }
        delete.send().await.map(drop).map_err(|error| refused(&format!("deleting the secret {name}"), error))
    }

    /// The name of a connector's secret.
    pub(crate) fn name(&self, connector: &str) -> String {
        format!("{}{connector}", self.prefix)
    }
}

/// What the service says to what was tried.
fn refused(what: &str, error: impl Into<aws_sdk_secretsmanager::Error>) -> Error {
    Error::new(error.into()).context(what.to_owned())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use ::local::secrets::Secrets;

    use super::*;

    const NAME: &str = "scim/connectors/okta";

    async fn vault(secret: &str) -> (Secrets, Vault) {
        let secrets = Secrets::start(None).await.expect("a stand-in");
        secrets.set(NAME, secret).expect("kept");
        let vault =
            Vault { client: Client::new(&aws::local(secrets.url())), prefix: "scim/connectors/".to_owned() };
        (secrets, vault)
    }

    #[tokio::test]
    async fn a_change_of_another_between_reading_and_writing_is_kept() {
        let (secrets, vault) = vault(r#"{"tenant":"acme","token":"a"}"#).await;
        let tries = Cell::new(0);
        let change = vault.change("okta", |secret| {
            tries.set(tries.get() + 1);
            if tries.get() == 1 {
                secrets.set(NAME, r#"{"tenant":"other","token":"a"}"#)?;
            }
            secret.revoke("initial")
        });
        change.await.expect("changed");
        assert_eq!(tries.get(), 2);
        assert_eq!(secrets.value(NAME).as_deref(), Some(r#"{"tenant":"other","tokens":[]}"#));
    }

    #[tokio::test]
    async fn a_change_gives_up_where_others_never_stop_and_leaves_theirs() {
        let (secrets, vault) = vault(r#"{"tenant":"acme","token":"a"}"#).await;
        let tries = Cell::new(0);
        let change = vault.change("okta", |secret| {
            tries.set(tries.get() + 1);
            secrets.set(NAME, &format!(r#"{{"tenant":"t{}","token":"a"}}"#, tries.get()))?;
            secret.revoke("initial")
        });
        assert_eq!(
            change.await.expect_err("never alone").to_string(),
            format!("others keep changing the secret {NAME}")
        );
        assert_eq!(secrets.value(NAME), Some(format!(r#"{{"tenant":"t{MOST_TRIES}","token":"a"}}"#)));
    }
}
