//! `scimctl tenant`: which tenants there are, their settings, and the end of one.

mod erase;
mod list;
mod set;

use anyhow::Result;

use crate::settings;

/// Tenants: each has its own users, groups, schemas and settings, and nothing of another's.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the tenants that connectors name, with how much they have
    List(list::List),
    /// Show the settings of a tenant
    Show(set::Show),
    /// Change settings of a tenant
    #[command(after_help = settings::OF_TENANT)]
    Set(set::Set),
    /// Delete everything of a tenant, for good; exit code 1 where something came meanwhile
    #[command(after_help = ERASE)]
    Erase(erase::Erase),
}

const EXAMPLES: &str = "\
Examples:
  scimctl tenant list --table scim-Table-1A2B3C  those that connectors lead to
  scimctl tenant list --scan                     also those without a connector: reads the whole table
  scimctl tenant set acme uniqueEmail=true password=argon2id
  scimctl tenant erase acme --dry-run            what would be deleted? table by TABLE_NAME, stack by SECRETS_PREFIX
  scimctl tenant erase acme                      asks for the name first
  scimctl tenant erase acme --local http://127.0.0.1:8123 --secrets http://127.0.0.1:40123
                                                 of a local server: scripts/dev prints the URLs";

const ERASE: &str = "\
First the secrets of the tenant's connectors, so that nobody is let in, then every item of the table that is its own:
users, groups, other resources, what they are found by, memberships, counters, bookmarks, what is left of the deleted,
settings, schemas, tasks. The whole table is read for it, twice: the second time nothing must be left. It can be done
again at any time, after an interruption too.

A function remembers a secret for five minutes: a request that is answered meanwhile can leave items behind. Do it
again after that time. The backups of the table (35 days) keep what was there. The secret of the first connector belongs
to the stack: where that is to go on, --keep-configuration leaves connectors, settings and schemas, and deletes the rest.

Examples:
  scimctl tenant erase acme --dry-run            counts, and deletes nothing
  scimctl tenant erase acme --yes --json         for programs
  scimctl tenant erase default --keep-configuration
                                                 an empty tenant, whose identity provider may begin again";

/// Whether all is well.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool> {
    match &arguments.command {
        Command::List(list) => list.run().await.map(|()| true),
        Command::Show(show) => show.run().await.map(|()| true),
        Command::Set(set) => set.run().await.map(|()| true),
        Command::Erase(erase) => erase.run().await,
    }
}
