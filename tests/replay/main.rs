//! Sends every fixture to a deployment on an emulator of AWS, each as a tenant of its own.
#![expect(clippy::print_stdout, reason = "it is a program; this is what it has to say")]

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use tests::place::Place;
use tests::{Fixture, run};

#[derive(Debug, Parser)]
#[command(name = "replay", version, about)]
struct Arguments {
    /// SCIM base URL
    #[arg(long)]
    base_url: String,
    /// Where the emulator answers for DynamoDB and Secrets Manager
    #[arg(long, value_name = "URL")]
    emulator: String,
    /// Name of the table
    #[arg(long)]
    table: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    match replay(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("replay: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn replay(arguments: Arguments) -> Result<ExitCode> {
    let Arguments { base_url, emulator, table } = arguments;
    let fixtures = Fixture::all()?;
    let place = Place { base_url, engine_url: emulator.clone(), secrets_url: emulator, table };
    let failures = run::replay_at(&place, &fixtures).await?;
    for report in failures.values() {
        eprintln!("{report}\n");
    }
    for name in failures.keys() {
        eprintln!("failed: {name}");
    }
    println!("{} of {} fixtures hold", fixtures.len() - failures.len(), fixtures.len());
    Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
