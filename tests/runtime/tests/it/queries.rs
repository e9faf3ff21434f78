//! The query, wherever API Gateway writes it down.

use runtime::Format;
use serde_json::{Value, json};

use crate::sandbox::{World, answer, set};

#[tokio::test(flavor = "multi_thread")]
async fn a_rest_apis_query_is_read_from_whichever_member_has_it() {
    let world = World::start().await;
    let function = world.function("users").await;
    for name in ["a+b@example.com", "c%64@example.com", "ü&=?#東@example.com"] {
        assert_eq!(function.send(Format::Rest, &world.create(name)).await.unwrap().status, 201);
        let filter = format!("userName eq \"{name}\"");
        let single = json!({ "filter": filter, "count": "7" });
        let multiple = json!({ "filter": [filter], "count": ["7"] });
        for (single, multiple) in [
            (&single, &multiple),
            (&single, &Value::Null),
            (&Value::Null, &multiple),
            (&json!({}), &multiple),
        ] {
            let mut event = world.request("GET", "/Users").event(Format::Rest);
            set(&mut event, "/queryStringParameters", single.clone());
            set(&mut event, "/multiValueQueryStringParameters", multiple.clone());
            let found = answer(&function, &event).await;
            assert_eq!((found.status, &found.json()["totalResults"]), (200, &json!(1)), "{event}: {found:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_the_same_in_both_formats_and_from_both_kinds_of_headers() {
    let world = World::start().await;
    let function = world.function("users").await;
    let created = function.send(Format::Rest, &world.create("a@example.com")).await.unwrap();
    assert_eq!(created.status, 201);
    for (query, status, members) in [
        // Names are decoded as values are.
        ("%63ount=0", 200, None),
        ("count=0&%66ilter=title%20pr", 200, None),
        ("attributes=userName", 200, Some(3)),
        ("attributes=userName,title", 200, Some(3)),
        ("Attributes=userName", 200, None),
        // Quotes and brackets that a client has not encoded.
        ("filter=userName+eq+\"a@example.com\"&attributes=id", 200, Some(2)),
        ("filter=emails[type+eq+\"work\"]", 200, None),
        ("filter=userName%20eq%20\"ü<東>\"", 200, None),
    ] {
        let request = world.request("GET", &format!("/Users?{query}"));
        let mut answers = Vec::new();
        for format in [Format::Rest, Format::Http] {
            let whole = request.event(format);
            let mut events = vec![whole.clone()];
            if format == Format::Rest {
                for headers in ["/headers", "/multiValueHeaders"] {
                    let mut event = whole.clone();
                    set(&mut event, headers, Value::Null);
                    events.push(event);
                }
            }
            for event in events {
                let found = answer(&function, &event).await;
                assert_eq!(found.status, status, "{query}, {format:?}: {found:?}");
                let first = &found.json()["Resources"][0];
                if let Some(members) = members {
                    assert_eq!(
                        first.as_object().map(serde_json::Map::len),
                        Some(members),
                        "{query}: {first}"
                    );
                }
                answers.push(found.json()["totalResults"].clone());
            }
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{query}: {answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_parameter_that_comes_twice_the_first_counts() {
    let world = World::start().await;
    let function = world.function("users").await;
    assert_eq!(function.send(Format::Rest, &world.create("a@example.com")).await.unwrap().status, 201);
    for (first, second) in [
        ("filter=userName%20pr", "filter=title%20pr"),
        ("filter=title%20pr", "filter=userName%20pr"),
        ("count=0", "count=1"),
        ("count=1", "count=0"),
        ("attributes=userName", "attributes=title"),
        ("attributes=title", "attributes=userName"),
    ] {
        let query = format!("{first}&{second}");
        let mut answers = Vec::new();
        for format in [Format::Rest, Format::Http] {
            let found =
                function.send(format, &world.request("GET", &format!("/Users?{query}"))).await.unwrap();
            assert_eq!(found.status, 200, "{query}, {format:?}: {found:?}");
            let list = found.json();
            let user = list["Resources"][0].as_object();
            let names = user.map(|user| user.keys().cloned().collect::<Vec<_>>());
            answers.push((list["totalResults"].clone(), names));
        }
        let first =
            function.send(Format::Rest, &world.request("GET", &format!("/Users?{first}"))).await.unwrap();
        assert_eq!(answers[0], answers[1], "{query}");
        assert_eq!(answers[0].0, first.json()["totalResults"], "{query}");
        assert_eq!(answers[0].1.is_some(), first.json()["Resources"][0].is_object(), "{query}");
    }
}
