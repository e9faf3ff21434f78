//! The compiled functions behind the Lambda runtime, as `scripts/watch` runs them.

use std::ffi::OsString;
use std::time::Duration;

use http::Method;
use tests::server::Server;
use tests::{Target, run};
use tokio::process::Command;

/// The longest that a function may take to be compiled, all dependencies included.
const COMPILATION: Duration = Duration::from_mins(15);

#[tokio::test(flavor = "multi_thread")]
async fn every_fixture_holds_for_the_functions_under_cargo_lambda() {
    let arguments = ["watch", "--port", "0", "--", "--ignore-changes"];
    let server = Server::start_with_path(crate::LOCAL, &arguments, path().await).await.unwrap();
    compile(&server).await;
    let outcome = run::replay(&server).await;
    let ended = server.stop().await.unwrap();
    outcome.unwrap_or_else(|reports| panic!("{reports:#}"));
    assert!(ended.success(), "{ended}");
}

/// The `PATH` on which cargo finds its `lambda`.
async fn path() -> OsString {
    let output = Command::new(crate::TOOLS).args(["--path", "cargo-lambda"]).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let folders = String::from_utf8(output.stdout).unwrap();
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let all = std::env::split_paths(folders.trim()).chain(std::env::split_paths(&rest));
    std::env::join_paths(all).unwrap()
}

/// Asks each function for something: it is compiled first, one function after the other.
async fn compile(server: &Server) {
    let target = Target::http(&server.ready.base_url).unwrap().with_timeout(COMPILATION);
    let headers = [("authorization".to_owned(), format!("Bearer {}", server.ready.token))];
    for path in ["/Users?count=0", "/Groups?count=0", "/Schemas", "/health"] {
        let answer = target.send(&Method::GET, path, &headers, vec![]).await.unwrap();
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
}
