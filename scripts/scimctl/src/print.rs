//! What is printed, and asked.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// How a command answers.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Format {
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

impl Format {
    /// Whether programs are to read it.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Prints an answer: `value` to programs, `text` to people.
    pub(crate) fn print(self, value: &Value, text: &str) -> Result<()> {
        let mut out = io::stdout().lock();
        let written = if self.json { writeln!(out, "{value}") } else { writeln!(out, "{text}") };
        written.context("writing to standard output")
    }

    /// A remark beside the answer, for people.
    pub(crate) fn remark(self, text: &str) {
        if !self.json {
            eprintln!("{text}");
        }
    }
}

/// Rows as columns, each as wide as its widest cell.
pub(crate) fn columns(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(at, cell)| format!("{cell:<width$}", width = width(at)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Goes on only when whoever sits there writes `name`, or has said so before.
pub(crate) fn confirm(question: &str, name: &str, is_yes: bool) -> Result<()> {
    if is_yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        bail!("{question} Nobody is there to ask: --yes says so beforehand");
    }
    eprint!("{question} Write {name} to go on: ");
    let mut line = String::new();
    io::stdin().read_line(&mut line).context("reading the answer")?;
    ensure!(line.trim() == name, "nothing was done");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        assert_eq!(columns(&[row(["é", "b"]), row(["long", ""])]), "é     b\nlong");
    }
}
