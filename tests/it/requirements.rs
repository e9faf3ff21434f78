//! The ledger of requirements is whole, and `CONFORMANCE.md` is what it says.

use std::fs;

use tests::requirements::{self, Evidence, render};

#[test]
fn every_requirement_has_tests_that_exist() {
    let faults = requirements::faults(&requirements::load().unwrap(), &Evidence::new().unwrap());
    assert!(faults.is_empty(), "{} faults in the ledger:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn the_page_is_that_of_the_ledger() {
    let page = fs::read_to_string(render::path()).unwrap_or_default();
    let is_current = page == render::page(&requirements::load().unwrap());
    assert!(is_current, "CONFORMANCE.md is out of date: cargo run -p tests --bin ledger -- render");
}
