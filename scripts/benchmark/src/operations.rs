//! The operations that are measured: those that have a budget.

use anyhow::Context;
use http::Method;
use scim::{Kind, ResourceId};
use serde_json::{Value, json};

use crate::{
    measure::{Cost, Endpoint, Row},
    seed::{self, user, user_name},
};

/// Members of a page.
const PAGE: usize = 100;
/// Members that are added at once.
const MANY: usize = 1000;
/// Numbers of users that are not there yet begin here.
const FRESH: usize = 5_000_000;

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// What is done to users in a directory of `size`.
pub(crate) async fn users(endpoint: &Endpoint, size: usize, repeat: usize) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut measured = Measured { endpoint, size, rows: &mut rows };
    let without = "?excludedAttributes=groups";
    let mut ids: Vec<String> = Vec::new();

    let mut costs = Vec::new();
    for number in FRESH..FRESH + repeat {
        let (created, cost) = endpoint.send(&Method::POST, "/Users", &user(number).to_string()).await?;
        ids.push(created["id"].as_str().context("no id")?.to_owned());
        costs.push(cost);
    }
    measured.row("create user", &costs);
    measured
        .each("get user by id", &ids, |id| (Method::GET, format!("/Users/{id}{without}"), Value::Null))
        .await?;
    measured
        .each("user and its groups", &ids, |id| (Method::GET, format!("/Users/{id}"), Value::Null))
        .await?;
    let numbers: Vec<_> = (0..repeat).map(|nth| nth * size / repeat.max(1)).collect();
    let filters: [(&str, Filter); 4] = [
        ("userName eq, hit", |number| format!("userName eq \"{}\"", user_name(number))),
        ("userName eq, miss", |number| format!("userName eq \"nobody{number}\"")),
        ("externalId eq, hit", |number| format!("externalId eq \"00u{number:07}\"")),
        ("e-mail eq, hit", |number| format!("emails[value eq \"{}\"]", user_name(number))),
    ];
    for (name, filter) in filters {
        let path = |number: &usize| format!("/Users{without}&filter={}", escaped(&filter(*number)));
        measured.each(name, &numbers, |number| (Method::GET, path(number), Value::Null)).await?;
    }
    let prefixes: Vec<_> = numbers.iter().map(|number| user_name(*number)[..11].to_owned()).collect();
    let sw = |prefix: &String| escaped(&format!("userName sw \"{prefix}\""));
    measured
        .each("userName sw, one hit", &prefixes, |prefix| {
            (Method::GET, format!("/Users{without}&filter={}", sw(prefix)), Value::Null)
        })
        .await?;
    // What clients ask that no index serves: every user is looked at. Beyond a quarter of a million it is refused.
    if size <= 250_000 {
        let filter = escaped("active eq true and meta.lastModified lt \"2020-01-01T00:00:00Z\"");
        let path = format!("/Users{without}&filter={filter}");
        measured
            .each("filter without an index", &[(), ()], |()| (Method::GET, path.clone(), Value::Null))
            .await?;
    }
    let patch = |value: Value| json!({"schemas": [PATCH], "Operations": [{"op": "replace", "value": value}]});
    measured
        .each("PATCH, identity unchanged", &ids, |id| {
            (Method::PATCH, format!("/Users/{id}{without}"), patch(json!({"active": false})))
        })
        .await?;
    measured
        .each("PATCH that changes nothing", &ids, |id| {
            (Method::PATCH, format!("/Users/{id}{without}"), patch(json!({"active": false})))
        })
        .await?;
    let renamed: Vec<_> = ids.iter().cloned().zip(FRESH..).collect();
    measured
        .each("PUT, new userName and e-mail", &renamed, |(id, number)| {
            let mut body = user(number + repeat);
            body["externalId"] = user(*number)["externalId"].clone();
            (Method::PUT, format!("/Users/{id}{without}"), body)
        })
        .await?;
    measured.each("delete user", &ids, |id| (Method::DELETE, format!("/Users/{id}"), Value::Null)).await?;
    Ok(rows)
}

/// Pages at the beginning, in the middle and at the end of a crawl by `startIndex`.
pub(crate) async fn pages(endpoint: &Endpoint, size: usize, repeat: usize) -> anyhow::Result<Vec<Row>> {
    let last = (size.saturating_sub(1) / PAGE) * PAGE + 1;
    let places = [("first page", 1), ("middle page", (size / 2 / PAGE) * PAGE + 1), ("last page", last)];
    let mut costs: [Vec<Cost>; 3] = Default::default();
    for _ in 0..repeat.clamp(1, 3) {
        for first in (1..=size).step_by(PAGE) {
            let path = format!("/Users?excludedAttributes=groups&startIndex={first}&count={PAGE}");
            let (_, cost) = endpoint.send(&Method::GET, &path, "").await?;
            // A last page that is not full would cost less than the others.
            let is_full = size + 1 >= first + PAGE;
            let at = places.iter().position(|(_, at)| *at == first);
            let at = at.or_else(|| (!is_full || first + 2 * PAGE <= size + 1).then_some(usize::MAX));
            if let Some(costs) = costs.get_mut(at.unwrap_or(2)) {
                costs.push(cost);
            }
        }
    }
    let full = |mut costs: Vec<Cost>| {
        costs.truncate(repeat.max(1));
        costs
    };
    let rows = places
        .iter()
        .zip(costs)
        .map(|((name, _), costs)| Row::of(&format!("{name} of 100"), size, &full(costs)));
    Ok(rows.collect())
}

/// All pages of a crawl by cursor, as one row.
pub(crate) async fn crawl(endpoint: &Endpoint, size: usize) -> anyhow::Result<Row> {
    let mut costs = Vec::new();
    let mut cursor = Some(String::new());
    let mut seen = 0;
    while let Some(from) = cursor {
        let path = format!("/Users?excludedAttributes=groups&count={PAGE}&cursor={from}");
        let (page, cost) = endpoint.send(&Method::GET, &path, "").await?;
        seen += page["Resources"].as_array().map_or(0, Vec::len);
        costs.push(cost);
        cursor = page["nextCursor"].as_str().map(str::to_owned);
    }
    anyhow::ensure!(seen == size, "the crawl saw {seen} of {size} users");
    let mean = Row::of("full crawl by cursor", size, &costs);
    #[expect(clippy::cast_precision_loss, reason = "pages are few")]
    let pages = costs.len() as f64;
    Ok(Row {
        calls: mean.calls * pages,
        round_trips: mean.round_trips * pages,
        read_units: mean.read_units * pages,
        write_units: mean.write_units * pages,
        p50: mean.p50 * pages,
        p99: mean.p99 * pages,
        ..mean
    })
}

/// What is done to a group of `size` members.
pub(crate) async fn members(
    endpoint: &Endpoint,
    group: &ResourceId,
    size: usize,
    repeat: usize,
) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut measured = Measured { endpoint, size, rows: &mut rows };
    seed::users(endpoint, FRESH..FRESH + repeat + MANY).await?;
    let id = |number| seed::id(Kind::User, 4, number).to_string();
    let ids: Vec<_> = (FRESH..FRESH + repeat).map(id).collect();
    let path = format!("/Groups/{group}");
    let operation = |op: Value| json!({"schemas": [PATCH], "Operations": [op]});
    measured
        .each("add one member", &ids, |id| {
            let op = json!({"op": "add", "path": "members", "value": [{"value": id}]});
            (Method::PATCH, path.clone(), operation(op))
        })
        .await?;
    measured
        .each("is one a member", &ids, |id| {
            let filter = escaped(&format!("id eq \"{group}\" and members.value eq \"{id}\""));
            (Method::GET, format!("/Groups?excludedAttributes=members&filter={filter}"), Value::Null)
        })
        .await?;
    measured
        .each("remove one member", &ids, |id| {
            let op = json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")});
            (Method::PATCH, path.clone(), operation(op))
        })
        .await?;
    let without = format!("{path}?excludedAttributes=members");
    let once = &ids[..ids.len().min(1)];
    let many: Vec<_> = (FRESH + repeat..FRESH + repeat + MANY).map(|nth| json!({"value": id(nth)})).collect();
    let op = json!({"op": "add", "path": "members", "value": many});
    measured
        .each("add 1,000 members", once, |_| (Method::PATCH, path.clone(), operation(op.clone())))
        .await?;
    measured.each("group without members", &ids, |_| (Method::GET, without.clone(), Value::Null)).await?;
    // A larger one is refused: its answer would be more than Lambda passes on.
    if size <= 10_000 {
        let few = &ids[..ids.len().min(5)];
        measured.each("group with members", few, |_| (Method::GET, path.clone(), Value::Null)).await?;
    }
    let half: Vec<_> =
        (0..size / 2).map(|number| json!({"value": seed::id(Kind::User, 4, number).as_str()})).collect();
    let body = json!({"schemas": [GROUP], "displayName": "Tour Guides", "members": half});
    measured.each("PUT of half the members", once, |_| (Method::PUT, without.clone(), body.clone())).await?;
    measured.each("delete group", once, |_| (Method::DELETE, path.clone(), Value::Null)).await?;
    Ok(rows)
}

/// The filter that finds the user of a number.
type Filter = fn(usize) -> String;

/// Rows in the making.
struct Measured<'a> {
    endpoint: &'a Endpoint,
    size: usize,
    rows: &'a mut Vec<Row>,
}

impl Measured<'_> {
    fn row(&mut self, operation: &str, costs: &[Cost]) {
        self.rows.push(Row::of(operation, self.size, costs));
    }

    async fn each<T>(
        &mut self,
        operation: &str,
        subjects: &[T],
        request: impl Fn(&T) -> (Method, String, Value),
    ) -> anyhow::Result<()> {
        let mut costs = Vec::with_capacity(subjects.len());
        for subject in subjects {
            let (method, path, body) = request(subject);
            let body = if body.is_null() { String::new() } else { body.to_string() };
            costs.push(self.endpoint.send(&method, &path, &body).await?.1);
        }
        self.row(operation, &costs);
        Ok(())
    }
}

/// A filter as a URL has it.
fn escaped(filter: &str) -> String {
    filter.replace('%', "%25").replace(' ', "%20").replace('"', "%22").replace('[', "%5B").replace(']', "%5D")
}
