//! Mutation checks: each breaks one thing that a requirement demands, and the tests that the ledger names must see it.

use std::collections::BTreeSet;
use std::fs;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tests::requirements::{self, root};

use crate::scratch::Scratch;

/// Where the mutants are kept.
const FILE: &str = "tests/mutants.toml";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only those of these requirements
    requirements: Vec<String>,

    /// Only see that each mutant still fits the code, the ledger and the tests; runs nothing
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "mutant")]
    mutants: Vec<Mutant>,
}

/// A small edit that breaks one requirement.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    /// The requirement that it breaks.
    requirement: String,
    /// The file it edits, from the repository's root.
    file: String,
    /// A text that the file holds exactly once.
    old: String,
    /// What takes its place.
    new: String,
    /// The tests, of those that hold the requirement, that must fail then.
    reddens: Vec<String>,
}

impl Mutant {
    /// The file's text with the mutation in it.
    fn applied(&self) -> Result<String> {
        let text = fs::read_to_string(root().join(&self.file)).with_context(|| self.file.clone())?;
        let places = text.matches(&self.old).count();
        ensure!(places == 1, "{} holds the old text {places} times, not once:\n{}", self.file, self.old);
        ensure!(self.old != self.new, "it changes nothing");
        Ok(text.replace(&self.old, &self.new))
    }
}

/// Checks every mutant, or those asked for; all are looked at before one is applied.
pub(crate) async fn check(arguments: &Arguments) -> Result<ExitCode> {
    let mutants = load(&arguments.requirements)?;
    for mutant in &mutants {
        mutant.applied().with_context(|| format!("the mutant of {}", mutant.requirement))?;
    }
    if arguments.check {
        println!("{} mutants fit", mutants.len());
        return Ok(ExitCode::SUCCESS);
    }
    let started = Instant::now();
    let scratch = Scratch::new().await?;
    scratch.build().await?;
    let red_before = scratch.failing_fixtures().await?;
    println!("ready after {} s; fixtures that fail anyway: {red_before:?}", started.elapsed().as_secs());
    let mut survivors = 0;
    for mutant in &mutants {
        let began = Instant::now();
        let outcome = kill(&scratch, mutant, &red_before).await;
        let seconds = began.elapsed().as_secs();
        match outcome {
            Ok(others) => println!("killed   {} in {seconds} s{others}", mutant.requirement),
            Err(reason) => {
                survivors += 1;
                println!("SURVIVES {} after {seconds} s: {reason:#}", mutant.requirement);
            }
        }
    }
    println!("{} mutants, {survivors} survive, {} s", mutants.len(), started.elapsed().as_secs());
    Ok(if survivors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The mutants of these requirements, of all where none is named.
///
/// # Errors
///
/// When one does not fit the ledger.
fn load(wanted: &[String]) -> Result<Vec<Mutant>> {
    let text = fs::read_to_string(root().join(FILE)).context(FILE)?;
    let Document { mutants } = toml::from_str(&text).context(FILE)?;
    let parts = requirements::load()?;
    for Mutant { requirement, reddens, .. } in &mutants {
        let held_by = parts
            .iter()
            .flat_map(|part| &part.requirements)
            .find(|known| known.id == *requirement)
            .with_context(|| format!("{requirement} is not in the ledger"))?;
        ensure!(!reddens.is_empty(), "the mutant of {requirement} names no test");
        for name in reddens {
            ensure!(held_by.tests.contains(name), "{requirement} is not held by {name}");
        }
    }
    for id in wanted {
        ensure!(mutants.iter().any(|mutant| mutant.requirement == *id), "{id} has no mutant");
    }
    let is_wanted = |mutant: &Mutant| wanted.is_empty() || wanted.contains(&mutant.requirement);
    Ok(mutants.into_iter().filter(is_wanted).collect())
}

/// Applies a mutant to the copy, runs the tests and takes it back; returns what else fails, in words.
///
/// # Errors
///
/// When a test that must fail does not, or the mutant does not compile.
async fn kill(scratch: &Scratch, mutant: &Mutant, red_before: &BTreeSet<String>) -> Result<String> {
    let file = scratch.file(&mutant.file);
    let original = fs::read_to_string(&file)?;
    fs::write(&file, mutant.applied()?)?;
    let outcome = survey(scratch, mutant, red_before).await;
    fs::write(&file, original)?;
    outcome
}

async fn survey(scratch: &Scratch, mutant: &Mutant, red_before: &BTreeSet<String>) -> Result<String> {
    scratch.build().await?;
    let mut red = scratch.failing_fixtures().await?;
    for name in mutant.reddens.iter().filter(|name| name.contains("::")) {
        if scratch.test_fails(name).await? {
            red.insert(name.clone());
        }
    }
    for name in &mutant.reddens {
        ensure!(!red_before.contains(name), "{name} fails without it too");
        ensure!(red.contains(name), "{name} does not fail");
    }
    let others: Vec<_> =
        red.iter().filter(|name| !mutant.reddens.contains(name) && !red_before.contains(*name)).collect();
    Ok(if others.is_empty() { String::new() } else { format!("; {} others fail: {others:?}", others.len()) })
}
