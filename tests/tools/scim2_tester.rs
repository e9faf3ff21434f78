//! The compliance checks of `scim2-tester`, an independent client, find nothing wrong.

use tests::server::Server;
use tokio::process::Command;

/// How many checks there are at least: fewer means that it gave up early.
const CHECKS: usize = 120;

#[tokio::test]
async fn scim2_tester_finds_no_error() {
    let server = Server::start(crate::LOCAL, &["--port", "0"]).await.unwrap();
    let output = Command::new(crate::TOOLS)
        .args(["scim2", "--url", &server.ready.base_url, "test"])
        .env("SCIM_CLI_HEADERS", format!("Authorization: Bearer {}", server.ready.token))
        .output()
        .await
        .unwrap();
    server.stop().await.unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    let outcomes = || report.lines().filter_map(|line| line.split_once(' ').map(|(outcome, _)| outcome));
    let passed = outcomes().filter(|outcome| *outcome == "SUCCESS").count();
    let failed = outcomes().any(|outcome| ["CRITICAL", "DEVIATION", "ERROR"].contains(&outcome));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!failed && passed >= CHECKS, "{passed} checks passed\n{}{said}", failures(&report));
}

/// The outcomes that are no success, each with the lines below it.
fn failures(report: &str) -> String {
    let mut shown = false;
    let mut text = String::new();
    for line in report.lines() {
        if !line.starts_with(' ') {
            shown = !line.starts_with("SUCCESS");
        }
        if shown {
            text.extend([line, "\n"]);
        }
    }
    text
}
