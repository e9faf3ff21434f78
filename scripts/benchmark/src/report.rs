//! The table of what was measured.
#![expect(clippy::print_stdout, reason = "this is what the program says")]

use crate::measure::Row;

/// Prints one line per operation and size.
pub(crate) fn print(rows: &[Row]) {
    let width = rows.iter().map(|row| row.operation.len()).max().unwrap_or_default();
    println!(
        "{:width$} {:>9} {:>7} {:>6} {:>9} {:>9} {:>9} {:>9} {:>12}",
        "operation", "size", "calls", "trips", "read", "write", "p50 ms", "p99 ms", "$ a million"
    );
    for row in rows {
        let Row { operation, size, calls, round_trips, read_units, write_units, p50, p99 } = row;
        let dollars = row.dollars_per_million();
        println!(
            "{operation:width$} {size:>9} {calls:>7.1} {round_trips:>6.1} {read_units:>9.1} {write_units:>9.1} {p50:>9.2} {p99:>9.2} {dollars:>12.2}"
        );
    }
}

/// Says something.
pub(crate) fn note(text: &str) {
    println!("\n{text}");
}
