//! `scimctl values`: the values that an attribute may have, kept beside its schema.

use anyhow::{Context, Result, bail, ensure};
use scim::{
    Object,
    path::AttributePath,
    resource_type::Target,
    schema::{Attribute, Type},
};
use serde_json::{Value, json};

use crate::{
    configuration::{self, Documents, Options},
    print::columns,
    schema::file,
};

/// What the names of such documents begin with.
const PREFIX: &str = "values#";
/// The field of the document that holds the values.
const FIELD: &str = "values";

/// Allowed values of attributes, kept beside the schemas: an attribute with a list here takes no other value but those of
/// the list. A list begins with the values that a closed schema has; without a value it is none, and the schema counts again.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Allow values
    Add(Change),
    /// Allow values no more; a resource that has one keeps it until it is written
    Remove(Change),
    /// List the values
    List(List),
}

const EXAMPLES: &str = "\
An attribute is named by its path; with its schema's URN where several resource types have one of that name. Two people
who change the same list lose nothing.

Examples:
  scimctl values add rolesString Agent Supervisor --tenant acme --table scim-Table-1A2B3C
  scimctl values add urn:ietf:params:scim:schemas:extension:talkdesk:2.0:User:teamsString 'Tier 1' --tenant acme
                                                 table by TABLE_NAME
  scimctl values list --tenant acme              all lists
  scimctl values list userType --tenant acme     of one attribute; without a list, those of its schema
  scimctl values remove rolesString Supervisor --tenant acme";

#[derive(Debug, clap::Args)]
struct Change {
    /// The attribute, as in rolesString or URN:rolesString
    path: String,

    /// The values
    #[arg(required = true, value_name = "VALUE")]
    values: Vec<String>,

    #[command(flatten)]
    options: Options,
}

#[derive(Debug, clap::Args)]
struct List {
    /// Of this attribute alone
    path: Option<String>,

    #[command(flatten)]
    options: Options,
}

/// An attribute of a tenant.
struct Found {
    /// Its path with its schema's URN, in the schemas' spelling.
    path: String,
    attribute: Attribute,
}

/// Does what was asked for.
pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        Command::Add(change) => change.run(false).await,
        Command::Remove(change) => change.run(true).await,
        Command::List(list) => list.run().await,
    }
}

impl Found {
    /// The values that the schema allows, where it allows no others.
    fn allowed(&self) -> Vec<String> {
        let values = self.attribute.private.closed.then(|| self.attribute.canonical_values.clone());
        values.unwrap_or_default()
    }
}

impl Change {
    async fn run(&self, takes: bool) -> Result<()> {
        let Options { tenant, target, format } = &self.options;
        ensure!(self.values.iter().all(|value| !value.trim().is_empty()), "a value is not blank");
        let directory = target.open().await?.directory;
        let depends = |name: &str| file::is_one(name) || name.starts_with(PREFIX);
        let changed = configuration::change(&directory, tenant, depends, |documents| {
            let known = find(documents, &self.path);
            let first = known.as_ref().map(Found::allowed).unwrap_or_default();
            let known = known.map(|found| found.path);
            let own = documents.keys().find(|name| is_of(name, &self.path));
            let path = match (known, own) {
                // A list that was left behind by a schema can be emptied.
                (Err(_), Some(name)) if takes => name[PREFIX.len()..].to_owned(),
                (known, _) => known?,
            };
            let name = documents.keys().find(|name| is_of(name, &path)).cloned();
            let name = name.unwrap_or_else(|| format!("{PREFIX}{path}"));
            let mut values = documents.get(&name).map_or(first, listed);
            if takes {
                remove(&mut values, &self.values).with_context(|| path.clone())?;
            } else {
                add(&mut values, &self.values);
            }
            if values.is_empty() {
                documents.remove(&name);
            } else {
                documents.insert(name, Object::from_iter([(FIELD.to_owned(), json!(values))]));
            }
            Ok((path, values))
        });
        let (path, values) = changed.await?;
        format.remark("Functions take it up within a minute.");
        let text = if values.is_empty() {
            "there is no list: the schema counts".to_owned()
        } else {
            values.join("\n")
        };
        format.print(&json!({ "tenant": tenant, "path": path, "values": values }), &text)
    }
}

fn add(values: &mut Vec<String>, more: &[String]) {
    for value in more {
        if !values.contains(value) {
            values.push(value.clone());
        }
    }
}

fn remove(values: &mut Vec<String>, less: &[String]) -> Result<()> {
    for value in less {
        let Some(at) = values.iter().position(|there| there == value) else {
            bail!("{value} is not on the list");
        };
        values.remove(at);
    }
    Ok(())
}

impl List {
    async fn run(&self) -> Result<()> {
        let Options { tenant, target, format } = &self.options;
        let directory = target.open().await?.directory;
        let documents = configuration::read(&directory, tenant).await?;
        let added =
            documents.iter().filter_map(|(name, document)| Some((name.strip_prefix(PREFIX)?, document)));
        let mut lists: Vec<(String, Vec<String>)> =
            added.map(|(path, document)| (path.to_owned(), listed(document))).collect();
        if let Some(path) = &self.path {
            let found = find(&documents, path)?;
            lists.retain(|(path, _)| path.eq_ignore_ascii_case(&found.path));
            if lists.is_empty() {
                lists.push((found.path, Vec::new()));
            }
        }
        let (mut rows, mut told) =
            (vec![["ATTRIBUTE", "VALUE", "OF"].map(str::to_owned).to_vec()], Vec::new());
        for (path, values) in &lists {
            let (own, note) = match find(&documents, path) {
                Ok(Found { attribute, .. }) => {
                    let own = attribute.canonical_values.clone();
                    // Of a schema that is not closed they are suggestions: with a list they count no more.
                    (own, if attribute.private.closed { "the schema" } else { "the schema, a suggestion" })
                }
                Err(_) => (Vec::new(), "no schema has this attribute"),
            };
            let row = |value: &String, of: &str| vec![path.clone(), value.clone(), of.to_owned()];
            rows.extend(values.iter().map(|value| row(value, "the list")));
            if values.is_empty() {
                rows.extend(own.iter().map(|value| row(value, note)));
            }
            if own.is_empty() && values.is_empty() || note.starts_with("no schema") {
                rows.push(row(&String::new(), note));
            }
            told.push(json!({
                "path": path, "values": values, "schemaValues": own, "closed": note == "the schema",
                "known": !note.starts_with("no schema"),
            }));
        }
        format.print(&Value::Array(told), &columns(&rows))
    }
}

/// Whether a document is the list of this attribute: names count in any case.
fn is_of(name: &str, path: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|of| of.eq_ignore_ascii_case(path))
}

fn listed(document: &Object) -> Vec<String> {
    let values = document.get(FIELD).and_then(Value::as_array).into_iter().flatten();
    values.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The attribute of a path, if it can have such a list.
fn find(documents: &Documents, text: &str) -> Result<Found> {
    let path =
        AttributePath::parse(text).with_context(|| format!("{text} is not the path of an attribute"))?;
    let schemas: Documents = documents
        .iter()
        .filter(|(name, _)| file::is_one(name))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    let mut found: Vec<Found> = Vec::new();
    for resource_type in &file::catalog(&schemas).resource_types {
        let Some(Target::Attribute { extension, attribute, sub_attribute }) = resource_type.resolve(&path)
        else {
            continue;
        };
        let urn = extension.map_or(&resource_type.schema.id, |schema| &schema.id);
        let inner = sub_attribute.map(|sub| format!(".{}", sub.name)).unwrap_or_default();
        let path = format!("{urn}:{}{inner}", attribute.name);
        if !found.iter().any(|there| there.path == path) {
            found.push(Found { path, attribute: sub_attribute.unwrap_or(attribute).clone() });
        }
    }
    if found.len() > 1 {
        let paths: Vec<_> = found.iter().map(|it| it.path.as_str()).collect();
        bail!("several attributes are called {text}, say which: {}", paths.join(", "));
    }
    let found = found.pop().with_context(|| format!("no schema of the tenant has an attribute {text}"))?;
    let kind = found.attribute.kind;
    ensure!(kind == Type::String, "{} is a {} and no string: it has no such list", found.path, kind.name());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_found_by_any_path_that_means_one() {
        let core = "urn:ietf:params:scim:schemas:core:2.0:User:userType";
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
        let documents = Documents::new();
        for (text, expected) in [
            ("USERTYPE", core),
            (core, core),
            ("department", enterprise),
            ("emails.type", "urn:ietf:params:scim:schemas:core:2.0:User:emails.type"),
        ] {
            assert_eq!(find(&documents, text).expect(text).path, expected);
        }
        for (text, expected) in [
            ("nope", "no schema of the tenant"),
            ("active", "is a boolean and no string"),
            ("displayName", "several attributes are called displayName, say which: urn:"),
            ("a b", "not the path"),
        ] {
            let error = find(&documents, text).err().expect(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_value_is_there_once_and_only_what_is_there_is_removed() {
        let mut values = vec!["Agent".to_owned()];
        let both = ["Agent", "Supervisor"].map(str::to_owned);
        add(&mut values, &both);
        assert_eq!(values, both);
        assert!(remove(&mut values, &["agent".to_owned()]).is_err());
        remove(&mut values, &both).expect("removed");
        assert!(values.is_empty());
    }
}
