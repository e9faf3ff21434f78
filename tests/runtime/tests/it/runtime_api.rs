//! What calls a function fails: it ends, or goes on, and a write is not done twice.

use std::{collections::BTreeMap, time::Duration};

use axum::http::StatusCode;
use runtime::{Fault, Format, Function, Line, RuntimeApi};

use crate::sandbox::{World, is_error, program};

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_is_given_no_event_ends_and_another_goes_on() {
    let world = World::start().await;
    for fault in [None, Some(Fault::Closes), Some(Fault::BreaksOff)] {
        let (mut function, line) = on_a_line(&world).await;
        let name = format!("{fault:?}@example.com").replace(['(', ')'], "-");
        assert_eq!(function.send(Format::Rest, &world.create(&name)).await.unwrap().status, 201);
        function.idle().await.unwrap();
        match fault {
            None => function.api().fail(StatusCode::INTERNAL_SERVER_ERROR).unwrap(),
            Some(fault) => {
                line.fail(fault).await;
                // The answer that breaks off is the next event.
                let _ = function
                    .invoke(&world.create("lost@example.com").event(Format::Rest), Duration::ZERO)
                    .await;
            }
        }
        assert!(!function.ended().await.unwrap().success(), "{fault:?}");
        world.is_silent(&function);
        let next = world.function("users").await;
        assert_eq!(world.count(&next, &name).await, 1);
        assert_eq!(world.count(&next, "lost@example.com").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_is_refused_is_found_by_who_repeats_it() {
    let world = World::start().await;
    let mut function = world.function("users").await;
    for status in [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::INTERNAL_SERVER_ERROR, StatusCode::GONE] {
        let create = world.create(&format!("{}@example.com", status.as_u16()));
        function.api().refuse_answer(status);
        assert!(function.send(Format::Rest, &create).await.is_err());
        is_error(&function.send(Format::Rest, &create).await.unwrap(), 409);
        assert_eq!(world.count(&function, &format!("{}@example.com", status.as_u16())).await, 1);
    }
    assert!(function.lives().unwrap());
    world.is_silent(&function);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_cannot_be_posted_is_found_by_who_repeats_it() {
    let world = World::start().await;
    let (mut function, line) = on_a_line(&world).await;
    assert_eq!(function.send(Format::Rest, &world.request("GET", "/Users")).await.unwrap().status, 200);
    let create = world.create("a@example.com");
    world.dynamodb.fail(Fault::Hangs).await;
    let event = create.event(Format::Rest);
    let (outcome, ()) = tokio::join!(function.invoke(&event, Duration::from_secs(3)), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        line.fail(Fault::Refuses).await;
        world.dynamodb.come_back().await;
    });
    assert!(outcome.is_err(), "{outcome:?}");
    assert!(!function.ended().await.unwrap().success());
    world.is_silent(&function);
    let next = world.function("users").await;
    is_error(&next.send(Format::Rest, &create).await.unwrap(), 409);
    assert_eq!(world.count(&next, "a@example.com").await, 1);
}

/// A sandbox whose runtime API lies behind a line.
async fn on_a_line(world: &World) -> (Function, Line) {
    let api = RuntimeApi::start().await.unwrap();
    let line = Line::to(api.address()).await.unwrap();
    let address = line.url().trim_start_matches("http://");
    let target = world.target(BTreeMap::new());
    (Function::start_at(&program("users"), &target, api, address).await.unwrap(), line)
}
