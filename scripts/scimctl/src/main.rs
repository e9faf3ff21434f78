//! What an operator does to a deployed table; see `--help`.

mod aws;
mod fsck;
mod output;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Looks after the table of a SCIM endpoint, with the credentials and the region that AWS tools use.
#[derive(Debug, Parser)]
#[command(name = "scimctl", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check that everything in the table agrees, and repair what does not
    Fsck(fsck::Arguments),
}

const EXAMPLES: &str = "\
Exit code: 0 all is well, 1 something is left that is not, 2 it could not be done.

Examples:
  scimctl fsck --table scim-Table-1A2B3C         check, and change nothing
  scimctl fsck --table scim-Table-1A2B3C --tenant acme --repair
                                                 repair one tenant's items, then check again
  scimctl fsck --json > findings.jsonl           one finding a line, for programs; table by TABLE_NAME
  scripts/dev --serve-engine 8123                a local endpoint …
  scimctl fsck --local                           … and its table

In this repository: cargo run -p scimctl -- fsck --help";

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Fsck(arguments) => fsck::run(&arguments).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("scimctl: {error:#}");
            ExitCode::from(2)
        }
    }
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
