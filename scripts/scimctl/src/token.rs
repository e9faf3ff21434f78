//! `scimctl token`: the tokens of a connector.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    clock::now,
    ending::{self, Ending, written},
    name,
    print::{Format, columns},
    secret::{Issued, Known, Order},
    vault::Place,
};

/// The tokens of a connector, which are what its client sends. A token is printed once, when it is issued: only its
/// digest is kept. Several live side by side.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Add a token, and print it
    Issue(Issue),
    /// List the tokens: their ids and when they end
    List(List),
    /// Add a token, and have the others end soon
    Rotate(Rotate),
    /// Take a token away at once
    Revoke(Revoke),
}

const EXAMPLES: &str = "\
A function remembers a secret for 5 minutes: a new token works at once, a revoked one up to 5 minutes longer.

Examples:
  scimctl token issue okta --expires 365d        print a new token, as scim_okta_…
  scimctl token list okta                        ids and ends, never tokens
  scimctl token rotate okta --overlap 24h        a new token; the others work for one more day
  scimctl token rotate default --expires 2027-11-01
                                                 the first deployment's token is then no longer in clear
  scimctl token revoke okta 2026-11-22           take one away
  scimctl token issue okta --stack scim-prod     of another stack than scim; also by SECRETS_PREFIX
  scimctl token issue okta --secrets http://127.0.0.1:40123
                                                 of a local server: scripts/dev prints the URL";

/// Options of every one of these commands.
#[derive(Debug, clap::Args)]
struct Shared {
    /// Name of the connector
    #[arg(value_parser = name::parse)]
    connector: String,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    format: Format,
}

/// Options of commands that make a token.
#[derive(Debug, clap::Args)]
struct New {
    /// When the token ends: a span as in 365d, or a day as in 2027-11-01, at its beginning in UTC [default: never]
    #[arg(long, value_name = "365d|DATE", value_parser = ending::parse)]
    expires: Option<Ending>,

    /// What the token is called in lists and logs [default: the day]
    #[arg(long, value_parser = id)]
    id: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Issue {
    #[command(flatten)]
    shared: Shared,

    #[command(flatten)]
    new: New,
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    shared: Shared,
}

#[derive(Debug, clap::Args)]
struct Rotate {
    #[command(flatten)]
    shared: Shared,

    /// How long the other tokens go on working, at most
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = humantime::parse_duration)]
    overlap: Duration,

    #[command(flatten)]
    new: New,
}

#[derive(Debug, clap::Args)]
struct Revoke {
    #[command(flatten)]
    shared: Shared,

    /// Id of the token
    id: String,
}

/// Does what was asked for.
pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        Command::Issue(Issue { shared, new }) => make(shared, new, None).await,
        Command::Rotate(Rotate { shared, new, overlap }) => make(shared, new, Some(*overlap)).await,
        Command::List(List { shared }) => list(shared).await,
        Command::Revoke(Revoke { shared, id }) => revoke(shared, id).await,
    }
}

/// A new token; with an overlap, the others end after it.
async fn make(shared: &Shared, new: &New, overlap: Option<Duration>) -> Result<()> {
    let (Shared { connector, place, format }, now) = (shared, now());
    let not_after = new.expires.map(|ending| ending.at(now)).transpose()?;
    let end = overlap.map(|overlap| ending::after(now, overlap)).transpose()?;
    let order = Order { connector, id: new.id.as_deref(), not_after, now };
    let vault = place.open().await;
    let change = vault.change(connector, |secret| match end {
        Some(end) => secret.rotate(order, end),
        None => secret.issue(order),
    });
    let Issued { id, token } = change.await?;
    let others = end.map(|end| format!(" The others end by {}.", written(end))).unwrap_or_default();
    format.remark(&format!(
        "Token {id} of {connector}, {}. It is not shown again.{others}",
        until(not_after, now)
    ));
    let mut value =
        json!({ "connector": connector, "id": id, "token": token, "notAfter": not_after.map(written) });
    if let Some(end) = end {
        value["othersNotAfter"] = written(end).into();
    }
    format.print(&value, &token)
}

async fn list(Shared { connector, place, format }: &Shared) -> Result<()> {
    let now = now();
    let tokens = place.open().await.read(connector).await?.secret.known();
    let text = if tokens.is_empty() {
        format!("{connector} has no token: nobody is let in")
    } else {
        columns(&tokens.iter().map(|token| row(token, now)).collect::<Vec<_>>())
    };
    let value = tokens.iter().map(|token| value(token, now)).collect();
    format.print(&value, &text)
}

async fn revoke(Shared { connector, place, format }: &Shared, id: &str) -> Result<()> {
    let now = now();
    let vault = place.open().await;
    let change = vault.change(connector, |secret| {
        secret.revoke(id)?;
        Ok(secret.known().iter().filter(|token| token.is_live(now)).count())
    });
    let left = change.await?;
    let text = format!(
        "Token {id} of {connector} is revoked; {left} {} left. A function that has just used it may accept it for 5 \
         more minutes.",
        if left == 1 { "is" } else { "are" }
    );
    format.print(&json!({ "connector": connector, "revoked": id, "liveTokens": left }), &text)
}

fn row(token: &Known, now: OffsetDateTime) -> Vec<String> {
    let clear = if token.is_clear { "in clear: token rotate hides it" } else { "" };
    vec![token.id.clone(), until(token.not_after, now), clear.to_owned()]
}

/// A token as programs see it.
pub(crate) fn value(token: &Known, now: OffsetDateTime) -> serde_json::Value {
    let Known { id, not_after, is_clear } = token;
    json!({ "id": id, "notAfter": not_after.map(written), "live": token.is_live(now), "inClear": is_clear })
}

/// Until when a token is good, in words.
pub(crate) fn until(not_after: Option<OffsetDateTime>, now: OffsetDateTime) -> String {
    match not_after {
        None => "never ends".to_owned(),
        Some(end) if end <= now => format!("ended at {}", written(end)),
        Some(end) => format!("ends at {}", written(end)),
    }
}

/// A token's id: it is part of log lines.
fn id(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if (1..=64).contains(&text.len()) && text.chars().all(is_plain) {
        return Ok(text.to_owned());
    }
    Err("an id is 1 to 64 letters, digits, -, _ and .".to_owned())
}
