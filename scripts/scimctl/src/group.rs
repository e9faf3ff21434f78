//! `scimctl group`: a tenant's groups.

use anyhow::Result;
use scim::resource_type::GROUPS;

use crate::{
    resource::{compare::Compare, export::Export, get::Get, import::Import, list::List, restore::Restore},
    user::{FORMS, RESTORE},
};

/// Groups of a tenant and who is in them, read and written with your AWS credentials as those of scimctl user are.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show a group, with its members
    Get(Get),
    /// List groups, or what can be restored of those that were deleted
    List(List),
    /// Write every group down once, with its members by name; one that was cut off goes on where it was
    #[command(after_help = FORMS)]
    Export(Export),
    /// Create the groups of a file, and with --update change those that differ; exit code 1 where one is refused
    #[command(after_help = FORMS)]
    Import(Import),
    /// Say which groups the rows of a file mean, and what an import would change; writes nothing
    #[command(after_help = FORMS)]
    Match(Compare),
    /// Bring a deleted group back, under its id
    #[command(after_help = RESTORE)]
    Restore(Restore),
}

const EXAMPLES: &str = "\
Examples:
  scimctl group get 'Tour Guides' --table scim-Table-1A2B3C
  scimctl group list --filter 'displayName sw \"EU \"'
                                                 table by TABLE_NAME
  scimctl group export groups.csv --tenant acme  members by userName, groups in it as group:NAME
  scimctl group import groups.csv --tenant other after scimctl user import, for the members
  scimctl group import groups.csv --update       members that a row does not name leave, too
  scimctl group list --local                     of a local server: scripts/dev --serve-engine 8123";

/// Whether all is well.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool> {
    let endpoint = &GROUPS.endpoint;
    match &arguments.command {
        Command::Get(get) => get.run(endpoint).await.map(|()| true),
        Command::List(list) => list.run(endpoint).await.map(|()| true),
        Command::Export(export) => export.run(endpoint).await.map(|()| true),
        Command::Import(import) => import.run(endpoint).await,
        Command::Match(compare) => compare.run(endpoint).await.map(|()| true),
        Command::Restore(restore) => restore.run(endpoint).await.map(|()| true),
    }
}
