//! What a person, or a program, is told.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result};
use directory::fsck::{Finding, Outcome, Summary};
use indicatif::{HumanCount, ProgressBar};
use serde_json::json;

use crate::progress::style;

/// Progress where it is known how many items there are, about.
const OF_ABOUT: &str = "{msg} {bar:40} {human_pos} of about {human_len} items, {eta} left";
/// Progress where it is not.
const OF_UNKNOWN: &str = "{msg} {spinner} {human_pos} items, {elapsed}";

/// Findings to standard output, progress to standard error where that is a terminal.
pub(crate) struct Output {
    is_json: bool,
    bar: ProgressBar,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Of the round under way, by name.
    counts: BTreeMap<&'static str, u64>,
    /// The first line that could not be written.
    failure: Option<io::Error>,
}

impl Output {
    /// For about so many items, where that is known.
    pub(crate) fn new(is_json: bool, items: Option<u64>) -> Self {
        let bar = match items {
            // A table's count is hours old: a young table has none.
            Some(items) if items > 0 => ProgressBar::new(items).with_style(style(OF_ABOUT)),
            _ => ProgressBar::new_spinner().with_style(style(OF_UNKNOWN)),
        };
        Self { is_json, bar, state: Mutex::default() }
    }

    /// Another round begins.
    pub(crate) fn begin(&self, round: u32) {
        self.bar.reset();
        self.bar.set_message(if round == 1 { "Checking" } else { "Checking again" });
        self.state().counts.clear();
    }

    /// So many items have been seen.
    pub(crate) fn seen(&self, items: u64) {
        self.bar.set_position(items);
        if self.bar.length().is_some_and(|length| length < items) {
            self.bar.set_length(items);
        }
    }

    /// Something is wrong.
    pub(crate) fn found(&self, finding: &Finding, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Left => "left",
            Outcome::Mended => "repaired",
            Outcome::Overtaken => "overtaken",
        };
        let name = finding.problem.name();
        *self.state().counts.entry(name).or_default() += 1;
        self.line(&if self.is_json {
            let Finding { tenant, pk, sk, problem } = finding;
            json!({
                "tenant": tenant, "problem": name, "pk": pk, "sk": sk, "detail": problem.to_string(),
                "repair": problem.repair(), "outcome": outcome,
            })
            .to_string()
        } else {
            format!("{name} [{outcome}]  {finding}")
        });
    }

    /// The end: `found` is of the last round, `mended` of all.
    pub(crate) fn end(&self, summary: &Summary) -> Result<()> {
        self.bar.finish_and_clear();
        let Summary { seen, found, mended } = *summary;
        if self.is_json {
            self.line(
                &json!({ "summary": { "items": seen, "left": found, "repaired": mended } }).to_string(),
            );
        } else {
            let (seen, found, mended) = (HumanCount(seen), HumanCount(found), HumanCount(mended));
            let counts = self.state().counts.clone();
            for (name, count) in counts {
                self.line(&format!("{:>8}  {name}", HumanCount(count).to_string()));
            }
            self.line(&format!("{seen} items checked, {mended} findings repaired, {found} left"));
        }
        self.state().failure.take().map_or(Ok(()), Err).context("writing to standard output")
    }

    fn line(&self, line: &str) {
        let written = self.bar.suspend(|| writeln!(io::stdout().lock(), "{line}"));
        if let Err(error) = written {
            self.state().failure.get_or_insert(error);
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressStyle;

    use super::*;

    #[test]
    fn the_templates_are_well_formed() {
        for template in [OF_ABOUT, OF_UNKNOWN] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
