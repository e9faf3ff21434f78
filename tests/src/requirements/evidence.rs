//! Which tests there are.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::root;
use crate::fixture;

/// Folders that hold packages.
const PACKAGES: [&str; 4] = ["functions", "functions/shared", "scripts", "."];

/// The tests of this repository, as the ledger names them.
#[derive(Debug)]
pub struct Evidence {
    /// The folder of each package.
    packages: BTreeMap<String, PathBuf>,
}

impl Evidence {
    /// Of the repository as it lies on the disk.
    ///
    /// # Errors
    ///
    /// When a folder of packages cannot be read.
    pub fn new() -> Result<Self> {
        let mut packages = BTreeMap::new();
        for place in PACKAGES {
            let place = root().join(place);
            for entry in fs::read_dir(&place).with_context(|| format!("reading {}", place.display()))? {
                let folder = entry?.path();
                let Ok(manifest) = fs::read_to_string(folder.join("Cargo.toml")) else { continue };
                let manifest: toml::Table = manifest.parse()?;
                if let Some(name) = manifest.get("package").and_then(|package| package.get("name")?.as_str())
                {
                    packages.insert(name.to_owned(), folder);
                }
            }
        }
        Ok(Self { packages })
    }

    /// Whether there is a test of this name: `patch/a_patch_is_atomic` is a fixture,
    /// `scim::fold::tests::folding_twice_changes_nothing` a unit test and `directory::it::unique::…` one of a
    /// package's own test programs.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        if !name.contains("::") {
            return fixture::folder().join(name).with_extension("json").is_file();
        }
        let segments: Vec<&str> = name.split("::").filter(|segment| *segment != "tests").collect();
        // The package of the tests of the whole has the very name that modules of unit tests have.
        let (package, inside) = match (name.strip_prefix("tests::"), segments.split_first()) {
            (Some(_), _) => ("tests", segments.as_slice()),
            (None, Some((package, inside))) => (*package, inside),
            (None, None) => return false,
        };
        let (Some(folder), Some((function, modules))) = (self.packages.get(package), inside.split_last())
        else {
            return false;
        };
        let file = if modules.is_empty() { "lib".to_owned() } else { modules.join("/") };
        ["src", "tests", "."]
            .iter()
            .filter_map(|place| fs::read_to_string(folder.join(place).join(&file).with_extension("rs")).ok())
            .any(|source| has_test(&source, function))
    }
}

/// Whether a function of this name stands below an attribute that makes it a test.
fn has_test(source: &str, function: &str) -> bool {
    let mut is_test = false;
    for line in source.lines().map(str::trim_start) {
        if line.starts_with("#[") {
            is_test |= ["#[test]", "#[tokio::test", "#[rstest"].iter().any(|mark| line.starts_with(mark));
        } else if let Some((_, rest)) = line.split_once("fn ") {
            let named = rest.strip_prefix(function).is_some_and(|rest| rest.starts_with(['(', '<']));
            if is_test && named {
                return true;
            }
            is_test = false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_a_test_by_its_attribute() {
        let source = "fn a() {}\n#[test]\nfn b() {}\n#[tokio::test(flavor = \"x\")]\n#[other]\nasync fn c() {}\nfn d() {}";
        for (function, expected) in [("a", false), ("b", true), ("c", true), ("d", false), ("", false)] {
            assert_eq!(has_test(source, function), expected, "{function}");
        }
    }

    #[test]
    fn tests_are_found_by_their_paths() {
        let evidence = Evidence::new().unwrap();
        for name in [
            "patch/a_patch_is_atomic",
            "scim::fold::tests::folding_twice_changes_nothing",
            "scim::filter::evaluate::tests::ne_is_the_opposite_of_eq",
            "directory::it::isolation::two_tenants_with_the_same_values_never_meet",
            "tests::it::tidy::scim_is_pure",
            "tests::requirements::evidence::tests::tests_are_found_by_their_paths",
        ] {
            assert!(evidence.has(name), "{name}");
        }
        for name in ["patch/nope", "scim::fold::tests::fold", "scim::nope::tests::x", "nope::x", "::"] {
            assert!(!evidence.has(name), "{name}");
        }
    }
}
