//! A function has hardly any time, or none.

use std::time::{Duration, Instant};

use runtime::{Fault, Format, now_ms};

use crate::sandbox::{World, is_error};

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_makes_no_sense_costs_no_request() {
    let world = World::start().await;
    let mut function = world.function("users").await;
    let users = world.request("GET", "/Users").event(Format::Rest);
    for deadline in [0, now_ms() - 60_000, now_ms() - 1, now_ms() + 86_400_000, u64::MAX / 2, u64::MAX] {
        let (_, outcome) = function.invoke_until(&users, deadline, Duration::from_secs(5)).await.unwrap();
        let answer = outcome.answer().unwrap();
        assert_eq!(answer.status, 200, "{deadline}: {answer:?}");
    }
    assert!(function.lives().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_done_in_hardly_any_time_is_told_before_it_ends() {
    let world = World::start().await;
    let mut function = world.function("users").await;
    let users = world.request("GET", "/Users");
    assert_eq!(function.send(Format::Rest, &users).await.unwrap().status, 200);
    for line in [&world.dynamodb, &world.secrets] {
        line.fail(Fault::Hangs).await;
        for millis in [100, 300, 600] {
            let time = Duration::from_millis(millis);
            let cold = world.function("users").await;
            let asked = Instant::now();
            let answer = cold.send_within(Format::Rest, &users, time).await.unwrap();
            // In less a machine that is busy with other tests does nothing at all.
            let until = time.max(Duration::from_millis(200));
            assert!(asked.elapsed() < until, "{millis} ms: {:?}", asked.elapsed());
            is_error(&answer, 503);
            assert!(answer.header("retry-after").is_some(), "{answer:?}");
        }
        line.come_back().await;
    }
    // What is there at once is answered even then.
    let unknown = world.request("GET", "/Nothing");
    let answer = function.send_within(Format::Rest, &unknown, Duration::from_millis(100)).await.unwrap();
    is_error(&answer, 404);
    assert!(function.lives().unwrap());
    assert_eq!(function.send(Format::Rest, &users).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_without_time_leaves_what_is_due_to_the_next_call() {
    let world = World::start().await;
    let mut worker = world.function("worker").await;
    let schedule = serde_json::json!({"detail-type": "Scheduled Event", "source": "aws.scheduler"});
    for deadline in [0, now_ms() - 1000, now_ms() + 100] {
        let asked = Instant::now();
        worker.invoke_until(&schedule, deadline, Duration::from_secs(5)).await.unwrap();
        assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    }
    assert!(worker.lives().unwrap());
    let (_, outcome) = worker.invoke(&schedule, Duration::from_secs(10)).await.unwrap();
    assert!(matches!(outcome, runtime::Outcome::Response(_)), "{outcome:?}");
}
