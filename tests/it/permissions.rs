//! What each function calls of AWS, recorded: the fixtures through the routes of the template, and the worker after
//! requests that were cut off. `scripts/lint-permissions` compares it with the policies of `template.yaml`.

mod deployment;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use connector::DEFAULT_CONNECTOR;
use faults::{Sent, Wire};
use futures::StreamExt;
use http::Method;
use local::{Options, Stack};
use serde_json::{Map, Value, json};
use tests::requirements::root;
use tests::{Fixture, Target, run};

use crate::endpoint::{Endpoint, GROUP, USER};
use crate::worker::{MANY, Stage, cut_off_everywhere, cut_off_replacement};
use deployment::{Deployment, Functions};

/// Function → (resource, action): a table or an index of it, or a secret, each without the deployment's own names.
pub(crate) type Recorded = BTreeMap<String, BTreeSet<(String, String)>>;

#[tokio::test(flavor = "multi_thread")]
async fn the_recorded_calls_of_each_function_are_those_it_makes() {
    const AT_ONCE: usize = 4;
    let fixtures = Fixture::all().unwrap();
    let runs =
        fixtures.iter().flat_map(|fixture| [(fixture, Functions::Routed), (fixture, Functions::RestOnly)]);
    let mut recorded = futures::stream::iter(runs)
        .map(async |(fixture, functions)| replay(fixture, functions).await)
        .buffer_unordered(AT_ONCE)
        .fold(Recorded::new(), async |all, one| merge(all, one))
        .await;
    for functions in [Functions::Routed, Functions::RestOnly] {
        recorded = merge(recorded, large_group(functions).await);
        recorded = merge(recorded, every_index(functions).await);
    }
    recorded.insert("worker".to_owned(), of_worker().await);
    compare(&recorded);
}

async fn replay(fixture: &Fixture, functions: Functions) -> Recorded {
    let options = Options::default();
    let stack = Stack::start(&options).await.unwrap();
    let engine_url = stack.stand_ins.engine.url();
    run::configure(fixture, engine_url, DEFAULT_CONNECTOR, DEFAULT_CONNECTOR).await.unwrap();
    let deployment = Deployment::new(&stack, functions);
    let target = Target::in_process(deployment.router(), &options.base_path);
    if let Err(report) = run::run(fixture, &target, stack.token()).await {
        panic!("{report:#}");
    }
    deployment.recorded()
}

/// A group of more members than a fixture has: it is created, replaced by others, and left by all whom a filter finds.
async fn large_group(functions: Functions) -> Recorded {
    let endpoint = Endpoint::start().await;
    let deployment = Deployment::new(&endpoint.stack, functions);
    let target = Target::in_process(deployment.router(), &Options::default().base_path);
    let mut ids = Vec::new();
    for number in 0..2 * MANY {
        let user = json!({"schemas": [USER], "userName": format!("user{number}")});
        ids.push(json!({"value": endpoint.create("/Users", &user).await}));
    }
    let (before, after) = ids.split_at(MANY);
    let group = |members: &[Value]| json!({"schemas": [GROUP], "displayName": "all", "members": members});
    let headers = [("authorization".to_owned(), format!("Bearer {}", endpoint.stack.token().as_str()))];
    let send = async |method: Method, path: &str, body: Value| {
        let answer = target.send(&method, path, &headers, body.to_string().into_bytes()).await.unwrap();
        assert!(answer.status.is_success(), "{method} {path}: {answer:?}");
        answer.json().unwrap_or_default()
    };
    let created = send(Method::POST, "/Groups", group(before)).await;
    let path = format!("/Groups/{}", created["id"].as_str().unwrap());
    send(Method::PUT, &path, group(after)).await;
    let leave = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "remove", "path": "members[type eq \"User\"]"}],
    });
    send(Method::PATCH, &path, leave.clone()).await;
    let operations = json!([{"method": "PUT", "path": path, "data": group(before)},
        {"method": "PATCH", "path": path, "data": leave}]);
    let schema = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
    let report = send(Method::POST, "/Bulk", json!({"schemas": [schema], "Operations": operations})).await;
    assert!(!report.to_string().contains("scimType"), "{report}");
    deployment.recorded()
}

/// Each filter that may lead to an index, at each endpoint.
async fn every_index(functions: Functions) -> Recorded {
    let stack = Stack::start(&Options::default()).await.unwrap();
    let deployment = Deployment::new(&stack, functions);
    let target = Target::in_process(deployment.router(), &Options::default().base_path);
    let headers = [("authorization".to_owned(), format!("Bearer {}", stack.token().as_str()))];
    for name in ["userName", "displayName", "emails.value", "externalId"] {
        let filter = format!("{name} sw \"a\"");
        let schema = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
        let search = json!({"schemas": [schema], "filter": filter}).to_string().into_bytes();
        for path in ["/Users/.search", "/Groups/.search", "/.search"] {
            let answer = target.send(&Method::POST, path, &headers, search.clone()).await.unwrap();
            // A group has no userName, for instance.
            assert!([200, 400].contains(&answer.status.as_u16()), "{path} {filter}: {answer:?}");
        }
    }
    deployment.recorded()
}

/// What the worker calls when there is something for it to do.
async fn of_worker() -> BTreeSet<(String, String)> {
    let (mut few, mut many) = (Stage::new(2).await, Stage::new(MANY).await);
    cut_off_everywhere(&mut few).await;
    cut_off_replacement(&mut many).await;
    [&few.wire, &many.wire].into_iter().flat_map(calls).collect()
}

/// The calls on a connection as IAM knows them: (resource, action).
pub(crate) fn calls(wire: &Wire) -> BTreeSet<(String, String)> {
    wire.all_sent().iter().flat_map(permissions).collect()
}

/// What one call needs: a transaction what its parts need.
fn permissions(sent: &Sent) -> Vec<(String, String)> {
    let body: Value = serde_json::from_str(&sent.body).unwrap();
    if let Some(secret) = body["SecretId"].as_str() {
        let secret = secret.strip_prefix(local::PREFIX).unwrap_or(secret);
        return vec![(format!("secret{secret}"), format!("secretsmanager:{}", sent.operation))];
    }
    let resource = match body["IndexName"].as_str() {
        Some(index) => format!("table/index/{index}"),
        None => "table".to_owned(),
    };
    let actions: Vec<&str> = match &*sent.operation {
        "TransactGetItems" => vec!["GetItem"],
        "TransactWriteItems" => body["TransactItems"].as_array().unwrap().iter().map(part).collect(),
        operation => vec![operation],
    };
    actions.into_iter().map(|action| (resource.clone(), format!("dynamodb:{action}"))).collect()
}

fn part(item: &Value) -> &'static str {
    match item.as_object().and_then(|item| item.keys().next()).map(String::as_str) {
        Some("Put") => "PutItem",
        Some("Update") => "UpdateItem",
        Some("Delete") => "DeleteItem",
        Some("ConditionCheck") => "ConditionCheckItem",
        part => panic!("an unknown part of a transaction: {part:?}"),
    }
}

fn merge(mut all: Recorded, one: Recorded) -> Recorded {
    for (function, calls) in one {
        all.entry(function).or_default().extend(calls);
    }
    all
}

/// Compares with the file, and writes it anew where it says something else.
fn compare(recorded: &Recorded) {
    let mut document = Map::new();
    for (function, calls) in recorded {
        let mut resources: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (resource, action) in calls {
            resources.entry(resource).or_default().push(action);
        }
        document.insert(function.clone(), json!(resources));
    }
    let text = format!("{:#}\n", Value::Object(document));
    let file: PathBuf = root().join("tests/permissions.json");
    if fs::read_to_string(&file).unwrap_or_default() != text {
        fs::write(&file, text).unwrap();
        panic!(
            "the functions make other calls than tests/permissions.json said: it says so now; adjust template.yaml"
        );
    }
}
