//! `export`: every resource once, to a file or to standard output.
//!
//! To a file it goes by way of `FILE.partial`, one resource a line: an export that was cut off goes on after the last
//! whole line of it, and which columns a table needs is known at its end.

mod spool;
mod table;

use std::{
    collections::HashMap,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use endpoint::operator::Listing;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use scim::{Kind, Object, ResourceId, members::MEMBERS};
use serde_json::{Value, json};

use self::{spool::Spool, table::write_table};
use super::{
    Desk, Whose,
    members::{Names, written},
    rows::Form,
};
use crate::progress::Progress;

/// Groups whose members are read at the same time.
const AT_ONCE: usize = 8;
/// What of `meta` is written down: the rest is about an address, or of a moment.
const META: [&str; 2] = ["created", "lastModified"];

/// Options of `export`.
#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// Where to [default: standard output]
    file: Option<PathBuf>,

    /// csv, a table whose columns are SCIM paths, or jsonl, one resource a line [default: by the file's ending, else
    /// jsonl]
    #[arg(long)]
    format: Option<Form>,

    /// Only those that match, as in 'active eq true'
    #[arg(long)]
    filter: Option<String>,

    /// Put it in the place of a file that is there
    #[arg(long)]
    overwrite: bool,

    #[command(flatten)]
    whose: Whose,
}

impl Export {
    pub(crate) async fn run(&self, endpoint: &str) -> Result<()> {
        let file = self.file.as_deref().filter(|path| *path != Path::new("-"));
        let form = Form::of(self.format, file)?;
        if let Some(file) = file {
            ensure!(self.overwrite || !file.exists(), "{} is there: --overwrite replaces it", file.display());
        }
        let desk = self.whose.open(endpoint).await?;
        let question = json!({ "export": {
            "tenant": self.whose.tenant, "connector": self.whose.connector, "type": desk.resource_type.name,
            "filter": self.filter,
        }});
        let mut spool = match (file, form) {
            (Some(file), _) => Some(Spool::beside(file, &question)?),
            (None, Form::Csv) => Some(Spool::aside(&question)?),
            (None, Form::Jsonl) => None,
        };
        let (resumed, mut after) = match &spool {
            Some(spool) => (spool.count(), spool.last().map(str::to_owned)),
            None => (0, None),
        };
        if resumed > 0 {
            self.whose.format.remark(&format!("An export was cut off after {resumed}: it goes on there."));
        }
        let total = if self.filter.is_none() { desk.total().await.ok() } else { None };
        let progress = Progress::new("Exporting", total);
        let listing = Listing {
            filter: self.filter.clone(),
            attributes: None,
            excluded_attributes: Some(format!("{MEMBERS},groups")),
        };
        let (names, mut count) = (Names::default(), resumed);
        loop {
            let page = desk.page(&listing, after.as_deref()).await?;
            let resources: Vec<Object> = stream::iter(page.resources)
                .map(async |resource| whole(&desk, &names, resource).await)
                .buffered(AT_ONCE)
                .try_collect()
                .await?;
            count += resources.len() as u64;
            match &mut spool {
                Some(spool) => spool.add(&resources)?,
                None => print_lines(&resources)?,
            }
            progress.set(count);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        progress.end();
        if let Some(spool) = spool {
            end(spool, form, file, &desk)?;
        }
        let value = json!({ "exported": count, "resumedAfter": resumed, "file": file });
        let noun = desk.noun();
        let Some(file) = file else {
            self.whose.format.remark(&format!("{count} {noun}s"));
            return Ok(());
        };
        self.whose.format.print(&value, &format!("{count} {noun}s are in {}", file.display()))
    }
}

/// A resource as it is written down: with its members, without what nobody can write again.
async fn whole(desk: &Desk, names: &Names, mut resource: Object) -> Result<Object> {
    if let Some(Value::Object(meta)) = resource.get_mut("meta") {
        meta.retain(|name, _| META.contains(&name.as_str()));
    }
    without_references(&mut resource);
    let id = resource.get("id").and_then(Value::as_str).and_then(ResourceId::parse);
    if desk.resource_type.kind == Kind::Group
        && let Some(id) = id
    {
        let scope = desk.operator.scope().await?;
        let (_, members) = desk.directory.group_and_members(&scope, &id).await.context("reading members")?;
        let called: HashMap<_, _> = names.of(desk, &members).await?;
        if !members.is_empty() {
            let members = members.iter().map(|member| written(member, &called)).collect();
            resource.insert(MEMBERS.to_owned(), members);
        }
    }
    Ok(resource)
}

/// Takes out where a value is found: at no address, here.
fn without_references(fields: &mut Object) {
    let is_path = |value: &Value| value.as_str().is_some_and(|text| text.starts_with('/'));
    fields.retain(|name, value| name != "$ref" || !is_path(value));
    for value in fields.values_mut() {
        match value {
            Value::Object(inner) => without_references(inner),
            Value::Array(values) => {
                values.iter_mut().filter_map(Value::as_object_mut).for_each(without_references);
            }
            _ => {}
        }
    }
}

fn print_lines(resources: &[Object]) -> Result<()> {
    let mut out = io::stdout().lock();
    for resource in resources {
        serde_json::to_writer(&mut out, resource).context("writing to standard output")?;
        writeln!(out).context("writing to standard output")?;
    }
    Ok(())
}

/// Makes the file of what was gathered, in the place of the one that is there at once.
fn end(mut spool: Spool, form: Form, file: Option<&Path>, desk: &Desk) -> Result<()> {
    let Some(path) = file else {
        return write_table(&mut spool, &desk.resource_type, io::stdout().lock());
    };
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let mut whole = tempfile::NamedTempFile::new_in(folder).context("making the file")?;
    let mut out = io::BufWriter::new(whole.as_file_mut());
    match form {
        Form::Csv => write_table(&mut spool, &desk.resource_type, &mut out)?,
        Form::Jsonl => spool.copy(&mut out)?,
    }
    out.flush().context("writing the file")?;
    drop(out);
    whole.as_file().sync_all().context("writing the file")?;
    whole.persist(path).with_context(|| format!("writing {}", path.display()))?;
    spool.remove()
}
