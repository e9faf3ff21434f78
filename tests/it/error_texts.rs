//! The error texts that the guides explain are those that the endpoint answers.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    middleware::{self, Next},
    response::Response,
};
use connector::DEFAULT_CONNECTOR;
use local::{Options, Stack};
use serde::Deserialize;
use serde_json::Value;
use tests::{Fixture, Target, fixture, requirements, run};

#[derive(Deserialize)]
struct Trouble {
    text: String,
    fixture: String,
}

/// What every error of a fixture says, once it was driven through the endpoint.
async fn details(name: &str) -> Vec<String> {
    let fixture = Fixture::load(&fixture::folder().join(name).with_extension("json")).unwrap();
    let options = Options::default();
    let stack = Stack::start(&options).await.unwrap();
    run::configure(&fixture, stack.stand_ins.engine.url(), DEFAULT_CONNECTOR, DEFAULT_CONNECTOR)
        .await
        .unwrap();
    let said = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&said);
    let layer = middleware::from_fn(move |request: Request, next: Next| {
        let note = Arc::clone(&note);
        async move {
            let (parts, body) = next.run(request).await.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            let json: Value = serde_json::from_slice(&body).unwrap_or_default();
            note.lock().unwrap().extend(json["detail"].as_str().map(str::to_owned));
            Response::from_parts(parts, Body::from(body))
        }
    });
    let router = Router::new().fallback_service(stack.router()).layer(layer);
    run::run(&fixture, &Target::in_process(router, &options.base_path), stack.token()).await.unwrap();
    said.lock().unwrap().clone()
}

/// Whether `detail` has these words, with anything where the dots are.
fn says(detail: &str, text: &str) -> bool {
    let mut rest = detail;
    text.split('…').all(|words| {
        let found = rest.find(words);
        rest = found.and_then(|at| rest.get(at + words.len()..)).unwrap_or_default();
        found.is_some()
    })
}

#[tokio::test]
async fn every_error_that_a_guide_explains_is_answered_so() {
    let list = requirements::root().join("scripts/scimctl/src/guide/errors.json");
    let troubles: Vec<Trouble> = serde_json::from_str(&std::fs::read_to_string(list).unwrap()).unwrap();
    assert!(!troubles.is_empty());
    for Trouble { text, fixture } in troubles {
        let said = details(&fixture).await;
        assert!(
            said.iter().any(|detail| says(detail, &text)),
            "{text:?} is not what {fixture} is answered: {said:#?}"
        );
    }
}

#[test]
fn dots_stand_for_anything_in_their_place() {
    for (detail, text, expected) in
        [("a b c", "a … c", true), ("a b c", "…b…", true), ("a b c", "c … a", false), ("a b", "a b c", false)]
    {
        assert_eq!(says(detail, text), expected, "{text}");
    }
}
