//! `scimctl doctor`: whether an identity provider can use a deployment, and what to mend where it cannot.

mod client;
mod inside;
mod life;
mod outside;
mod protocol;
mod report;
mod sample;

use std::{
    fs,
    io::{self, Read as _},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use directory::Usage;
use time::OffsetDateTime;

use self::{client::Client, report::Report};
use crate::{
    aws::Target,
    clock::now,
    ending::{self, written},
    guide::{self, LOCAL_URL, Provider},
    name,
    print::Format,
    secret::{Issued, Order, Secret},
    vault::{Place, Vault},
};

/// Checks a deployment end to end, from outside: that it is reached, lets in who has a token and nobody else, and
/// answers what Okta and Entra ask; and, with AWS credentials, its tokens, documents and settings. Nothing is changed
/// but by --write.
///
/// Without --token-file it issues a token for itself, which ends after a quarter of an hour, and revokes it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Name of the connector to be let in by
    #[arg(default_value = "default", value_parser = name::parse)]
    connector: String,

    /// The SCIM base URL, as the stack prints it; with --local by default that of scripts/dev
    #[arg(long, value_name = "URL", required_unless_present = "local")]
    url: Option<String>,

    /// File that holds the token, - for standard input; a token on the command line could be read by others
    #[arg(long, value_name = "FILE")]
    token_file: Option<String>,

    /// Also create, match, change, disable and delete a user and a group called scimctl-doctor-…
    #[arg(long)]
    write: bool,

    /// Judge the settings for this identity provider only
    #[arg(long = "for", value_name = "PROVIDER")]
    provider: Option<Provider>,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    target: Target,

    #[command(flatten)]
    format: Format,
}

const EXAMPLES: &str = "\
Exit code: 0 nothing failed, 1 something did, 2 nothing could be checked.

Examples:
  scimctl doctor --url https://scim.example.com/scim/v2 --table scim-Table-1A2B3C
                                                 everything that changes nothing; table also by TABLE_NAME
  scimctl doctor okta --url https://… --write --for okta
                                                 connector okta, and the life of a test user
  scimctl doctor --url https://… --token-file -  without AWS credentials: the token from standard input
  scimctl doctor --json --url https://… | jq '.checks[] | select(.outcome != \"ok\")'
  scimctl doctor --local --secrets http://127.0.0.1:40123
                                                 a local server: scripts/dev --serve-engine 8123";

/// How long a token lives that nobody could revoke.
const LIFETIME: Duration = Duration::from_mins(15);

/// What is known of a connector from within.
struct Opened {
    vault: Vault,
    secret: Secret,
}

/// Whether nothing failed.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool> {
    let url = guide::url(arguments.url.as_deref().unwrap_or(LOCAL_URL))?;
    let (now, nonce, mut report) = (now(), format!("scimctl-doctor-{}", random()?), Report::default());
    let given = arguments.token()?;
    let mut client = Client::new(&url)?;
    let opened = arguments.opened(given.is_some(), &mut report).await?;
    // Before a request has a function remember the secret as it is.
    let own = match (&opened, &given) {
        (Some(opened), None) => arguments.issue(&opened.vault, &nonce, now, &mut report).await,
        _ => None,
    };
    let is_reached = outside::check(&client, now, &mut report).await;
    let token = given.or_else(|| own.as_ref().map(|own| own.token.clone()));
    if let (true, Some(token)) = (is_reached, token) {
        client.use_token(token);
        arguments.ask(&client, own.is_some(), &nonce, &mut report).await;
    }
    if let Some(opened) = opened {
        if let Some(own) = own {
            arguments.revoke(&opened.vault, &own, now, &mut report).await;
        }
        inside::tokens(&arguments.connector, &opened.secret.known(), now, &mut report);
        arguments.configuration(&opened.secret.tenant, &mut report).await;
    }
    report.print(arguments.format)
}

impl Arguments {
    /// The token of the file, if there is one.
    fn token(&self) -> Result<Option<String>> {
        let Some(file) = &self.token_file else { return Ok(None) };
        let text = if file == "-" {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map(|_| text)
        } else {
            fs::read_to_string(file)
        };
        let text = text.with_context(|| format!("reading the token from {file}"))?;
        let token = text.trim().to_owned();
        let is_one = !token.is_empty() && token.chars().all(|c| c.is_ascii_graphic());
        ensure!(is_one, "{file} holds no token: one word of letters, digits and signs");
        Ok(Some(token))
    }

    /// The connector's secret, where it is wanted.
    async fn opened(&self, has_token: bool, report: &mut Report) -> Result<Option<Opened>> {
        if has_token && !self.target.is_named() {
            let advice =
                "With AWS credentials and --table the doctor looks at tokens, documents and settings as well";
            report.skip("inside", "no table is named", advice);
            return Ok(None);
        }
        let is_mixed = self.target.is_named() && self.target.is_local() != self.place.is_local();
        ensure!(
            !is_mixed,
            "--local and --secrets go together: scripts/dev prints the URL of its Secrets Manager"
        );
        let vault = self.place.open().await;
        match vault.read(&self.connector).await {
            Ok(stored) => Ok(Some(Opened { vault, secret: stored.secret })),
            Err(error) => {
                let advice = "Give the stack's name by --stack and AWS credentials that may read its secrets; or a token by --token-file";
                report.fail("connector", format!("{error:#}"), advice);
                Ok(None)
            }
        }
    }

    /// A token for this one check.
    async fn issue(
        &self,
        vault: &Vault,
        id: &str,
        now: OffsetDateTime,
        report: &mut Report,
    ) -> Option<Issued> {
        let order = Order {
            connector: &self.connector,
            id: Some(id),
            not_after: ending::after(now, LIFETIME).ok(),
            now,
        };
        match vault.change(&self.connector, |secret| secret.issue(order)).await {
            Ok(issued) => Some(issued),
            Err(error) => {
                let advice =
                    "Give a token by --token-file, or credentials that may write the connector's secret";
                report.fail("token", format!("no token could be issued: {error:#}"), advice);
                None
            }
        }
    }

    /// Takes that token away.
    async fn revoke(&self, vault: &Vault, own: &Issued, now: OffsetDateTime, report: &mut Report) {
        if let Err(error) = vault.change(&self.connector, |secret| secret.revoke(&own.id)).await {
            let end = ending::after(now, LIFETIME).map(written).unwrap_or_default();
            let advice = format!(
                "It ends by itself at {end}; else scimctl token revoke {} {}",
                self.connector, own.id
            );
            report.warn("own-token", format!("the token {} could not be revoked: {error:#}", own.id), advice);
        }
    }

    /// Everything that is asked with a token.
    async fn ask(&self, client: &Client, is_new: bool, nonce: &str, report: &mut Report) {
        if !protocol::token(client, is_new, report).await {
            return;
        }
        protocol::check(client, nonce, report).await;
        if self.write {
            life::check(client, nonce, report).await;
        } else {
            report.skip(
                "write",
                "no user was made",
                "--write lets a test user and a test group live and die",
            );
        }
    }

    /// What is configured for the tenant.
    async fn configuration(&self, tenant: &str, report: &mut Report) {
        if !self.target.is_named() {
            return report.skip(
                "documents",
                "no table is named",
                "--table NAME: the stack's output TableName",
            );
        }
        let read = async {
            let directory = self.target.open().await?.directory;
            directory.configuration(tenant, &Usage::default()).await.context("reading the configuration")
        };
        let all = match read.await {
            Ok(all) => all,
            Err(error) => {
                let advice = "Give the stack's output TableName, and AWS credentials that may read the table";
                return report.fail("documents", format!("{error:#}"), advice);
            }
        };
        let own = format!("connector#{}", self.connector);
        let settings = all.iter().find(|setting| setting.name == own).map(|it| it.document.clone());
        inside::settings(&self.connector, &settings.unwrap_or_default(), self.provider, report);
        inside::gaps(all.clone(), self.provider, report);
        inside::documents(tenant, all, report);
    }
}

/// What marks everything that one run makes.
fn random() -> Result<String> {
    let mut bytes = [0_u8; 4];
    getrandom::fill(&mut bytes).context("drawing a random name")?;
    Ok(format!("{:08x}", u32::from_be_bytes(bytes)))
}
