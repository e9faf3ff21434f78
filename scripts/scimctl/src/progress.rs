//! How far a command has come, on standard error where that is a terminal.

use std::io::{self, Write as _};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

const OF_ABOUT: &str = "{msg} {bar:40} {human_pos} of about {human_len}, {eta} left";
const OF_UNKNOWN: &str = "{msg} {spinner} {human_pos}, {elapsed}";

/// A bar, and what is printed beside it.
#[derive(Debug, Clone)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Of about so much, where that is known.
    pub(crate) fn new(what: &'static str, total: Option<u64>) -> Self {
        let bar = match total {
            Some(total) if total > 0 => ProgressBar::new(total).with_style(style(OF_ABOUT)),
            _ => ProgressBar::new_spinner().with_style(style(OF_UNKNOWN)),
        };
        bar.set_message(what);
        Self(bar)
    }

    /// So much is done by now.
    pub(crate) fn set(&self, position: u64) {
        self.0.set_position(position);
        if self.0.length().is_some_and(|length| length < position) {
            self.0.set_length(position);
        }
    }

    /// A line of the answer.
    pub(crate) fn line(&self, line: &str) -> Result<()> {
        self.0.suspend(|| writeln!(io::stdout().lock(), "{line}")).context("writing to standard output")
    }

    /// The end.
    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}

/// A template, or the plain style where it were wrong: a test sees that none is.
pub(crate) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_well_formed() {
        for template in [OF_ABOUT, OF_UNKNOWN] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
