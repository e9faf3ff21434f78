//! `CONFORMANCE.md`, made of the ledger.

use std::fmt::Write;
use std::path::PathBuf;

use super::{Part, Requirement, Status, root};

const HEAD: &str = "\
# Conformance

What the SCIM RFCs demand of a service provider (MUST, SHALL, REQUIRED and their negations), and the tests that hold
each demand. What binds a client alone is left out. A name with a slash is a fixture, sent to the whole endpoint; one
with colons is a Rust test. *Planned* is what belongs to an optional feature that is not built; *platform* is what AWS
sees to. `scripts/mutants` breaks a sample of the demands and sees that their tests fail.

This page is made of `tests/requirements`. Change the ledger there, then run
`cargo run -p tests --bin ledger -- render`. A test fails when the page is older than the ledger, or a demand has no
test.
";

/// Where the page belongs.
#[must_use]
pub fn path() -> PathBuf {
    root().join("CONFORMANCE.md")
}

/// The page.
#[must_use]
pub fn page(parts: &[Part]) -> String {
    let mut page = format!("{HEAD}\n{}", summary(parts));
    let mut rfc = None;
    for part in parts {
        if rfc != Some(part.rfc) {
            rfc = Some(part.rfc);
            let _ = write!(page, "\n## RFC {}: {}\n", part.rfc, subject(part.rfc));
        }
        let _ = write!(
            page,
            "\n### §{} {}\n\n| id | | demand | held by |\n|---|---|---|---|\n",
            part.section, part.title
        );
        for requirement in &part.requirements {
            page += &row(requirement);
        }
    }
    page
}

fn subject(rfc: u16) -> &'static str {
    match rfc {
        7643 => "core schema",
        7644 => "protocol",
        9865 => "cursor-based pagination",
        _ => "SCIM",
    }
}

fn summary(parts: &[Part]) -> String {
    let mut table =
        "| RFC | demands | held by tests | platform | planned |\n|---|---|---|---|---|\n".to_owned();
    let mut rfcs: Vec<u16> = parts.iter().map(|part| part.rfc).collect();
    rfcs.dedup();
    for rfc in rfcs {
        let all = || parts.iter().filter(|part| part.rfc == rfc).flat_map(|part| &part.requirements);
        let count = |status| all().filter(|requirement| requirement.status == status).count();
        let _ = writeln!(
            table,
            "| {rfc} | {} | {} | {} | {} |",
            all().count(),
            count(None),
            count(Some(Status::Platform)),
            count(Some(Status::Planned))
        );
    }
    table
}

fn row(requirement: &Requirement) -> String {
    let Requirement { id, keyword, text, tests, setting, note, status, .. } = requirement;
    let mut demand = text.clone();
    if let Some(setting) = setting {
        let _ = write!(demand, " *Setting: {setting}.*");
    }
    if let Some(note) = note {
        let _ = write!(demand, " *{note}*");
    }
    let status = status.map(|status| match status {
        Status::Planned => "*planned*".to_owned(),
        Status::Platform => "*platform*".to_owned(),
    });
    let held: Vec<_> = status.into_iter().chain(tests.iter().map(|name| link(name))).collect();
    format!("| `{id}` | {} | {} | {} |\n", keyword.name(), demand.replace('|', "\\|"), held.join("<br>"))
}

fn link(name: &str) -> String {
    if name.contains("::") { format!("`{name}`") } else { format!("[{name}](tests/fixtures/{name}.json)") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demand_is_a_row_and_counted() {
        let part: Part = toml::from_str(
            "rfc = 7644\nsection = '3'\ntitle = 'Protocol'\n[[requirement]]\nid = '7644-3-a'\nsection = '3'\n\
             keyword = 'SHALL NOT'\ntext = 'A | b.'\ntests = ['x/y', 'scim::z']\nsetting = 's = 1'\nnote = 'N.'\n\
             [[requirement]]\nid = '7644-3-b'\nsection = '3'\nkeyword = 'MUST'\ntext = 'C.'\nstatus = 'planned'\n",
        )
        .unwrap();
        let page = page(&[part]);
        let row = "| `7644-3-a` | SHALL NOT | A \\| b. *Setting: s = 1.* *N.* | [x/y](tests/fixtures/x/y.json)<br>`scim::z` |\n";
        assert!(page.contains(row), "{page}");
        assert!(page.contains("| `7644-3-b` | MUST | C. | *planned* |\n"), "{page}");
        assert!(page.contains("| 7644 | 2 | 1 | 0 | 1 |\n"), "{page}");
        assert!(page.contains("\n## RFC 7644: protocol\n\n### §3 Protocol\n"), "{page}");
    }
}
