//! Metrics: what the lines of a run say, and that alarms and dashboard ask for nothing else.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use axum::Router;
use axum::extract::Request;
use connector::Connectors;
use directory::Directory;
use endpoint::{Config, Metrics, Service};
use faults::{Wire, cancelled, refused};
use http::Method;
use lambda_http::Context;
use local::{Options, PREFIX, Stack, TABLE, Token, aws};
use regex::Regex;
use serde_json::{Value, json};
use tests::Target;
use tests::requirements::root;
use time::{Duration, format_description::well_known::Rfc3339};
use tower::ServiceExt;
use worker::clock;

use crate::client::set_tokens;
use crate::endpoint::USER;
use crate::{logged, sandbox};

/// The trace that every request is a part of.
pub(crate) const TRACE: &str = "1-5759e988-bd862e3fe1be46a994272793";

thread_local! {
    /// The lines that this thread writes: all of a test, which has a thread of its own.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// The endpoint as Lambda runs it, with metrics.
struct Measured {
    wire: Wire,
    target: Target,
    token: Token,
}

impl Measured {
    fn new(stack: &Stack) -> Self {
        let token = Token::generate("okta").unwrap();
        let end = (clock::now() + Duration::days(20)).format(&Rfc3339).unwrap();
        set_tokens(stack, "acme", "okta", &[("t1", &token, Some(&end))]);
        let (client, wire) = sandbox::client(stack.stand_ins.engine.url());
        let base_path = Options::default().base_path;
        let service = Service::measured(
            Config::new(TABLE, PREFIX).with_base_path(&base_path),
            Directory::new(client, TABLE),
            Connectors::new(aws::secrets(stack.stand_ins.secrets.url()), PREFIX),
            Some(Metrics::new("scim", "users", |line| {
                LINES.with_borrow_mut(|lines| lines.push(line.to_owned()));
            })),
        );
        let function = endpoint::front(endpoint::all(&service), &service);
        let router = Router::new().fallback(async move |mut request: Request| {
            let mut context = Context::default();
            context.request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef".to_owned();
            context.xray_trace_id = Some(format!("Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1"));
            request.extensions_mut().insert(context);
            function.clone().oneshot(request).await
        });
        Self { wire, target: Target::in_process(router, &base_path), token }
    }

    async fn send(&self, method: Method, path: &str, body: Value, expected: u16) {
        self.send_as(self.token.as_str(), method, path, body, expected).await;
    }

    async fn send_as(&self, token: &str, method: Method, path: &str, body: Value, expected: u16) {
        let headers = [("authorization".to_owned(), format!("Bearer {token}"))];
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = self.target.send(&method, path, &headers, body).await.unwrap();
        assert_eq!(answer.status.as_u16(), expected, "{method} {path}: {:?}", answer.json());
    }
}

/// Requests that meet all that is measured; returns the lines.
pub(crate) async fn run() -> Vec<Value> {
    LINES.take();
    let stack = Stack::start(&Options::default()).await.unwrap();
    let measured = Measured::new(&stack);
    let user = |name: &str| json!({"schemas": [USER], "userName": name});
    measured.wire.fail("TransactWriteItems", 2, &cancelled(&["TransactionConflict"]));
    measured.wire.fail("TransactWriteItems", 1, &cancelled(&["ThrottlingError"]));
    measured.send(Method::POST, "/Users", user("bjensen"), 201).await;
    measured.send(Method::POST, "/Users", user("bjensen"), 409).await;
    measured.send(Method::GET, "/Users?filter=userName%20eq%20%22bjensen%22", Value::Null, 200).await;
    measured.send(Method::GET, "/Users?filter=title", Value::Null, 400).await;
    measured.wire.fail("TransactWriteItems", 1, &refused("AccessDeniedException"));
    measured.send(Method::POST, "/Users", user("jsmith"), 503).await;
    let stranger = Token::generate("okta").unwrap();
    measured.send_as(stranger.as_str(), Method::GET, "/Users", Value::Null, 401).await;
    assert_eq!(measured.wire.faults_left(), 0, "every fault was met");
    let lines = LINES.take();
    assert!(lines.iter().all(|line| line.ends_with('\n') && line.lines().count() == 1), "{lines:?}");
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A metric: its name, and the dimensions that it is kept by with their values.
type Metric = (String, BTreeMap<String, String>);

/// The metrics that `CloudWatch` makes of a line, each with its unit and its value.
fn metrics(line: &Value) -> Vec<(Metric, String, f64)> {
    let mut metrics = Vec::new();
    assert!(line["_aws"]["Timestamp"].as_u64() > Some(1_700_000_000_000), "milliseconds: {line}");
    for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
        assert_eq!(directive["Namespace"], "scim-lambda");
        for dimensions in directive["Dimensions"].as_array().unwrap() {
            let names = dimensions.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
            let dimensions: BTreeMap<_, _> =
                names.map(|name| (name.to_owned(), line[name].as_str().unwrap().to_owned())).collect();
            for metric in directive["Metrics"].as_array().unwrap() {
                // The format's default is none.
                let (name, unit) =
                    (metric["Name"].as_str().unwrap(), metric["Unit"].as_str().unwrap_or("None"));
                let value = line[name].as_f64().unwrap_or_else(|| panic!("{name} in {line}"));
                metrics.push(((name.to_owned(), dimensions.clone()), unit.to_owned(), value));
            }
        }
    }
    metrics
}

/// The values of a metric in the lines, as they came.
fn values(lines: &[Value], name: &str) -> Vec<f64> {
    lines.iter().filter_map(|line| line[name].as_f64()).collect()
}

#[tokio::test]
async fn a_request_is_measured_by_what_happened_to_it() {
    let lines = run().await;
    assert_eq!(lines.len(), 6);
    assert_eq!(values(&lines, "Requests"), [1.0; 6]);
    assert_eq!(values(&lines, "Errors"), [1.0; 4]);
    assert_eq!(values(&lines, "AuthenticationFailures"), [1.0]);
    assert_eq!(values(&lines, "ConflictsRetried"), [2.0]);
    assert_eq!(values(&lines, "ThrottlesRetried"), [1.0]);
    assert_eq!(values(&lines, "TokenDaysLeft"), [19.0; 5], "of who is known");
    assert!(
        values(&lines, "DurationMilliseconds").iter().all(|it| (0.01..30_000.0).contains(it)),
        "{lines:?}"
    );
    let written = values(&lines, "WriteUnits");
    assert!(written[0] > 0.0 && written[2] == 0.0, "{written:?}");
    assert!(values(&lines, "ReadUnits")[2] > 0.0, "{lines:?}");
    let classes: Vec<_> = lines.iter().map(|line| line["StatusClass"].as_str().unwrap_or("-")).collect();
    assert_eq!(classes, ["-", "4xx", "-", "4xx", "5xx", "4xx"]);
    let types: Vec<_> = lines.iter().map(|line| line["ScimType"].as_str().unwrap_or("-")).collect();
    assert_eq!(types, ["-", "uniqueness", "-", "invalidFilter", "-", "-"]);
}

#[tokio::test]
async fn a_line_of_the_log_names_trace_token_and_cold_start() {
    logged::keep();
    logged::take();
    run().await;
    let log = logged::take();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["fields"].take());
    let lines: Vec<_> = lines.filter(|line| line["message"] == "request").collect();
    let all = |name: &str| lines.iter().map(|line| line[name].clone()).collect::<Vec<_>>();
    assert_eq!(all("cold_start"), [true, false, false, false, false, false].map(Value::from));
    assert_eq!(all("trace.id"), [TRACE; 6].map(Value::from));
    assert_eq!(all("token.days_left")[..5], [19; 5].map(Value::from));
    assert_eq!(lines[0]["table.conflicts"], 2);
    assert_eq!(lines[0]["table.throttles"], 1);
    assert_eq!(lines[0]["table.retries"], 3);
    assert!(!log.contains("bjensen") && !log.contains("53995c3f42cd8ad8"), "{log}");
}

/// What stands for a value of a template in the lines of [`run()`]: there is one function in it.
fn value(text: &str) -> String {
    const FUNCTIONS: [&str; 6] = ["Users", "Groups", "Bulk", "Resources", "Discovery", "Health"];
    match text.trim_start_matches("!Ref ").trim_matches(['$', '{', '}']) {
        "StackName" => "scim".to_owned(),
        name if FUNCTIONS.contains(&name) => "users".to_owned(),
        literal => literal.to_owned(),
    }
}

/// The metrics that alarms watch, with the unit where one is named.
fn watched(template: &str) -> Vec<(Metric, Option<String>)> {
    let property = |block: &str, name: &str| {
        let mut lines = block.lines().map(str::trim);
        lines.find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned()))
    };
    let dimension = Regex::new(r"\{Name: (\w+), Value: ([^}]+)\}").unwrap();
    let blocks = template.split("\n\n").filter(|block| block.contains("Namespace: scim-lambda"));
    let watched = blocks.map(|block| {
        let dimensions = property(block, "Dimensions").unwrap();
        let dimensions = dimension.captures_iter(&dimensions).map(|it| (it[1].to_owned(), value(&it[2])));
        ((property(block, "MetricName").unwrap(), dimensions.collect()), property(block, "Unit"))
    });
    watched.collect()
}

/// The metrics that the dashboard shows, one by one.
fn shown(template: &str) -> Vec<Metric> {
    let metric = Regex::new(r#"\["scim-lambda", [^\]]*\]"#).unwrap();
    let shown = metric.find_iter(template).map(|found| {
        let parts: Vec<Value> = serde_json::from_str(found.as_str()).unwrap();
        let texts: Vec<_> = parts[1..].iter().filter_map(Value::as_str).collect();
        let dimensions = texts[1..].chunks_exact(2).map(|pair| (pair[0].to_owned(), value(pair[1])));
        (texts[0].to_owned(), dimensions.collect())
    });
    shown.collect()
}

#[tokio::test]
async fn alarms_and_dashboard_ask_for_metrics_that_are_there() {
    let lines = run().await;
    let there: BTreeMap<Metric, String> =
        lines.iter().flat_map(metrics).map(|(metric, unit, _)| (metric, unit)).collect();
    let read = |name: &str| fs::read_to_string(root().join("infra").join(name)).unwrap();

    let watched = watched(&read("alarms.yaml"));
    assert_eq!(watched.len(), 6, "{watched:#?}");
    for (metric, unit) in watched {
        let found = there.get(&metric).unwrap_or_else(|| panic!("an alarm on {metric:?}, of {there:#?}"));
        assert!(unit.is_none_or(|unit| unit == *found), "{metric:?} is in {found}");
    }

    let dashboard = read("dashboard.yaml");
    let shown = shown(&dashboard);
    assert!(shown.len() >= 12, "{shown:#?}");
    for metric in shown {
        assert!(there.contains_key(&metric), "the dashboard shows {metric:?}, of {there:#?}");
    }
    let search = Regex::new(r"\{scim-lambda,([\w,]+)\} MetricName=\W+(\w+)\W").unwrap();
    let searches: Vec<_> = search.captures_iter(&dashboard).collect();
    assert_eq!(searches.len(), 1);
    for search in searches {
        let by: BTreeSet<_> = search[1].split(',').collect();
        let is_there = |(name, dimensions): &Metric| {
            *name == search[2] && dimensions.keys().map(String::as_str).collect::<BTreeSet<_>>() == by
        };
        assert!(there.keys().any(is_there), "the dashboard searches for {search:?}, in {there:#?}");
    }

    let runbook = read("docs/runbook.md");
    for (name, _) in there.keys() {
        assert!(runbook.contains(&format!("| `{name}`")), "{name} is not in the runbook");
    }
}
