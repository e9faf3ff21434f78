//! What the figures should be at most.

use std::fmt;

use anyhow::{Result, ensure};

use crate::measure::Row;

/// The most that a function may take until its first answer where it calls nothing, as a multiple of one that says hello.
const START_TIMES: f64 = 2.0;
/// The same, in milliseconds, where it makes two TLS handshakes before.
const START_MS: f64 = 25.0;
/// Processor time of a request that reads a user by its id.
const WARM_CPU_MS: f64 = 0.5;
const MEMORY_MB: f64 = 40.0;

/// A figure beside the most that it should be.
#[derive(Debug)]
pub(crate) struct Target {
    what: String,
    figure: f64,
    most: f64,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, figure, most } = self;
        let verdict = if figure <= most { "met" } else { "missed" };
        write!(f, "{what}: {figure:.2}, at most {most:.2}: {verdict}")
    }
}

/// The targets of the cases that were measured.
pub(crate) fn of(rows: &[Row]) -> Vec<Target> {
    let target = |what: String, figure, most| Target { what, figure, most };
    let hello = rows.iter().find(|row| row.case == "hello");
    let mut targets = Vec::new();
    for row in rows {
        let name = row.case;
        match (name, hello) {
            ("401, no AWS call", Some(hello)) => {
                let most = hello.start_ms * START_TIMES;
                targets.push(target(format!("{name}, start in ms"), row.start_ms, most));
            }
            ("GET by id", _) => {
                targets.push(target(format!("{name}, start in ms"), row.start_ms, START_MS));
                targets.push(target(format!("{name}, warm CPU in ms"), row.warm_cpu_ms, WARM_CPU_MS));
            }
            _ => {}
        }
        targets.push(target(format!("{name}, memory in MB"), row.memory_mb, MEMORY_MB));
    }
    targets
}

/// # Errors
///
/// The targets that are exceeded more than so many times.
pub(crate) fn hold(rows: &[Row], times: f64) -> Result<()> {
    let missed: Vec<_> =
        of(rows).into_iter().filter(|it| it.figure > it.most * times).map(|it| it.to_string()).collect();
    ensure!(missed.is_empty(), "more than {times} times what it should be:\n{}", missed.join("\n"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_held_to_its_target() {
        let row = |case, start_ms, warm_cpu_ms| Row { case, start_ms, warm_cpu_ms, ..Row::default() };
        let rows = [row("hello", 1.0, 0.1), row("401, no AWS call", 3.0, 0.1), row("GET by id", 20.0, 0.6)];
        let missed: Vec<_> =
            of(&rows).iter().map(Target::to_string).filter(|it| it.ends_with("missed")).collect();
        assert_eq!(
            missed,
            [
                "401, no AWS call, start in ms: 3.00, at most 2.00: missed",
                "GET by id, warm CPU in ms: 0.60, at most 0.50: missed",
            ]
        );
        assert!(hold(&rows, 1.3).is_err_and(|error| error.to_string().contains("401")));
        assert!(hold(&rows, 1.6).is_ok());
    }
}
