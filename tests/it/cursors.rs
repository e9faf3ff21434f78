//! Pages by cursor (RFC 9865): for whom a cursor is good, for how long, and what a crawl sees while others write.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use connector::{Connectors, Key};
use http::Method;
use local::{Options, PREFIX, Stack, aws, secrets::Secrets};
use rstest::rstest;
use serde_json::{Value, json};
use tests::Target;
use time::macros::datetime;

use crate::endpoint::USER;

/// The endpoint as one connector sees it.
struct Client {
    target: Target,
    token: String,
}

impl Client {
    /// The default connector.
    fn new(stack: &Stack) -> Self {
        Self::with_token(stack, stack.token().as_str())
    }

    /// A further connector of that name.
    fn of(stack: &Stack, connector: &str, tenant: &str) -> Self {
        let token = format!("scim_{connector}_{}", "A".repeat(43));
        let secret = json!({"tenant": tenant, "token": token}).to_string();
        stack.stand_ins.secrets.set(&format!("{PREFIX}/connectors/{connector}"), &secret).unwrap();
        Self::with_token(stack, &token)
    }

    fn with_token(stack: &Stack, token: &str) -> Self {
        let target = Target::in_process(stack.router(), &Options::default().base_path);
        Self { target, token: token.to_owned() }
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let headers = [("authorization".to_owned(), format!("Bearer {}", self.token))];
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self.target.send(&method, path, &headers, body).await.unwrap();
        (answer.status.as_u16(), answer.json().unwrap_or_default())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.send(Method::GET, path, &Value::Null).await
    }

    async fn create(&self, name: &str) -> String {
        let user = json!({"schemas": [USER], "userName": name, "title": "Clerk"});
        let (status, created) = self.send(Method::POST, "/Users", &user).await;
        assert_eq!(status, 201, "{created}");
        created["id"].as_str().unwrap().to_owned()
    }

    async fn delete(&self, id: &str) {
        assert_eq!(self.send(Method::DELETE, &format!("/Users/{id}"), &Value::Null).await.0, 204);
    }

    /// Two users and the cursor between them.
    async fn two_pages(&self) -> String {
        for name in ["bjensen", "jsmith"] {
            self.create(name).await;
        }
        self.first_page().await
    }

    async fn first_page(&self) -> String {
        let (status, page) = self.get("/Users?cursor=&count=1").await;
        assert_eq!(status, 200, "{page}");
        page["nextCursor"].as_str().unwrap().to_owned()
    }

    /// Status and `scimType` of the page that `cursor` leads to.
    async fn next_page(&self, cursor: &str) -> (u16, Value) {
        let (status, mut page) = self.get(&format!("/Users?cursor={cursor}&count=1")).await;
        (status, page["scimType"].take())
    }
}

fn invalid() -> (u16, Value) {
    (400, json!("invalidCursor"))
}

#[tokio::test]
async fn a_cursor_is_good_for_its_connector_alone() {
    let stack = Stack::start(&Options::default()).await.unwrap();
    let client = Client::new(&stack);
    let cursor = client.two_pages().await;
    let colleague = Client::of(&stack, "colleague", "default");
    let stranger = Client::of(&stack, "stranger", "elsewhere");
    stranger.two_pages().await;
    assert_eq!(colleague.next_page(&cursor).await, invalid());
    assert_eq!(stranger.next_page(&cursor).await, invalid());
    assert_eq!(client.next_page(&cursor).await, (200, Value::Null));
}

async fn kept(data: &Path) -> Stack {
    Stack::start(&Options { data: Some(data.to_owned()), ..Options::default() }).await.unwrap()
}

#[tokio::test]
async fn a_cursor_outlives_the_server_and_a_rotation_of_the_keys() {
    let data = tempfile::tempdir().unwrap();
    let name = format!("{PREFIX}/keys");
    let new = json!({"id": "new", "secret": "n".repeat(64)});

    let stack = kept(data.path()).await;
    let old_cursor = Client::new(&stack).two_pages().await;
    drop(stack);

    let stack = kept(data.path()).await;
    let client = Client::new(&stack);
    assert_eq!(client.next_page(&old_cursor).await, (200, Value::Null));
    let first: Value = serde_json::from_str(&stack.stand_ins.secrets.value(&name).unwrap()).unwrap();
    let both = json!({"key": first["key"], "keys": [new]}).to_string();
    stack.stand_ins.secrets.set(&name, &both).unwrap();
    drop(stack);

    let stack = kept(data.path()).await;
    let client = Client::new(&stack);
    let new_cursor = client.first_page().await;
    assert_eq!(client.next_page(&old_cursor).await, (200, Value::Null));
    stack.stand_ins.secrets.set(&name, &json!({"keys": [new]}).to_string()).unwrap();
    drop(stack);

    let stack = kept(data.path()).await;
    let client = Client::new(&stack);
    assert_eq!(client.next_page(&new_cursor).await, (200, Value::Null), "the newest key seals");
    assert_eq!(client.next_page(&old_cursor).await, invalid(), "the old key is gone");
}

#[tokio::test]
async fn a_sandbox_looks_again_for_a_key_that_another_one_has() {
    let secrets = Secrets::start(None).await.unwrap();
    let keys = |ids: &[&str]| {
        let keys: Vec<_> = ids.iter().map(|id| json!({"id": id, "secret": id.repeat(64)})).collect();
        secrets.set(&format!("{PREFIX}/keys"), &json!({ "keys": keys }).to_string()).unwrap();
    };
    let sandbox = || Connectors::new(aws::secrets(secrets.url()), PREFIX);
    let now = datetime!(2026-11-22 00:00 UTC);
    let (old_sandbox, newer_sandbox) = (sandbox(), sandbox());
    keys(&["1"]);
    let old = old_sandbox.newest_key("cursor", now).await.unwrap();
    keys(&["1", "2"]);
    let new = newer_sandbox.newest_key("cursor", now).await.unwrap();
    let opens = async |wanted: Key, seconds: i64| {
        let later = now + time::Duration::seconds(seconds);
        let open = |key: &Key| (*key == wanted).then_some(());
        old_sandbox.try_keys("cursor", later, open).await.unwrap().is_some()
    };
    assert!(new != old && opens(old, 0).await);
    assert!(opens(new, 1).await && opens(old, 1).await);
    // Who shows keys that nobody has does not have it look every time.
    let before = secrets.reads();
    for _ in 0..20 {
        assert!(!opens([0; 32], 2).await);
    }
    assert!((1..=2).contains(&(secrets.reads() - before)));
}

#[tokio::test]
async fn only_pages_by_cursor_need_the_keys() {
    let stack = Stack::start(&Options::default()).await.unwrap();
    let client = Client::new(&stack);
    for name in ["bjensen", "jsmith"] {
        client.create(name).await;
    }
    let secrets = aws::secrets(stack.stand_ins.secrets.url());
    let name = format!("{PREFIX}/keys");
    secrets.delete_secret().secret_id(name).force_delete_without_recovery(true).send().await.unwrap();
    assert_eq!(client.get("/Users?count=1").await.0, 200);
    assert_eq!(client.get("/Users?cursor=&count=2").await.0, 200, "there is no cursor to give");
    let (status, error) = client.get("/Users?cursor=&count=1").await;
    assert_eq!((status, error["status"].as_str()), (500, Some("500")), "{error}");
    assert_eq!(client.next_page("VZUTiyhEQJ94IR").await.0, 500);
}

/// A crawl of `query` in pages of three, with a few users created and deleted after each page. Who was there from
/// beginning to end is seen exactly once, nobody is seen twice.
async fn crawl(query: &str, seed: u64) {
    const STAYING: usize = 20;
    let mut random = fastrand::Rng::with_seed(seed);
    let stack = Stack::start(&Options::default()).await.unwrap();
    let client = Client::new(&stack);
    let (mut staying, mut passing) = (BTreeSet::new(), Vec::new());
    for number in 0..STAYING {
        staying.insert(client.create(&format!("s{:03}-{number}", random.u16(..1000))).await);
        passing.push(client.create(&format!("p{number}")).await);
    }
    let (mut times_served, mut cursor) = (BTreeMap::new(), String::new());
    for page_number in 0.. {
        assert!(page_number < 100, "the crawl has no end");
        let (status, page) = client.get(&format!("/Users?{query}&count=3&cursor={cursor}")).await;
        assert_eq!(status, 200, "{page}");
        for user in page["Resources"].as_array().unwrap() {
            *times_served.entry(user["id"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        }
        let Some(next) = page["nextCursor"].as_str() else { break };
        assert!(page["totalResults"].as_u64().unwrap() > times_served.len() as u64, "{page}");
        cursor = next.to_owned();
        // Fewer come than a page shows, lest the crawl run after them for ever.
        for number in 0..random.usize(..3) {
            passing.push(client.create(&format!("{:03}-{page_number}-{number}", random.u16(..1000))).await);
        }
        for _ in 0..random.usize(..4).min(passing.len()) {
            // Often one that was just served: right there the crawl goes on.
            let recent =
                passing.iter().rposition(|id| times_served.contains_key(id)).filter(|_| random.bool());
            let gone = passing.swap_remove(recent.unwrap_or_else(|| random.usize(..passing.len())));
            client.delete(&gone).await;
        }
    }
    assert!(times_served.values().all(|times| *times == 1), "seed {seed}: {times_served:?}");
    let missed: Vec<_> = staying.iter().filter(|id| !times_served.contains_key(*id)).collect();
    assert!(missed.is_empty(), "seed {seed} misses {missed:?}");
}

#[rstest]
#[case("")]
#[case("filter=userName pr")]
#[case("sortBy=userName")]
#[case("sortBy=userName&sortOrder=descending")]
#[case("filter=title eq \"clerk\"&sortBy=title")]
#[tokio::test]
async fn a_crawl_sees_everyone_once_while_others_come_and_go(#[case] query: &str) {
    for seed in 0..3 {
        crawl(query, seed).await;
    }
}
