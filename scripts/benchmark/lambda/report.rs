//! The figures, for people and for programs.

use anyhow::Result;

use crate::{measure::Row, targets};

/// Prints the rows.
#[expect(clippy::print_stdout, reason = "the figures are the program's output")]
pub(crate) fn print(rows: &[Row], json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(rows)?);
        return Ok(());
    }
    println!(
        "{:<20}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}",
        "", "ready", "cpu", "first", "cpu", "start", "least", "cpu", "p50", "p99", "cpu", "memory", "program"
    );
    for row in rows {
        println!(
            "{:<20}{:>8.2}{:>8.2}{:>8.2}{:>8.2}{:>8.2}{:>8.2}{:>8.2}{:>8.2}{:>8.2}{:>8.3}{:>8.1}{:>8.2}",
            row.case,
            row.ready_ms,
            row.ready_cpu_ms,
            row.first_ms,
            row.first_cpu_ms,
            row.start_ms,
            row.start_least_ms,
            row.start_cpu_ms,
            row.warm_p50_ms,
            row.warm_p99_ms,
            row.warm_cpu_ms,
            row.memory_mb,
            row.program_mb,
        );
    }
    println!(
        "\nms and MB: until ready, the first answer, both together, then requests to a function that runs\n"
    );
    for target in targets::of(rows) {
        println!("{target}");
    }
    Ok(())
}
