//! A guide as a page.

use std::sync::LazyLock;

use anyhow::{Context, Result};
use minijinja::{
    AutoEscape, Environment, Value,
    syntax::SyntaxConfig,
    value::{Serde, ValueKind},
};
use serde::{Deserialize, Serialize};

use super::provider::Provider;

/// An error text that an administrator sees, and what to do about it.
#[derive(Debug, Deserialize, Serialize)]
struct Trouble {
    text: String,
    /// The fixture that is answered so; a test compares.
    fixture: String,
    #[serde(rename = "do")]
    advice: String,
}

static TROUBLES: LazyLock<Vec<Trouble>> = LazyLock::new(troubles);

#[expect(clippy::expect_used, reason = "the list is part of the program; a test reads it")]
fn troubles() -> Vec<Trouble> {
    serde_json::from_str(include_str!("errors.json")).expect("the list of errors")
}

/// Text for a cell of a table.
fn cell(value: Value) -> String {
    let text = value.to_string();
    let text = if value.kind() == ValueKind::Bool { text.to_lowercase() } else { text };
    text.replace('|', "\\|").replace('\n', " ")
}

/// Text that is to be copied as it is, in a cell; nothing where there is none.
fn code(value: Value) -> String {
    let text = cell(value);
    if text.is_empty() || text == "none" { String::new() } else { format!("`{text}`") }
}

/// The page of a guide.
pub(super) fn render(provider: Provider, facts: &serde_json::Value) -> Result<String> {
    let mut pages = Environment::new();
    pages.set_auto_escape_callback(|_| AutoEscape::None);
    let lines = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    pages.set_syntax(lines.context("the syntax of the texts")?);
    pages.add_filter("cell", cell);
    pages.add_filter("code", code);
    pages.add_global("troubles", Value::from(Serde(&*TROUBLES)));
    for (name, text) in [
        ("okta", include_str!("texts/okta.md")),
        ("entra", include_str!("texts/entra.md")),
        ("okta_attributes", include_str!("texts/okta_attributes.md")),
        ("entra_attributes", include_str!("texts/entra_attributes.md")),
        ("trouble", include_str!("texts/trouble.md")),
    ] {
        pages.add_template(name, text).with_context(|| format!("the text {name}"))?;
    }
    let page = pages.get_template(provider.name()).and_then(|page| page.render(Value::from(Serde(facts))));
    page.context("writing the page")
}
