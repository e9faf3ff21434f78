//! What an operator does to a deployment; see `--help`.

mod aws;
mod clock;
mod configuration;
mod connector;
mod doctor;
mod ending;
mod fsck;
mod group;
mod guide;
mod name;
mod output;
mod print;
mod progress;
mod resource;
mod schema;
mod secret;
mod settings;
mod tenant;
mod token;
mod user;
mod values;
mod vault;

use std::{io, process::ExitCode};

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

/// Looks after a SCIM endpoint: its connectors, tokens, schemas and table, with the credentials and the region that AWS tools use.
#[derive(Debug, Parser)]
#[command(name = "scimctl", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make, list, show, change and delete connectors
    Connector(connector::Arguments),
    /// Check, add, list and remove the schemas and resource types of a tenant
    Schema(schema::Arguments),
    /// Show, list, export, import, match, restore and purge users
    User(user::Arguments),
    /// Show, list, export, import, match and restore groups
    Group(group::Arguments),
    /// List tenants, and erase one
    Tenant(tenant::Arguments),
    /// Add, remove and list the values that attributes may have
    Values(values::Arguments),
    /// Issue, list, rotate and revoke the tokens of a connector
    Token(token::Arguments),
    /// Check a deployment from outside, as an identity provider sees it, and say what to mend
    Doctor(doctor::Arguments),
    /// Print how Okta or Microsoft Entra ID is connected, step by step, with the attributes to map
    Guide(guide::Arguments),
    /// Check that everything in the table agrees, and repair what does not
    Fsck(fsck::Arguments),
    /// Print what completes these commands in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

const EXAMPLES: &str = "\
Exit code: 0 all is well, 1 something is left that is not, 2 it could not be done.

Examples:
  scimctl connector create okta --tenant acme    a way in for an identity provider …
  scimctl token issue okta --expires 365d        … and what it sends
  scimctl token rotate okta --overlap 24h        a new token; the others work for one more day
  scimctl connector set okta readOnly=true --table scim-Table-1A2B3C
                                                 a setting of a connector
  scimctl schema add device.json --tenant acme --table scim-Table-1A2B3C
                                                 a resource type of a tenant
  scimctl user get ann@example.com --tenant acme a user, without a token
  scimctl user export users.csv --tenant acme    all of them, as a table
  scimctl group import groups.csv --tenant acme  groups and who is in them
  scimctl values add rolesString Agent --tenant acme
                                                 a value that an attribute may have
  scimctl tenant erase acme                      everything of a tenant, for good
  scimctl guide okta --url https://… --table scim-Table-1A2B3C
                                                 how Okta is connected to it
  scimctl doctor --url https://… --table scim-Table-1A2B3C
                                                 whether an identity provider can use it
  scimctl completions bash                       what completes these commands in a shell
  scimctl fsck --table scim-Table-1A2B3C         check, and change nothing
  scimctl fsck --table scim-Table-1A2B3C --tenant acme --repair
                                                 repair one tenant's items, then check again
  scimctl fsck --json > findings.jsonl           one finding a line, for programs; table by TABLE_NAME
  scripts/dev --serve-engine 8123                a local endpoint …
  scimctl fsck --local                           … and its table

In this repository: cargo run -p scimctl -- fsck --help";

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Connector(arguments) => connector::run(&arguments).await.map(|()| true),
        Command::Schema(arguments) => schema::run(&arguments).await,
        Command::User(arguments) => user::run(&arguments).await,
        Command::Group(arguments) => group::run(&arguments).await,
        Command::Tenant(arguments) => tenant::run(&arguments).await,
        Command::Values(arguments) => values::run(&arguments).await.map(|()| true),
        Command::Token(arguments) => token::run(&arguments).await.map(|()| true),
        Command::Doctor(arguments) => doctor::run(&arguments).await,
        Command::Guide(arguments) => guide::run(&arguments).await.map(|()| true),
        Command::Fsck(arguments) => fsck::run(&arguments).await,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "scimctl", &mut io::stdout().lock());
            Ok(true)
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("scimctl: {error:#}");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        Arguments::command().debug_assert();
    }
}
