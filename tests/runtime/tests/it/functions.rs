//! Every function of the template, from its first event to its end.

use std::time::Duration;

use runtime::{Format, Function, Outcome, Request};
use serde_json::{Value, json};

use crate::sandbox::{World, is_error, user};

#[tokio::test(flavor = "multi_thread")]
async fn every_function_answers_its_first_event_and_ends_when_it_is_asked_to() {
    let world = World::start().await;
    let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "staff"});
    let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
        {"method": "POST", "path": "/Users", "bulkId": "1", "data": user("bulk@example.com")}]});
    for (name, request, status) in [
        ("users", world.create("a@example.com"), 201),
        ("groups", world.request("POST", "/Groups").body(&group), 201),
        ("bulk", world.request("POST", "/Bulk").body(&bulk), 200),
        ("resources", world.request("GET", "/Users"), 200),
        ("discovery", world.request("GET", "/ServiceProviderConfig"), 200),
        ("health", Request::new("GET", "/scim/v2/health"), 200),
    ] {
        for format in [Format::Rest, Format::Http] {
            let function = world.function(name).await;
            let answer = function.send(format, &request).await.unwrap();
            // What is there already is a conflict.
            let status = if status == 201 && format == Format::Http { 409 } else { status };
            assert_eq!(answer.status, status, "{name}, {format:?}: {answer:?}");
            is_error(&function.send(format, &world.request("GET", "/Nothing")).await.unwrap(), 404);
            end(&world, function).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_answers_a_stream_and_a_schedule() {
    let world = World::start().await;
    let function = world.function("worker").await;
    let time = Duration::from_secs(10);
    let events = concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions/worker/events");
    for (file, expected) in [
        ("stream", json!({"batchItemFailures": []})),
        ("scheduler", json!({"done": 0, "left": 0, "failed": 0})),
        ("rule", json!({"done": 0, "left": 0, "failed": 0})),
    ] {
        let event = std::fs::read_to_string(format!("{events}/{file}.json")).unwrap();
        let event: Value = serde_json::from_str(&event).unwrap();
        match function.invoke(&event, time).await.unwrap().1 {
            Outcome::Response(answer) => assert_eq!(answer, expected, "{file}"),
            Outcome::Error(error) => panic!("{file}: {error}"),
        }
    }
    // What is another's is an error, without what it holds.
    let strange = world.create("a@example.com").event(Format::Rest);
    for event in [strange, json!({}), json!([]), Value::Null] {
        match function.invoke(&event, time).await.unwrap().1 {
            Outcome::Response(answer) => panic!("{answer}"),
            Outcome::Error(error) => {
                let message = error["errorMessage"].as_str().unwrap();
                assert!(message.contains("without Records or detail-type"), "{message}");
                assert!(!error.to_string().contains("example.com"), "{error}");
            }
        }
    }
    end(&world, function).await;
}

/// Ends an idle sandbox, which has told no token.
async fn end(world: &World, mut function: Function) {
    function.idle().await.unwrap();
    function.terminate().unwrap();
    function.ended().await.unwrap();
    world.is_silent(&function);
}
