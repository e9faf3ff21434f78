//! Crawls while users come and go: whoever is there from the beginning to the end is seen exactly once.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use futures::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::endpoint::{Endpoint, USER};
use crate::sandbox::Sandbox;

/// Directories that are crawled, each by both ways of paging.
const SEEDS: u64 = 200;
/// How many at once.
const AT_ONCE: u64 = 8;

/// How often a crawl has seen each user, and where it goes on.
struct Crawl {
    seen: BTreeMap<String, usize>,
    /// The question that asks for the next page; `None` at the end.
    next: Option<String>,
    by_cursor: bool,
    count: usize,
    /// A page was not full.
    has_ended: bool,
}

impl Crawl {
    fn new(by_cursor: bool, count: usize) -> Self {
        let from = if by_cursor { "cursor" } else { "startIndex=1" };
        Self { seen: BTreeMap::new(), next: Some(from.to_owned()), by_cursor, count, has_ended: false }
    }

    /// Reads a page, if there is one still.
    async fn turn(&mut self, endpoint: &Sandbox) {
        let Some(from) = self.next.take() else { return };
        let (count, path) = (self.count, format!("/Users?count={}&{from}", self.count));
        let (status, page) = endpoint.send(&Method::GET, &path, &Value::Null).await;
        assert_eq!(status, 200, "{page}");
        let none = Vec::new();
        let users = page["Resources"].as_array().unwrap_or(&none);
        for user in users {
            *self.seen.entry(user["id"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        if self.by_cursor {
            self.next = page["nextCursor"].as_str().map(|cursor| format!("cursor={cursor}"));
            return;
        }
        // As Okta does: by what was asked for, until that is beyond the total.
        let first = page["startIndex"].as_u64().unwrap();
        let next = first + count as u64;
        self.next = (next <= page["totalResults"].as_u64().unwrap()).then(|| format!("startIndex={next}"));
        assert!(users.is_empty() || !self.has_ended, "a page is filled while there is more: {first}");
        self.has_ended |= users.len() < count;
    }

    fn check(&self, present: &BTreeSet<String>, context: &str) {
        for user in present {
            assert_eq!(self.seen.get(user), Some(&1), "{context}: how often {user} was seen");
        }
    }
}

/// A directory in which users come and go.
struct Town {
    endpoint: Endpoint,
    random: Rng,
    here: BTreeSet<String>,
    /// Those who have been here all the time.
    stayed: BTreeSet<String>,
    born: usize,
}

impl Town {
    async fn new(seed: u64, users: usize) -> Self {
        let endpoint = Endpoint::start().await;
        let mut town = Self {
            endpoint,
            random: Rng::with_seed(seed),
            here: BTreeSet::new(),
            stayed: BTreeSet::new(),
            born: 0,
        };
        for _ in 0..users {
            town.come().await;
        }
        town.stayed.clone_from(&town.here);
        town
    }

    async fn come(&mut self) {
        self.born += 1;
        let body = json!({"schemas": [USER], "userName": format!("user{}", self.born)});
        let id = self.endpoint.create("/Users", &body).await;
        self.here.insert(id);
    }

    async fn go(&mut self) {
        let Some(id) = self.random.choice(&self.here).cloned() else { return };
        let gone = self.endpoint.send(&Method::DELETE, &format!("/Users/{id}"), String::new()).await;
        assert_eq!(gone.0, 204);
        self.here.remove(&id);
        self.stayed.remove(&id);
    }

    async fn some_time(&mut self) {
        for _ in 0..self.random.usize(0..3) {
            if self.random.bool() {
                self.come().await;
            } else {
                self.go().await;
            }
        }
    }
}

#[tokio::test]
async fn a_crawl_sees_everybody_who_stays_once() {
    for first in (0..SEEDS).step_by(usize::try_from(AT_ONCE).unwrap()) {
        join_all((first..first + AT_ONCE).map(crawl_once)).await;
    }
}

async fn crawl_once(seed: u64) {
    let mut random = Rng::with_seed(seed);
    let mut town = Town::new(seed, random.usize(0..32)).await;
    let sandbox = Sandbox::beside(&town.endpoint);
    let mut crawl = Crawl::new(seed.is_multiple_of(2), random.usize(1..9));
    let mut pages = 0;
    while crawl.next.is_some() {
        crawl.turn(&sandbox).await;
        town.some_time().await;
        pages += 1;
        assert!(pages < 200, "seed {seed}: the crawl ends");
    }
    crawl.check(&town.stayed, &format!("seed {seed}"));
}

#[tokio::test]
async fn crawls_of_two_connectors_do_not_meet() {
    for seed in 0..6 {
        let mut town = Town::new(seed, 60).await;
        let secret = json!({"tenant": "default", "token": format!("scim_entra_{}", "x".repeat(43))});
        town.endpoint.stack.stand_ins.secrets.set("scim/connectors/entra", &secret.to_string()).unwrap();
        let okta = Sandbox::beside(&town.endpoint);
        let entra = Sandbox::of(&town.endpoint, secret["token"].as_str().unwrap());
        let mut crawls = [(Crawl::new(false, 7), okta), (Crawl::new(false, 10), entra)];
        while crawls.iter().any(|(crawl, _)| crawl.next.is_some()) {
            for (crawl, sandbox) in &mut crawls {
                crawl.turn(sandbox).await;
                town.some_time().await;
            }
        }
        for (crawl, _) in &crawls {
            crawl.check(&town.stayed, &format!("seed {seed}"));
        }
    }
}
