//! Rows of a file: each says what a resource is to be.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use scim::{Kind, Object, ResourceType, members::MEMBERS};
use serde_json::Value;

use super::column::Column;

/// How resources are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// A table whose columns are SCIM paths
    Csv,
    /// One resource a line, as JSON
    Jsonl,
}

impl Form {
    /// The form that is asked for, or that the file's name tells.
    pub(crate) fn of(asked: Option<Self>, path: Option<&Path>) -> Result<Self> {
        let ending = path.and_then(Path::extension).map(|ending| ending.to_string_lossy().to_lowercase());
        match (asked, ending.as_deref()) {
            (Some(form), _) => Ok(form),
            (None, Some("csv")) => Ok(Self::Csv),
            (None, Some("jsonl" | "ndjson") | None) => Ok(Self::Jsonl),
            (None, Some(other)) => bail!("what is in a file .{other}? Say --format csv or --format jsonl"),
        }
    }
}

/// What one row says.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Where the row begins, from 1.
    pub(crate) line: u64,
    /// The id that it names: that of a resource which may be another one by now.
    pub(crate) id: Option<String>,
    /// What it says of the resource, but for members.
    pub(crate) body: Object,
    /// The same as changes, by path.
    pub(crate) changes: Vec<Change>,
    /// Who is to be in the group, where it says.
    pub(crate) members: Option<Vec<Value>>,
}

/// A new value of an attribute, or none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub(crate) path: String,
    pub(crate) value: Option<Value>,
}

/// How a file is read.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) form: Form,
    /// Whether an empty cell takes the value away.
    pub(crate) clears: bool,
}

/// The rows of a file, one after the other; one that cannot be read is an error of its own.
pub(crate) struct Rows<'a> {
    resource_type: &'a ResourceType,
    lines: Lines,
    clears: bool,
    bytes: u64,
}

enum Lines {
    Csv {
        reader: Box<csv::Reader<File>>,
        columns: Vec<Column>,
        /// Lines that are not counted yet where a row begins.
        behind: u64,
    },
    Jsonl {
        reader: BufReader<File>,
        line: u64,
    },
}

impl Source {
    /// The rows of the file.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or has a column that no schema knows.
    pub(crate) fn rows<'a>(&self, resource_type: &'a ResourceType) -> Result<Rows<'a>> {
        let named = || format!("reading {}", self.path.display());
        let mut file = File::open(&self.path).with_context(named)?;
        let bytes = file.metadata().with_context(named)?.len();
        let lines = match self.form {
            Form::Jsonl => Lines::Jsonl { reader: BufReader::new(file), line: 0 },
            Form::Csv => {
                let Manner { delimiter, behind } = manner(&mut file).with_context(named)?;
                let mut reader =
                    csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(file);
                let columns = columns(reader.headers().with_context(named)?, resource_type)
                    .with_context(|| self.path.display().to_string())?;
                Lines::Csv { reader: Box::new(reader), columns, behind }
            }
        };
        Ok(Rows { resource_type, lines, clears: self.clears, bytes })
    }
}

/// How a table is written.
struct Manner {
    /// What separates the cells: a spreadsheet writes `;` where a comma is part of numbers.
    delimiter: u8,
    /// Where a line ends with two characters, the reader counts it when it meets the second, at the next row.
    behind: u64,
}

fn manner(file: &mut File) -> std::io::Result<Manner> {
    /// No header is longer; one that is not text is refused when it is read as one.
    const LONGEST_HEADER_BYTES: u64 = 64 * 1024;
    let mut beginning = Vec::new();
    file.take(LONGEST_HEADER_BYTES).read_to_end(&mut beginning)?;
    file.seek(SeekFrom::Start(0))?;
    let text = String::from_utf8_lossy(&beginning);
    let first = text.split('\n').next().unwrap_or_default();
    let delimiter = if first.contains(';') && !first.contains(',') { b';' } else { b',' };
    Ok(Manner { delimiter, behind: u64::from(first.ends_with('\r')) })
}

fn columns(header: &csv::StringRecord, resource_type: &ResourceType) -> Result<Vec<Column>> {
    let mut columns: Vec<Column> = Vec::new();
    for name in header {
        // A spreadsheet may put a byte order mark in front.
        let column = Column::parse(name.trim_start_matches('\u{feff}'), resource_type)?;
        ensure!(!columns.iter().any(|it| it.path == column.path), "column {name} is there twice");
        columns.push(column);
    }
    ensure!(!columns.is_empty(), "there is no column");
    Ok(columns)
}

impl Rows<'_> {
    /// The size of the file.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How far it is read, in bytes.
    pub(crate) fn position(&mut self) -> u64 {
        match &mut self.lines {
            Lines::Csv { reader, .. } => reader.position().byte(),
            Lines::Jsonl { reader, .. } => reader.stream_position().unwrap_or_default(),
        }
    }
}

impl Iterator for Rows<'_> {
    /// The line, and what it says, or what is wrong with it.
    type Item = (u64, Result<Row>);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.lines {
            Lines::Csv { reader, columns, behind } => {
                let mut record = csv::StringRecord::new();
                let line = reader.position().line() + *behind;
                match reader.read_record(&mut record) {
                    Ok(false) => None,
                    Ok(true) => {
                        let line = record.position().map_or(line, |position| position.line() + *behind);
                        Some((line, from_cells(line, &record, columns, self.resource_type, self.clears)))
                    }
                    Err(error) => Some((line, Err(error.into()))),
                }
            }
            Lines::Jsonl { reader, line } => loop {
                let mut text = String::new();
                *line += 1;
                match reader.read_line(&mut text) {
                    Ok(0) => return None,
                    Ok(_) if text.trim().is_empty() => {}
                    Ok(_) => return Some((*line, from_json(*line, &text, self.resource_type))),
                    Err(error) => return Some((*line, Err(error.into()))),
                }
            },
        }
    }
}

fn from_cells(
    line: u64,
    record: &csv::StringRecord,
    columns: &[Column],
    resource_type: &ResourceType,
    clears: bool,
) -> Result<Row> {
    ensure!(record.len() <= columns.len(), "{} cells, and there are {} columns", record.len(), columns.len());
    let mut row = Row::new(line);
    for (cell, column) in record.iter().zip(columns) {
        if column.path == "id" {
            row.id = Some(cell.trim().to_owned()).filter(|id| !id.is_empty());
        }
        if column.is_read_only() {
            continue;
        }
        if cell.trim().is_empty() {
            if clears && !column.is_write_only() {
                row.clear(column);
            }
            continue;
        }
        let value = column.value(cell)?;
        if column.is_members() {
            row.members = Some(listed(value)?);
            continue;
        }
        column.put(&mut row.body, value.clone());
        if !column.is_write_only() {
            row.changes.push(Change { path: column.path.clone(), value: Some(value) });
        }
    }
    row.end(resource_type);
    Ok(row)
}

fn from_json(line: u64, text: &str, resource_type: &ResourceType) -> Result<Row> {
    let Value::Object(resource) = serde_json::from_str(text)? else { bail!("it is no JSON object") };
    let mut row = Row::new(line);
    for (name, value) in resource {
        if let Some(extension) = resource_type.extension(&name) {
            let Value::Object(fields) = value else { bail!("{name}: expected an object") };
            for (inner, value) in fields {
                row.take(Column::parse(&format!("{}:{inner}", extension.schema.id), resource_type)?, value)?;
            }
        } else {
            row.take(Column::parse(&name, resource_type)?, value)?;
        }
    }
    row.end(resource_type);
    Ok(row)
}

impl Row {
    fn new(line: u64) -> Self {
        Self { line, id: None, body: Object::new(), changes: Vec::new(), members: None }
    }

    fn take(&mut self, column: Column, value: Value) -> Result<()> {
        if column.path == "id" {
            self.id = value.as_str().map(str::to_owned);
        }
        if column.is_read_only() {
            return Ok(());
        }
        if value.is_null() {
            self.clear(&column);
            return Ok(());
        }
        if column.is_members() {
            self.members = Some(listed(value)?);
            return Ok(());
        }
        column.put(&mut self.body, value.clone());
        if !column.is_write_only() {
            self.changes.push(Change { path: column.path, value: Some(value) });
        }
        Ok(())
    }

    fn clear(&mut self, column: &Column) {
        if column.is_members() {
            self.members = Some(Vec::new());
        } else {
            self.changes.push(Change { path: column.path.clone(), value: None });
        }
    }

    /// Names the schemas that the body makes use of.
    fn end(&mut self, resource_type: &ResourceType) {
        let extensions = resource_type.extensions.iter().map(|extension| &extension.schema.id);
        let used = extensions.filter(|urn| self.body.contains_key(*urn));
        let schemas: Vec<_> = std::iter::once(&resource_type.schema.id).chain(used).cloned().collect();
        self.body.insert("schemas".to_owned(), schemas.into());
        if resource_type.kind != Kind::Group {
            self.members = None;
        }
    }

    /// A text of the body.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
    }
}

fn listed(value: Value) -> Result<Vec<Value>> {
    match value {
        Value::Array(values) => Ok(values),
        _ => bail!("{MEMBERS}: expected an array"),
    }
}

#[cfg(test)]
mod tests {
    use scim::resource_type::{GROUPS, USERS};
    use serde_json::json;

    use super::*;

    fn rows(name: &str, text: &str, clears: bool, of: &ResourceType) -> Result<Vec<(u64, Result<Row>)>> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        let form = Form::of(None, Some(&path)).expect("a form");
        Ok(Source { path, form, clears }.rows(of)?.collect())
    }

    fn bodies(name: &str, text: &str, of: &ResourceType) -> Vec<(u64, Value)> {
        let rows = rows(name, text, false, of).expect("rows");
        let body = |row: Result<Row>| Value::Object(row.expect("a row").body);
        rows.into_iter().map(|(line, row)| (line, body(row))).collect()
    }

    #[test]
    fn rows_of_a_spreadsheet_are_typed_and_keep_their_lines() {
        let text = "\u{feff}id;userName;active;name.givenName;emails[type eq \"\"work\"\"].value\r\n\
                    1;ann;TRUE;\"An\nn\";a@x\r\n;bea;;;\r\n";
        let text =
            text.replace("emails[type eq \"\"work\"\"].value", "\"emails[type eq \"\"work\"\"].value\"");
        let schemas = json!([USERS.schema.id]);
        assert_eq!(
            bodies("a.csv", &text, &USERS),
            [
                (
                    2,
                    json!({ "schemas": schemas, "userName": "ann", "active": true, "name": { "givenName": "An\nn" },
                    "emails": [{ "type": "work", "value": "a@x" }] })
                ),
                (4, json!({ "schemas": schemas, "userName": "bea" })),
            ]
        );
    }

    #[test]
    fn an_empty_cell_says_nothing_or_takes_away() {
        let read = |clears| {
            let mut rows = rows("a.csv", "userName,title,password\nann,,\n", clears, &USERS).expect("rows");
            rows.remove(0).1.expect("a row").changes
        };
        let name = Change { path: "userName".to_owned(), value: Some(json!("ann")) };
        assert_eq!(read(false), std::slice::from_ref(&name));
        assert_eq!(read(true), [name, Change { path: "title".to_owned(), value: None }]);
    }

    #[test]
    fn a_line_of_json_is_a_resource_without_what_nobody_writes() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let line = json!({ "id": "7", "meta": { "version": "1" }, "USERNAME": "ann", "title": null, "password": "x",
            urn: { "department": "D" } });
        let mut rows = rows("a.jsonl", &format!("\n{line}\n"), false, &USERS).expect("rows");
        let (at, row) = rows.remove(0);
        let row = row.expect("a row");
        assert_eq!((at, row.id.as_deref()), (2, Some("7")));
        assert_eq!(
            Value::Object(row.body),
            json!({ "schemas": [USERS.schema.id, urn], "userName": "ann", "password": "x", urn: { "department": "D" } })
        );
        let changes: Vec<_> = row.changes.iter().map(|it| (it.path.as_str(), it.value.is_some())).collect();
        assert_eq!(changes.len(), 3, "never the password: {changes:?}");
        assert!(
            changes.contains(&("title", false)) && changes.contains(&(&format!("{urn}:department"), true))
        );
    }

    #[test]
    fn members_are_apart() {
        let mut rows =
            rows("a.csv", "displayName,members\nTours,\"ann\nbea\"\n", false, &GROUPS).expect("rows");
        let row = rows.remove(0).1.expect("a row");
        assert_eq!(row.members, Some(vec![json!("ann"), json!("bea")]));
        assert!(!row.body.contains_key("members") && row.changes.len() == 1);
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_line_and_the_rest_goes_on() {
        let read = rows("a.csv", "userName,active\nann,maybe\nbea,true\ncid,true,3\n", false, &USERS);
        let read = read.expect("rows");
        let told: Vec<_> = read.iter().map(|(line, row)| (*line, row.is_ok())).collect();
        assert_eq!(told, [(2, false), (3, true), (4, false)]);
        let read =
            rows("a.jsonl", "{\n{\"userName\":\"ann\"}\n{\"nope\":1}\n[]\n", false, &USERS).expect("rows");
        let told: Vec<_> = read.iter().map(|(line, row)| (*line, row.is_ok())).collect();
        assert_eq!(told, [(1, false), (2, true), (3, false), (4, false)]);
        for (header, expected) in [("userName,nope\n", "no schema"), ("userName,USERNAME\n", "twice")] {
            let error = rows("a.csv", header, false, &USERS).map(drop).expect_err(header);
            assert!(format!("{error:#}").contains(expected), "{error:#}");
        }
    }
}
