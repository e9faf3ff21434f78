//! Where the API is: under its own host and stage, a domain of the customer's, behind something else.

use std::collections::BTreeMap;

use runtime::{Format, Function, Request};
use serde_json::{Value, json};

use crate::sandbox::{World, answer, is_error, program, set};

/// How API Gateway tells where a request was sent to.
struct Place<'a>(&'a Value);

impl Place<'_> {
    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }

    fn format(&self) -> Format {
        if self.text("format") == "Http" { Format::Http } else { Format::Rest }
    }

    fn variables(&self) -> BTreeMap<String, String> {
        serde_json::from_value(self.0["variables"].clone()).unwrap_or_default()
    }

    /// The event of a request for this path behind the base.
    fn event(&self, request: &Request, path: &str) -> Value {
        let request = match self.0["host"].as_str() {
            Some(host) => request.clone().header("Host", host),
            None => request.clone(),
        };
        let mut event = request.event(self.format());
        let (path, asked) = (self.text("path").to_owned() + path, self.text("asked").to_owned() + path);
        for (pointer, value) in match self.format() {
            Format::Rest => [("/path", path), ("/requestContext/path", asked)],
            Format::Http => [("/rawPath", path), ("/requestContext/http/path", asked)],
        } {
            set(&mut event, pointer, value.into());
        }
        set(&mut event, "/requestContext/stage", self.0["stage"].clone());
        if let Some(host) = self.0["host"].as_str() {
            set(&mut event, "/requestContext/domainName", host.into());
        }
        event
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_is_where_its_location_says() {
    let world = World::start().await;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/events/bases.json");
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    for (number, case) in cases.iter().enumerate() {
        let (place, what) = (Place(case), &case["what"]);
        let base = place.text("base");
        let target = world.target(place.variables());
        let function = Function::start(&program("users"), &target).await.unwrap();
        let create = world.create(&format!("{number}@example.com"));
        let created = answer(&function, &place.event(&create, "/Users")).await;
        assert_eq!(created.status, 201, "{what}: {created:?}");
        let user = created.json();
        let path = format!("/Users/{}", user["id"].as_str().unwrap());
        let location = format!("{base}{path}");
        assert_eq!(created.header("location"), Some(location.as_str()), "{what}");
        assert_eq!(user["meta"]["location"], location, "{what}");
        let get = world.request("GET", "");
        let read = answer(&function, &place.event(&get, &path)).await;
        assert_eq!(
            (read.status, &read.json()["meta"]["location"]),
            (200, &json!(location)),
            "{what}: {read:?}"
        );
        // Doubled slashes, and one at the end, are an administrator's.
        let read = answer(&function, &place.event(&get, &format!("/{path}/"))).await;
        assert_eq!(
            (read.status, &read.json()["meta"]["location"]),
            (200, &json!(location)),
            "{what}: {read:?}"
        );
        is_error(&answer(&function, &place.event(&get, "/Nothing")).await, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_leads_nowhere_is_told_the_base_url() {
    let world = World::start().await;
    for (variables, expected) in [
        (json!({}), "https://abc123.execute-api.us-east-1.amazonaws.com/v1/scim/v2"),
        (json!({"BASE_PATH": "/api"}), "https://abc123.execute-api.us-east-1.amazonaws.com/v1/api"),
        (json!({"PUBLIC_BASE_URL": "https://cdn.example.com/people"}), "https://cdn.example.com/people"),
    ] {
        let target = world.target(serde_json::from_value(variables).unwrap());
        let function = Function::start(&program("resources"), &target).await.unwrap();
        for path in ["/scim/v1/Users", "/scim", "/peoples/Users", "/v1x/scim/v2/Users"] {
            let request = Request::new("GET", path).token(world.token());
            let lost = function.send(Format::Rest, &request).await.unwrap();
            is_error(&lost, 404);
            let detail = lost.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.ends_with(expected), "{path}: {detail}");
        }
    }
}

/// API Gateway finds the API by `Host`, so that it is the `domainName`. What is behind it may say another, which an
/// emulator does: `Host` is the one that the client used.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_host_and_configuration_says_where_it_is() {
    let world = World::start().await;
    let function = world.function("users").await;
    let public =
        BTreeMap::from([("PUBLIC_BASE_URL".to_owned(), "https://scim.example.com/scim/v2".to_owned())]);
    let told = Function::start(&program("users"), &world.target(public)).await.unwrap();
    for (number, format) in [Format::Rest, Format::Http].into_iter().enumerate() {
        let request = |of: &str| {
            let create = world.create(&format!("{of}{number}@example.com"));
            [
                "X-Forwarded-Host",
                "X-Host",
                "Forwarded",
                "X-Forwarded-Prefix",
                "X-Original-URL",
                "X-Rewrite-URL",
            ]
            .into_iter()
            .fold(create, |create, name| create.header(name, "evil.example.com"))
        };
        let created = function.send(format, &request("a")).await.unwrap();
        let location = created.header("location").unwrap();
        assert!(location.starts_with("https://abc123.execute-api.us-east-1.amazonaws.com/"), "{location}");
        assert!(!created.body.contains("evil"), "{created:?}");
        let created = told.send(format, &request("b").header("Host", "evil.example.com")).await.unwrap();
        let location = created.header("location").unwrap();
        assert!(location.starts_with("https://scim.example.com/scim/v2/Users/"), "{location}");
        assert!(!created.body.contains("evil"), "{created:?}");
    }
}
