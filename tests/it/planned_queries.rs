//! What a query answers does not depend on how it is found: by keys, along an index or by looking at everything.

use std::collections::BTreeMap;
use std::fmt::Write;

use aws_sdk_dynamodb::types::AttributeValue;
use directory::{Draft, Scope};
use fastrand::Rng;
use http::Method;
use local::{TABLE, aws};
use rstest::rstest;
use scim::{
    ResourceId, ResourceType,
    filter::{self, Filter, Operator},
    path::AttributePath,
    resource_type::{GROUPS, USERS},
    sort::{Key, Order, Rank},
};
use serde_json::{Value, json};
use time::macros::datetime;

use crate::endpoint::{Endpoint, GROUP, USER};

const TEXTS: [&str; 14] = ["a", "A", "ab", "aB", "b", "ba", "é", "É", "ss", "ß", "ﬁ", "z", "~", " a"];

/// How deep the filters are.
const DEPTHS: [usize; 5] = [0, 0, 1, 1, 2];

/// A text of a few pieces, sometimes one too long for a key.
fn text(random: &mut Rng) -> String {
    let mut text: String = (0..random.usize(1..4)).map(|_| TEXTS[random.usize(..TEXTS.len())]).collect();
    if random.usize(..12) == 0 {
        text.push_str(&"x".repeat(random.usize(500..900)));
        text.push_str(TEXTS[random.usize(..TEXTS.len())]);
    }
    text
}

/// A directory of users and groups, as its own answers show them.
struct Directory {
    endpoint: Endpoint,
    users: Vec<Value>,
    groups: Vec<Value>,
}

impl Directory {
    async fn random(random: &mut Rng) -> Self {
        let endpoint = Endpoint::start().await;
        let mut ids = Vec::new();
        for number in 0..60 {
            let mut emails: Vec<_> = (0..random.usize(..3))
                .map(|_| json!({"value": format!("{}{number}", text(random)), "type": TEXTS[random.usize(..4)]}))
                .collect();
            if random.usize(..9) == 0 {
                emails.push(json!({"value": " ", "type": "blank"}));
            }
            let mut user = json!({
                "schemas": [USER], "userName": format!("{}{number}", text(random)), "emails": emails,
                "active": random.bool(), "title": TEXTS[random.usize(..4)]
            });
            if random.bool() {
                user["externalId"] = format!("{}{}", text(random), number % 7).into();
            }
            ids.push(endpoint.create("/Users", &user).await);
        }
        for number in 0..25 {
            let members: Vec<_> =
                (0..random.usize(..4)).map(|_| json!({"value": ids[random.usize(..ids.len())]})).collect();
            let group = json!({
                "schemas": [GROUP], "displayName": format!("{}{number}", text(random)), "members": members,
                "externalId": text(random)
            });
            endpoint.create("/Groups", &group).await;
        }
        let all = async |path: &str| {
            let page = endpoint.get(&format!("{path}?count=1000")).await;
            let mut all = page["Resources"].as_array().unwrap().clone();
            all.sort_by_key(|one| one["id"].as_str().unwrap().to_owned());
            all
        };
        let (users, groups) = (all("/Users").await, all("/Groups").await);
        assert_eq!((users.len(), groups.len()), (60, 25));
        Self { endpoint, users, groups }
    }

    fn all(&self, resource_type: &ResourceType) -> &[Value] {
        if resource_type.name == "User" { &self.users } else { &self.groups }
    }

    /// The ids of all that match, in order, found by looking at each.
    fn naive(&self, resource_type: &ResourceType, query: &Query) -> Vec<String> {
        let bound = query.filter.as_ref().map(|filter| filter.bind(resource_type).unwrap());
        let key = query.sort.map(|(name, order)| (Key::parse(name, resource_type).unwrap(), order));
        let mut found: Vec<(Option<Rank>, &str)> = self
            .all(resource_type)
            .iter()
            .map(|one| one.as_object().unwrap())
            .filter(|one| bound.as_ref().is_none_or(|bound| bound.matches(one)))
            .map(|one| (key.as_ref().map(|(key, _)| key.rank(one)), one["id"].as_str().unwrap()))
            .collect();
        let order = key.map_or(Order::Ascending, |(_, order)| order);
        found.sort_by(|(one, id), (other, other_id)| order.compare(one, other).then(id.cmp(other_id)));
        found.into_iter().map(|(_, id)| id.to_owned()).collect()
    }
}

#[derive(Debug)]
struct Query {
    filter: Option<Filter>,
    sort: Option<(&'static str, Order)>,
}

impl Query {
    fn random(random: &mut Rng, directory: &Directory, resource_type: &ResourceType) -> Self {
        let depth = DEPTHS[random.usize(..DEPTHS.len())];
        let filter = (random.usize(..8) > 0).then(|| any_filter(random, directory, resource_type, depth));
        let names: &[_] = if resource_type.name == "User" {
            &["userName", "title", "emails", "externalId"]
        } else {
            &["displayName", "externalId"]
        };
        let order = if random.bool() { Order::Ascending } else { Order::Descending };
        let sort = random.bool().then(|| (names[random.usize(..names.len() + 2) % names.len()], order));
        Self { filter, sort }
    }

    fn parameters(&self) -> String {
        let pairs = self.filter.iter().map(|filter| ("filter", filter.to_string()));
        let order = |order| if order == Order::Ascending { "ascending" } else { "descending" }.to_owned();
        let sort = self
            .sort
            .iter()
            .flat_map(|(name, by)| [("sortBy", (*name).to_owned()), ("sortOrder", order(*by))]);
        let mut written = String::new();
        for (name, value) in pairs.chain(sort) {
            write!(written, "&{name}=").unwrap();
            for byte in value.bytes() {
                write!(written, "%{byte:02X}").unwrap();
            }
        }
        written
    }
}

fn any_filter(random: &mut Rng, directory: &Directory, resource_type: &ResourceType, depth: usize) -> Filter {
    let some = |random: &mut Rng| {
        (0..random.usize(2..4)).map(|_| any_filter(random, directory, resource_type, depth - 1)).collect()
    };
    match if depth == 0 { 9 } else { random.usize(..10) } {
        0..=2 => Filter::And(some(random)),
        3 | 4 => Filter::Or(some(random)),
        5 => Filter::Not(Box::new(any_filter(random, directory, resource_type, depth - 1))),
        6 if resource_type.name == "User" => {
            let (one, other) = (text_of(random), text_of(random));
            let inside = Filter::And(vec![
                compare(random, &["value"], &one),
                compare(random, &["type", "value"], &other),
            ]);
            Filter::ValuePath { path: path("emails"), filter: Box::new(inside) }
        }
        7 => {
            let one = directory.all(resource_type);
            let id = one[random.usize(..one.len())]["id"].as_str().unwrap();
            Filter::Compare { path: path("id"), operator: Operator::Eq, value: id.into() }
        }
        8 if resource_type.name == "Group" => {
            let id = directory.users[random.usize(..directory.users.len())]["id"].as_str().unwrap();
            let operator = [Operator::Eq, Operator::Ne][random.usize(..2)];
            Filter::Compare { path: path("members.value"), operator, value: id.into() }
        }
        _ => {
            let names: &[_] = if resource_type.name == "User" {
                &["userName", "userName", "emails", "emails.value", "externalId", "title"]
            } else {
                &["displayName", "displayName", "externalId"]
            };
            if random.usize(..8) == 0 {
                return Filter::Present(path(names[random.usize(..names.len())]));
            }
            // Mostly what somebody has, or the beginning of it.
            let all = directory.all(resource_type);
            let name = names[random.usize(..names.len())];
            let one = &all[random.usize(..all.len())];
            let value = one.get(name.split('.').next().unwrap()).unwrap_or(&Value::Null);
            let value = value.as_str().or_else(|| value[0]["value"].as_str());
            if let Some(value) = value.filter(|_| random.usize(..3) == 0) {
                return Filter::Compare { path: path(name), operator: Operator::Eq, value: value.into() };
            }
            let literal = match value {
                Some(value) if random.bool() => {
                    value.chars().take(random.usize(1..=value.chars().count())).collect()
                }
                _ => text_of(random),
            };
            compare(random, &[name], &literal)
        }
    }
}

/// A text to compare with, sometimes a blank one.
fn text_of(random: &mut Rng) -> String {
    if random.usize(..10) == 0 { " ".repeat(random.usize(..2)) } else { text(random) }
}

fn path(name: &str) -> AttributePath {
    AttributePath::parse(name).unwrap()
}

fn compare(random: &mut Rng, names: &[&str], literal: &str) -> Filter {
    let operator = Operator::ALL[random.usize(..Operator::ALL.len())];
    Filter::Compare { path: path(names[random.usize(..names.len())]), operator, value: literal.into() }
}

fn ids(page: &Value) -> Vec<String> {
    let resources = page["Resources"].as_array().unwrap();
    resources.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[rstest]
#[tokio::test]
async fn a_query_finds_what_looking_at_everything_finds(#[values(1, 2, 3, 4)] seed: u64) {
    let mut random = Rng::with_seed(seed);
    let directory = Directory::random(&mut random).await;
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    let get = async |path: String| directory.endpoint.send(&Method::GET, &path, String::new()).await;
    for number in 0..200 {
        let resource_type = if number % 3 == 0 { &**GROUPS } else { &**USERS };
        let query = Query::random(&mut random, &directory, resource_type);
        let parameters = query.parameters();
        // A filter may be longer than is taken.
        if query.filter.as_ref().is_some_and(|filter| filter.to_string().len() > 3000) {
            continue;
        }
        let expected = directory.naive(resource_type, &query);
        if let Some(filter) = query.filter.as_ref().filter(|_| !expected.is_empty()) {
            let plan = filter.plan(resource_type).to_string();
            *met.entry(plan.split('(').next().unwrap().to_owned()).or_default() += 1;
        }
        let (endpoint, context) = (&resource_type.endpoint, format!("seed {seed}, {number}: {query:?}"));

        let (start, count) = (random.usize(1..12), random.usize(..15));
        let (status, page) =
            get(format!("{endpoint}?startIndex={start}&count={count}&attributes=id{parameters}")).await;
        assert_eq!((status, &page["totalResults"]), (200, &json!(expected.len())), "{context}: {page}");
        let wanted: Vec<_> = expected.iter().skip(start - 1).take(count).cloned().collect();
        assert_eq!(ids(&page), wanted, "{context}");

        let (mut crawled, mut cursor) = (Vec::new(), String::new());
        loop {
            let (status, page) =
                get(format!("{endpoint}?cursor={cursor}&count=40&attributes=id{parameters}")).await;
            assert_eq!(status, 200, "{context}: {page}");
            crawled.extend(ids(&page));
            match page["nextCursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(crawled, expected, "{context}, by cursor");
    }
    let kinds: Vec<_> = met.keys().map(String::as_str).collect();
    assert!(["ids", "lookup", "range", "scan"].iter().all(|kind| kinds.contains(kind)), "{met:?}");
    assert!(met["range"] > 5, "{met:?}");
}

/// More users than one read of a shard returns: of the others only what the query is about is read.
#[tokio::test]
async fn a_scan_of_many_finds_what_looking_at_everything_finds() {
    const COUNT: usize = 1_300;
    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let endpoint = Endpoint::start().await;
    let store = directory::Directory::new(aws::dynamodb(endpoint.stack.stand_ins.engine.url()), TABLE);
    for numbers in (0..COUNT).collect::<Vec<_>>().chunks(50) {
        futures::future::join_all(numbers.iter().map(async |number| {
            let mut user = json!({
                "userName": format!("user{number}"), "title": TEXTS[number % TEXTS.len()], "active": number % 3 == 0,
                "name": {"familyName": format!("f{}", number % 7)}, "emails": [{"value": format!("{number}@x")}]
            });
            if number % 2 == 0 {
                user[ENTERPRISE] = json!({"department": format!("d{}", number % 5)});
            }
            let id = ResourceId::parse(&format!("0{number:07x}-0000-4000-8000-000000000000")).unwrap();
            let scope = Scope::new("default", "default", format!("request {number}"));
            let external_id = (number % 4 == 0).then(|| format!("x{number}"));
            let draft = Draft { attributes: user.as_object().unwrap().clone(), external_id, ..Draft::default() };
            let now = datetime!(2026-11-22 00:00 UTC) + time::Duration::seconds(i64::try_from(*number).unwrap());
            store.create(&scope, &USERS, id, draft, now).await.unwrap();
        }))
        .await;
    }
    let mut users = Vec::new();
    for start in [1, 1001] {
        let page = endpoint.get(&format!("/Users?startIndex={start}&count=1000")).await;
        users.extend(page["Resources"].as_array().unwrap().iter().cloned());
    }
    assert_eq!(users.len(), COUNT);
    let directory = Directory { endpoint, users, groups: Vec::new() };
    let department = format!("{ENTERPRISE}:department eq \"d4\"");
    let schema = format!("schemas eq \"{ENTERPRISE}\"");
    for (filter, sort) in [
        ("title eq \"b\"", None),
        ("active eq true and name.familyName eq \"F3\"", None),
        (&*department, Some(("title", Order::Descending))),
        (&*schema, None),
        ("externalId gt \"x5\"", Some(("externalId", Order::Ascending))),
        ("emails co \"99@\" or title pr", Some(("meta.created", Order::Descending))),
        ("meta.lastModified ge \"2026-11-22T00:10:00Z\" and active eq false", None),
        ("not (userName sw \"user1\")", Some(("userName", Order::Ascending))),
        (
            "manager eq null and displayName eq null and groups eq null",
            Some(("name.familyName", Order::Descending)),
        ),
    ] {
        let query = Query { filter: Some(filter::parse(filter).unwrap()), sort };
        let expected = directory.naive(&USERS, &query);
        assert!(expected.len() > 10, "{query:?}");
        let path = format!("/Users?count=1000&startIndex=3{}", query.parameters());
        let page = directory.endpoint.get(&path).await;
        assert_eq!(page["totalResults"], expected.len(), "{query:?}");
        let wanted: Vec<_> = expected.into_iter().skip(2).take(1000).collect();
        assert_eq!(ids(&page), wanted, "{query:?}");
        let shown = page["Resources"].as_array().unwrap().iter().all(|user| user["emails"].is_array());
        assert!(shown, "whole resources are shown: {query:?}");
    }
}

#[tokio::test]
async fn what_an_index_says_of_somebody_who_is_gone_is_not_believed() {
    let endpoint = Endpoint::start().await;
    let client = aws::dynamodb(endpoint.stack.stand_ins.engine.url());
    let mut all = Vec::new();
    for name in ["a", "b", "c", "d"] {
        all.push(endpoint.create("/Users", &json!({"schemas": [USER], "userName": name})).await);
    }
    // As an index that lags shows them: their entries are there still.
    for id in &all[..2] {
        let (pk, sk) = (format!("default#U#{}", &id[..1]), id.clone());
        let gone = client.delete_item().table_name(TABLE).key("pk", AttributeValue::S(pk));
        gone.key("sk", AttributeValue::S(sk)).send().await.unwrap();
    }
    for (query, expected) in [
        ("sortBy=userName", &all[2..]),
        ("sortBy=userName&count=1", &all[2..3]),
        ("sortBy=userName&count=2&sortOrder=descending", &[all[3].clone(), all[2].clone()]),
        ("filter=userName pr&sortBy=userName&count=1", &all[2..3]),
        ("filter=userName ge \"a\" and active eq true&sortBy=userName", &all[2..]),
    ] {
        assert_eq!(ids(&endpoint.get(&format!("/Users?{query}")).await), expected, "{query}");
    }
    assert_eq!(endpoint.get("/Users?filter=userName pr").await["totalResults"], 2);
    for query in ["sortBy=userName", "filter=userName pr", "filter=userName pr&sortBy=userName"] {
        let (mut crawled, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = endpoint.get(&format!("/Users?{query}&count=1&cursor={cursor}")).await;
            crawled.extend(ids(&page));
            match page["nextCursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        crawled.sort_by_key(|id| all.iter().position(|one| one == id));
        assert_eq!(crawled, all[2..], "{query}");
    }
}
