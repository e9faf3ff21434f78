//! `scimctl connector`: the ways in for identity providers.

mod trust;

use anyhow::{Context, Result};
use directory::{Directory, Usage};
use scim::Object;
use serde_json::{Value, json};

use crate::{
    aws::Target,
    clock::now,
    configuration, name,
    print::{Format, columns, confirm},
    secret::{Known, Secret},
    settings::{self, Assignment, CONNECTOR, plain},
    token::{until, value},
    vault::{Place, Stored, Vault},
};

/// Connectors: an identity provider's way in to a tenant, with its tokens and its settings. Several connectors of one
/// tenant see the same users and groups, each with its own externalIds.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make a connector; it has no token yet
    Create(Create),
    /// List the connectors
    List(List),
    /// Show a connector: its tenant, its tokens' ids, its settings
    Show(Both),
    /// Change settings of a connector
    #[command(after_help = settings::OF_CONNECTOR)]
    Set(Set),
    /// Take tokens that an issuer signs (JSON Web Tokens), beside the connector's own
    Trust(trust::Trust),
    /// Take signed tokens no more
    Untrust(trust::Untrust),
    /// Delete a connector: its tokens and its settings, not its tenant's resources
    Delete(Delete),
}

const EXAMPLES: &str = "\
Examples:
  scimctl connector create okta --tenant acme    then: scimctl token issue okta
  scimctl connector list
  scimctl connector show okta --table scim-Table-1A2B3C
  scimctl connector set okta strict=true readOnly= --table scim-Table-1A2B3C
                                                 nothing behind = gives a setting its default again
  scimctl connector trust entra --issuer https://login.microsoftonline.com/TENANT-ID/v2.0 \
      --audience api://scim --subject APPLICATION-ID \
      --jwks-url https://login.microsoftonline.com/TENANT-ID/discovery/v2.0/keys
                                                 OAuth client credentials of Entra
  scimctl connector delete okta                  table by TABLE_NAME, stack by SECRETS_PREFIX
  scimctl connector show default --local http://127.0.0.1:8123 --secrets http://127.0.0.1:40123
                                                 of a local server: scripts/dev prints the URLs";

#[derive(Debug, clap::Args)]
struct Create {
    /// Name of the connector
    #[arg(value_parser = name::parse)]
    name: String,

    /// The tenant whose resources it sees
    #[arg(long, value_parser = name::parse)]
    tenant: String,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    format: Format,
}

/// Options of commands that work on the secret and the settings.
#[derive(Debug, clap::Args)]
struct Both {
    /// Name of the connector
    #[arg(value_parser = name::parse)]
    name: String,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    target: Target,

    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Args)]
struct Set {
    #[command(flatten)]
    both: Both,

    /// Settings, as in strict=true; nothing behind = gives the default again
    #[arg(required = true, value_name = "KEY=VALUE", value_parser = settings::parse)]
    settings: Vec<Assignment>,
}

#[derive(Debug, clap::Args)]
struct Delete {
    #[command(flatten)]
    both: Both,

    /// Do not ask
    #[arg(long)]
    yes: bool,

    /// Delete the secret at once; else it can be restored for 30 days, and its name is taken as long
    #[arg(long)]
    for_good: bool,
}

/// A connector as it is stored.
struct Opened {
    vault: Vault,
    directory: Directory,
    secret: Secret,
    settings: Object,
    /// Whose tokens it takes beside its own.
    trust: Option<Object>,
}

/// Does what was asked for.
pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        Command::Create(create) => create.run().await,
        Command::List(list) => list.run().await,
        Command::Show(show) => show.run().await,
        Command::Set(set) => set.run().await,
        Command::Trust(trust) => trust.run().await,
        Command::Untrust(untrust) => untrust.run().await,
        Command::Delete(delete) => delete.run().await,
    }
}

impl Create {
    async fn run(&self) -> Result<()> {
        let Self { name, tenant, place, format } = self;
        place.open().await.create(name, &Secret::new(tenant)).await?;
        let text = format!(
            "Connector {name} of tenant {tenant} is made. Its first token: scimctl token issue {name}"
        );
        format.print(&json!({ "connector": name, "tenant": tenant }), &text)
    }
}

impl List {
    async fn run(&self) -> Result<()> {
        let (vault, now) = (self.place.open().await, now());
        let (mut rows, mut values) =
            (vec![["CONNECTOR", "TENANT", "TOKENS"].map(str::to_owned).to_vec()], Vec::new());
        for name in vault.names().await? {
            // One unreadable secret hides no other.
            match vault.read(&name).await {
                Ok(Stored { secret, .. }) => {
                    let live = secret.known().iter().filter(|token| token.is_live(now)).count();
                    rows.push(vec![name.clone(), secret.tenant.clone(), live.to_string()]);
                    values.push(json!({ "connector": name, "tenant": secret.tenant, "liveTokens": live }));
                }
                Err(error) => {
                    rows.push(vec![name.clone(), format!("{error:#}")]);
                    values.push(json!({ "connector": name, "error": format!("{error:#}") }));
                }
            }
        }
        self.format.print(&Value::Array(values), &columns(&rows))
    }
}

impl Both {
    async fn open(&self) -> Result<Opened> {
        let vault = self.place.beside(&self.target).await?;
        let secret = vault.read(&self.name).await?.secret;
        let directory = self.target.open().await?.directory;
        let all = directory.configuration(&secret.tenant, &Usage::default()).await;
        let all = all.context("reading the settings")?;
        let own = |name: String| all.iter().find(|it| it.name == name).map(|it| it.document.clone());
        let (settings, trust) = (own(self.setting()).unwrap_or_default(), own(trust::name(&self.name)));
        Ok(Opened { vault, directory, secret, settings, trust })
    }

    /// What its settings are called in the table.
    fn setting(&self) -> String {
        format!("connector#{}", self.name)
    }

    async fn run(&self) -> Result<()> {
        let (Opened { secret, settings, trust, .. }, now) = (self.open().await?, now());
        let Secret { tenant, .. } = &secret;
        let mut rows = vec![vec!["tenant".to_owned(), tenant.clone()]];
        rows.extend(secret.known().into_iter().map(|Known { id, not_after, .. }| {
            vec!["token".to_owned(), format!("{id}, {}", until(not_after, now))]
        }));
        rows.extend(
            trust
                .iter()
                .flatten()
                .map(|(key, value)| vec!["trust".to_owned(), format!("{key} {}", plain(value))]),
        );
        rows.extend(
            settings.iter().map(|(key, value)| vec!["setting".to_owned(), format!("{key}={}", plain(value))]),
        );
        if settings.is_empty() {
            rows.push(vec!["settings".to_owned(), "as by default".to_owned()]);
        }
        let tokens: Value = secret.known().iter().map(|token| value(token, now)).collect();
        let value = json!({ "connector": self.name, "tenant": tenant, "tokens": tokens, "trust": trust, "settings": settings });
        self.format.print(&value, &columns(&rows))
    }
}

impl Set {
    async fn run(&self) -> Result<()> {
        let both = &self.both;
        let Opened { directory, secret, .. } = both.open().await?;
        let (tenant, own) = (&secret.tenant, both.setting());
        let changed = configuration::change(
            &directory,
            tenant,
            |name| name == own,
            |documents| {
                let mut settings = documents.remove(&own).unwrap_or_default();
                for assignment in &self.settings {
                    CONNECTOR.assign(&mut settings, assignment)?;
                }
                if !settings.is_empty() {
                    documents.insert(own.clone(), settings.clone());
                }
                Ok(settings)
            },
        );
        let settings = changed.await?;
        both.format.remark("Functions take it up within a minute.");
        let pairs: Vec<_> = settings.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect();
        let text = if pairs.is_empty() { "as by default".to_owned() } else { pairs.join("\n") };
        both.format.print(&json!({ "connector": both.name, "tenant": tenant, "settings": settings }), &text)
    }
}

impl Delete {
    async fn run(&self) -> Result<()> {
        let Both { name, format, .. } = &self.both;
        let Opened { vault, directory, secret, .. } = self.both.open().await?;
        let tenant = &secret.tenant;
        confirm(
            &format!("Deletes connector {name} of tenant {tenant}, its tokens and its settings."),
            name,
            self.yes,
        )?;
        // The secret first: whatever fails then, nobody is let in with other settings.
        vault.delete(name, self.for_good).await?;
        trust::forget(&directory, tenant, name).await?;
        directory.unconfigure(tenant, &self.both.setting()).await.context("deleting the settings")?;
        let restore = if self.for_good {
            String::new()
        } else {
            let secret = vault.name(name);
            format!(
                " For 30 days its tokens can be restored: aws secretsmanager restore-secret --secret-id {secret}"
            )
        };
        let text = format!(
            "Connector {name} is deleted; a function that has just served it may do so for 5 more minutes. The \
             resources of tenant {tenant} are as they were.{restore}"
        );
        format.print(&json!({ "deleted": name, "tenant": tenant, "restorable": !self.for_good }), &text)
    }
}
