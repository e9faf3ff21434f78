//! `scimctl fsck`: checks the table, repairs it, and checks it again.

use std::time::Duration;

use anyhow::{Context, Result};
use directory::fsck::{Check, Event, Summary};

use crate::{aws::Target, clock::now, output::Output};

/// Checks that every user, group, lookup item, membership and counter agrees with the others, and finishes changes
/// that were cut off. Others may go on working meanwhile: what is found is looked at twice, and a repair does
/// nothing where the table has changed since. It reads everything, most of it twice.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,

    /// Repair what has one right state, then check again
    #[arg(long)]
    repair: bool,

    /// Only this tenant
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,

    /// Print one JSON object a line: the findings, then a summary
    #[arg(long)]
    json: bool,

    /// How many parts of the table are read at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    segments: u16,

    /// Seconds after which a suspicion is looked at again: less than 35 can break what others are writing, where
    /// it is repaired [default: 5, with --repair 35]
    #[arg(long, value_name = "SECONDS")]
    pause: Option<u64>,
}

/// What one repair makes right can be what another waits for: this often is enough for the longest such chain.
const MOST_ROUNDS: u32 = 4;

/// Whether all is well in the end.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool> {
    let table = arguments.target.open().await?;
    // Of a tenant alone nobody knows how many items there are.
    let output = Output::new(arguments.json, arguments.tenant.is_none().then_some(table.items));
    let mut mended = 0;
    for round in 1.. {
        let check = arguments.check(round);
        output.begin(round);
        let report = |event| match event {
            Event::Seen(items) => output.seen(items),
            Event::Found(finding, outcome) => output.found(&finding, outcome),
        };
        let checked = table.directory.fsck(&check, &endpoint::profile, &report).await;
        let summary = checked.context("checking the table")?;
        mended += summary.mended;
        // A round after which nothing can have changed was the last.
        if !check.repair || summary.found == 0 || round > 1 && summary.mended == 0 {
            output.end(&Summary { mended, ..summary })?;
            return Ok(summary.found == 0);
        }
    }
    Ok(false)
}

impl Arguments {
    fn check(&self, round: u32) -> Check {
        let repair = self.repair && round < MOST_ROUNDS;
        let check = Check::new(now());
        let pause = if self.repair { Check::SAFE_PAUSE } else { check.pause };
        Check {
            tenant: self.tenant.clone(),
            repair,
            segments: self.segments,
            pause: self.pause.map_or(pause, Duration::from_secs),
            ..check
        }
    }
}
