//! `scimctl token`: what it issues is accepted by the endpoint, what it revokes is not.

use std::time::Duration;

use connector::{Connector, Connectors, Credentials, Error};
use local::PREFIX;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::support::{Server, scimctl};

/// What the default connector's secret says.
fn document(server: &Server) -> Value {
    let text = server.stack.stand_ins.secrets.value("scim/connectors/default").unwrap();
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn an_issued_token_is_accepted_until_it_is_revoked() {
    let server = Server::start().await;
    let (first, second) = (server.issue("default").await, server.issue("default").await);
    for token in [&first, &second, server.stack.token().as_str()] {
        assert_eq!(server.get(token, "/Users").await.0, 200);
    }
    let kept = document(&server).to_string();
    assert!(!kept.contains(&first) && !kept.contains(&second), "only digests are kept");

    let listed = server.secrets(&["token", "list", "default", "--json"]).await.json();
    let id = listed[1]["id"].as_str().unwrap();
    assert_eq!(listed[0], json!({ "id": "initial", "notAfter": null, "live": true, "inClear": true }));
    let revoked = server.secrets(&["token", "revoke", "default", id, "--json"]).await.json();
    assert_eq!(revoked, json!({ "connector": "default", "revoked": id, "liveTokens": 2 }));
    assert_eq!(server.get(&first, "/Users").await.0, 401);
    assert_eq!(server.get(&second, "/Users").await.0, 200);
    let again = server.secrets(&["token", "revoke", "default", id]).await;
    assert_eq!((again.code, &*again.err), (Some(2), &*format!("scimctl: there is no token {id}\n")));
}

async fn shown(function: &Connectors, token: &str, now: OffsetDateTime) -> Result<Connector, Error> {
    match Credentials::parse(Some(token))? {
        Credentials::Token(token) => function.authenticate(&token, now).await,
        Credentials::Jwt(_) => Err(Error::Unknown),
    }
}

#[tokio::test]
async fn a_function_takes_up_a_new_token_at_once_and_a_revocation_within_five_minutes() {
    let server = Server::start().await;
    let client = local::aws::secrets(server.stack.stand_ins.secrets.url());
    let (function, begin) = (Connectors::new(client, PREFIX), OffsetDateTime::UNIX_EPOCH);
    let first = server.issue("default").await;
    shown(&function, &first, begin).await.unwrap();
    let second = server.issue("default").await;
    let soon = begin + Duration::from_secs(5);
    let id = shown(&function, &second, soon).await.unwrap().token_id;
    assert_eq!(server.secrets(&["token", "revoke", "default", &id]).await.code, Some(0));
    assert!(shown(&function, &second, soon).await.is_ok(), "it remembers");
    let late = shown(&function, &second, soon + Duration::from_mins(5)).await;
    assert!(matches!(late, Err(Error::Unknown)), "{late:?}");
}

#[tokio::test]
async fn a_rotation_leaves_the_others_an_overlap_and_hides_the_token_in_clear() {
    let server = Server::start().await;
    let initial = server.stack.token().as_str().to_owned();
    assert_eq!(document(&server)["token"], json!(initial));
    let rotated =
        server.secrets(&["token", "rotate", "default", "--overlap", "1h", "--expires", "365d", "--json"]);
    let rotated = rotated.await.json();
    let token = rotated["token"].as_str().unwrap();
    for token in [token, &initial] {
        assert_eq!(server.get(token, "/Users").await.0, 200);
    }
    assert!(!document(&server).to_string().contains(&initial), "its digest is kept");
    let (end, others) = (time(&rotated["notAfter"]), time(&rotated["othersNotAfter"]));
    assert_eq!(end - others, time::Duration::hours(365 * 24 - 1));

    let ended = server.secrets(&["token", "rotate", "default", "--overlap", "0s", "--id", "last"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(
        ended.err.starts_with("Token last of default, never ends. It is not shown again."),
        "{}",
        ended.err
    );
    assert_eq!(server.get(ended.out.trim_end(), "/Users").await.0, 200);
    for token in [token, &initial] {
        assert_eq!(server.get(token, "/Users").await.0, 401);
    }
    let list = server.secrets(&["token", "list", "default"]).await.out;
    assert!(list.starts_with("initial ") && list.contains("ended at"), "{list}");
}

#[tokio::test]
async fn changes_at_the_same_time_are_all_kept() {
    let server = Server::start().await;
    let tokens = [server.issue("default"), server.issue("default"), server.issue("default")];
    let [one, two, three] = tokens;
    let (one, two, three) = tokio::join!(one, two, three);
    for token in [one, two, three] {
        assert_eq!(server.get(&token, "/Users").await.0, 200);
    }
    let listed = server.secrets(&["token", "list", "default", "--json"]).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn what_cannot_be_done_says_why_and_changes_nothing() {
    let server = Server::start().await;
    let before = document(&server);
    for (arguments, reason) in [
        (&["token", "issue", "none"][..], "there is no connector none: no secret scim/connectors/none"),
        (&["token", "issue", "Not/A/Name"], "a name is 1 to 32"),
        (&["token", "issue", "default", "--expires", "2020-01-01"], "the end is not in the future"),
        (&["token", "issue", "default", "--expires", "soon"], "expected a span"),
        (&["token", "issue", "default", "--id", "initial"], "there is a token initial already"),
        (&["token", "issue", "default", "--id", "a b"], "an id is"),
    ] {
        let ended = server.secrets(arguments).await;
        assert_eq!(ended.code, Some(2), "{arguments:?}");
        assert!(ended.err.contains(reason), "{arguments:?}: {}", ended.err);
        assert_eq!(ended.out, "");
    }
    assert_eq!(document(&server), before);
}

#[tokio::test]
async fn a_shell_completes_the_commands() {
    let script = scimctl(&["completions", "bash"]).await;
    assert_eq!(script.code, Some(0));
    assert!(script.out.contains("scimctl") && script.out.contains("rotate"));
}

fn time(value: &Value) -> OffsetDateTime {
    OffsetDateTime::parse(value.as_str().unwrap(), &Rfc3339).unwrap()
}
