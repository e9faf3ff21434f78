//! `scimctl schema`: the schemas and resource types that a tenant adds to the built-in ones.

pub(crate) mod file;

use std::path::PathBuf;

use anyhow::Result;
use directory::Directory;
use scim::catalog::{Catalog, Fault};
use serde_json::{Value, json};

use crate::{
    configuration::{self, Documents, Options},
    print::{Format, columns, confirm},
};

/// Schemas and resource types of a tenant, as JSON in the RFC's formats (RFC 7643 §6, §7). A resource type called User
/// or Group adds its extensions to the built-in one.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Say whether an endpoint could serve a file, by itself; exit code 1 where it could not
    Check(Check),
    /// Add a file's documents to a tenant, in place of those of the same names
    Add(Add),
    /// List what is served to a tenant, and what is left out
    List(List),
    /// Take a schema or a resource type away
    Remove(Remove),
}

const EXAMPLES: &str = "\
A file holds one document, or several in an array.

Examples:
  scimctl schema check device.json               names, types, references; asks nobody
  scimctl schema add device.json --tenant acme --table scim-Table-1A2B3C
  scimctl schema list --tenant acme              table by TABLE_NAME
  scimctl schema remove Device --tenant acme     the resource type first …
  scimctl schema remove urn:ietf:params:scim:schemas:core:2.0:Device --tenant acme
                                                 … then what it needed
  scimctl schema list --tenant default --local   of a local server: scripts/dev --serve-engine 8123";

#[derive(Debug, clap::Args)]
struct Check {
    /// JSON file
    file: PathBuf,

    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Args)]
struct Add {
    /// JSON file
    file: PathBuf,

    #[command(flatten)]
    options: Options,
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, clap::Args)]
struct Remove {
    /// URN of the schema, or name of the resource type
    #[arg(value_name = "URN")]
    id: String,

    #[command(flatten)]
    options: Options,

    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Whether all is well.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool> {
    match &arguments.command {
        Command::Check(check) => check.run(),
        Command::Add(add) => add.run().await,
        Command::List(list) => list.run().await,
        Command::Remove(remove) => remove.run().await.map(|()| true),
    }
}

impl Check {
    fn run(&self) -> Result<bool> {
        let (documents, mut alone) = (file::read(&self.file)?, Documents::new());
        let outcome = file::add(&mut alone, &documents);
        report(self.format, &documents, &[], &file::catalog(&alone), outcome, "An endpoint can serve this")
    }
}

/// A tenant's table and its documents of this kind.
async fn open(options: &Options) -> Result<(Directory, Documents)> {
    let directory = options.target.open().await?.directory;
    let mut documents = configuration::read(&directory, &options.tenant).await?;
    documents.retain(|name, _| file::is_one(name));
    Ok((directory, documents))
}

impl Add {
    async fn run(&self) -> Result<bool> {
        let Options { tenant, format, .. } = &self.options;
        let documents = file::read(&self.file)?;
        let directory = self.options.target.open().await?.directory;
        // All at once, and only while the others are what they were: they decide what can be served.
        let changed = configuration::change(&directory, tenant, file::is_one, |there| {
            let before = there.clone();
            let mut after = before.clone();
            let outcome = file::add(&mut after, &documents);
            if outcome.is_ok() {
                there.clone_from(&after);
            }
            Ok((before, after, outcome))
        });
        let (before, after, outcome) = changed.await?;
        let text = format!("Added to tenant {tenant}, functions take it up within a minute");
        // A User type of another file may have had extensions that this one has not: say what is gone.
        let is_there = |name: &str| before.keys().any(|there| there.eq_ignore_ascii_case(name));
        let replaced: Vec<_> =
            documents.keys().filter(|name| is_there(name)).map(|name| file::id(name)).collect();
        report(*format, &documents, &replaced, &file::catalog(&after), outcome, &text)
    }
}

impl List {
    async fn run(&self) -> Result<bool> {
        let (_, documents) = open(&self.options).await?;
        let catalog = file::catalog(&documents);
        let (mut rows, mut types, mut schemas) = (Vec::new(), Vec::new(), Vec::new());
        for it in &catalog.resource_types {
            let schemas_of = std::iter::once(&it.schema).chain(it.extensions.iter().map(|more| &more.schema));
            let urns: Vec<_> = schemas_of.map(|schema| schema.id.clone()).collect();
            rows.push(vec!["type".to_owned(), it.name.clone(), it.endpoint.clone(), urns.join(" ")]);
            types.push(json!({ "name": it.name, "endpoint": it.endpoint, "schemas": urns }));
        }
        for urn in documents.keys().filter_map(|name| name.strip_prefix("schema#")) {
            let users = file::users(urn, &catalog);
            let told =
                if users.is_empty() { "not used".to_owned() } else { format!("of {}", users.join(", ")) };
            rows.push(vec!["schema".to_owned(), urn.to_owned(), told]);
            schemas.push(json!({ "id": urn, "usedBy": users }));
        }
        for Fault { document, reason } in &catalog.faults {
            rows.push(vec!["left out".to_owned(), document.clone(), reason.clone()]);
        }
        let value = json!({ "types": types, "schemas": schemas, "leftOut": left_out(&catalog.faults) });
        self.options.format.print(&value, &columns(&rows))?;
        Ok(catalog.faults.is_empty())
    }
}

impl Remove {
    async fn run(&self) -> Result<()> {
        let Options { tenant, format, .. } = &self.options;
        let (directory, mut documents) = open(&self.options).await?;
        let name = file::remove(&mut documents, &self.id)?;
        let id = file::id(&name);
        let question = if name.starts_with("type#") {
            format!(
                "Nobody will see the resources of type {id} of tenant {tenant}, or extensions that it adds."
            )
        } else {
            format!("Takes the schema {id} away from tenant {tenant}.")
        };
        confirm(&question, id, self.yes)?;
        let removed = configuration::change(&directory, tenant, file::is_one, |there| {
            file::remove(there, &self.id).map(drop)
        });
        removed.await?;
        let text = format!("{id} is taken away from tenant {tenant}; functions notice within a minute");
        format.print(&json!({ "tenant": tenant, "removed": id }), &text)
    }
}

/// What became of a file's documents; whether all is well.
fn report(
    format: Format,
    documents: &Documents,
    replaced: &[&str],
    catalog: &Catalog,
    outcome: Result<(), Vec<Fault>>,
    done: &str,
) -> Result<bool> {
    let faults = outcome.err().unwrap_or_default();
    let ids: Vec<_> = documents.keys().map(|name| file::id(name)).collect();
    let is_well = faults.is_empty();
    let unused = if is_well { file::unused(documents, catalog) } else { Vec::new() };
    let mut lines = vec![if is_well { format!("{done}: {}", ids.join(", ")) } else { "Refused:".to_owned() }];
    if is_well && !replaced.is_empty() {
        lines.push(format!("In place of what was there: {}", replaced.join(", ")));
    }
    lines.extend(faults.iter().map(|Fault { document, reason }| format!("{document}: {reason}")));
    lines.extend(unused.iter().map(|urn| format!("{urn}: no resource type refers to it")));
    let value = json!({
        "documents": ids, "accepted": is_well, "replaced": replaced, "leftOut": left_out(&faults), "unused": unused,
    });
    format.print(&value, &lines.join("\n"))?;
    Ok(is_well)
}

fn left_out(faults: &[Fault]) -> Value {
    faults
        .iter()
        .map(|Fault { document, reason }| json!({ "document": document, "reason": reason }))
        .collect()
}
