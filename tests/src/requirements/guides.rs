//! The table of what administrators of replaced products do and see, by their guides, and the tests that show what this
//! service does instead.
//!
//! `tests/requirements/guides` has a TOML file for each part; [`page`] makes `infra/docs/replacing.md` of them. The
//! words are this project's own.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::{Evidence, files, root};

/// One file of the table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What it is about.
    pub title: String,
    /// What administrators do and see.
    #[serde(default, rename = "row")]
    pub rows: Vec<Row>,
    /// What was decided where a guide leaves it to the service.
    #[serde(default, rename = "decision")]
    pub decisions: Vec<Decision>,
    /// How guides are read where they say two things.
    #[serde(default, rename = "reading")]
    pub readings: Vec<Reading>,
}

/// One thing that an administrator does or sees.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// From 1 on, each once.
    pub number: usize,
    /// What it is with the replaced product.
    pub theirs: String,
    /// What this service answers.
    pub ours: String,
    /// The tests that show it, named as in the ledger of the RFCs.
    #[serde(default)]
    pub tests: Vec<String>,
    /// Whether a part of it is still to come; `note` says which.
    pub status: Option<Status>,
    /// What is to come.
    pub note: Option<String>,
}

/// Whether something is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is.
    Planned,
}

/// What was decided, and where it counts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// `a`, `b`, ….
    pub key: char,
    /// The decision.
    pub text: String,
    /// The rows that it decides: their tests hold it.
    pub rows: Vec<usize>,
}

/// How a guide is read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// From 1 on, each once.
    pub number: usize,
    /// What a guide leaves open.
    pub question: String,
    /// How it is taken.
    pub answer: String,
    /// The rows that it is about: their tests hold it.
    pub rows: Vec<usize>,
}

/// Every part, in the order of the files' names.
///
/// # Errors
///
/// When a file cannot be read or is no part of the table.
pub fn load() -> Result<Vec<Part>> {
    let mut paths = files(&root().join("tests/requirements/guides"))?;
    paths.sort();
    ensure!(!paths.is_empty(), "the table of the guides is empty");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is no part of the table", path.display()))
    };
    paths.into_iter().map(read).collect()
}

/// Everything that is wrong with the table, a sentence each.
#[must_use]
pub fn faults(parts: &[Part], evidence: &Evidence) -> Vec<String> {
    let mut faults = Vec::new();
    let rows: Vec<&Row> = parts.iter().flat_map(|part| &part.rows).collect();
    let numbers: Vec<usize> = rows.iter().map(|row| row.number).collect();
    if numbers != (1..=rows.len()).collect::<Vec<_>>() {
        faults.push("the rows are not numbered one after the other".to_owned());
    }
    for Row { number, theirs, ours, tests, status, note } in rows {
        let mut say = |fault: &str| faults.push(format!("row {number}: {fault}"));
        if theirs.trim().is_empty() || ours.trim().is_empty() {
            say("it says nothing");
        }
        match (status, note) {
            (None, _) if tests.is_empty() => say("no test shows it"),
            (None, Some(_)) => say("it has a note of what is to come, and nothing is planned"),
            (Some(Status::Planned), None) => say("the note does not say what is to come"),
            _ => {}
        }
        let mut names = BTreeSet::new();
        for name in tests {
            if !names.insert(name) {
                say(&format!("{name} is named twice"));
            }
            if !evidence.has(name) {
                say(&format!("there is no test {name}"));
            }
        }
    }
    let mut check = |what: String, rows: &[usize], text: &str| {
        if text.trim().is_empty() || rows.is_empty() {
            faults.push(format!("{what}: it says nothing, or of no row"));
        }
        faults.extend(
            rows.iter()
                .filter(|row| !numbers.contains(row))
                .map(|row| format!("{what}: there is no row {row}")),
        );
    };
    let (mut keys, mut counted) = (String::new(), Vec::new());
    for Decision { key, text, rows } in parts.iter().flat_map(|part| &part.decisions) {
        check(format!("decision {key}"), rows, text);
        keys.push(*key);
    }
    for Reading { number, question, answer, rows } in parts.iter().flat_map(|part| &part.readings) {
        check(format!("reading {number}"), rows, if question.is_empty() { "" } else { answer });
        counted.push(*number);
    }
    if !('a'..='z').collect::<String>().starts_with(&keys)
        || counted != (1..=counted.len()).collect::<Vec<_>>()
    {
        faults.push("decisions and readings are not named one after the other".to_owned());
    }
    faults
}

const HEAD: &str = "\
# Replacing another product

What an administrator of a product like Interact or Talkdesk does and sees, by the guides for Okta and Entra, what this
service does instead, and the tests that show it. A name with a slash is a fixture, sent to the whole endpoint; one with
colons is a Rust test. *Planned* says what of a row is still to come.

This page is made of `tests/requirements/guides`. Change the table there, then run
`cargo run -p tests --bin ledger -- render`. A test fails when the page is older than the table, or a row names a test
that does not exist.
";

/// Where the page belongs.
#[must_use]
pub fn path() -> PathBuf {
    root().join("infra/docs/replacing.md")
}

/// The page.
#[must_use]
pub fn page(parts: &[Part]) -> String {
    let all = || parts.iter().flat_map(|part| &part.rows);
    let planned = all().filter(|row| row.status.is_some()).count();
    let mut page = format!("{HEAD}\nOf {} rows {planned} have a part that is planned.\n", all().count());
    for Part { title, rows, decisions, readings } in parts {
        let _ = write!(page, "\n## {title}\n\n");
        if !rows.is_empty() {
            page += "| | the administrator | this service | shown by |\n|---|---|---|---|\n";
        }
        for Row { number, theirs, ours, tests, note, .. } in rows {
            let planned = note.iter().map(|note| format!("*planned: {}*", cell(note)));
            let shown: Vec<_> = tests.iter().map(|name| link(name)).chain(planned).collect();
            let _ =
                writeln!(page, "| {number} | {} | {} | {} |", cell(theirs), cell(ours), shown.join("<br>"));
        }
        if !decisions.is_empty() {
            page += "What the guides leave to the service; the rows' tests hold it.\n\n| | decision | rows |\n|---|---|---|\n";
        }
        for Decision { key, text, rows } in decisions {
            let _ = writeln!(page, "| {key} | {} | {} |", cell(text), join(rows));
        }
        if !readings.is_empty() {
            page += "Where a guide can be read in two ways.\n\n| | question | reading | rows |\n|---|---|---|---|\n";
        }
        for Reading { number, question, answer, rows } in readings {
            let _ = writeln!(page, "| {number} | {} | {} | {} |", cell(question), cell(answer), join(rows));
        }
    }
    page
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn join(rows: &[usize]) -> String {
    rows.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn link(name: &str) -> String {
    if name.contains("::") {
        format!("`{name}`")
    } else {
        format!("[{name}](../../tests/fixtures/{name}.json)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(table: &str, expected: &[&str]) {
        let part: Part = toml::from_str(&format!("title = 'x'\n{table}")).unwrap();
        assert_eq!(faults(&[part], &Evidence::new().unwrap()), expected, "{table}");
    }

    fn row(number: usize, rest: &str) -> String {
        format!("[[row]]\nnumber = {number}\ntheirs = 't'\nours = 'o'\n{rest}\n")
    }

    #[test]
    fn every_row_needs_tests_that_exist_or_says_what_is_to_come() {
        let good = "tests = ['patch/a_patch_is_atomic']";
        check(&row(1, good), &[]);
        check(&row(1, ""), &["row 1: no test shows it"]);
        check(&row(1, "tests = ['patch/nope']"), &["row 1: there is no test patch/nope"]);
        check(&row(1, "status = 'planned'\nnote = 'this'"), &[]);
        check(&row(1, &format!("{good}\nstatus = 'planned'\nnote = 'this'")), &[]);
        check(&row(1, "status = 'planned'"), &["row 1: the note does not say what is to come"]);
        check(
            &row(1, &format!("{good}\nnote = 'this'")),
            &["row 1: it has a note of what is to come, and nothing is planned"],
        );
        check(&row(2, good), &["the rows are not numbered one after the other"]);
        check(
            &row(1, "tests = ['patch/a_patch_is_atomic', 'patch/a_patch_is_atomic']"),
            &["row 1: patch/a_patch_is_atomic is named twice"],
        );
    }

    #[test]
    fn decisions_and_readings_are_of_rows_that_exist() {
        let good = row(1, "tests = ['patch/a_patch_is_atomic']");
        let decision = "[[decision]]\nkey = 'a'\ntext = 't'\nrows = [1, 2]\n";
        check(&format!("{good}{decision}"), &["decision a: there is no row 2"]);
        let reading = "[[reading]]\nnumber = 1\nquestion = 'q'\nanswer = 'a'\nrows = []\n";
        check(&format!("{good}{reading}"), &["reading 1: it says nothing, or of no row"]);
        check(
            &format!("{good}[[decision]]\nkey = 'b'\ntext = 't'\nrows = [1]\n"),
            &["decisions and readings are not named one after the other"],
        );
    }

    #[test]
    fn a_row_is_a_line_with_links() {
        let table = row(1, "tests = ['x/y', 'scim::z']\nstatus = 'planned'\nnote = 'N | n.'");
        let part: Part = toml::from_str(&format!("title = 'Part'\n{table}")).unwrap();
        let page = page(&[part]);
        let line =
            "| 1 | t | o | [x/y](../../tests/fixtures/x/y.json)<br>`scim::z`<br>*planned: N \\| n.* |\n";
        assert!(page.contains(line), "{page}");
        assert!(page.contains("\nOf 1 rows 1 have a part that is planned.\n\n## Part\n"), "{page}");
    }
}
