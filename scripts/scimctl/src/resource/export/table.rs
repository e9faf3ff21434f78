//! A table of resources of any shape: a column for each path that any of them has.

use std::{
    collections::{HashMap, HashSet},
    io::Write,
};

use anyhow::{Context, Result};
use scim::{ResourceType, members::MEMBERS};
use serde_json::Value;

use super::{
    super::{
        column::{Column, cell, flatten},
        members::line,
        naming,
    },
    spool::Spool,
};

/// Writes the gathered resources as a table.
pub(super) fn write_table(spool: &mut Spool, resource_type: &ResourceType, out: impl Write) -> Result<()> {
    let mut paths: Vec<String> = Vec::new();
    let mut known = HashSet::new();
    spool.each(|resource| {
        for (path, _) in flatten(&resource, resource_type) {
            if known.insert(path.clone()) {
                paths.push(path);
            }
        }
        Ok(())
    })?;
    let first = ["id", naming(resource_type), "externalId"];
    // What says whose row it is comes first, members and times last, the rest as the schemas have it.
    paths.sort_by_cached_key(|path| {
        let place = match first.iter().position(|name| name == path) {
            Some(place) => place,
            None if path == MEMBERS => first.len() + 1,
            None if path.starts_with("meta.") => first.len() + 2,
            None => first.len(),
        };
        let column = Column::parse(path, resource_type).ok();
        (place, column.map(|column| column.rank(resource_type)), path.clone())
    });
    if paths.is_empty() {
        paths = first.map(str::to_owned).to_vec();
    }
    let places: HashMap<_, _> = paths.iter().enumerate().map(|(at, path)| (path.as_str(), at)).collect();
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(&paths).context("writing the table")?;
    spool.each(|resource| {
        let mut row = vec![String::new(); paths.len()];
        for (path, value) in flatten(&resource, resource_type) {
            if let Some(place) = places.get(path.as_str()) {
                row[*place] = text(&path, &value);
            }
        }
        writer.write_record(&row).context("writing the table")
    })?;
    writer.flush().context("writing the table")
}

fn text(path: &str, value: &Value) -> String {
    match value {
        Value::Array(members) if path == MEMBERS => cell(&members.iter().map(line).collect()),
        other => cell(other),
    }
}
