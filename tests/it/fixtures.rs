//! Every file of `tests/fixtures` is a test by its own name, against a fresh endpoint in this process.

use std::path::PathBuf;

use connector::DEFAULT_CONNECTOR;
use local::{Options, Stack};
use rstest::rstest;
use tests::{Fixture, Target, run};

#[rstest]
#[tokio::test]
async fn fixture(#[files("fixtures/**/*.json")] path: PathBuf) {
    let options = Options::default();
    let stack = Stack::start(&options).await.unwrap();
    let target = Target::in_process(stack.router(), &options.base_path);
    let fixture = Fixture::load(&path).unwrap();
    let engine_url = stack.stand_ins.engine.url();
    run::configure(&fixture, engine_url, DEFAULT_CONNECTOR, DEFAULT_CONNECTOR).await.unwrap();
    if let Err(report) = run::run(&fixture, &target, stack.token()).await {
        panic!("{report:#}");
    }
}
