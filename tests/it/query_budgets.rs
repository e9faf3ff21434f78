//! What queries cost, from request to answer, as the line that is logged of each tells it.

use directory::{Directory, Draft, Member, Scope};
use local::{Options, Stack, TABLE, aws};
use scim::{
    ResourceId,
    resource_type::{GROUPS, USERS},
};
use serde_json::{Value, json};
use time::macros::datetime;

use crate::endpoint::Endpoint;
use crate::logged;

const NOW: time::OffsetDateTime = datetime!(2026-11-22 00:00 UTC);

/// What one request cost.
#[derive(Debug)]
struct Cost {
    plan: String,
    round_trips: u64,
    read_units: f64,
    write_units: f64,
}

/// An endpoint whose log is read.
struct Watched {
    endpoint: Endpoint,
    directory: Directory,
}

impl Watched {
    async fn start() -> Self {
        logged::keep();
        let endpoint = Endpoint::start().await;
        let directory = Directory::new(aws::dynamodb(endpoint.stack.stand_ins.engine.url()), TABLE);
        let watched = Self { endpoint, directory };
        // Reads the tenant's settings, which are kept for a while.
        watched.get("/Users?count=0").await;
        watched
    }

    async fn get(&self, path: &str) -> (Value, Cost) {
        logged::take();
        let page = self.endpoint.get(path).await;
        let log = logged::take();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let line = lines.map(|mut line| line["fields"].take()).find(|line| line["message"] == "request");
        let line = line.unwrap_or_else(|| panic!("no line of the request in {log}"));
        let cost = Cost {
            plan: line["plan"].as_str().unwrap_or_default().to_owned(),
            round_trips: line["table.round_trips"].as_u64().unwrap(),
            read_units: line["table.read_units"].as_f64().unwrap(),
            write_units: line["table.write_units"].as_f64().unwrap(),
        };
        (page, cost)
    }

    /// A user of 2 KB; numbers one apart are on shards one apart.
    async fn user(&self, number: usize) {
        let name = format!("user{number:04}@example.com");
        let attributes = json!({
            "userName": name, "note": "x".repeat(1600),
            "emails": [{"value": name, "type": "work", "primary": true}]
        });
        let id = format!("{}{number:07x}-0000-4000-8000-000000000000", number % 4);
        let (id, attributes) = (ResourceId::parse(&id).unwrap(), attributes.as_object().unwrap().clone());
        let draft = Draft { attributes, external_id: Some(format!("00u{number}")), ..Draft::default() };
        self.directory.create(&scope(), &USERS, id, draft, NOW).await.unwrap();
    }

    async fn users(&self, count: usize) {
        for numbers in (0..count).collect::<Vec<_>>().chunks(50) {
            futures::future::join_all(numbers.iter().map(|number| self.user(*number))).await;
        }
    }

    /// A group that the members are in and so many others.
    async fn group(&self, number: usize, members: &[ResourceId], others: usize) -> ResourceId {
        let id = ResourceId::parse(&format!("8{number:07x}-0000-4000-8000-000000000000")).unwrap();
        let other = |nth| ResourceId::parse(&format!("1{nth:07x}-0000-4000-9000-000000000000")).unwrap();
        let members: Vec<_> = members.iter().cloned().chain((0..others).map(other)).collect();
        let members: Vec<_> = members.into_iter().map(|id| Member { id, display: None }).collect();
        let attributes = json!({"displayName": format!("group {number}")}).as_object().unwrap().clone();
        let draft = Draft { attributes, ..Draft::default() };
        self.directory.create_group(&scope(), &GROUPS, id.clone(), draft, &members, NOW).await.unwrap();
        id
    }
}

fn scope() -> Scope {
    Scope::new("default", "default", format!("{:x}", fastrand::u128(..)))
}

#[tokio::test]
async fn a_page_by_start_index_takes_two_round_trips() {
    const USERS: usize = 1_030;
    let watched = Watched::start().await;
    watched.users(USERS).await;
    let mut slow = Vec::new();
    for start in (1..USERS).step_by(100) {
        let (page, cost) =
            watched.get(&format!("/Users?startIndex={start}&count=100&excludedAttributes=groups")).await;
        let served = page["Resources"].as_array().unwrap().len();
        assert_eq!((served, &page["totalResults"]), (100.min(USERS + 1 - start), &json!(USERS)), "{start}");
        assert!(cost.read_units <= 30.0 && cost.write_units <= 1.0, "{start}: {cost:?}");
        if cost.round_trips > 2 {
            slow.push((start, cost));
        }
    }
    // Where a page reaches into the next shard that one is read after the first.
    assert!(slow.len() <= 3 && slow.iter().all(|(_, cost)| cost.round_trips == 3), "{slow:?}");

    // A sandbox that did not serve the page before has to wait for the bookmark.
    let options = Options {
        engine: Some(watched.endpoint.stack.stand_ins.engine.url().to_owned()),
        token: Some(watched.endpoint.stack.token().as_str().to_owned()),
        ..Options::default()
    };
    let other = Endpoint::on(Stack::start(&options).await.unwrap());
    let other = Watched { endpoint: other, ..watched };
    other.get("/Users?count=0").await;
    let (page, cost) = other.get("/Users?startIndex=101&count=100&excludedAttributes=groups").await;
    assert_eq!((page["Resources"].as_array().unwrap().len(), cost.round_trips), (100, 3), "{cost:?}");
}

#[tokio::test]
async fn a_page_in_the_order_of_an_index_reads_the_resources_of_the_page() {
    let watched = Watched::start().await;
    watched.users(300).await;
    for (query, plan, most_read) in [
        ("sortBy=userName", "range(userName)", 30.0),
        ("sortBy=userName&sortOrder=descending", "range(userName)", 30.0),
        ("sortBy=userName&startIndex=101", "range(userName)", 35.0),
        ("filter=userName sw \"user01\"", "range(userName)", 30.0),
        ("filter=userName co \"5@example\"", "range(userName)", 30.0),
        ("filter=emails.value ew \"5@example.com\"", "range(email)", 30.0),
        ("filter=externalId sw \"00u1\"", "range(externalId)", 30.0),
        ("filter=userName pr&sortBy=userName", "range(userName)", 30.0),
    ] {
        let (page, cost) = watched.get(&format!("/Users?{query}&count=20&excludedAttributes=groups")).await;
        assert_eq!((page["itemsPerPage"].as_u64(), &*cost.plan), (Some(20), plan), "{query}");
        assert_eq!(cost.round_trips, 2, "{query}: {cost:?}");
        assert!(cost.read_units <= most_read, "{query}: {cost:?}");
    }
}

#[tokio::test]
async fn whether_a_user_is_in_a_group_is_answered_by_two_items_whatever_the_size_of_the_group() {
    let watched = Watched::start().await;
    watched.users(1).await;
    let user = ResourceId::parse("00000000-0000-4000-8000-000000000000").unwrap();
    let mut groups = Vec::new();
    for (number, others) in [(1, 0), (2, 2_000)] {
        groups.push(watched.group(number, std::slice::from_ref(&user), others).await);
    }
    let stranger = "30000000-0000-4000-8000-000000000000";
    for group in &groups {
        for (member, is_found) in [(user.as_str(), 1), (stranger, 0)] {
            for filter in [
                format!("id eq \"{group}\" and members.value eq \"{member}\""),
                format!("id eq \"{group}\" and members[value eq \"{member}\" and type eq \"User\"]"),
            ] {
                let (page, cost) = watched.get(&format!("/Groups?filter={filter}&attributes=id")).await;
                assert_eq!((page["totalResults"].as_u64(), &*cost.plan), (Some(is_found), "ids"));
                assert!(cost.round_trips <= 2 && cost.read_units <= 2.0, "{filter}: {cost:?}");
            }
        }
    }
    let filter = format!("members.value eq \"{user}\"");
    let (page, cost) = watched.get(&format!("/Groups?filter={filter}&excludedAttributes=members")).await;
    assert_eq!((page["totalResults"].as_u64(), &*cost.plan), (Some(2), "lookup(member)"));
    assert!(cost.round_trips <= 3 && cost.read_units <= 5.0, "{cost:?}");
}
