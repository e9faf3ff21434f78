//! The ledger: what the RFCs demand of a service provider, and the tests that hold it.
//!
//! `tests/requirements` has a TOML file for each part of an RFC; [`render`] makes `CONFORMANCE.md` of them. The
//! words are this project's own; [`guides`] is the same for what administrators expect. What binds a client alone is not listed; each file's head says what that is.

mod evidence;
mod faults;
pub mod guides;
pub mod render;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

pub use evidence::Evidence;
pub use faults::faults;

/// One file of the ledger.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The RFC's number.
    pub rfc: u16,
    /// The section it is about, subsections included.
    pub section: String,
    /// What the section is about.
    pub title: String,
    /// The requirements, in the order of the RFC.
    #[serde(rename = "requirement")]
    pub requirements: Vec<Requirement>,
}

/// One thing that an RFC demands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// `<rfc>-<section>-<words>`; never given twice.
    pub id: String,
    /// The section that demands it.
    pub section: String,
    /// The word that makes it a demand.
    pub keyword: Keyword,
    /// What is demanded, in this project's words.
    pub text: String,
    /// The tests that hold it: a fixture by its path, or a Rust test by its path with `::`.
    #[serde(default)]
    pub tests: Vec<String>,
    /// The setting under which alone it holds.
    pub setting: Option<String>,
    /// What a reader should know beside.
    pub note: Option<String>,
    /// Why no test holds it, where none does.
    pub status: Option<Status>,
}

/// The words of RFC 2119 that leave no choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the words are RFC 2119's own")]
pub enum Keyword {
    Must,
    #[serde(rename = "MUST NOT")]
    MustNot,
    Shall,
    #[serde(rename = "SHALL NOT")]
    ShallNot,
    Required,
}

impl Keyword {
    /// The word as the RFCs write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::MustNot => "MUST NOT",
            Self::Shall => "SHALL",
            Self::ShallNot => "SHALL NOT",
            Self::Required => "REQUIRED",
        }
    }
}

/// Why a requirement needs no test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is about a feature that RFCs leave optional and that is not built yet.
    Planned,
    /// AWS sees to it, in front of this code; the note says what does.
    Platform,
}

/// The repository's root.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Every part of the ledger, RFC by RFC in the order of their sections.
///
/// # Errors
///
/// When a file cannot be read or is no part of a ledger.
pub fn load() -> Result<Vec<Part>> {
    let folder = root().join("tests/requirements");
    let mut parts = Vec::new();
    for path in files(&folder)? {
        // The guides are no RFC.
        if path.starts_with(folder.join("guides")) {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let part: Part =
            toml::from_str(&text).with_context(|| format!("{} is no part of the ledger", path.display()))?;
        parts.push(part);
    }
    ensure!(!parts.is_empty(), "the ledger is empty");
    parts.sort_by_key(|part| (part.rfc, order(&part.section)));
    Ok(parts)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(self::files(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
    Ok(files)
}

/// `3.10` after `3.9`.
fn order(section: &str) -> Vec<u32> {
    section.split('.').map(|number| number.parse().unwrap_or(u32::MAX)).collect()
}
