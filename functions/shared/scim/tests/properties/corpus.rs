//! Texts that libFuzzer found worth keeping.

use std::{fs, path::Path};

use super::fuzz;

/// Asks `judge` of every text of the target's corpus.
fn check(target: &str, judge: fn(&str)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut judged = 0;
    for entry in fs::read_dir(folder).expect("a corpus") {
        let text = fs::read_to_string(entry.expect("an entry").path()).expect("a text");
        judge(&text);
        judged += 1;
    }
    assert!(judged > 0, "the corpus of {target} is empty");
}

#[test]
fn filters_are_judged() {
    check("filter", fuzz::filter);
}

#[test]
fn paths_are_judged() {
    check("path", fuzz::path);
}

#[test]
fn patches_are_judged() {
    check("patch", fuzz::patch);
}
