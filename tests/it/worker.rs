//! The worker ends what requests have begun that were cut off: through the local server, its engine's own stream, and
//! the worker's own entry point.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration as Wait, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_http_client::Builder;
use directory::{Directory, Usage};
use faults::{Wire, refused};
use http::Method;
use local::worker::Caller;
use local::{Engine, Options, TABLE, aws};
use serde_json::{Value, json};
use tests::Target;
use tests::server::Server;
use time::Duration;
use worker::{Answer, Worker, clock};

use crate::dev_server::{LOCAL, authorization, user};
use crate::endpoint::{Endpoint, GROUP, USER};

/// Longer than any request has, so that what is left is the worker's.
const MUCH_LATER: Duration = Duration::minutes(5);
/// More members than are written one by one.
pub(crate) const MANY: usize = 130;

/// A client of the engine at `url` that can be cut off.
fn client(url: &str) -> (Client, Wire) {
    let wire = Wire::new(Builder::new().build_http());
    let config = aws::dynamodb(url).config().to_builder().http_client(wire.clone()).build();
    (Client::from_conf(config), wire)
}

/// Every item of the table.
async fn items(client: &Client) -> Vec<HashMap<String, AttributeValue>> {
    let scan = client.scan().table_name(TABLE).into_paginator().items().send();
    scan.collect::<Result<_, _>>().await.unwrap()
}

fn text<'a>(item: &'a HashMap<String, AttributeValue>, name: &str) -> &'a str {
    item.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
}

/// The tasks there are, by what is to be done.
async fn tasks(client: &Client) -> Vec<String> {
    let items = items(client).await;
    let tasks = items.iter().filter(|item| text(item, "kind") == "Task");
    tasks.filter_map(|task| text(task, "sk").split('#').nth(2)).map(str::to_owned).collect()
}

/// What a request that came to its end does not leave: none of these.
async fn left_undone(client: &Client) -> Vec<String> {
    let items = items(client).await;
    let mut left = Vec::new();
    let mut halves: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut there = BTreeSet::new();
    for item in &items {
        let (pk, sk) = (text(item, "pk"), text(item, "sk"));
        match text(item, "kind") {
            "Member" => {
                let (side, id) = pk.rsplit_once('#').unwrap();
                let pair = if side.ends_with('M') { (id, sk) } else { (sk, id) };
                *halves.entry(pair).or_default() += 1;
            }
            "User" | "Group" => drop(there.insert(sk)),
            "IntentPart" | "Task" => left.push(format!("{pk} {sk}")),
            _ => {}
        }
        if item.contains_key("intent") {
            left.push(format!("an intent of {sk}"));
        }
    }
    for ((group, member), halves) in halves {
        if halves != 2 || !there.contains(group) || !there.contains(member) {
            left.push(format!("{halves} halves of {member} in {group}"));
        }
    }
    left
}

/// An endpoint whose processes can be cut off, and the worker that comes after them.
pub(crate) struct Stage {
    endpoint: Endpoint,
    client: Client,
    caller: Caller,
    /// What the worker sends to the engine.
    pub(crate) wire: Wire,
    users: Vec<String>,
}

impl Stage {
    pub(crate) async fn new(users: usize) -> Self {
        let endpoint = Endpoint::start().await;
        let url = endpoint.stack.stand_ins.engine.url().to_owned();
        let mut ids = Vec::new();
        for number in 0..users {
            let body = json!({"schemas": [USER], "userName": format!("user{number}")});
            ids.push(endpoint.create("/Users", &body).await);
        }
        let (workers, wire) = client(&url);
        let caller = Caller::with_client(workers, &url).unwrap();
        Self { endpoint, client: aws::dynamodb(&url), caller, wire, users: ids }
    }

    async fn group(&self, name: &str, members: &[String]) -> String {
        self.endpoint.create("/Groups", &group(name, members)).await
    }

    /// Sends a request to a process that dies after so many calls of the table; whether it did.
    async fn cut_off(&self, calls: usize, method: &Method, path: &str, body: &Value) -> bool {
        let stack = &self.endpoint.stack;
        let (client, wire) = client(stack.stand_ins.engine.url());
        wire.stop_after(calls);
        let target = Target::in_process(stack.sandbox(client), &Options::default().base_path);
        let headers = [
            ("authorization".to_owned(), format!("Bearer {}", stack.token().as_str())),
            ("content-type".to_owned(), "application/scim+json".to_owned()),
        ];
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = target.send(method, path, &headers, body).await.unwrap();
        assert_eq!(answer.status.is_server_error(), wire.has_stopped(), "{calls}: {answer:?}");
        wire.has_stopped()
    }

    /// Lets the worker read the stream and do what is due much later: twice, since parts of an intent wait for its end.
    async fn work(&mut self) {
        self.caller.follow(clock::now()).await.unwrap();
        for _ in 0..2 {
            let tidied = self.caller.tidy(clock::now() + MUCH_LATER).await.unwrap();
            assert!(matches!(tidied, Answer::Tidied { failed: 0, .. }), "{tidied:?}");
        }
    }
}

fn group(name: &str, members: &[String]) -> Value {
    let members: Vec<_> = members.iter().map(|id| json!({ "value": id })).collect();
    json!({"schemas": [GROUP], "displayName": name, "members": members})
}

/// The members that a group shows.
async fn members(endpoint: &Endpoint, id: &str) -> BTreeSet<String> {
    let group = endpoint.get(&format!("/Groups/{id}")).await;
    let members = group["members"].as_array().into_iter().flatten();
    members.map(|member| member["value"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_replacement_of_members_that_is_cut_off_anywhere_is_ended() {
    for (count, least_needed) in [(3, 1), (MANY, 5)] {
        let needed = cut_off_replacement(&mut Stage::new(count).await).await;
        assert!(needed >= least_needed, "the worker was needed {needed} times of {count} users");
    }
}

/// Cuts off the replacement of a group's only member by all others, after each of its calls; how often something was
/// left for the worker to end.
pub(crate) async fn cut_off_replacement(stage: &mut Stage) -> usize {
    let count = stage.users.len();
    let (before, after) = (stage.users[..1].to_vec(), stage.users[1..].to_vec());
    let mut needed = 0;
    for calls in 0.. {
        let id = stage.group(&format!("g{calls}"), &before).await;
        stage.work().await;
        assert_eq!(left_undone(&stage.client).await, [] as [&str; 0], "before {calls}");
        let path = format!("/Groups/{id}");
        let died = stage.cut_off(calls, &Method::PUT, &path, &group("new name", &after)).await;
        let shown = members(&stage.endpoint, &id).await;
        needed += usize::from(!left_undone(&stage.client).await.is_empty());
        stage.work().await;
        assert_eq!(left_undone(&stage.client).await, [] as [&str; 0], "{count} users, {calls} calls");
        assert_eq!(members(&stage.endpoint, &id).await, shown, "{count} users, {calls} calls");
        let [old, new] = [&before, &after].map(|ids| ids.iter().cloned().collect::<BTreeSet<_>>());
        assert!(shown == new || died && shown == old, "{count} users, {calls} calls: {shown:?}");
        stage.endpoint.send(&Method::DELETE, &path, String::new()).await;
        if !died {
            break;
        }
    }
    needed
}

#[tokio::test]
async fn whatever_is_cut_off_anywhere_is_ended() {
    let needed = cut_off_everywhere(&mut Stage::new(2).await).await;
    assert!(needed.values().all(|times| *times > 0), "the worker was needed: {needed:?}");
}

/// Cuts off every kind of change after each of its calls; how often something was left of each for the worker to end.
pub(crate) async fn cut_off_everywhere(stage: &mut Stage) -> BTreeMap<&'static str, usize> {
    let ann = stage.users[0].clone();
    let operation = |op: &str, path: &str| {
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": op, "path": path, "value": [{"value": ann}]}]})
    };
    let remove = format!("members[value eq \"{ann}\"]");
    let mut needed = BTreeMap::new();
    for (what, method, body, is_member) in [
        ("join", Method::PATCH, operation("add", "members"), false),
        ("leave", Method::PATCH, operation("remove", &remove), true),
        ("disband", Method::DELETE, Value::Null, true),
        ("delete", Method::DELETE, Value::Null, true),
    ] {
        for calls in 0.. {
            let people = stage.users[usize::from(!is_member)..].to_vec();
            let mut id = stage.group(&format!("{what}{calls}"), &people).await;
            let mut path = format!("/Groups/{id}");
            if what == "delete" {
                let body = json!({"schemas": [USER], "userName": format!("leaver{calls}")});
                let leaver = stage.endpoint.create("/Users", &body).await;
                id = stage.group(&format!("left{calls}"), std::slice::from_ref(&leaver)).await;
                path = format!("/Users/{leaver}");
            }
            let died = stage.cut_off(calls, &method, &path, &body).await;
            *needed.entry(what).or_insert(0) += usize::from(!left_undone(&stage.client).await.is_empty());
            stage.work().await;
            let left = left_undone(&stage.client).await;
            assert_eq!(left, [] as [&str; 0], "{what} of {id} after {calls} calls");
            if !died {
                break;
            }
        }
    }
    needed
}

#[tokio::test]
async fn what_has_come_to_its_end_gives_the_worker_nothing_to_do() {
    let mut stage = Stage::new(3).await;
    let id = stage.group("staff", &stage.users[..2]).await;
    let body = group("staff", &stage.users[1..]).to_string();
    let (status, _) = stage.endpoint.send(&Method::PUT, &format!("/Groups/{id}"), body).await;
    assert_eq!(status, 200);
    let handed = stage.caller.follow(clock::now()).await.unwrap();
    assert!(handed >= 6, "{handed} records were handed to the worker");
    assert_eq!(tasks(&stage.client).await, [] as [&str; 0]);
    assert_eq!(stage.caller.follow(clock::now()).await.unwrap(), 0, "what was read does not come again");
}

/// A record of the stream: the tombstone of a resource that was deleted.
pub(crate) fn deleted(number: usize) -> Value {
    let id = format!("0b000000-0000-4000-8000-00000000000{number}");
    json!({
        "eventID": number.to_string(), "eventName": "INSERT", "eventVersion": "1.1",
        "eventSource": "aws:dynamodb", "awsRegion": "eu-central-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_795_305_607.0,
            "Keys": {"pk": {"S": format!("acme#Z#{id}")}, "sk": {"S": "!"}},
            "NewImage": {"pk": {"S": format!("acme#Z#{id}")}, "sk": {"S": "!"}, "kind": {"S": "Tombstone"}},
            "SequenceNumber": (100 + number).to_string(), "SizeBytes": 99, "StreamViewType": "NEW_AND_OLD_IMAGES"
        }
    })
}

/// What Lambda reads of the answer to records.
async fn answer(worker: &Worker, records: &[&Value]) -> Value {
    let event = json!({ "Records": records });
    let answer = worker.answer(event, &Usage::default(), "test", clock::now()).await.unwrap();
    serde_json::to_value(answer).unwrap()
}

#[tokio::test]
async fn lambda_learns_from_which_record_to_go_on() {
    let endpoint = Endpoint::start().await;
    let (client, wire) = client(endpoint.stack.stand_ins.engine.url());
    let worker = Worker::new(Directory::new(client.clone(), TABLE));
    let (first, mut odd, last) = (deleted(1), deleted(2), deleted(3));
    odd["dynamodb"]["NewImage"]["kind"] = json!({"Text": "Tombstone"});
    let from = |number: &str| json!({"batchItemFailures": [{"itemIdentifier": number}]});

    wire.fail("BatchWriteItem", 1, &refused("AccessDeniedException"));
    assert_eq!(answer(&worker, &[&first, &last]).await, from("101"), "the table refuses");
    assert_eq!(tasks(&client).await.len(), 0);
    assert_eq!(answer(&worker, &[&first, &odd, &last]).await, from("102"), "one cannot be read");
    assert_eq!(tasks(&client).await, ["gone", "gone"], "those around it are noted");
    assert_eq!(answer(&worker, &[&odd]).await, from("102"), "it comes again");
    assert_eq!(answer(&worker, &[&json!({})]).await, from(""), "Lambda knows no such number");
    assert_eq!(answer(&worker, &[&last]).await, json!({"batchItemFailures": []}));
    assert_eq!(answer(&worker, &[]).await, json!({"batchItemFailures": []}));
}

#[tokio::test]
async fn a_call_that_is_not_the_workers_is_an_error_without_its_content() {
    let endpoint = Endpoint::start().await;
    let client = aws::dynamodb(endpoint.stack.stand_ins.engine.url());
    let worker = Worker::new(Directory::new(client, TABLE));
    let event = json!({"Records": [{"eventSource": "aws:sqs", "body": "secret"}]});
    let error = worker.answer(event, &Usage::default(), "test", clock::now()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the worker knows streams of its table and schedules, not records of aws:sqs"
    );
}

#[tokio::test]
async fn the_local_server_runs_the_worker() {
    const PATIENCE: Wait = Wait::from_secs(20);
    let server = Server::start(LOCAL, &["--port", "0"]).await.unwrap();
    let client = aws::dynamodb(&server.ready.engine_url);
    let target = Target::http(&server.ready.base_url).unwrap();
    let headers = authorization(&server);
    let created = target.send(&Method::POST, "/Users", &headers, user("bjensen")).await.unwrap();
    let path = format!("/Users/{}", created.json().unwrap()["id"].as_str().unwrap());
    let deleted = target.send(&Method::DELETE, &path, &headers, Vec::new()).await.unwrap();
    assert_eq!(deleted.status, 204);
    let since = Instant::now();
    while tasks(&client).await != ["gone"] {
        assert!(since.elapsed() < PATIENCE, "the worker noted nothing");
        tokio::time::sleep(Wait::from_millis(100)).await;
    }
    assert!(server.stop().await.unwrap().success());
}

#[tokio::test]
async fn the_engine_of_another_server_is_left_to_its_worker() {
    let other = Endpoint::start().await;
    let engine = Engine::at(other.stack.stand_ins.engine.url());
    let ended = tokio::time::timeout(Wait::from_millis(50), local::worker::beside(&engine)).await;
    assert!(ended.is_err(), "it waits: {ended:?}");
    assert!(!engine.is_embedded() && other.stack.stand_ins.engine.is_embedded());
}
