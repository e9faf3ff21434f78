//! What API Gateway sends, and what nobody should.

use std::time::Duration;

use runtime::{Format, Outcome, Request};
use serde_json::{Value, json};

use crate::sandbox::{World, answer, is_error, set, user};

const FORMATS: [Format; 2] = [Format::Rest, Format::Http];

#[tokio::test(flavor = "multi_thread")]
async fn a_user_lives_through_events_of_both_formats() {
    let world = World::start().await;
    let function = world.function("users").await;
    for format in FORMATS {
        let name = format!("{format:?}@example.com");
        let host = "https://abc123.execute-api.us-east-1.amazonaws.com";
        // The stage is in front where there is one.
        let base = format!("{host}{}/scim/v2/Users/", if format == Format::Rest { "/v1" } else { "" });
        let created = function.send(format, &world.create(&name).base64()).await.unwrap();
        assert_eq!(created.status, 201, "{created:?}");
        let id = created.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(created.header("location"), Some(format!("{base}{id}").as_str()));

        let change = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "title", "value": "Grüße, 東"}]});
        let request = world.request("PATCH", &format!("/Users/{id}")).body(&change);
        let changed = function.send(format, &request).await.unwrap();
        assert_eq!((changed.status, &changed.json()["title"]), (200, &json!("Grüße, 東")), "{changed:?}");

        // In a query a plus sign is a blank, and an encoded one is itself; the path is decoded once.
        let encoded = id.bytes().fold(String::new(), |all, byte| format!("{all}%{byte:02X}"));
        let path = format!("/Users/{encoded}?attributes=title&excludedAttributes=");
        let read = function.send(format, &world.request("GET", &path)).await.unwrap();
        assert_eq!((read.status, &read.json()["id"]), (200, &json!(id)), "{read:?}");
        let query = format!("/Users?filter=userName+eq+%22{name}%22+and+title+sw+%22Gr%C3%BC%22&count=5");
        let found = function.send(format, &world.request("GET", &query)).await.unwrap();
        assert_eq!((found.status, &found.json()["totalResults"]), (200, &json!(1)), "{found:?}");
        let plus = "/Users?filter=userName%20eq%20%22a%2Bb%40c%22";
        let found = function.send(format, &world.request("GET", plus)).await.unwrap();
        assert_eq!((found.status, &found.json()["totalResults"]), (200, &json!(0)), "{found:?}");
        let plus = function.send(format, &world.create(&format!("a+{name}"))).await.unwrap();
        assert_eq!(plus.status, 201, "{plus:?}");
        assert_eq!(world.count(&function, &format!("a%2B{name}")).await, 1);

        let gone = function.send(format, &world.request("DELETE", &format!("/Users/{id}"))).await.unwrap();
        assert_eq!((gone.status, gone.body.as_str()), (204, ""), "{gone:?}");
    }
    world.is_silent(&function);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_of_a_client_goes_without_an_answer_in_scim() {
    let world = World::start().await;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/events/odd.json");
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for format in FORMATS {
        let mut function = world.function("users").await;
        let pid = function.pid().unwrap();
        for case in &cases {
            let path = case["path"].as_str().unwrap().replace("{long}", &"x".repeat(70_000));
            let mut request =
                Request::new(case["method"].as_str().unwrap_or("GET"), &path).token(world.token());
            for (name, value) in case["headers"].as_object().into_iter().flatten() {
                let value = value.as_str().unwrap().replace("{long}", &"x".repeat(70_000));
                request = request.header(name, &value);
            }
            let mut event = request.event(format);
            for (pointer, value) in case["event"].as_object().into_iter().flatten() {
                set(&mut event, pointer, value.clone());
            }
            let outcome = function.invoke(&event, Duration::from_secs(10)).await.unwrap().1;
            let told = match outcome.answer() {
                Err(error) => Some(format!("{error:#}")),
                Ok(answer) if answer.status != case["status"].as_u64().unwrap() => {
                    Some(format!("{} {:.200}", answer.status, answer.body))
                }
                Ok(answer) if answer.status != 200 => {
                    is_error(&answer, answer.status);
                    None
                }
                Ok(_) => None,
            };
            wrong.extend(told.map(|told| format!("{}, {format:?}: {told}", case["what"])));
        }
        // The sandbox lives, and it is the same.
        assert_eq!((function.lives().unwrap(), function.pid().unwrap()), (true, pid));
        let users = world.request("GET", "/Users");
        assert_eq!(function.send(format, &users).await.unwrap().status, 200);
        world.is_silent(&function);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_values_of_a_header_are_one() {
    let world = World::start().await;
    let function = world.function("users").await;
    for format in FORMATS {
        let created = function.send(format, &world.create(&format!("{format:?}@example.com"))).await.unwrap();
        let (id, etag) = (created.json()["id"].clone(), created.header("etag").unwrap().to_owned());
        let get = world.request("GET", &format!("/Users/{}", id.as_str().unwrap()));
        let unchanged = get.clone().more("If-None-Match", "W/\"other\"").more("If-None-Match", &etag);
        let unchanged = function.send(format, &unchanged).await.unwrap();
        assert_eq!((unchanged.status, unchanged.body.as_str()), (304, ""), "{format:?}: {unchanged:?}");
        let accepts = get.more("Accept", "text/html").more("Accept", "application/scim+json");
        assert_eq!(function.send(format, &accepts).await.unwrap().status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_is_refused_and_the_sandbox_lives() {
    let world = World::start().await;
    let function = world.function("users").await;
    let time = Duration::from_secs(5);
    for event in [json!({}), json!([]), json!({"Records": []}), Value::Null] {
        let (_, outcome) = function.invoke(&event, time).await.unwrap();
        assert!(matches!(outcome, Outcome::Error(_)), "{event}: {outcome:?}");
    }
    // As the console's test of a method sends it: without a single header.
    let mut bare = world.request("GET", "/Users").event(Format::Rest);
    for name in ["headers", "multiValueHeaders"] {
        bare[name] = Value::Null;
    }
    is_error(&answer(&function, &bare).await, 401);
    let mut post = world.create("x@example.com").event(Format::Rest);
    post["body"] = Value::Null;
    is_error(&answer(&function, &post).await, 400);
    post["body"] = user("x@example.com").to_string().into();
    assert_eq!(answer(&function, &post).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_null_or_not_there_costs_no_request() {
    let world = World::start().await;
    let function = world.function("users").await;
    let mut wrong = Vec::new();
    for format in FORMATS {
        let whole = world.request("GET", "/Users?count=1").event(format);
        let needed: &[&str] = match format {
            Format::Rest => &["/httpMethod", "/requestContext", "/requestContext/httpMethod"],
            Format::Http => &["/requestContext", "/requestContext/http", "/requestContext/http/method"],
        };
        for pointer in members(&whole, "") {
            let (of, name) = pointer.rsplit_once('/').unwrap();
            let (mut null, mut without) = (whole.clone(), whole.clone());
            set(&mut null, &pointer, Value::Null);
            without.pointer_mut(of).unwrap().as_object_mut().unwrap().remove(name);
            for (what, event) in [("null", null), ("away", without)] {
                let outcome = function.invoke(&event, Duration::from_secs(10)).await.unwrap().1;
                let status = outcome.answer().map(|answer| answer.status);
                let is_answered = status.as_ref().is_ok_and(|status| [200, 401, 404].contains(status));
                if is_answered == needed.contains(&pointer.as_str()) {
                    wrong.push(format!("{format:?}, {pointer} is {what}: {status:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The JSON pointers of all members of an object, and of those in it.
fn members(value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        let pointer = format!("{at}/{name}");
        found.extend(members(value, &pointer));
        found.push(pointer);
    }
    found
}
