//! Looks after the ledger of requirements: renders it, and checks by mutation that its tests hold what they claim.
#![expect(clippy::print_stdout, reason = "it is a program; this is what it has to say")]

mod mutants;
mod scratch;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use connector::DEFAULT_CONNECTOR;
use futures::StreamExt;
use local::{Options, Stack};
use tests::{Fixture, Target, requirements, run};

#[derive(Debug, Parser)]
#[command(name = "ledger", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write CONFORMANCE.md and infra/docs/replacing.md anew
    Render,
    /// Break the code in one place after the other and see that the tests of the requirement concerned fail
    Mutants(mutants::Arguments),
    /// Run every fixture against the endpoint in this process and print the names of those that fail
    #[command(hide = true)]
    Fixtures,
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Render => render(),
        Command::Mutants(arguments) => mutants::check(&arguments).await,
        Command::Fixtures => fixtures().await,
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("ledger: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn render() -> Result<ExitCode> {
    let page = requirements::render::page(&requirements::load()?);
    std::fs::write(requirements::render::path(), page)?;
    let guides = requirements::guides::page(&requirements::guides::load()?);
    std::fs::write(requirements::guides::path(), guides)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the names of the fixtures that fail, and to standard error the reports; that some do is no failure of
/// this command.
async fn fixtures() -> Result<ExitCode> {
    const AT_ONCE: usize = 4;
    let fixtures = Fixture::all()?;
    let mut outcomes = futures::stream::iter(&fixtures)
        .map(async |fixture| {
            let options = Options::default();
            let stack = Stack::start(&options).await?;
            let target = Target::in_process(stack.router(), &options.base_path);
            let engine_url = stack.stand_ins.engine.url();
            run::configure(fixture, engine_url, DEFAULT_CONNECTOR, DEFAULT_CONNECTOR).await?;
            anyhow::Ok((&fixture.name, run::run(fixture, &target, stack.token()).await.err()))
        })
        .buffered(AT_ONCE);
    while let Some(outcome) = outcomes.next().await {
        if let (name, Some(report)) = outcome? {
            println!("{name}");
            eprintln!("{report:#}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
