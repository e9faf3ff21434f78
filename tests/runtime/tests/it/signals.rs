//! A sandbox is frozen between events, and ended whenever it pleases Lambda.

use std::time::Duration;

use runtime::Format;

use crate::sandbox::World;

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_were_closed_while_it_was_frozen_cost_no_request() {
    let world = World::start().await;
    let function = world.function("users").await;
    assert_eq!(function.send(Format::Rest, &world.request("GET", "/Users")).await.unwrap().status, 200);
    for (round, seconds) in [0, 3].into_iter().enumerate() {
        function.freeze().await.unwrap();
        let before = world.dynamodb.connections();
        world.dynamodb.cut();
        world.secrets.cut();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        // The event is there before it goes on, so that it hears of both at once.
        let name = format!("frozen{round}@example.com");
        let create = world.create(&name);
        let (created, thawed) = tokio::join!(function.send(Format::Rest, &create), async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            function.thaw()
        });
        thawed.unwrap();
        let created = created.unwrap();
        assert_eq!(created.status, 201, "{created:?}");
        assert!(world.dynamodb.connections() > before, "it was cut");
        assert_eq!(world.count(&function, &name).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_is_not_used_up_while_it_is_frozen() {
    let world = World::start().await;
    let function = world.function("users").await;
    let time = Duration::from_secs(2);
    for _ in 0..2 {
        let users = world.request("GET", "/Users");
        assert_eq!(function.send_within(Format::Rest, &users, time).await.unwrap().status, 200);
        function.freeze().await.unwrap();
        tokio::time::sleep(time + Duration::from_secs(1)).await;
        function.thaw().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_when_it_is_asked_to() {
    let world = World::start().await;
    let mut idle = world.function("users").await;
    assert_eq!(idle.send(Format::Rest, &world.request("GET", "/Users")).await.unwrap().status, 200);
    idle.idle().await.unwrap();
    idle.terminate().unwrap();
    idle.ended().await.unwrap();

    // Within an event: what it has written is whole, and another sandbox goes on.
    for millis in [0, 5, 20, 200] {
        let mut busy = world.function("users").await;
        let name = format!("ended{millis}@example.com");
        let create = world.create(&name);
        let answer = tokio::select! {
            answer = busy.send(Format::Rest, &create) => answer.ok(),
            () = async {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                busy.terminate().unwrap();
                std::future::pending::<()>().await;
            } => None,
            () = tokio::time::sleep(Duration::from_secs(2)) => None,
        };
        if busy.lives().unwrap() {
            busy.terminate().unwrap();
        }
        busy.ended().await.unwrap();
        let next = world.function("users").await;
        let again = next.send(Format::Rest, &create).await.unwrap();
        if answer.is_some_and(|answer| answer.status == 201) {
            assert_eq!(again.status, 409, "{again:?}");
        }
        assert!([201, 409].contains(&again.status), "{again:?}");
        assert_eq!(world.count(&next, &name).await, 1);
    }
}
