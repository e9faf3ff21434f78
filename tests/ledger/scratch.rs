//! A copy of the working tree to break things in, with a target folder of its own.
//!
//! The target folder is apart because cargo names what it builds by the paths inside the workspace: in a shared one,
//! the next build of the working tree could take a broken artifact for its own.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tests::requirements::root;
use tokio::process::Command;

/// The longest that a build or a run of tests may take; code that is broken may never end.
const TIMEOUT: Duration = Duration::from_mins(15);

/// The copy.
pub(crate) struct Scratch {
    tree: PathBuf,
    target: PathBuf,
}

impl Scratch {
    /// Makes the copy below `target/mutants`, or brings the one that is there up to date.
    pub(crate) async fn new() -> Result<Self> {
        let place = root().join("target/mutants");
        let scratch = Self { tree: place.join("tree"), target: place.join("build") };
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root())
            .output()
            .await
            .context("git ls-files")?;
        ensure!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
        let names = String::from_utf8(listed.stdout)?;
        let wanted: BTreeSet<&Path> = names
            .split('\0')
            .filter(|name| !name.is_empty())
            .map(Path::new)
            .filter(|name| root().join(name).is_file())
            .collect();
        for name in &wanted {
            copy(&root().join(name), &scratch.tree.join(name))?;
        }
        remove_others(&scratch.tree, &scratch.tree, &wanted)?;
        Ok(scratch)
    }

    /// A file of the copy.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.tree.join(name)
    }

    /// Builds what [`Self::failing_fixtures`] runs.
    pub(crate) async fn build(&self) -> Result<()> {
        let (ended_well, said) = self.cargo(["build", "--quiet", "-p", "tests", "--bin", "ledger"]).await?;
        if !ended_well {
            bail!("it does not compile:\n{said}");
        }
        Ok(())
    }

    /// The names of the fixtures that fail now.
    pub(crate) async fn failing_fixtures(&self) -> Result<BTreeSet<String>> {
        let mut command = Command::new(self.target.join("debug/ledger"));
        command.arg("fixtures").current_dir(&self.tree).env("RUST_LOG", "off").kill_on_drop(true);
        let output =
            tokio::time::timeout(TIMEOUT, command.output()).await.context("the fixtures do not end")??;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
    }

    /// Whether a Rust test fails now, named as in the ledger.
    pub(crate) async fn test_fails(&self, name: &str) -> Result<bool> {
        let segments: Vec<_> = name.split("::").collect();
        let [package, rest @ ..] = segments.as_slice() else { bail!("{name} names no test") };
        let (kind, path) = match rest {
            ["it", path @ ..] => (["--test", "it"].as_slice(), path),
            path => (["--lib"].as_slice(), path),
        };
        let path = path.join("::");
        let arguments = ["test", "--quiet", "-p", package].into_iter().chain(kind.iter().copied());
        let (ended_well, said) = self.cargo(arguments.chain(["--", "--exact", &path])).await?;
        ensure!(said.contains("running 1 test"), "{name} is not run:\n{said}");
        Ok(!ended_well)
    }

    /// Whether cargo ended well, and what it said.
    async fn cargo<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Result<(bool, String)> {
        let mut command = Command::new(env!("CARGO"));
        command
            .args(arguments)
            .current_dir(&self.tree)
            .env("CARGO_TARGET_DIR", &self.target)
            .kill_on_drop(true);
        let output =
            tokio::time::timeout(TIMEOUT, command.output()).await.context("cargo does not end")??;
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        Ok((output.status.success(), said))
    }
}

/// Copies a file where it differs: what is the same keeps its time, and cargo does not build it again.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let content = fs::read(from).with_context(|| format!("reading {}", from.display()))?;
    if fs::read(to).is_ok_and(|there| there == content) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to).with_context(|| format!("writing {}", to.display()))?;
    Ok(())
}

fn remove_others(tree: &Path, folder: &Path, wanted: &BTreeSet<&Path>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(tree, &path, wanted)?;
        } else if !path.strip_prefix(tree).is_ok_and(|name| wanted.contains(name)) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
