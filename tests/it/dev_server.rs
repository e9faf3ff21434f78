//! The local server as a process: what it serves, what it keeps, how it ends.

use http::Method;
use serde_json::json;
use tests::server::Server;
use tests::{Target, run};

/// The program, built with these tests.
pub(crate) const LOCAL: &str = env!("CARGO_BIN_EXE_local-under-test");

#[tokio::test(flavor = "multi_thread")]
async fn every_fixture_holds_over_http_and_the_server_ends_at_sigterm() {
    let server = Server::start(LOCAL, &["--port", "0"]).await.unwrap();
    let outcome = run::replay(&server).await;
    let ended = server.stop().await.unwrap();
    outcome.unwrap_or_else(|reports| panic!("{reports:#}"));
    assert!(ended.success(), "{ended}");
}

#[tokio::test]
async fn every_path_works_below_another_base_path() {
    let server = Server::start(LOCAL, &["--port", "0", "--base-path", "api/v2/scim/v2/"]).await.unwrap();
    assert!(server.ready.base_url.ends_with("/api/v2/scim/v2"), "{}", server.ready.base_url);
    let outcome = run::replay(&server).await;
    server.stop().await.unwrap();
    outcome.unwrap_or_else(|reports| panic!("{reports:#}"));
}

#[tokio::test]
async fn a_data_directory_outlives_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let arguments = ["--port", "0", "--data", directory.path().to_str().unwrap()];
    let first = Server::start(LOCAL, &arguments).await.unwrap();
    let token = first.ready.token.clone();
    let created = create(&first, "bjensen").await;
    first.stop().await.unwrap();

    let second = Server::start(LOCAL, &arguments).await.unwrap();
    assert_eq!(second.ready.token, token);
    let target = Target::http(&second.ready.base_url).unwrap();
    let path = format!("/Users/{}", created["id"].as_str().unwrap());
    let read = target.send(&Method::GET, &path, &authorization(&second), vec![]).await.unwrap();
    assert_eq!(read.json().unwrap()["userName"], "bjensen");
    second.stop().await.unwrap();
}

#[tokio::test]
async fn two_servers_share_one_engine() {
    let first = Server::start(LOCAL, &["--port", "0", "--token", "same"]).await.unwrap();
    let engine = first.ready.engine_url.clone();
    let second =
        Server::start(LOCAL, &["--port", "0", "--token", "same", "--engine", &engine]).await.unwrap();
    let created = create(&first, "bjensen").await;
    let target = Target::http(&second.ready.base_url).unwrap();
    let path = "/Users?filter=userName eq \"BJENSEN\"";
    let found = target.send(&Method::GET, path, &authorization(&second), vec![]).await.unwrap();
    assert_eq!(found.json().unwrap()["Resources"][0]["id"], created["id"]);
    second.stop().await.unwrap();
    first.stop().await.unwrap();
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = tokio::process::Command::new(LOCAL).args(["--port", &port]).output().await.unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("port {port} is taken")), "{said}");
}

/// The usual headers of a request with a body.
pub(crate) fn authorization(server: &Server) -> [(String, String); 2] {
    [
        ("authorization".to_owned(), format!("Bearer {}", server.ready.token)),
        ("content-type".to_owned(), "application/scim+json".to_owned()),
    ]
}

/// The body that creates a user called `name`.
pub(crate) fn user(name: &str) -> Vec<u8> {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name})
        .to_string()
        .into_bytes()
}

async fn create(server: &Server, name: &str) -> serde_json::Value {
    let target = Target::http(&server.ready.base_url).unwrap();
    let answer = target.send(&Method::POST, "/Users", &authorization(server), user(name)).await.unwrap();
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json().unwrap()
}
