//! Rules of the house that no lint knows.

use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// The most lines of a source file, its tests apart.
const MOST_LINES: usize = 400;
/// What `scim` may use: data types and tables, nothing that reads, waits or draws lots.
const PURE: [&str; 7] = ["http", "icu_casemap", "icu_normalizer", "serde", "serde_json", "time", "uuid"];
/// Folders that hold no source of ours.
const FOREIGN: [&str; 5] = ["target", ".git", ".venv", ".aws-sam", "node_modules"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Every file of the repository whose name ends so.
fn files(ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !FOREIGN.contains(&name.as_str()) {
                folders.push(path);
            } else if path.is_file() && name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "no {ending} below {}", root().display());
    found
}

fn manifest(path: &Path) -> Table {
    fs::read_to_string(path).unwrap().parse().unwrap()
}

/// The tables of a manifest that list dependencies, with their names.
fn dependencies(manifest: &Table) -> Vec<(&str, &Table)> {
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .into_iter()
        .filter_map(|kind| Some((kind, manifest.get(kind)?.as_table()?)))
        .collect()
}

fn packages() -> Vec<(PathBuf, Table)> {
    let manifests = files("Cargo.toml").into_iter().map(|path| (path.clone(), manifest(&path)));
    manifests.filter(|(_, manifest)| manifest.contains_key("package")).collect()
}

#[test]
fn a_source_file_fits_in_a_head() {
    for path in files(".rs") {
        let source = fs::read_to_string(&path).unwrap();
        let lines = source.lines().take_while(|line| line.trim() != "#[cfg(test)]").count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines before its tests", path.display());
        assert!(!path.ends_with("mod.rs"), "{}: a module is named by its file", path.display());
    }
}

#[test]
fn nothing_is_left_for_later() {
    let marks =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!("), concat!("unimplemented", "!(")];
    for path in files("") {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for mark in marks {
            let at = text.lines().position(|line| line.contains(mark));
            assert!(at.is_none(), "{}:{}: {mark}", path.display(), at.unwrap_or_default() + 1);
        }
    }
}

#[test]
fn scim_is_pure() {
    let manifest = manifest(&root().join("functions/shared/scim/Cargo.toml"));
    for name in manifest["dependencies"].as_table().unwrap().keys() {
        assert!(PURE.contains(&name.as_str()), "scim must not depend on {name}");
    }
}

#[test]
fn one_file_asks_an_index() {
    let asks = |path: &PathBuf| fs::read_to_string(path).unwrap().contains(".index_name(");
    let product = root().join("functions");
    let asking: Vec<_> =
        files(".rs").into_iter().filter(|path| path.starts_with(&product) && asks(path)).collect();
    let asking: Vec<_> = asking.iter().filter(|path| !path.iter().any(|folder| folder == "tests")).collect();
    assert_eq!(asking, [&product.join("shared/directory/src/index.rs")]);
}

#[test]
fn a_function_names_no_aws_client_and_no_local_engine() {
    for (path, manifest) in packages() {
        let Ok(place) = path.strip_prefix(root().join("functions")) else { continue };
        for name in manifest["dependencies"].as_table().unwrap().keys() {
            let local = ["local", "dynoxide-rs"].contains(&name.as_str());
            assert!(!local, "{}: {name} is for this machine only", path.display());
            // The worker answers no request: it has no endpoint in front of it.
            let is_behind = place.starts_with("shared") || place.starts_with("worker");
            let aws = name.starts_with("aws-") && !is_behind;
            assert!(!aws, "{}: {name} belongs behind endpoint", path.display());
        }
    }
}

#[test]
fn the_workspace_decides_versions_and_lints() {
    for (path, manifest) in packages() {
        for (kind, table) in dependencies(&manifest) {
            for (name, dependency) in table {
                let shared = dependency.get("workspace") == Some(&Value::Boolean(true));
                assert!(shared, "{}: {kind}.{name} has a version of its own", path.display());
            }
        }
        let lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        assert_eq!(lints, Some(&Value::Boolean(true)), "{}", path.display());
    }
}

#[test]
fn every_shared_dependency_is_used() {
    let workspace = manifest(&root().join("Cargo.toml"));
    let packages = packages();
    for name in workspace["workspace"]["dependencies"].as_table().unwrap().keys() {
        let used = packages
            .iter()
            .any(|(_, manifest)| dependencies(manifest).iter().any(|(_, table)| table.contains_key(name)));
        assert!(used, "no package uses {name}");
    }
}
