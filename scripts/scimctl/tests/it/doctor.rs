//! `scimctl doctor`: a sound stack passes, and each way in which one is broken is found.

use axum::{
    Router,
    body::Body,
    extract::Request,
    middleware::{self, Next},
    response::Response,
};
use directory::{Directory, Setting};
use http::{HeaderValue, StatusCode, header};
use local::{Options, Pack, TABLE};
use scim::{Object, schema::USER};
use serde_json::{Value, json};

use crate::support::{Ended, Server, ask, scimctl, serve};

/// The findings of one check.
fn of<'a>(report: &'a Value, check: &str) -> Vec<&'a Value> {
    report["checks"].as_array().unwrap().iter().filter(|it| it["check"] == check).collect()
}

/// What a run printed as JSON, however it ended.
fn report(ended: &Ended) -> Value {
    let report: Result<Value, _> = serde_json::from_str(&ended.out);
    assert!(report.is_ok(), "{}{}", ended.out, ended.err);
    report.unwrap()
}

/// Looks at a server from within and without.
async fn doctor(server: &Server, url: &str, more: &[&str]) -> Ended {
    server.both(&[&["doctor", "--url", url, "--json"], more].concat()).await
}

/// A finding of a check, which failed or warned with these words, and says what to do.
fn check_finding(ended: &Ended, check: &str, outcome: &str, words: &str) {
    let report = report(ended);
    let found = of(&report, check);
    let is_there = found.iter().any(|it| {
        it["outcome"] == outcome
            && it["detail"].as_str().unwrap().contains(words)
            && it["advice"].as_str().is_some_and(|advice| !advice.is_empty())
    });
    assert!(is_there, "{check} {outcome} {words}: {found:#?}");
    let failed = i32::from(report["fail"] != 0);
    assert_eq!(ended.code, Some(failed), "{}", ended.err);
}

/// A server whose answers go through `change`.
async fn changed<F>(server: &Server, change: F) -> String
where
    F: Fn(&str, Response) -> Response + Clone + Send + Sync + 'static,
{
    let layer = middleware::from_fn(move |request: Request, next: Next| {
        let change = change.clone();
        async move {
            let path = request.uri().to_string();
            change(&path, next.run(request).await)
        }
    });
    serve(Router::new().fallback_service(server.stack.router()).layer(layer)).await
}

fn answer(status: u16, kind: &'static str, body: &str) -> Response {
    let mut answer = Response::new(Body::from(body.to_owned()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

#[tokio::test]
async fn a_sound_stack_passes_and_nothing_of_the_check_stays() {
    let server = Server::start().await;
    let url = serve(server.stack.router()).await;
    let ended = doctor(&server, &url, &["--write"]).await;
    let report = report(&ended);
    assert_eq!(ended.code, Some(0), "{}{report:#}", ended.err);
    let outcomes: Vec<_> =
        report["checks"].as_array().unwrap().iter().filter(|it| it["outcome"] != "ok").collect();
    // The token that a template made is readable in the secret: that is told, and no failure.
    assert_eq!(outcomes.len(), 1, "{report:#}");
    check_finding(&ended, "clear-token", "warn", "token initial");
    for check in [
        "url",
        "reach",
        "health",
        "clock",
        "no-token",
        "token",
        "slash",
        "base-url",
        "config",
        "schemas",
        "types",
        "okta-probe",
        "entra-probe",
        "latency",
        "create",
        "match",
        "patch",
        "members",
        "deactivate",
        "delete",
        "tokens",
        "settings",
        "documents",
    ] {
        assert_eq!(of(&report, check).len(), 1, "{check}");
    }
    let token = server.stack.token().as_str();
    for path in ["/Users", "/Groups"] {
        assert_eq!(server.get(token, path).await.1["totalResults"], 0, "{path}");
    }
    let tokens = server.secrets(&["token", "list", "default", "--json"]).await.json();
    assert_eq!(tokens.as_array().unwrap().len(), 1, "its own token is revoked");
    assert!(!ended.out.contains("scim_default_"), "no token is shown");
}

#[tokio::test]
async fn nothing_is_written_unless_it_is_asked_for() {
    let server = Server::start().await;
    let url = serve(server.stack.router()).await;
    let ended = doctor(&server, &url, &[]).await;
    let report = report(&ended);
    assert_eq!((ended.code, of(&report, "create").len()), (Some(0), 0));
    assert_eq!(of(&report, "write")[0]["outcome"], "skip");
}

#[tokio::test]
async fn a_test_user_has_what_the_tenant_requires() {
    for pack in [Pack::Interact, Pack::Talkdesk] {
        let server = Server::with(&Options { pack: Some(pack), ..Options::default() }).await;
        let url = serve(server.stack.router()).await;
        let ended = doctor(&server, &url, &["--write", "--for", "entra"]).await;
        assert_eq!(ended.code, Some(0), "{pack:?}: {}{}", ended.out, ended.err);
    }
    let server = Server::with(&Options { pack: Some(Pack::Interact), ..Options::default() }).await;
    let url = serve(server.stack.router()).await;
    check_finding(&doctor(&server, &url, &[]).await, "groups", "warn", "Group:groupType");
}

#[tokio::test]
async fn a_token_may_come_from_a_file_alone() {
    let server = Server::start().await;
    let url = serve(server.stack.router()).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let file = path.to_str().unwrap();
    let run = async |token: &str| {
        std::fs::write(&path, token).unwrap();
        scimctl(&["doctor", "--url", &url, "--token-file", file, "--json"]).await
    };
    let ended = run(&format!("{}\n", server.stack.token().as_str())).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    assert_eq!(of(&report(&ended), "inside")[0]["outcome"], "skip");
    let wrong = run("scim_default_wrong").await;
    check_finding(&wrong, "token", "fail", "401: The token is not known");
    assert!(!wrong.out.contains("scim_default_wrong") && !wrong.err.contains("scim_default_wrong"));
    for no_token in ["", "two words"] {
        let ended = run(no_token).await;
        assert_eq!(ended.code, Some(2), "{}", ended.out);
        assert!(ended.err.contains("holds no token") && !ended.err.contains("two words"), "{}", ended.err);
    }
}

#[tokio::test]
async fn a_gateway_that_repeats_the_token_does_not_have_it_shown() {
    let echo = async |request: Request| {
        let header = request.headers().get(header::AUTHORIZATION).map(|it| it.to_str().unwrap().to_owned());
        let text =
            format!("Invalid key=value pair in Authorization header: '{}'", header.unwrap_or_default());
        let body = if request.uri().path().ends_with("/Users") {
            text
        } else {
            json!({ "message": text }).to_string()
        };
        answer(403, "application/json", &body)
    };
    let url = serve(Router::new().fallback(echo)).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "hush-1234567890").unwrap();
    let ended = scimctl(&["doctor", "--url", &url, "--token-file", path.to_str().unwrap(), "--json"]).await;
    check_finding(&ended, "token", "fail", "403: Invalid key=value pair in Authorization header: 'Bearer …'");
    assert!(!ended.out.contains("hush") && !ended.err.contains("hush"), "{}{}", ended.out, ended.err);
}

#[tokio::test]
async fn what_is_not_reached_is_told_with_what_to_look_at() {
    let server = Server::start().await;
    let refused = doctor(&server, "http://127.0.0.1:1/scim/v2", &[]).await;
    check_finding(&refused, "reach", "fail", "http://127.0.0.1:1/scim/v2");
    assert!(refused.out.contains("Nobody listens there"), "{}", refused.out);
    // A server that does not speak TLS.
    let url = serve(server.stack.router()).await.replace("http://", "https://");
    check_finding(&doctor(&server, &url, &[]).await, "reach", "fail", "127.0.0.1");
    let tokens = server.secrets(&["token", "list", "default", "--json"]).await.json();
    assert_eq!(tokens.as_array().unwrap().len(), 1, "its own token is revoked all the same");
    let wrong = doctor(&server, "scim.example.com", &[]).await;
    assert_eq!(wrong.code, Some(2), "{}", wrong.out);
}

#[tokio::test]
async fn another_path_is_told_by_the_error_that_names_the_right_one() {
    let server = Server::start().await;
    let url = serve(server.stack.router()).await;
    let twice = doctor(&server, &format!("{url}/scim/v2"), &[]).await;
    check_finding(&twice, "health", "fail", "/health is answered 401");
    check_finding(&twice, "token", "fail", &format!("the base URL to give to an identity provider is {url}"));
    let without = doctor(&server, &url.replace("/scim/v2", ""), &[]).await;
    assert_eq!(without.code, Some(0), "both bases are served: {}", without.out);
    // A server that thinks that it has another name.
    let other = changed(&server, |_, answer| answer).await.replace("127.0.0.1", "localhost");
    assert_eq!(doctor(&server, &other, &[]).await.code, Some(0));
}

#[tokio::test]
async fn what_stands_in_front_of_the_service_is_found() {
    let server = Server::start().await;
    let gateway = changed(&server, |path, sound| {
        if path.contains("filter") { answer(403, "text/html", "<h1>Forbidden</h1>") } else { sound }
    });
    let ended = doctor(&server, &gateway.await, &[]).await;
    check_finding(&ended, "okta-probe", "fail", "403: <h1>Forbidden</h1>");
    check_finding(&ended, "entra-probe", "fail", "403");

    let open = changed(&server, |path, sound| {
        let is_probe = path.contains("count=1") && !path.contains("count=100");
        if is_probe && sound.status() == 401 { answer(401, "application/json", "{}") } else { sound }
    });
    check_finding(&doctor(&server, &open.await, &[]).await, "no-token", "fail", "not as a SCIM error");

    let another = changed(&server, |path, sound| {
        if path.contains("startIndex=1&count=2") {
            let list = json!({ "totalResults": "0", "startIndex": 1, "itemsPerPage": 0, "Resources": [] });
            return answer(200, "application/scim+json", &list.to_string());
        }
        if path.ends_with("/Schemas") {
            let list = json!({ "totalResults": 1, "startIndex": 1, "itemsPerPage": 1, "Resources": [{ "id": null }] });
            return answer(200, "application/scim+json", &list.to_string());
        }
        if path.ends_with("/health") {
            answer(503, "application/json", r#"{"status":"unavailable","table":"unavailable","secret":"ok"}"#)
        } else {
            sound
        }
    });
    let ended = doctor(&server, &another.await, &[]).await;
    check_finding(&ended, "token", "fail", "totalResults is no integer");
    check_finding(&ended, "schemas", "fail", "core:2.0:User is not there");
    check_finding(&ended, "health", "fail", "table unavailable");
}

#[tokio::test]
async fn a_404_for_an_empty_look_up_and_a_wrong_clock_are_found() {
    let server = Server::start().await;
    let url = changed(&server, |path, sound| {
        let mut sound = if path.contains("aadOptscim062020") {
            answer(404, "application/scim+json", "{}")
        } else {
            sound
        };
        sound.headers_mut().insert(header::DATE, HeaderValue::from_static("Sun, 22 Nov 2020 06:00:00 GMT"));
        sound
    });
    let ended = doctor(&server, &url.await, &[]).await;
    check_finding(&ended, "entra-probe", "fail", "404");
    check_finding(&ended, "clock", "fail", "the clocks differ by");
    assert_eq!(of(&report(&ended), "okta-probe")[0]["outcome"], "ok");
}

#[tokio::test]
async fn a_read_only_connector_is_told_and_a_lost_delete_leaves_a_name_to_look_for() {
    let server = Server::start().await;
    server.both(&["connector", "set", "default", "readOnly=true"]).await;
    let url = serve(server.stack.sandbox(local::aws::dynamodb(server.stack.stand_ins.engine.url()))).await;
    let ended = doctor(&server, &url, &["--write"]).await;
    check_finding(&ended, "settings", "warn", "readOnly refuses every change");
    check_finding(&ended, "write", "fail", "creating a user: 403: Connector default is read-only");

    let server = Server::start().await;
    let url = changed(&server, |path, sound| {
        let is_user = path.contains("/Users/");
        if is_user && sound.status() == 204 { answer(500, "text/plain", "lost") } else { sound }
    });
    // The first answer is lost, the second attempt finds nobody: that is as good.
    assert_eq!(doctor(&server, &url.await, &["--write"]).await.code, Some(0));
    let url = changed(&server, |path, sound| {
        if path.contains("/Users/") && sound.status() != 200 {
            answer(500, "text/plain", "lost")
        } else {
            sound
        }
    });
    let ended = doctor(&server, &url.await, &["--write"]).await;
    check_finding(&ended, "delete", "fail", "could not be deleted");
    assert!(ended.out.contains("Delete what is called scimctl-doctor-"), "{}", ended.out);
}

#[tokio::test]
async fn documents_that_are_left_out_are_named_in_full() {
    let server = Server::start().await;
    let directory = Directory::new(local::aws::dynamodb(server.stack.stand_ins.engine.url()), TABLE);
    let put = async |name: &str, document: Value| {
        let Value::Object(document) = document else { unreachable!() };
        directory.configure("default", &Setting { name: name.to_owned(), document }).await.unwrap();
    };
    put(
        "schema#urn:x:y",
        json!({ "id": "urn:x:y", "name": "y", "attributes": [{ "name": "fav?", "type": "string" }] }),
    )
    .await;
    put("connector#other", json!({ "strikt": true })).await;
    let url = serve(server.function()).await;
    let ended = doctor(&server, &url, &[]).await;
    check_finding(
        &ended,
        "documents",
        "fail",
        "urn:x:y of tenant default is left out: attribute name \"fav?\"",
    );
    check_finding(
        &ended,
        "documents",
        "fail",
        "connector#other of tenant default is left out: unknown field `strikt`",
    );
    // Users are served all the same.
    assert_eq!(of(&report(&ended), "token")[0]["outcome"], "ok");
}

#[tokio::test]
async fn tokens_that_end_and_connectors_that_are_not_there_are_told() {
    let server = Server::start().await;
    let url = serve(server.stack.router()).await;
    server.secrets(&["connector", "create", "okta", "--tenant", "acme"]).await;
    check_finding(&doctor(&server, &url, &["okta"]).await, "tokens", "fail", "no token that is good");
    server.secrets(&["token", "issue", "okta", "--expires", "5d"]).await;
    check_finding(&doctor(&server, &url, &["okta"]).await, "tokens", "warn", "less than 7 days");
    server.secrets(&["token", "rotate", "okta", "--expires", "20d", "--overlap", "0s"]).await;
    check_finding(&doctor(&server, &url, &["okta"]).await, "tokens", "warn", "less than 30 days");
    check_finding(&doctor(&server, &url, &["none"]).await, "connector", "fail", "there is no connector none");
    let mixed = scimctl(&["doctor", "--url", &url, "--local", server.stack.stand_ins.engine.url()]).await;
    assert_eq!(mixed.code, Some(2));
    assert!(mixed.err.contains("--local and --secrets go together"), "{}", mixed.err);
}

#[tokio::test]
async fn people_read_lines_with_what_to_do_below() {
    let server = Server::start().await;
    let url = serve(server.stack.router()).await;
    let create = json!({ "schemas": [USER.id], "userName": "ann" });
    let token = server.stack.token().as_str();
    assert_eq!(ask(server.function(), "POST", token, "/Users", &create).await.0, 201);
    server.both(&["connector", "set", "default", "strict=true"]).await;
    let ended = server.both(&["doctor", "--url", &url]).await;
    assert!(ended.out.contains("ok    token        Okta's connection test is passed"), "{}", ended.out);
    assert!(ended.out.contains("warn  settings     strict refuses"), "{}", ended.out);
    assert!(ended.out.contains("→ scimctl connector set default strict="), "{}", ended.out);
    assert!(ended.out.ends_with("2 to look at, 0 failed, 1 not checked\n"), "{}", ended.out);
    let _: Object =
        server.both(&["doctor", "--url", &url, "--json"]).await.json().as_object().unwrap().clone();
}
