//! Drives a target with fixtures.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};
use directory::{Directory, Setting};
use futures::StreamExt;
use http::Method;
use local::{Pack, TABLE, Token, aws, documents};
use serde_json::Value;

use crate::fixture::{self, Fixture, Request, Response};
use crate::pattern::Pattern;
use crate::place::Place;
use crate::server::Server;
use crate::target::{Answer, Target};
use crate::values::Values;
use crate::{report, rules};

/// Sends every step of `fixture` to `target` and checks every answer.
///
/// # Errors
///
/// At the first step that is not answered as it must be; the error is a whole report of it.
pub async fn run(fixture: &Fixture, target: &Target, token: &Token) -> Result<()> {
    let mut values = Values::default();
    values.set("base", target.base_url());
    values.set("token", token.as_str());
    for (index, step) in fixture.steps.iter().enumerate() {
        let context = || format!("{}, step {}", fixture.name, index + 1);
        let sent = Sent::new(&step.request, &values).with_context(context)?;
        let answer = target
            .send(&sent.method, &sent.path, &sent.headers, sent.body.clone())
            .await
            .with_context(context)?;
        let media_type_stated =
            step.response.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type"));
        let mut faults = save(&step.save, &answer, &mut values);
        faults.extend(differences(&step.response, &answer, &values).with_context(context)?);
        faults.extend(rules::broken(&sent.method, &answer, media_type_stated));
        if !faults.is_empty() {
            let request = report::request(sent.method.as_str(), &sent.path, &sent.headers, &sent.body);
            bail!(report::step(fixture, index + 1, &request, &faults, &report::answer(&answer)));
        }
    }
    Ok(())
}

/// Puts into the table at `engine_url` what the fixture needs for this tenant and connector.
///
/// # Errors
///
/// When a file is not there, or the table does not take it.
pub async fn configure(fixture: &Fixture, engine_url: &str, tenant: &str, connector: &str) -> Result<()> {
    configure_in(&Directory::new(aws::dynamodb(engine_url), TABLE), fixture, tenant, connector).await
}

async fn configure_in(directory: &Directory, fixture: &Fixture, tenant: &str, connector: &str) -> Result<()> {
    let settings = fixture.configuration.settings.iter().cloned();
    let mut wanted: Vec<Setting> =
        settings.map(|document| Setting { name: format!("connector#{connector}"), document }).collect();
    let documents = fixture.configuration.documents.clone().into_iter();
    wanted.extend(documents.map(|(name, document)| Setting { name, document }));
    wanted.extend(fixture.configuration.pack.map_or(Ok(Vec::new()), Pack::settings)?);
    for name in &fixture.configuration.resource_types {
        let path = fixture::folder().with_file_name("resource_types").join(name).with_extension("json");
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        wanted.extend(documents::parse(&text).map_err(anyhow::Error::msg)?);
    }
    for setting in wanted {
        directory.configure(tenant, &setting).await?;
    }
    Ok(())
}

/// Drives `server` with every fixture, several at a time and each as a tenant of its own; returns how many there are.
///
/// # Errors
///
/// When a fixture fails; the error is the reports of all that did.
pub async fn replay(server: &Server) -> Result<usize> {
    let fixtures = Fixture::all()?;
    let failures = replay_at(&server.place(), &fixtures).await?;
    if !failures.is_empty() {
        let reports: Vec<_> = failures.into_values().collect();
        bail!("{} of {} fixtures fail:\n\n{}", reports.len(), fixtures.len(), reports.join("\n"));
    }
    Ok(fixtures.len())
}

/// Drives the deployment at `place` with these fixtures likewise; returns the reports of those that fail, by name.
///
/// # Errors
///
/// When there is no deployment.
pub async fn replay_at(place: &Place, fixtures: &[Fixture]) -> Result<BTreeMap<String, String>> {
    const AT_ONCE: usize = 8;
    let target = Target::http(&place.base_url)?;
    let directory = Directory::new(aws::dynamodb(&place.engine_url), place.table.as_str());
    let outcomes: Vec<Result<()>> = futures::stream::iter(fixtures.iter().enumerate())
        .map(async |(index, fixture)| {
            let name = format!("fixture-{index}");
            let token = place.connect(&name).await?;
            configure_in(&directory, fixture, &name, &name).await?;
            run(fixture, &target, &token).await
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let failures = fixtures.iter().zip(outcomes).filter_map(|(fixture, outcome)| {
        outcome.err().map(|report| (fixture.name.clone(), format!("{report:#}")))
    });
    Ok(failures.collect())
}

/// A request with its names replaced and the usual headers in place.
struct Sent {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Sent {
    fn new(request: &Request, values: &Values) -> Result<Self> {
        let body = match (&request.body, &request.text) {
            (Some(json), _) => Some(values.json(json)?.to_string()),
            (None, Some(text)) => Some(values.text(text)?),
            (None, None) => None,
        };
        let mut headers = BTreeMap::from([
            ("authorization".to_owned(), Some("Bearer ${token}")),
            ("accept".to_owned(), Some("application/scim+json")),
        ]);
        if body.is_some() {
            headers.insert("content-type".to_owned(), Some("application/scim+json; charset=utf-8"));
        }
        for (name, value) in &request.headers {
            headers.insert(name.to_lowercase(), value.as_deref());
        }
        let headers = headers
            .into_iter()
            .filter_map(|(name, value)| Some(values.text(value?).map(|value| (name, value))))
            .collect::<Result<_>>()?;
        Ok(Self {
            method: request.method.parse()?,
            path: values.text(&request.path)?,
            headers,
            body: body.unwrap_or_default().into_bytes(),
        })
    }
}

/// Saves what the step asks for, before the answer is compared: its pattern may use it. Returns what is missing.
fn save(wanted: &BTreeMap<String, String>, answer: &Answer, values: &mut Values) -> Vec<String> {
    let json = answer.json().unwrap_or_default();
    let mut missing = Vec::new();
    for (name, pointer) in wanted {
        match json.pointer(pointer) {
            Some(value) => values.set(name, value.clone()),
            None => missing.push(format!("nothing at {pointer} to save as {name}")),
        }
    }
    missing
}

/// How `answer` differs from what the step expects.
///
/// # Errors
///
/// When what it expects is malformed.
fn differences(expected: &Response, answer: &Answer, values: &Values) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    if answer.status.as_u16() != expected.status {
        faults.push(format!("status: expected {}, got {}", expected.status, answer.status.as_u16()));
    }
    for (name, pattern) in &expected.headers {
        let pattern = match pattern {
            Value::Null => Pattern::Absent,
            pattern => Pattern::parse(&values.json(pattern)?)?,
        };
        let got = answer.header(name).map(Value::from);
        faults.extend(pattern.differences(&format!("header {name}"), got.as_ref()));
    }
    let json = answer.json();
    if let Some(pattern) = &expected.body {
        let pattern = Pattern::parse(&values.json(pattern)?)?;
        faults.extend(pattern.differences("", json.as_ref()));
    }
    for pointer in &expected.absent {
        let got = json.as_ref().and_then(|json| json.pointer(pointer));
        faults.extend(Pattern::Absent.differences(pointer, got));
    }
    if expected.empty && !answer.body.is_empty() {
        faults.push("expected no body".to_owned());
    }
    Ok(faults)
}
