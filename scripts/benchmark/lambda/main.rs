//! Measures what starting a function and answering with it costs, beside the least that a function can be.
//!
//! The compiled functions run as in Lambda, with TLS to what they call, all on this machine: times hold no network and
//! not Lambda's own start of a sandbox. Processor time is the function's alone.

mod cases;
mod measure;
mod report;
mod targets;
mod tls;

use std::path::PathBuf;

use clap::Parser;

/// What starting a function and answering with it costs.
#[derive(Debug, Parser)]
#[command(name = "bench-lambda", version, after_help = EXAMPLES)]
struct Arguments {
    /// Where the compiled functions are
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/release"))]
    functions: PathBuf,

    /// How often each function is started
    #[arg(long, value_name = "TIMES", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    starts: u32,

    /// How often a function that runs is asked
    #[arg(long, value_name = "TIMES", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    requests: u32,

    /// Only the cases whose name holds this text
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,

    /// Fail where a figure is more than so many times its target: machines differ, and some are busy
    #[arg(long, value_name = "TIMES")]
    within: Option<f64>,

    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  scripts/bench-lambda                                    builds users, health and hello, then measures
  scripts/bench-lambda --starts 3 --requests 20 --json    a look
  scripts/bench-lambda --functions target/debug           what is built already
  scripts/bench-lambda --only 'by id' --requests 20000    long enough to look at with perf";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments { functions, starts, requests, only, within, json } = Arguments::parse();
    let world = cases::World::start(&functions).await?;
    let mut rows = Vec::new();
    for case in world.cases().iter().filter(|case| case.name.contains(&only)) {
        rows.push(measure::measure(case, starts, requests).await?);
    }
    report::print(&rows, json)?;
    targets::hold(&rows, within.unwrap_or(f64::INFINITY))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        Arguments::command().debug_assert();
    }
}
