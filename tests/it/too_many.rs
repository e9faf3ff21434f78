//! A query that would have to look at more than the service is willing to is refused (RFC 7644 §3.4.2.1).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use local::{Options, Stack};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::endpoint::{Endpoint, USER};

/// A table with users without end: an engine behind it answers, but every page of users is a full one. Its indexes end,
/// until they are asked not to.
struct Endless {
    engine: String,
    /// Pages of users that were asked for.
    pages: AtomicUsize,
    /// Pages of an index that were asked for.
    index_pages: AtomicUsize,
    has_endless_indexes: AtomicBool,
}

impl Endless {
    /// Where it answers.
    async fn serve(self: Arc<Self>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().fallback(answer).with_state(self);
        tokio::spawn(async { axum::serve(listener, routes).await });
        url
    }
}

async fn answer(State(endless): State<Arc<Endless>>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let mut request = http::Request::post(&endless.engine).body(Full::new(body.clone())).unwrap();
    *request.headers_mut() = headers.clone();
    let answered = client.request(request).await.unwrap();
    let mut answer = Response::builder().status(answered.status());
    let content = answered.into_body().collect().await.unwrap().to_bytes();
    answer = answer.header("content-type", "application/x-amz-json-1.0");
    let is_query = headers.get("x-amz-target").is_some_and(|target| target == "DynamoDB_20120810.Query");
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let content = match serde_json::from_slice::<Value>(&content) {
        Ok(mut page) if is_query && asked.to_string().contains("#U#") => {
            fill(&mut page, &asked["ExpressionAttributeValues"][":pk"], asked["Limit"].as_u64().unwrap());
            endless.pages.fetch_add(1, Ordering::Relaxed);
            page.to_string().into()
        }
        Ok(mut page) if is_query && asked.get("IndexName").is_some() => {
            endless.index_pages.fetch_add(1, Ordering::Relaxed);
            if endless.has_endless_indexes.load(Ordering::Relaxed) {
                fill_index(&mut page, &asked["ExpressionAttributeValues"][":pk"]);
            }
            page.to_string().into()
        }
        _ => content,
    };
    answer.body(Body::from(content)).unwrap()
}

/// Repeats the one user of a page under other ids, and says that others follow.
fn fill(page: &mut Value, pk: &Value, limit: u64) {
    let Some(user) = page["Items"].get(0).cloned() else { return };
    let id = user["sk"]["S"].as_str().unwrap();
    let users = (0..limit).map(|number| {
        let mut user = user.clone();
        user["sk"]["S"] = format!("{}{number:07x}", &id[..id.len() - 7]).into();
        user
    });
    let users: Vec<_> = users.collect();
    page["LastEvaluatedKey"] = json!({"pk": pk, "sk": users.last().map(|user| &user["sk"])});
    page["Items"] = users.into();
    page["Count"] = limit.into();
}

/// Repeats the first entry of a page of `userName`s as often as a page may hold it, and says that others follow: the
/// place it names is before all.
fn fill_index(page: &mut Value, pk: &Value) {
    const FULL: usize = 5_000;
    let Some(entry) = page["Items"].get(0).cloned() else { return };
    page["Items"] = vec![entry; FULL].into();
    page["Count"] = FULL.into();
    let first = json!({"S": "!"});
    page["LastEvaluatedKey"] = json!({"n_pk": pk, "n_sk": first, "pk": first, "sk": first});
}

#[tokio::test]
async fn a_query_that_would_look_at_too_many_is_refused() {
    let endpoint = Endpoint::start().await;
    // A user of the first shard, where a walk begins.
    let mut user = String::new();
    for number in 0.. {
        user = format!("bjensen{number:04}");
        let body = json!({"schemas": [USER], "userName": user});
        if endpoint.create("/Users", &body).await.starts_with('0') {
            break;
        }
    }
    let engine = endpoint.stack.stand_ins.engine.url().to_owned();
    let endless = Arc::new(Endless {
        engine,
        pages: AtomicUsize::new(0),
        index_pages: AtomicUsize::new(0),
        has_endless_indexes: AtomicBool::new(false),
    });
    let url = Arc::clone(&endless).serve().await;
    let token = endpoint.stack.token().as_str().to_owned();
    let options = Options { engine: Some(url), token: Some(token), ..Options::default() };
    let crowded = Endpoint::on(Stack::start(&options).await.unwrap());

    let query = "/Users?filter=not (userName sw \"x\")&sortBy=title&count=1";
    let (status, error) = crowded.send(&http::Method::GET, query, String::new()).await;
    assert_eq!((status, &error["scimType"]), (400, &json!("tooMany")), "{error}");
    let detail = error["detail"].as_str().unwrap();
    assert!(
        detail.contains("userName, externalId or emails.value with eq"),
        "it names what is quick: {error}"
    );
    // The last of them by number, or before by time.
    let pages = endless.pages.swap(0, Ordering::Relaxed);
    assert!((2..150).contains(&pages), "{pages} pages were looked at, most of 2,000");
    // By cursor a page may hold fewer than there are: it says where to look on, and no total.
    let mut cursor = String::new();
    for _ in 0..2 {
        let page = crowded.get(&format!("/Users?filter=title pr&cursor={cursor}")).await;
        assert_eq!((&page["itemsPerPage"], page.get("totalResults")), (&json!(0), None), "{page}");
        page["nextCursor"].as_str().unwrap().clone_into(&mut cursor);
    }
    let page = crowded.get("/Users?filter=not (userName co \"x\")&cursor&count=2").await;
    assert_eq!((&page["itemsPerPage"], page.get("totalResults")), (&json!(2), None), "{page}");
    let total = "/Users?filter=title pr&cursor&count=0";
    let (status, error) = crowded.send(&http::Method::GET, total, String::new()).await;
    assert_eq!((status, &error["scimType"]), (400, &json!("tooMany")), "{error}");

    // What is found by keys or along an index looks at no page of users.
    endless.pages.store(0, Ordering::Relaxed);
    let name = user.to_uppercase();
    for query in [
        format!("filter=userName eq \"{name}\""),
        format!("filter=userName sw \"{name}\""),
        format!("filter=userName co \"{}\" and active eq true", &name[1..]),
        format!("filter=userName ge \"{name}\"&sortBy=userName&sortOrder=descending"),
        format!("filter=userName ew \"{}\"&cursor", &name[1..]),
    ] {
        let found = crowded.get(&format!("/Users?{query}")).await;
        let pages = endless.pages.load(Ordering::Relaxed);
        assert_eq!((&found["totalResults"], pages), (&json!(1), 0), "{query}: {found}");
    }
    let sorted = crowded.get("/Users?sortBy=userName&count=1").await;
    assert_eq!((&sorted["itemsPerPage"], endless.pages.load(Ordering::Relaxed)), (&json!(1), 0), "{sorted}");

    // An index ends the work of a query too.
    endless.has_endless_indexes.store(true, Ordering::Relaxed);
    endless.index_pages.store(0, Ordering::Relaxed);
    let (status, error) =
        crowded.send(&http::Method::GET, "/Users?filter=userName co \"x\"", String::new()).await;
    assert_eq!((status, &error["scimType"]), (400, &json!("tooMany")), "{error}");
    let pages = endless.index_pages.load(Ordering::Relaxed);
    assert!((2..=200).contains(&pages), "{pages} pages of 5,000 entries were looked at");
}
