//! Measures what requests cost as the directory grows: calls, round trips, capacity units, time.
//!
//! The whole endpoint runs in this process on the embedded engine; nothing leaves the machine. Units are what the engine
//! reports, times are this machine's and say little about AWS.

mod measure;
mod operations;
mod plot;
mod report;
mod seed;

use std::{fs, path::PathBuf};

use anyhow::Context;
use clap::Parser;
use measure::Endpoint;

/// What requests cost as the directory grows.
#[derive(Debug, Parser)]
#[command(name = "bench", version, after_help = EXAMPLES)]
struct Arguments {
    /// How many users the directory has; may be given several times
    #[arg(long, value_name = "N", default_values_t = [1_000, 100_000])]
    users: Vec<usize>,

    /// How many members the group has; may be given several times
    #[arg(long, value_name = "M", default_values_t = [10, 10_000, 100_000])]
    members: Vec<usize>,

    /// A million users as well: half an hour and some 4 GB of memory
    #[arg(long)]
    million: bool,

    /// How often each operation is measured
    #[arg(long, value_name = "TIMES", default_value_t = 50)]
    repeat: usize,

    /// Where the figures (bench.json) and the plot (bench.svg) go
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    out: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  scripts/bench                                   1,000 and 100,000 users, groups of 10, 10,000 and 100,000
  scripts/bench --users 1000 --members 10         a look in a few seconds
  scripts/bench --million --repeat 20             a million users, too";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments { mut users, members, million, repeat, out } = Arguments::parse();
    users.extend(million.then_some(1_000_000));
    let mut rows = Vec::new();
    for count in users {
        let endpoint = Endpoint::start().await?;
        seed::users(&endpoint, 0..count).await?;
        rows.extend(operations::users(&endpoint, count, repeat).await?);
        rows.extend(operations::pages(&endpoint, count, repeat).await?);
        rows.push(operations::crawl(&endpoint, count).await?);
    }
    for count in members {
        let endpoint = Endpoint::start().await?;
        let group = seed::group(&endpoint, count).await?;
        rows.extend(operations::members(&endpoint, &group, count, repeat).await?);
    }
    report::print(&rows);
    fs::create_dir_all(&out).with_context(|| format!("making {}", out.display()))?;
    let (figures, picture) = (out.join("bench.json"), out.join("bench.svg"));
    let json = serde_json::to_string_pretty(&rows)?;
    fs::write(&figures, json).with_context(|| format!("writing {}", figures.display()))?;
    plot::draw(&rows, &picture)?;
    report::note(&format!("figures in {}, plot in {}", figures.display(), picture.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        Arguments::command().debug_assert();
    }

    #[tokio::test]
    async fn a_member_costs_the_same_in_a_small_and_a_larger_group() {
        let mut costs = Vec::new();
        for count in [10, 400] {
            let endpoint = Endpoint::start().await.unwrap();
            let group = seed::group(&endpoint, count).await.unwrap();
            let rows = operations::members(&endpoint, &group, count, 3).await.unwrap();
            let one = rows.iter().filter(|row| row.operation.ends_with("one member"));
            costs.push(
                one.map(|row| (row.calls, row.round_trips, row.read_units, row.write_units))
                    .collect::<Vec<_>>(),
            );
        }
        assert_eq!((costs[0].len(), &costs[0]), (2, &costs[1]));
    }

    #[tokio::test]
    async fn a_page_costs_the_same_anywhere_in_a_crawl() {
        let endpoint = Endpoint::start().await.unwrap();
        seed::users(&endpoint, 0..450).await.unwrap();
        let rows = operations::pages(&endpoint, 450, 1).await.unwrap();
        assert_eq!(rows.len(), 3);
        assert!(
            rows.iter().all(|row| (row.read_units - rows[0].read_units).abs() <= 0.1 * rows[0].read_units)
        );
        let crawl = operations::crawl(&endpoint, 450).await.unwrap();
        assert!(crawl.read_units >= 5.0 * rows[0].read_units * 0.8, "{crawl:?}");
    }
}
