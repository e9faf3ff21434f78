//! What holds for every bulk job, whatever refers to what and whatever fails.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use http::StatusCode;
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

use super::{BULK_REQUEST_SCHEMA, Job, Reply, Request, read};
use crate::{
    Error, ErrorKind,
    client::Dialect,
    resource_type::{GROUPS, USERS},
};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const BASE: &str = "https://h/scim/v2";

/// A service that knows resources by what they refer to.
#[derive(Default)]
struct Service {
    resources: BTreeMap<String, BTreeSet<String>>,
    /// Labels of requests that are to fail.
    refused: BTreeSet<String>,
    /// How often each label came.
    seen: HashMap<String, usize>,
    made: usize,
}

impl Service {
    fn take(&mut self, request: &Request) -> Reply {
        *self.seen.entry(request.label()).or_default() += 1;
        if self.refused.contains(&request.label()) {
            return failed(StatusCode::CONFLICT);
        }
        let mut parts = request.path.trim_start_matches('/').split('/');
        let (endpoint, id) = (parts.next().expect("an endpoint"), parts.next());
        assert!(["Users", "Groups"].contains(&endpoint) && parts.next().is_none(), "{}", request.path);
        let refers = ids(request.body.as_ref().unwrap_or(&Value::Null));
        for id in refers.iter().map(String::as_str).chain(id) {
            if !self.resources.contains_key(id) {
                assert!(!id.starts_with("bulkId:"), "an unresolved reference in {request:?}");
                return failed(StatusCode::NOT_FOUND);
            }
        }
        let (status, id) = match (request.method.as_str(), id) {
            ("POST", None) => {
                self.made += 1;
                let id = format!("id-{}", self.made);
                self.resources.insert(id.clone(), refers);
                (StatusCode::CREATED, id)
            }
            ("PATCH", Some(id)) => {
                self.resources.entry(id.to_owned()).or_default().extend(refers);
                (StatusCode::OK, id.to_owned())
            }
            ("DELETE", Some(id)) => {
                self.resources.remove(id);
                (StatusCode::NO_CONTENT, id.to_owned())
            }
            other => panic!("{other:?}"),
        };
        let location = Some(format!("{BASE}/{endpoint}/{id}"));
        Reply { status, location, version: Some(format!("W/\"{}\"", self.made)), error: None }
    }
}

fn failed(status: StatusCode) -> Reply {
    let error = Error::new(ErrorKind::Conflict, "no").to_json();
    Reply { status, location: None, version: None, error: Some(error) }
}

/// The values that a body refers to: members and managers, added by a PATCH or there from the beginning.
fn ids(body: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut left = vec![body];
    while let Some(value) = left.pop() {
        match value {
            Value::Array(items) => left.extend(items),
            Value::Object(fields) => {
                found.extend(fields.get("value").and_then(Value::as_str).map(str::to_owned));
                left.extend(fields.values());
            }
            _ => {}
        }
    }
    found
}

/// One operation: whether it creates a group, a user, or changes what another creates; and whom it refers to.
#[derive(Debug, Clone)]
struct Made {
    kind: u8,
    refers: Vec<usize>,
}

fn made(count: usize) -> impl Strategy<Value = Vec<Made>> {
    vec((0u8..6, vec(0..count, 0..3)).prop_map(|(kind, refers)| Made { kind, refers }), count)
}

/// Whom operation `at` refers to, as bulkIds: of operations that create.
fn creators(made: &[Made], at: usize) -> BTreeSet<usize> {
    let creates = |other: &&usize| made[**other].kind < 5;
    let most = if made[at].kind == 4 { 1 } else { usize::MAX };
    made[at].refers.iter().filter(creates).take(most).copied().collect()
}

fn operation(made: &[Made], at: usize) -> Value {
    let refers: Vec<_> =
        creators(made, at).iter().map(|other| json!({ "value": format!("bulkId:b{other}") })).collect();
    match made[at].kind {
        0..4 => json!({"method": "POST", "path": "/Groups", "bulkId": format!("b{at}"),
            "data": {"displayName": format!("g{at}"), "members": refers}}),
        4 => json!({"method": "POST", "path": "/Users", "bulkId": format!("b{at}"),
            "data": {"userName": format!("u{at}"), ENTERPRISE: {"manager": refers.first()}}}),
        _ => {
            let target = made[at].refers.iter().find(|other| made[**other].kind < 5);
            let path = target.map_or("/Groups/none".to_owned(), |other| format!("/Groups/bulkId:b{other}"));
            json!({"method": "PATCH", "path": path,
                "data": [{"op": "add", "path": "members", "value": refers}]})
        }
    }
}

fn job(made: &[Made], fail_on_errors: u64) -> Job {
    let body = json!({
        "schemas": [BULK_REQUEST_SCHEMA],
        "failOnErrors": fail_on_errors,
        "Operations": (0..made.len()).map(|at| operation(made, at)).collect::<Vec<_>>(),
    });
    let body = body.as_object().cloned().expect("an object");
    read(body, &[Arc::clone(&USERS), Arc::clone(&GROUPS)], BASE, Dialect::default()).expect("a job")
}

/// Runs a job to its end, or stops it after so many rounds; each round is answered from its end.
fn run(job: &mut Job, service: &mut Service, rounds: usize) -> Vec<Value> {
    for round in 0.. {
        if round == rounds {
            job.stop();
        }
        let requests = job.next_requests();
        if requests.is_empty() {
            break;
        }
        for request in requests.iter().rev() {
            let reply = service.take(request);
            job.answer(request, reply);
        }
    }
    job.report().body["Operations"].as_array().cloned().expect("operations")
}

/// The id that the report gives what an operation created.
fn id(report: &[Value], at: usize) -> Option<String> {
    let entry = report.iter().find(|entry| entry["bulkId"] == format!("b{at}"))?;
    Some(entry["location"].as_str()?.rsplit('/').next()?.to_owned())
}

/// Whether one of those that operation `at` refers to, or that these refer to, was made to fail; or it itself.
fn reaches_a_failure(made: &[Made], at: usize, refused: &[usize], additions: &[usize]) -> bool {
    let (mut seen, mut left) = (BTreeSet::from([at]), vec![at]);
    while let Some(next) = left.pop() {
        left.extend(creators(made, next).into_iter().filter(|other| seen.insert(*other)));
    }
    seen.iter().any(|at| refused.contains(at) || additions.contains(at))
}

proptest! {
    #[test]
    fn every_operation_is_done_once_and_every_reference_is_there(made in (1usize..12).prop_flat_map(made)) {
        let (mut job, mut service) = (job(&made, 0), Service::default());
        let report = run(&mut job, &mut service, usize::MAX);
        prop_assert_eq!(report.len(), made.len());
        for at in 0..made.len() {
            let is_lost = made[at].kind == 5 && creators(&made, at).is_empty();
            let status = if is_lost { "404" } else if made[at].kind == 5 { "200" } else { "201" };
            prop_assert_eq!(&report[at]["status"], status, "{}", report[at]);
            prop_assert_eq!(service.seen.remove(&format!("{}", at + 1)), Some(1));
        }
        prop_assert!(service.seen.keys().all(|label| label.ends_with("-add")), "{:?}", service.seen);
        prop_assert!(service.seen.values().all(|count| *count == 1));
        let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for at in 0..made.len() {
            let refers = creators(&made, at).into_iter().filter_map(|other| id(&report, other));
            let location = report[at]["location"].as_str().and_then(|url| url.rsplit('/').next());
            wanted.entry(location.expect("a location").to_owned()).or_default().extend(refers);
        }
        wanted.remove("none");
        prop_assert_eq!(service.resources, wanted);
    }

    #[test]
    fn what_fails_takes_with_it_what_refers_to_it_and_nothing_else(
        made in (1usize..12).prop_flat_map(made),
        refused in vec(0usize..12, 0..4),
        additions in vec(0usize..12, 0..2),
    ) {
        let (mut job, mut service) = (job(&made, 0), Service::default());
        service.refused = refused.iter().map(|at| format!("{}", at + 1)).collect();
        service.refused.extend(additions.iter().map(|at| format!("{}-add", at + 1)));
        let report = run(&mut job, &mut service, usize::MAX);
        prop_assert_eq!(report.len(), made.len());
        let is_done = |at: usize| report[at].get("response").is_none();
        for at in 0..made.len() {
            let count = service.seen.get(&format!("{}", at + 1)).copied().unwrap_or_default();
            prop_assert!(count <= 1, "operation {} was done {} times", at + 1, count);
            let is_refused = refused.contains(&at);
            prop_assert!(!(is_refused && is_done(at)), "{}", report[at]);
            let is_blamed = is_refused
                || service.seen.contains_key(&format!("{}-undo", at + 1))
                || (made[at].kind == 5 && creators(&made, at).is_empty());
            let lacks = creators(&made, at).into_iter().any(|other| !is_done(other));
            if service.seen.contains_key(&format!("{}-undo", at + 1)) {
                prop_assert!(reaches_a_failure(&made, at, &refused, &additions), "{}", report[at]);
            }
            prop_assert_eq!(is_done(at), !is_blamed && !lacks, "{} {}", at, report[at]);
            if !is_done(at) && made[at].kind < 5 {
                prop_assert_eq!(report[at].get("location"), None);
            }
        }
        // Nothing is left of what failed, and what succeeded refers to all it was to refer to.
        let done = (0..made.len()).filter(|at| made[*at].kind < 5 && is_done(*at));
        let ids: BTreeMap<_, _> = done.filter_map(|at| Some((id(&report, at)?, at))).collect();
        prop_assert_eq!(service.resources.keys().collect::<Vec<_>>(), ids.keys().collect::<Vec<_>>());
        for (own, at) in ids {
            for other in creators(&made, at) {
                prop_assert!(service.resources[&own].contains(&id(&report, other).expect("done")));
            }
        }
    }

    #[test]
    fn a_job_that_is_stopped_reports_every_operation_and_leaves_no_half_circle(
        made in (1usize..12).prop_flat_map(made),
        rounds in 0usize..12,
    ) {
        let (mut job, mut service) = (job(&made, 0), Service::default());
        let report = run(&mut job, &mut service, rounds);
        prop_assert_eq!(report.len(), made.len());
        let mut left = BTreeSet::new();
        for at in 0..made.len() {
            let is_done = report[at].get("response").is_none();
            if is_done {
                left.extend(id(&report, at));
                for other in creators(&made, at) {
                    prop_assert!(report[other].get("response").is_none());
                }
            } else if report[at]["status"] != "404" {
                prop_assert_eq!(&report[at]["status"], "503", "{}", report[at]);
            }
        }
        prop_assert_eq!(service.resources.keys().cloned().collect::<BTreeSet<_>>(), left);
    }

    #[test]
    fn a_limit_of_errors_ends_the_job(
        made in (1usize..12).prop_flat_map(made),
        refused in vec(0usize..12, 0..6),
        limit in 1u64..4,
    ) {
        let (mut job, mut service) = (job(&made, limit), Service::default());
        service.refused = refused.iter().map(|at| format!("{}", at + 1)).collect();
        let report = run(&mut job, &mut service, usize::MAX);
        let errors = report.iter().filter(|entry| entry.get("response").is_some()).count();
        if (errors as u64) < limit {
            prop_assert_eq!(report.len(), made.len());
        }
        let tried = service.seen.keys().filter(|label| !label.contains('-')).count();
        prop_assert!(tried <= report.len());
        prop_assert!(report.iter().all(|entry| entry["status"] != "503"));
    }
}

#[test]
fn only_so_many_requests_are_made_at_once() {
    let alone = vec![Made { kind: 4, refers: Vec::new() }; 40];
    let (mut job, mut service) = (job(&alone, 0), Service::default());
    let mut rounds = Vec::new();
    loop {
        let requests = job.next_requests();
        if requests.is_empty() {
            break;
        }
        rounds.push(requests.len());
        for request in &requests {
            let reply = service.take(request);
            job.answer(request, reply);
        }
    }
    assert_eq!(rounds, [16, 16, 8]);
}

#[test]
fn requests_that_are_made_at_once_cannot_get_in_each_others_way() {
    let user = |name: &str, id: &str| json!({"method": "POST", "path": "/Users", "bulkId": id, "data": {"userName": name}});
    let group = json!({"method": "POST", "path": "/Groups", "bulkId": "g",
        "data": {"displayName": "G", "members": [{"value": "bulkId:1"}]}});
    let delete = json!({"method": "DELETE", "path": "/Users/x"});
    let rounds = |fail_on_errors: u64| {
        let operations = [
            user("a", "1"),
            user("b", "2"),
            user("A", "3"),
            group.clone(),
            delete.clone(),
            user("c", "4"),
            user("d", "5"),
        ];
        let body = json!({"schemas": [BULK_REQUEST_SCHEMA], "failOnErrors": fail_on_errors, "Operations": operations});
        let types = [Arc::clone(&USERS), Arc::clone(&GROUPS)];
        let mut job = read(body.as_object().cloned().expect("an object"), &types, BASE, Dialect::default())
            .expect("a job");
        let mut service =
            Service { resources: BTreeMap::from([("x".to_owned(), BTreeSet::new())]), ..Service::default() };
        let mut rounds = Vec::new();
        loop {
            let requests = job.next_requests();
            if requests.is_empty() {
                return rounds;
            }
            rounds.push(requests.iter().map(Request::label).collect::<Vec<_>>().join(" "));
            for request in &requests {
                let reply = service.take(request);
                job.answer(request, reply);
            }
        }
    };
    assert_eq!(rounds(0), ["1 2", "3 4", "5", "6 7"]);
    assert_eq!(rounds(1), ["1", "2", "3", "4", "5", "6", "7"]);
}
