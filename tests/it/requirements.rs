//! The ledger of requirements and the table of the guides are whole, and their pages are what they say.

use std::fs;

use tests::requirements::{self, Evidence, guides, render};

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

#[test]
fn every_row_of_the_guides_has_tests_that_exist() {
    let faults = guides::faults(&guides::load().unwrap(), &Evidence::new().unwrap());
    assert!(faults.is_empty(), "{} faults in the table of the guides:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn the_page_of_the_guides_is_that_of_the_table() {
    let page = fs::read_to_string(guides::path()).unwrap_or_default();
    let is_current = page == guides::page(&guides::load().unwrap());
    assert!(is_current, "infra/docs/replacing.md is out of date: cargo run -p tests --bin ledger -- render");
}
