//! What a function calls is away, hangs, or loses an answer.

use std::time::{Duration, Instant};

use runtime::{Fault, Format, Request};
use serde_json::json;

use crate::sandbox::{World, is_error};

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_comes_before_the_deadline_whatever_hangs() {
    let time = Duration::from_secs(1);
    for is_table in [true, false] {
        let world = World::start().await;
        let (line, name) =
            if is_table { (&world.dynamodb, "the table") } else { (&world.secrets, "the secrets") };
        line.fail(Fault::Hangs).await;
        for (function, path) in [("users", "/Users/none"), ("health", "/health")] {
            let function = world.function(function).await;
            let asked = Instant::now();
            let answer = function.send_within(Format::Rest, &world.request("GET", path), time).await.unwrap();
            assert!(asked.elapsed() < time, "{name}, {path}: {:?}", asked.elapsed());
            is_error(&answer, 503);
            assert!(answer.header("retry-after").is_some(), "{answer:?}");
        }
        let function = world.function("users").await;
        let asked = Instant::now();
        let answer = function.send_within(Format::Rest, &world.create("x@example.com"), time).await.unwrap();
        assert!(asked.elapsed() < time, "{name}: {:?}", asked.elapsed());
        is_error(&answer, 503);
        // It has waited for nothing else meanwhile, and goes on.
        line.come_back().await;
        assert_eq!(function.send(Format::Rest, &world.create("y@example.com")).await.unwrap().status, 201);
        world.is_silent(&function);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_away_is_told_and_is_there_when_it_is_back() {
    let world = World::start().await;
    let function = world.function("users").await;
    let health = world.function("health").await;
    world.dynamodb.fail(Fault::Closes).await;
    is_error(&function.send(Format::Rest, &world.request("GET", "/Users")).await.unwrap(), 503);
    world.dynamodb.come_back().await;
    assert_eq!(function.send(Format::Rest, &world.create("a@example.com")).await.unwrap().status, 201);
    world.dynamodb.fail(Fault::Closes).await;
    is_error(&function.send(Format::Rest, &world.create("b@example.com")).await.unwrap(), 503);
    let report = health.send(Format::Rest, &Request::new("GET", "/scim/v2/health")).await.unwrap();
    let parts = report.json();
    assert_eq!((report.status, &parts["table"]), (503, &json!("unavailable")), "{report:?}");
    world.dynamodb.come_back().await;
    for (name, count) in [("a@example.com", 1), ("b@example.com", 0)] {
        assert_eq!(world.count(&function, name).await, count);
    }
    world.is_silent(&function);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_outlive_the_secrets_in_a_sandbox_that_knows_them() {
    let world = World::start().await;
    let warm = world.function("users").await;
    let users = world.request("GET", "/Users");
    assert_eq!(warm.send(Format::Rest, &users).await.unwrap().status, 200);
    world.secrets.fail(Fault::Closes).await;
    assert_eq!(warm.send(Format::Rest, &users).await.unwrap().status, 200);
    let cold = world.function("users").await;
    is_error(&cold.send(Format::Rest, &users).await.unwrap(), 503);
    world.secrets.come_back().await;
    assert_eq!(cold.send(Format::Rest, &users).await.unwrap().status, 200);
    world.is_silent(&cold);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_is_lost_is_there_once() {
    let world = World::start().await;
    let function = world.function("users").await;
    assert_eq!(function.send(Format::Rest, &world.request("GET", "/Users")).await.unwrap().status, 200);
    for nth in 1..=3 {
        let name = format!("u{nth}@example.com");
        world.dynamodb.lose_answer(nth);
        let created = function.send(Format::Rest, &world.create(&name)).await.unwrap();
        assert_eq!(created.status, 201, "answer {nth} lost: {created:?}");
        let id = created.json()["id"].as_str().unwrap().to_owned();
        let change = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
            {"op": "add", "path": "emails", "value": [{"value": format!("more-{name}")}]}]});
        world.dynamodb.lose_answer(nth);
        let patch = world.request("PATCH", &format!("/Users/{id}")).body(&change);
        let changed = function.send(Format::Rest, &patch).await.unwrap();
        assert_eq!(changed.status, 200, "answer {nth} lost: {changed:?}");
        world.dynamodb.lose_answer(0);
        assert_eq!(world.count(&function, &name).await, 1);
        let read = world.request("GET", &format!("/Users/{id}"));
        let read = function.send(Format::Rest, &read).await.unwrap().json();
        assert_eq!(read["emails"].as_array().map(Vec::len), Some(1), "{read}");
    }
}
