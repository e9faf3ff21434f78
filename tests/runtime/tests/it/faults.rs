//! What a function calls refuses connections, or answers what it never should.

use std::time::{Duration, Instant};

use runtime::{Answer, Fault, Format, Function, Request};
use serde_json::json;
use tokio::task::JoinSet;

use crate::sandbox::{World, is_error};

const FAULTS: [Fault; 6] =
    [Fault::Refuses, Fault::Closes, Fault::Fails, Fault::Strays, Fault::Babbles, Fault::BreaksOff];

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_answers_nonsense_is_told_and_is_there_when_it_is_back() {
    each(a_table_with).await;
}

async fn a_table_with(fault: Fault) {
    let world = World::start().await;
    let mut warm = world.function("users").await;
    assert_eq!(in_time(&warm, &world.create("a@example.com")).await.status, 201);
    world.dynamodb.fail(fault).await;
    let mut cold = world.function("users").await;
    let name = "b@example.com";
    for function in [&warm, &cold] {
        for request in [
            world.request("GET", "/Users/00000000-0000-4000-8000-000000000000"),
            world.request("GET", "/Users?filter=title%20pr"),
            world.create(name),
        ] {
            is_unavailable(&in_time(function, &request).await, fault);
        }
    }
    let health = world.function("health").await;
    let report = in_time(&health, &Request::new("GET", "/scim/v2/health")).await;
    assert_eq!(
        (report.status, &report.json()["table"]),
        (503, &json!("unavailable")),
        "{fault:?}: {report:?}"
    );
    world.dynamodb.come_back().await;
    for function in [&mut warm, &mut cold] {
        assert!(function.lives().unwrap(), "{fault:?}");
        assert_eq!(world.count(function, "a@example.com").await, 1, "{fault:?}");
        world.is_silent(function);
    }
    // It may have been heard although nobody could tell, but not more than once.
    let again = in_time(&warm, &world.create(name)).await;
    assert!([201, 409].contains(&again.status), "{fault:?}: {again:?}");
    assert_eq!(world.count(&warm, name).await, 1, "{fault:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_answer_nonsense_keep_out_who_is_not_known_yet() {
    each(secrets_with).await;
}

async fn secrets_with(fault: Fault) {
    let world = World::start().await;
    let warm = world.function("users").await;
    let users = world.request("GET", "/Users");
    assert_eq!(in_time(&warm, &users).await.status, 200);
    world.secrets.fail(fault).await;
    assert_eq!(in_time(&warm, &users).await.status, 200, "{fault:?}");
    let mut cold = world.function("users").await;
    is_unavailable(&in_time(&cold, &users).await, fault);
    let health = world.function("health").await;
    let report = in_time(&health, &Request::new("GET", "/scim/v2/health")).await;
    assert_eq!(
        (report.status, &report.json()["secret"]),
        (503, &json!("unavailable")),
        "{fault:?}: {report:?}"
    );
    world.secrets.come_back().await;
    assert!(cold.lives().unwrap(), "{fault:?}");
    assert_eq!(in_time(&cold, &users).await.status, 200, "{fault:?}");
    world.is_silent(&cold);
}

/// Every fault at the same time, each in a world of its own: most of the time is waited before another try.
async fn each<T: Future<Output = ()> + Send + 'static>(test: fn(Fault) -> T) {
    let mut running: JoinSet<()> = FAULTS.into_iter().map(test).collect();
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
}

async fn in_time(function: &Function, request: &Request) -> Answer {
    let asked = Instant::now();
    let answer = function.send(Format::Rest, request).await.unwrap();
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(12), "{took:?}: {answer:?}");
    answer
}

#[track_caller]
fn is_unavailable(answer: &Answer, fault: Fault) {
    assert_eq!(answer.status, 503, "{fault:?}: {answer:?}");
    is_error(answer, 503);
    assert!(answer.header("retry-after").is_some(), "{fault:?}: {answer:?}");
}
