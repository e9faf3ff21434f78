//! Answers about as large as Lambda passes on: 6 MB, as the event has them.

use runtime::{Format, Function};
use serde_json::json;

use crate::sandbox::{World, is_error, user};

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_lambda_would_not_pass_on_is_refused_in_scim() {
    // A quote is four bytes of the event.
    for (character, length, fit) in [("x", 240_000, 20), ("\"", 120_000, 10)] {
        let world = World::start().await;
        let mut function = world.function("users").await;
        for number in 0..=fit {
            let mut user = user(&format!("{number}@example.com"));
            user["title"] = character.repeat(length).into();
            let created =
                function.send(Format::Http, &world.request("POST", "/Users").body(&user)).await.unwrap();
            assert_eq!(created.status, 201, "{number}: {:.300}", created.body);
        }
        for query in ["count=1000", "filter=title%20pr&count=1000", "cursor&count=1000"] {
            is_refused(&world, &function, query).await;
        }
        let page = format!("/Users?count={fit}");
        let page = function.send(Format::Rest, &world.request("GET", &page)).await.unwrap();
        assert_eq!((page.status, &page.json()["itemsPerPage"]), (200, &json!(fit)), "{character}");
        let small = world.request("GET", "/Users?count=1000&excludedAttributes=title");
        let small = function.send(Format::Rest, &small).await.unwrap();
        assert_eq!((small.status, &small.json()["itemsPerPage"]), (200, &json!(fit + 1)), "{character}");
        assert!(function.lives().unwrap());
    }
}

async fn is_refused(world: &World, function: &Function, query: &str) {
    for format in [Format::Rest, Format::Http] {
        let request = world.request("GET", &format!("/Users?{query}"));
        let refused = function.send(format, &request).await.unwrap();
        is_error(&refused, 400);
        let error = refused.json();
        assert_eq!(error["scimType"], "tooMany");
        assert!(error["detail"].as_str().unwrap().contains("smaller count"), "{error}");
    }
}
