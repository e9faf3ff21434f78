//! Two sandboxes of a function on one table, with connections that are cut all the time.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use directory::{
    Directory,
    fsck::{Check, Event, Profile},
};
use local::{TABLE, aws, worker::Caller};
use runtime::{Answer, Format, Function, Request};
use serde_json::{Value, json};
use worker::clock;

use crate::sandbox::World;

const WRITES: usize = 50;
/// So few that the writes meet each other.
const USERS: u64 = 6;
const GROUPS: u64 = 2;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_two_sandboxes_do_with_cut_connections_leaves_the_table_sound() {
    let world = World::start().await;
    let functions = [world.function("resources").await, world.function("resources").await];
    let mut ids = Vec::new();
    for number in 0..USERS {
        ids.push(id(&functions[0].send(Format::Rest, &world.create(&name(number))).await.unwrap()));
    }
    let mut groups = Vec::new();
    for number in 0..GROUPS {
        let create = world.request("POST", "/Groups").body(&group(number, &ids[..2]));
        groups.push(id(&functions[0].send(Format::Rest, &create).await.unwrap()));
    }

    let random = Random::new(0x5c1d);
    let client = async |function: &Function| {
        let mut unavailable = 0;
        for _ in 0..WRITES / 2 {
            let request = write(&world, &random, &ids, &groups);
            let answer = function.send(Format::Rest, &request).await.unwrap();
            // 400 is what a member is answered who is gone.
            assert!([200, 201, 204, 400, 404, 409, 503].contains(&answer.status), "{request:?}: {answer:?}");
            unavailable += usize::from(answer.status == 503);
        }
        unavailable
    };
    let unavailable = tokio::select! {
        counts = async { tokio::join!(client(&functions[0]), client(&functions[1])) } => counts.0 + counts.1,
        () = cut(&world, &random) => 0,
    };
    assert!(unavailable < WRITES / 2, "most of it was done: {unavailable} were not");

    // What was left half done is the worker's.
    let mut caller = Caller::new(world.table()).unwrap();
    caller.follow(clock::now()).await.unwrap();
    for _ in 0..2 {
        caller.tidy(clock::now() + time::Duration::minutes(5)).await.unwrap();
    }
    let directory = Directory::new(aws::dynamodb(world.table()), TABLE);
    let check = Check { pause: Duration::ZERO, ..Check::new(clock::now()) };
    let found = Mutex::new(Vec::new());
    let report = |event| {
        if let Event::Found(finding, _) = event {
            found.lock().unwrap().push(format!("{finding:?}"));
        }
    };
    let summary = directory.fsck(&check, &|_| Profile::default(), &report).await.unwrap();
    assert!(summary.seen > 10, "{summary:?}");
    assert_eq!(found.into_inner().unwrap(), [] as [&str; 0]);
    for path in ["/Users?attributes=userName,groups,emails", "/Groups"] {
        let get = world.request("GET", path);
        let one = functions[0].send(Format::Rest, &get).await.unwrap();
        let other = functions[1].send(Format::Rest, &get).await.unwrap();
        assert_eq!(one.status, 200, "{one:?}");
        assert_eq!(one.body, other.body);
    }
}

/// Cuts the connections to the table, and loses answers, at any time; never ends.
async fn cut(world: &World, random: &Random) {
    loop {
        tokio::time::sleep(Duration::from_millis(5 + random.below(40))).await;
        if random.below(3) == 0 {
            world.dynamodb.lose_answer(1);
        } else {
            world.dynamodb.cut();
        }
    }
}

fn write(world: &World, random: &Random, ids: &[String], groups: &[String]) -> Request {
    let number = random.below(USERS);
    let pick = |ids: &[String]| {
        let at = usize::try_from(random.below(u64::MAX)).unwrap_or_default() % ids.len();
        ids[at].clone()
    };
    let member = pick(ids);
    let (user, team) = (format!("/Users/{member}"), format!("/Groups/{}", pick(groups)));
    let change = |path: &str, operation: Value| {
        let change =
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]});
        world.request("PATCH", path).body(&change)
    };
    match random.below(8) {
        0 => world.create(&name(number + USERS)),
        1 => world.create(&name(number)),
        2 | 3 => change(&team, json!({"op": "add", "path": "members", "value": [{ "value": member }]})),
        4 => change(&team, json!({"op": "remove", "path": format!("members[value eq \"{member}\"]")})),
        5 => world.request("PUT", &team).body(&group(random.below(GROUPS + 1), &[member, pick(ids)])),
        6 => change(
            &user,
            json!({"op": "replace", "path": "emails", "value": [{"value": name(random.below(99)), "type": "work"}]}),
        ),
        _ if number == 0 => world.request("DELETE", &user),
        _ => change(&user, json!({"op": "replace", "value": {"userName": name(number)}})),
    }
}

fn name(number: u64) -> String {
    format!("user{number}@example.com")
}

fn group(number: u64, members: &[String]) -> Value {
    let members: Vec<_> = members.iter().map(|id| json!({ "value": id })).collect();
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": format!("group {number}"),
        "members": members})
}

fn id(created: &Answer) -> String {
    assert_eq!(created.status, 201, "{created:?}");
    created.json()["id"].as_str().unwrap().to_owned()
}

/// The same numbers every time; what they meet is not.
struct Random(AtomicU64);

impl Random {
    const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    fn below(&self, limit: u64) -> u64 {
        let step = |state: u64| {
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)
        };
        let state = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| Some(step(state)));
        (state.unwrap_or_default() >> 33) % limit
    }
}
