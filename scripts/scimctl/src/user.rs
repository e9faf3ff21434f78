//! `scimctl user`: a tenant's users.

use anyhow::Result;
use scim::resource_type::USERS;

use crate::resource::{
    compare::Compare, export::Export, get::Get, import::Import, list::List, password::VerifyPassword,
    purge::Purge, restore::Restore,
};

/// Users of a tenant, read and written in this program with your AWS credentials: no token is needed. The rules are
/// those that identity providers meet, the errors too; but what a connector's settings forbid its client, readOnly
/// for instance, does not bind you.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show a user, with its groups
    Get(Get),
    /// List users, or what can be restored of those that were deleted
    List(List),
    /// Write every user down once, as a table or as JSON; one that was cut off goes on where it was
    #[command(after_help = FORMS)]
    Export(Export),
    /// Create the users of a file, and with --update change those that differ; exit code 1 where one is refused
    #[command(after_help = FORMS)]
    Import(Import),
    /// Say which users the rows of a file mean, and what an import would change; writes nothing
    #[command(after_help = FORMS)]
    Match(Compare),
    /// Bring a deleted user back, under its id
    #[command(after_help = RESTORE)]
    Restore(Restore),
    /// Say whether a password is that of a user, where the tenant keeps them; exit code 1 where it is not
    #[command(after_help = VERIFY)]
    VerifyPassword(VerifyPassword),
    /// Delete users that are inactive since long; without --yes they are listed
    #[command(after_help = PURGE)]
    Purge(Purge),
}

const EXAMPLES: &str = "\
Examples:
  scimctl user get ann@example.com --table scim-Table-1A2B3C
  scimctl user get externalId:00u1a2b3c --connector okta
                                                 table by TABLE_NAME; whose externalId it is
  scimctl user list --filter 'active eq false' --attributes userName,meta.lastModified --count 0
  scimctl user export users.csv --tenant acme    again after an interruption, it goes on
  scimctl user match hr.csv                      what would an import do? …
  scimctl user import hr.csv --update            … do it
  scimctl user list --deleted                    what can be restored …
  scimctl user restore 3f2b…                     … is there again
  scimctl user purge --inactive-for 90d          who would be deleted? then --yes
  scimctl user list --local                      of a local server: scripts/dev --serve-engine 8123";

/// How files look.
pub(crate) const FORMS: &str = "\
CSV: a row a resource, a column an attribute, named by its SCIM path as in a PATCH:
  userName,active,name.givenName,\"emails[type eq \"\"work\"\"].value\",
  urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department
An attribute with several values is one a line in its cell, or JSON. Members are userNames, or group: and a displayName,
or ids. id, meta and others that nobody can write say nothing, but that a row with an id means the resource of that id.
Else it means the one of its userName or displayName, else of its externalId, else of one of its e-mail addresses.
A spreadsheet takes a cell that begins with = for a formula: open a table of people as text.
JSONL: a resource a line, as SCIM has it; null takes an attribute away. Members may have a name beside their value, by
which they are found where the id is unknown. A manager is an id, a userName or an
externalId.

An import that was cut off is done again: who is there already is found, and what is so already is not written. A
password is taken for new users alone. An export goes by way of FILE.partial, which an interruption leaves.";

/// What comes back.
pub(crate) const RESTORE: &str = "\
What is deleted is kept for 30 days. It comes back with its id, its attributes and all that it is found by, or not at
all: where its name is another's by now, the error says whose. It is in no group then; the answer says in which it was,
and --groups makes it a member again, from two minutes after the deletion on. Who was in a deleted group is not kept, nor a
password.

Examples:
  scimctl user list --deleted                    ids, names and until when
  scimctl user restore 3f2b5d7c-…                table by TABLE_NAME
  scimctl user restore 3f2b5d7c-… --groups       also a member again of up to 1,000 groups";

const PURGE: &str = "\
A user counts as inactive since its last change, which mostly was the one that switched it off. Who is changed between
being found and being deleted stays. For 30 days the deleted can be restored.

Examples:
  scimctl user purge --inactive-for 90d          lists them
  scimctl user purge --inactive-for 90d --yes --tenant acme";

const VERIFY: &str = "\
The password is read from standard input, up to the end of the line, so that no other program sees it.

Examples:
  read -rs password; printf %s \"$password\" | scimctl user verify-password ann@example.com";

/// Whether all is well.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool> {
    let endpoint = &USERS.endpoint;
    match &arguments.command {
        Command::Get(get) => get.run(endpoint).await.map(|()| true),
        Command::List(list) => list.run(endpoint).await.map(|()| true),
        Command::Export(export) => export.run(endpoint).await.map(|()| true),
        Command::Import(import) => import.run(endpoint).await,
        Command::Match(compare) => compare.run(endpoint).await.map(|()| true),
        Command::Restore(restore) => restore.run(endpoint).await.map(|()| true),
        Command::VerifyPassword(verify) => verify.run().await,
        Command::Purge(purge) => purge.run().await,
    }
}
