//! Every file of `tests/fixtures` is a test by its own name, against a fresh endpoint in this process.

use std::path::PathBuf;

use local::{Options, Stack};
use rstest::rstest;
use tests::{Fixture, Target, run};

#[rstest]
#[tokio::test]
async fn fixture(#[files("fixtures/**/*.json")] path: PathBuf) {
    let options = Options::default();
    let stack = Stack::start(&options).await.unwrap();
    let target = Target::in_process(stack.router(), &options.base_path);
    if let Err(report) = run::run(&Fixture::load(&path).unwrap(), &target, stack.token()).await {
        panic!("{report:#}");
    }
}
