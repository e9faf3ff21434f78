//! What a ledger must not be.

use std::collections::BTreeSet;

use super::{Evidence, Part, Requirement, Status};

/// Everything that is wrong with the ledger, a sentence each.
#[must_use]
pub fn faults(parts: &[Part], evidence: &Evidence) -> Vec<String> {
    let mut faults = Vec::new();
    let mut ids = BTreeSet::new();
    for part in parts {
        for requirement in &part.requirements {
            let Requirement { id, .. } = requirement;
            let mut say = |fault: String| faults.push(format!("{id}: {fault}"));
            if !ids.insert(id) {
                say("the id is given twice".to_owned());
            }
            if !id.starts_with(&format!("{}-{}-", part.rfc, requirement.section)) {
                say(format!("the id does not begin with {}-{}-", part.rfc, requirement.section));
            }
            if !is_within(&requirement.section, &part.section) {
                say(format!("section {} is not part of {}", requirement.section, part.section));
            }
            if requirement.text.trim().is_empty() {
                say("it says nothing".to_owned());
            }
            match (requirement.status, requirement.tests.is_empty()) {
                (None, true) => say("no test holds it".to_owned()),
                (Some(Status::Planned), false) => say("it is planned and has tests: which is it".to_owned()),
                (Some(Status::Platform), _) if requirement.note.is_none() => {
                    say("the note does not say what sees to it".to_owned());
                }
                _ => {}
            }
            let mut names = BTreeSet::new();
            for name in &requirement.tests {
                if !names.insert(name) {
                    say(format!("{name} is named twice"));
                }
                if !evidence.has(name) {
                    say(format!("there is no test {name}"));
                }
            }
        }
    }
    faults
}

fn is_within(section: &str, outer: &str) -> bool {
    section.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ledger: &str, expected: &[&str]) {
        let part: Part = toml::from_str(&format!("rfc = 1\nsection = '2'\ntitle = 'x'\n{ledger}")).unwrap();
        assert_eq!(faults(&[part], &Evidence::new().unwrap()), expected, "{ledger}");
    }

    fn entry(id: &str, rest: &str) -> String {
        format!("[[requirement]]\nid = '{id}'\nsection = '2.1'\nkeyword = 'MUST NOT'\ntext = 't'\n{rest}\n")
    }

    #[test]
    fn every_requirement_needs_a_test_that_exists() {
        check(&entry("1-2.1-a", "tests = ['patch/a_patch_is_atomic']"), &[]);
        check(&entry("1-2.1-a", ""), &["1-2.1-a: no test holds it"]);
        check(&entry("1-2.1-a", "tests = ['patch/nope']"), &["1-2.1-a: there is no test patch/nope"]);
        check(&entry("1-2.1-a", "status = 'planned'"), &[]);
        check(&entry("1-2.1-a", "status = 'platform'\nnote = 'the gateway does'"), &[]);
        check(&entry("1-2.1-a", "status = 'platform'"), &["1-2.1-a: the note does not say what sees to it"]);
        check(
            &entry("1-2.1-a", "status = 'planned'\ntests = ['patch/a_patch_is_atomic']"),
            &["1-2.1-a: it is planned and has tests: which is it"],
        );
    }

    #[test]
    fn ids_are_unique_and_tell_the_section() {
        let good = entry("1-2.1-a", "tests = ['patch/a_patch_is_atomic']");
        check(&format!("{good}{good}"), &["1-2.1-a: the id is given twice"]);
        check(
            &entry("1-2.10-a", "tests = ['patch/a_patch_is_atomic']"),
            &["1-2.10-a: the id does not begin with 1-2.1-"],
        );
        let elsewhere = good.replace("'2.1'", "'20.1'").replace("1-2.1-", "1-20.1-");
        check(&elsewhere, &["1-20.1-a: section 20.1 is not part of 2"]);
    }
}
