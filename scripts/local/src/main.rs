//! Runs the endpoint on this machine; see `--help`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use local::{Options, serve, watch};
use tracing_subscriber::EnvFilter;

/// The SCIM endpoint on this machine: the code that runs on AWS, an embedded DynamoDB engine and a stand-in for
/// Secrets Manager in one process, on loopback only.
#[derive(Debug, Parser)]
#[command(name = "local", version, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, clap::Args)]
struct Serve {
    /// Port of 127.0.0.1 to serve on; 0 takes any free one
    #[arg(long, default_value_t = 8080)]
    port: u16,

    /// Print the URLs, the token and the process id as one line of JSON, once it serves
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the functions as Lambda does, under `cargo lambda watch`: the same URLs, rebuilt on every change
    Watch(Watch),
}

#[derive(Debug, clap::Args)]
struct Watch {
    /// Port of 127.0.0.1 to serve on; 0 takes any free one
    #[arg(long, default_value_t = 9000)]
    port: u16,

    /// Print the URLs, the token and the process id as one line of JSON, once it serves
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    options: Options,

    /// Further arguments for `cargo lambda watch`, after `--`
    #[arg(last = true)]
    arguments: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  scripts/dev                                  a fresh endpoint with a new token
  scripts/dev --data .data                     keep users, groups and the token in .data
  scripts/dev --serve-engine 8123 --token t    one server …
  scripts/dev --port 8081 --engine http://127.0.0.1:8123 --token t
                                               … and a second one on the same data
  scripts/watch -- --release                   as Lambda functions, optimised

RUST_LOG sets what is logged, for instance RUST_LOG=endpoint=debug.";

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        None => {
            let Serve { port, json, options } = arguments.serve;
            serve::run(&options, port, json).await
        }
        Some(Command::Watch(Watch { port, json, options, arguments })) => {
            watch::run(&options, port, json, &arguments).await
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_follows_two_dashes_goes_to_cargo_lambda() {
        let parsed = Arguments::try_parse_from(["local", "watch", "--port", "0", "--", "--release"]).unwrap();
        let Some(Command::Watch(watch)) = parsed.command else { panic!("{parsed:?}") };
        assert_eq!((watch.port, watch.arguments), (0, vec!["--release".to_owned()]));
    }
}
