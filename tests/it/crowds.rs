//! Many requests at once, over connections that meet conflicts and lose answers: nobody is made twice, nobody is lost.

use std::time::{Duration, Instant};

use faults::{Fault, Gate, Odds, Random, refused};
use futures::future::{join, join_all};
use http::Method;
use serde_json::{Value, json};

use crate::endpoint::{Endpoint, GROUP, USER};
use crate::sandbox::Sandbox;

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// Names that everybody wants at the same time.
const NAMES: u64 = 50;
/// Who wants each.
const CLIENTS: usize = 50;
/// Requests in flight on one group, and how often.
const IN_FLIGHT: usize = 32;
const ROUNDS: usize = 50;

/// As many processes on one table, each with its own bad luck.
fn sandboxes(endpoint: &Endpoint, count: u64, odds: Odds) -> Vec<Sandbox> {
    let sandboxes = (0..count).map(|nth| {
        let sandbox = Sandbox::beside(endpoint);
        sandbox.wire.add(Random::new(nth, odds));
        sandbox
    });
    sandboxes.collect()
}

#[tokio::test]
async fn of_many_who_want_a_name_at_once_one_gets_it() {
    let endpoint = Endpoint::start().await;
    let odds = Odds { conflict: 0.1, ..Odds::default() };
    let sandboxes = sandboxes(&endpoint, 4, odds);
    for name in 0..NAMES {
        let body = json!({"schemas": [USER], "userName": format!("user{name}")});
        let clients = (0..CLIENTS).map(|nth| sandboxes[nth % 4].send(&Method::POST, "/Users", &body));
        let mut statuses: Vec<_> = join_all(clients).await.into_iter().map(|(status, _)| status).collect();
        statuses.sort_unstable();
        let expected: Vec<_> = std::iter::once(201).chain(std::iter::repeat_n(409, CLIENTS - 1)).collect();
        assert_eq!(statuses, expected, "user{name}");
    }
    let found = endpoint.get("/Users?count=0").await;
    assert_eq!(found["totalResults"], NAMES);
}

#[tokio::test]
async fn members_that_are_added_at_once_are_all_there() {
    let endpoint = Endpoint::start().await;
    let odds = Odds { conflict: 0.02, throttle: 0.01, part: 0.02, answer_lost: 0.01, ..Odds::default() };
    let sandboxes = sandboxes(&endpoint, 4, odds);
    let group = endpoint.create("/Groups", &json!({"schemas": [GROUP], "displayName": "Tour Guides"})).await;
    let path = format!("/Groups/{group}");
    let mut added = Vec::new();
    for round in 0..ROUNDS {
        let users = (0..IN_FLIGHT).map(|nth| {
            let body = json!({"schemas": [USER], "userName": format!("user{round}-{nth}")});
            let endpoint = &endpoint;
            async move { endpoint.create("/Users", &body).await }
        });
        let users = join_all(users).await;
        let patches = users.iter().enumerate().map(|(nth, user)| {
            let op = json!({"op": "add", "path": "members", "value": [{"value": user}]});
            let (sandbox, path) = (&sandboxes[nth % 4], &path);
            async move {
                sandbox.send(&Method::PATCH, path, &json!({"schemas": [PATCH], "Operations": [op]})).await
            }
        });
        for (status, body) in join_all(patches).await {
            assert_eq!(status, 204, "{body}");
        }
        added.extend(users);
    }
    let read = endpoint.get(&path).await;
    let mut members: Vec<_> =
        read["members"].as_array().unwrap().iter().map(|it| it["value"].clone()).collect();
    let mut added: Vec<_> = added.into_iter().map(Value::from).collect();
    members.sort_by_key(Value::to_string);
    added.sort_by_key(Value::to_string);
    assert!(members == added, "{} of {} are there", members.len(), added.len());
}

/// A PUT that others keep overtaking claims the group, and then finds that another has made it so: it gives the claim
/// back, and nobody waits for its end.
#[tokio::test]
async fn a_claim_that_leads_to_no_change_is_given_back() {
    let endpoint = Endpoint::start().await;
    let [ann, bea] = ["ann", "bea"].map(|name| json!({"schemas": [USER], "userName": name}));
    let members = [endpoint.create("/Users", &ann).await, endpoint.create("/Users", &bea).await];
    let guides = json!({"schemas": [GROUP], "displayName": "Tour Guides"});
    let path = format!("/Groups/{}", endpoint.create("/Groups", &guides).await);
    let put = json!({"schemas": [GROUP], "displayName": "Tour Guides", "members": [{"value": members[0]}]});
    let (slow, other, gate) = (Sandbox::beside(&endpoint), Sandbox::beside(&endpoint), Gate::new());
    slow.wire.fail("UpdateItem", 2, &refused("ConditionalCheckFailedException"));
    slow.wire.fail("UpdateItem", 1, &Fault::Held(gate.clone()));
    let overtake = async {
        gate.reached().await;
        let made = other.send(&Method::PUT, &path, &put).await;
        gate.open();
        made
    };
    let (late, made) = join(slow.send(&Method::PUT, &path, &put), overtake).await;
    assert_eq!((late.0, made.0), (200, 200), "{late:?}");
    assert_eq!(slow.wire.faults_left(), 0, "it has claimed");
    let op = json!({"op": "add", "path": "members", "value": [{"value": members[1]}]});
    let began = Instant::now();
    let added = other.send(&Method::PATCH, &path, &json!({"schemas": [PATCH], "Operations": [op]})).await;
    assert_eq!(added.0, 204, "{added:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "nobody waits for a claim: {:?}", began.elapsed());
}
