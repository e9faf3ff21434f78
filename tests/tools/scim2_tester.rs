//! The compliance checks of `scim2-tester`, an independent client, find nothing wrong but what is so on purpose.

use tests::server::Server;
use tokio::process::Command;

/// How many checks there are at least: fewer means that it gave up early.
const CHECKS: usize = 120;

/// What it finds where `active` can be changed, not cleared, so that no request takes a leaver back by leaving something
/// out; a setting of the connector gives that up.
const ON_PURPOSE: [&str; 2] =
    ["ERROR check_remove_attribute", "  PATCH modify() did not remove attribute 'active'"];

#[tokio::test]
async fn scim2_tester_finds_nothing_wrong_where_active_can_be_removed() {
    check(&["--port", "0", "--setting", "removeKeepsActive=false"], &[]).await;
}

#[tokio::test]
async fn scim2_tester_finds_nothing_but_what_is_on_purpose() {
    check(&["--port", "0"], &ON_PURPOSE).await;
}

async fn check(arguments: &[&str], expected: &[&str]) {
    let server = Server::start(crate::LOCAL, arguments).await.unwrap();
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
    let said = String::from_utf8_lossy(&output.stderr);
    let failures = failures(&report);
    let is_expected = failures.lines().filter(|line| !line.is_empty()).eq(expected.iter().copied());
    assert!(is_expected && passed >= CHECKS, "{passed} checks passed\n{failures}{said}");
}

/// The outcomes that are failures, each with the lines below it.
fn failures(report: &str) -> String {
    let mut shown = false;
    let mut text = String::new();
    for line in report.lines() {
        if !line.starts_with(' ') {
            shown = ["CRITICAL", "DEVIATION", "ERROR"].iter().any(|outcome| line.starts_with(outcome));
        }
        if shown {
            text.extend([line, "\n"]);
        }
    }
    text
}
