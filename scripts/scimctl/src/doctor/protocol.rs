//! What an identity provider sees of an endpoint with its token, nothing of which changes anything.

use serde_json::Value;
use std::time::Duration;

use super::{
    client::{Answer, Client},
    report::Report,
};

/// From this on Okta's own test of an endpoint is not passed.
const SLOW: Duration = Duration::from_millis(600);
/// From this on imports and cycles fail.
const TOO_SLOW: Duration = Duration::from_secs(10);
/// How many requests tell how quick it is.
const SAMPLES: usize = 5;

/// Okta's connection test.
const PROBE: &str = "/Users?startIndex=1&count=2";
/// After this a function knows a new token.
const REFRESHED: Duration = Duration::from_secs(6);

const SAME_SERVICE: &str = "Every answer has to come from the service: look for what stands in front of it, and deploy the current version";

/// Whether the token is good; without that there is nothing more to ask.
///
/// A function that has read the secret a moment ago looks again after five seconds: a new token is asked about twice.
pub(super) async fn token(client: &Client, is_new: bool, report: &mut Report) -> bool {
    let mut answer = ask(client, PROBE).await;
    if is_new && answer.as_ref().is_ok_and(|answer| answer.status == 401) {
        tokio::time::sleep(REFRESHED).await;
        answer = ask(client, PROBE).await;
    }
    let answer = match answer {
        Ok(answer) => answer,
        Err(fault) => {
            report.fail("token", fault, "Repeat this; look at the logs of the users function");
            return false;
        }
    };
    let advice = match answer.status {
        401 => "Copy the token again, or issue a new one: scimctl token issue NAME",
        403 => {
            "Not the service answers, but what stands in front of it; or the stage's name in the URL is wrong"
        }
        404 => "Give the base URL that the answer names",
        503 => "The table or the secrets do not answer: see the check health",
        _ => SAME_SERVICE,
    };
    report.judge("token", "Okta's connection test is passed: 200, a list", answer.list_fault(None), advice);
    answer.status == 200
}

/// Everything that can be asked for.
pub(super) async fn check(client: &Client, nonce: &str, report: &mut Report) {
    slashes(client, nonce, report).await;
    discovery(client, report).await;
    let okta = format!("/Users?filter=userName%20eq%20%22{nonce}%40example.com%22&startIndex=1&count=100");
    empty(client, "okta-probe", &okta, "Okta's look-up of somebody unknown is 200 and empty", report).await;
    let entra = format!("/Users?aadOptscim062020&filter=userName+eq+%22{nonce}%22");
    empty(client, "entra-probe", &entra, "Entra's connection test is passed: 200 and empty", report).await;
    latency(client, report).await;
}

async fn empty(client: &Client, check: &'static str, path: &str, detail: &str, report: &mut Report) {
    let fault = ask(client, path).await.map_or_else(Some, |answer| answer.list_fault(Some(0)));
    report.judge(check, detail, fault, SAME_SERVICE);
}

/// An administrator pastes the base URL with a slash at its end; and what is pasted must be what answers name.
async fn slashes(client: &Client, nonce: &str, report: &mut Report) {
    let path = format!("//Users?filter=userName+eq+%22{nonce}%22");
    let doubled = ask(client, &path).await.map_or_else(Some, |answer| answer.list_fault(Some(0)));
    report.judge("slash", "a slash at the end of the base URL does no harm", doubled, SAME_SERVICE);
    let Ok(config) = ask(client, "/ServiceProviderConfig").await else { return };
    let location = config.text_at("/meta/location");
    let base = location.strip_suffix("/ServiceProviderConfig").unwrap_or(location);
    let fault = (base != client.base()).then(|| format!("answers name {base} as the base URL"));
    let advice =
        "Paste that one; or set the template's parameters BasePath and PublicBaseUrl to what you paste";
    report.judge("base-url", "answers name the same base URL", fault, advice);
}

async fn discovery(client: &Client, report: &mut Report) {
    let config = ask(client, "/ServiceProviderConfig").await;
    let fault = config.map_or_else(Some, |answer| {
        let serves = |what: &str| answer.at(&format!("/{what}/supported")) == Some(&Value::Bool(true));
        if answer.status != 200 {
            return Some(answer.summary());
        }
        ["patch", "filter"]
            .into_iter()
            .find(|what| !serves(what))
            .map(|what| format!("{what} is not supported"))
    });
    report.judge("config", "ServiceProviderConfig tells of PATCH and filters", fault, SAME_SERVICE);
    for (check, path, names) in [
        (
            "schemas",
            "/Schemas",
            ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:core:2.0:Group"],
        ),
        ("types", "/ResourceTypes", ["User", "Group"]),
    ] {
        let fault = ask(client, path).await.map_or_else(Some, |answer| {
            let is_there = |name: &str| resources(&answer).iter().any(|it| it["id"] == name);
            let absent =
                || names.iter().find(|name| !is_there(name)).map(|name| format!("{name} is not there"));
            let null = || {
                has_null(answer.json.as_ref()?)
                    .then(|| "there is a null, which Entra does not read".to_owned())
            };
            answer.list_fault(None).or_else(absent).or_else(null)
        });
        report.judge(check, format!("{path} lists users and groups"), fault, SAME_SERVICE);
    }
}

/// The resources of a list.
pub(super) fn resources(answer: &Answer) -> &[Value] {
    answer.at("/Resources").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().any(has_null),
        Value::Object(object) => object.values().any(has_null),
        _ => false,
    }
}

async fn latency(client: &Client, report: &mut Report) {
    let mut times = Vec::new();
    for _ in 0..SAMPLES {
        if let Ok(answer) = client.get("/Groups?startIndex=1&count=2").await {
            times.push(answer.elapsed);
        }
    }
    times.sort();
    let (Some(usual), Some(worst)) = (times.get(times.len() / 2), times.last()) else {
        return report.fail("latency", "no answer to GET /Groups", "Look at the logs of the groups function");
    };
    let detail =
        format!("GET /Groups takes {} ms, at most {} ms of {SAMPLES}", usual.as_millis(), worst.as_millis());
    let advice = "Okta's test asks for less than 600 ms. Deploy nearer to the identity provider; look at the functions' durations";
    if *usual > TOO_SLOW {
        report.fail("latency", detail, advice);
    } else if *usual > SLOW {
        report.warn("latency", detail, advice);
    } else {
        report.ok("latency", detail);
    }
}

/// An answer, or why there is none, in words.
pub(super) async fn ask(client: &Client, path: &str) -> Result<Answer, String> {
    client.get(path).await.map_err(|error| format!("{path}: {error:#}"))
}
