//! A bulk job under way: which requests come next, and what becomes of their answers.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use http::{Method, StatusCode};
use serde_json::Value;

use super::{
    circle::Circle,
    claims,
    operation::{Operation, Single},
    order, reference,
    report::{self, Outcome, Report},
};
use crate::{Error, ErrorKind, client::Dialect, value::quoted};

/// The most requests that are given out together: so often a job can be stopped.
pub(super) const MOST_AT_ONCE: usize = 16;

/// A bulk job.
#[derive(Debug)]
pub struct Job {
    pub(super) operations: Vec<Operation>,
    /// Which operation creates what a `bulkId` names.
    creators: HashMap<String, usize>,
    /// The operations that each refers to.
    refers: Vec<BTreeSet<usize>>,
    /// What is left to do, in order.
    steps: VecDeque<Vec<usize>>,
    /// The operations under way that refer to each other.
    pub(super) circle: Option<Circle>,
    /// Whether a request was made for the operation.
    begun: Vec<bool>,
    /// The id of what each has created.
    pub(super) ids: Vec<Option<String>>,
    outcomes: Vec<Option<Outcome>>,
    errors: usize,
    fail_on_errors: Option<usize>,
    pub(super) is_stopped: bool,
    base: String,
    pub(super) dialect: Dialect,
}

/// A request to make, below the base URL.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path, as in `/Users/2819c223-7f76-453a-919d-413861904646`.
    pub path: String,
    /// The entity tag that the resource must have (`If-Match`).
    pub version: Option<String>,
    /// The body.
    pub body: Option<Value>,
    pub(super) operation: usize,
    pub(super) purpose: Purpose,
}

/// What a request is to an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The operation itself.
    Perform,
    /// The references that were not there when the resource was created.
    Add,
    /// The end of what was created.
    Undo,
}

impl Request {
    /// A name that no other request of the job has.
    #[must_use]
    pub fn label(&self) -> String {
        let purpose = match self.purpose {
            Purpose::Perform => "",
            Purpose::Add => "-add",
            Purpose::Undo => "-undo",
        };
        format!("{}{purpose}", self.operation + 1)
    }
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The `Location` header.
    pub location: Option<String>,
    /// The `ETag` header.
    pub version: Option<String>,
    /// The error message, when the status is not one of success.
    pub error: Option<Value>,
}

impl Job {
    pub(super) fn new(
        mut operations: Vec<Operation>,
        fail_on_errors: Option<usize>,
        base: &str,
        dialect: Dialect,
    ) -> Self {
        let creators = creators(&mut operations);
        let refers: Vec<_> =
            operations.iter_mut().map(|operation| references(operation, &creators)).collect();
        let steps = order::steps(&waits(&operations, &refers)).into();
        let count = operations.len();
        Self {
            operations,
            creators,
            refers,
            steps,
            circle: None,
            begun: vec![false; count],
            ids: vec![None; count],
            outcomes: vec![None; count],
            errors: 0,
            fail_on_errors,
            is_stopped: false,
            base: base.to_owned(),
            dialect,
        }
    }

    /// The requests to make next, none when the job is over. They may be made at once, in any order; each must be
    /// answered before more are asked for.
    pub fn next_requests(&mut self) -> Vec<Request> {
        loop {
            let requests = match self.circle.take() {
                Some(circle) => self.go_round(circle),
                None if self.is_over() || self.steps.is_empty() => return Vec::new(),
                None => self.advance(),
            };
            for request in &requests {
                self.begun[request.operation] = true;
            }
            if !requests.is_empty() {
                return requests;
            }
        }
    }

    /// Takes the answer to a request.
    pub fn answer(&mut self, request: &Request, reply: Reply) {
        let operation = request.operation;
        if request.purpose == Purpose::Perform && request.method == Method::POST && reply.is_success() {
            let id = reply.location.as_deref().and_then(|location| location.rsplit('/').next());
            self.ids[operation] = id.map(str::to_owned);
        }
        if let Some(circle) = &mut self.circle {
            if let Some(outcome) = circle.answer(request, reply) {
                self.settle(operation, outcome);
            }
        } else {
            let location = if request.method == Method::POST {
                reply.location.clone()
            } else {
                self.location(operation)
            };
            self.settle(operation, reply.outcome(location));
        }
    }

    /// Begins no further operation: time is up. Requests that undo what cannot be completed are still to be made.
    pub fn stop(&mut self) {
        self.is_stopped = true;
    }

    /// The end: what became of each operation, in the order of the request. Those that were not attempted because
    /// of `failOnErrors` are left out, those for which there was no time are not.
    #[must_use]
    pub fn report(&self) -> Report {
        let outcome = |at: usize| {
            let late = |detail: &str| {
                Some(Outcome::failed(&Error::new(ErrorKind::Unavailable, detail), self.location(at)))
            };
            match &self.outcomes[at] {
                Some(outcome) => Some(outcome.clone()),
                None if self.begun[at] => late(
                    "The time for one job ended while the operation was under way: it may have been done, so read \
                     before it is sent again",
                ),
                None if self.is_limit_reached() => None,
                None => late("The time for one job ended before the operation began: send it again"),
            }
        };
        report::report(self.operations.iter().enumerate().map(|(at, operation)| (operation, outcome(at))))
    }

    /// The next step, with those after it that cannot get in its way.
    fn advance(&mut self) -> Vec<Request> {
        let mut requests = Vec::new();
        let mut claimed = HashSet::new();
        while let Some(step) = self.steps.front() {
            let operation = step[0];
            if step.len() > 1 || self.refers[operation].contains(&operation) {
                if requests.is_empty() {
                    self.circle = self.steps.pop_front().map(Circle::new);
                }
                break;
            }
            let claims = self.claims(operation);
            let joins = |claims: &HashSet<String>| {
                claims.is_disjoint(&claimed)
                    && self.refers[operation].iter().all(|other| self.outcomes[*other].is_some())
            };
            let is_full = requests.len() == MOST_AT_ONCE;
            if is_full || (!requests.is_empty() && !claims.as_ref().is_some_and(joins)) {
                break;
            }
            self.steps.pop_front();
            match self.request(operation) {
                Ok(request) => requests.push(request),
                Err(error) => self.fail(operation, &error),
            }
            match claims {
                Some(claims) => claimed.extend(claims),
                None => break,
            }
        }
        requests
    }

    /// What a new resource lays claim to; `None` for an operation that is to be alone, as all are when the first
    /// error may be the last.
    pub(super) fn claims(&self, operation: usize) -> Option<HashSet<String>> {
        let single = self.operations[operation].single.as_ref().ok()?;
        let creates = single.method == Method::POST && self.fail_on_errors.is_none();
        let resource = single.data.as_object().filter(|_| creates)?;
        Some(claims::of(&single.resource_type, resource))
    }

    /// The request that an operation stands for.
    fn request(&self, operation: usize) -> Result<Request, Error> {
        self.check_references(operation, &[])?;
        let Single { method, resource_type, version, data, .. } = self.single(operation)?;
        let mut data = data.clone();
        reference::resolve(&mut data, *method == Method::PATCH, &|name| self.id_of(name));
        let path = match self.target(operation) {
            Some(id) => format!("{}/{id}", resource_type.endpoint),
            None => resource_type.endpoint.clone(),
        };
        Ok(Request {
            method: method.clone(),
            path,
            version: version.clone().filter(|_| *method != Method::POST),
            body: Some(data).filter(|data| !data.is_null()),
            operation,
            purpose: Purpose::Perform,
        })
    }

    pub(super) fn single(&self, operation: usize) -> Result<&Single, Error> {
        self.operations[operation].single.as_ref().map_err(Clone::clone)
    }

    /// Refuses an operation that refers to one that failed; `except` are not there yet, and need not be.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`]
    pub(super) fn check_references(&self, operation: usize, except: &[usize]) -> Result<(), Error> {
        let lacking = self.refers[operation]
            .iter()
            .find(|other| self.ids[**other].is_none() && !except.contains(other));
        match lacking {
            None => Ok(()),
            Some(other) => {
                let detail = format!(
                    "The operation refers to bulkId {}, whose operation failed: nothing was done",
                    self.name_of(*other)
                );
                Err(Error::new(ErrorKind::Conflict, detail))
            }
        }
    }

    /// The `bulkId` of an operation, as an error may repeat it.
    pub(super) fn name_of(&self, operation: usize) -> String {
        quoted(self.operations[operation].bulk_id.as_deref().unwrap_or_default())
    }

    /// Which operation creates what a `bulkId` names.
    pub(super) fn creator(&self, name: &str) -> Option<usize> {
        self.creators.get(name).copied()
    }

    /// The id of what a `bulkId` names, once it is created.
    pub(super) fn id_of(&self, name: &str) -> Option<&str> {
        self.ids[self.creator(name)?].as_deref()
    }

    /// The last part of the path, resolved where that is possible.
    fn target(&self, operation: usize) -> Option<&str> {
        let id = self.operations[operation].single.as_ref().ok()?.id.as_deref()?;
        reference::parse(id).and_then(|(_, name)| self.id_of(name)).or(Some(id))
    }

    /// The URL of the resource that an operation is about, unless that is a new one.
    fn location(&self, operation: usize) -> Option<String> {
        let single = self.operations[operation].single.as_ref().ok()?;
        let id = self.target(operation)?;
        Some(format!("{}{}/{id}", self.base, single.resource_type.endpoint))
    }

    pub(super) fn fail(&mut self, operation: usize, error: &Error) {
        self.settle(operation, Outcome::failed(error, self.location(operation)));
    }

    pub(super) fn settle(&mut self, operation: usize, outcome: Outcome) {
        self.errors += usize::from(outcome.is_error());
        self.outcomes[operation] = Some(outcome);
    }

    /// Whether no further operation begins.
    pub(super) fn is_over(&self) -> bool {
        self.is_stopped || self.is_limit_reached()
    }

    fn is_limit_reached(&self) -> bool {
        self.fail_on_errors.is_some_and(|limit| self.errors >= limit)
    }
}

impl Reply {
    pub(super) fn is_success(&self) -> bool {
        self.status.is_success()
    }

    pub(super) fn outcome(self, location: Option<String>) -> Outcome {
        Outcome { status: self.status, location, version: self.version, error: self.error }
    }
}

/// Which operation creates what a `bulkId` names. Those that share one fail, lest a reference be to the wrong one.
fn creators(operations: &mut [Operation]) -> HashMap<String, usize> {
    let mut named: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, operation) in operations.iter().enumerate() {
        if let Some(name) = operation.creates() {
            named.entry(name.to_owned()).or_default().push(at);
        }
    }
    let mut creators = HashMap::with_capacity(named.len());
    for (name, at) in named {
        if let [first, second, ..] = at[..] {
            let detail = format!(
                "bulkId {} is that of operations {} and {}: it must be unique in the job",
                quoted(&name),
                first + 1,
                second + 1
            );
            for at in &at {
                let error = Error::new(ErrorKind::InvalidValue, detail.clone()).at("bulkId");
                operations[*at].single = Err(error);
            }
        }
        creators.extend(at.first().map(|first| (name, *first)));
    }
    creators
}

/// The operations that one refers to. One that refers to none there is fails.
fn references(operation: &mut Operation, creators: &HashMap<String, usize>) -> BTreeSet<usize> {
    let Ok(single) = &operation.single else { return BTreeSet::new() };
    let mut names = reference::find(&single.data, single.method == Method::PATCH);
    names.extend(single.id.as_deref().and_then(reference::parse).map(|(_, name)| name.to_owned()));
    if let Some(unknown) = names.iter().find(|name| !creators.contains_key(*name)) {
        let detail = format!("bulkId {} is that of no POST operation of this job", quoted(unknown));
        operation.single = Err(Error::new(ErrorKind::InvalidValue, detail));
        return BTreeSet::new();
    }
    names.iter().filter_map(|name| creators.get(name).copied()).collect()
}

/// Whom each operation has to wait for: those it refers to, and the one before it on the same resource.
fn waits(operations: &[Operation], refers: &[BTreeSet<usize>]) -> Vec<Vec<usize>> {
    let mut last: HashMap<(&str, &str), usize> = HashMap::new();
    let mut waits: Vec<Vec<usize>> = refers.iter().map(|refers| refers.iter().copied().collect()).collect();
    for (at, operation) in operations.iter().enumerate() {
        if let Ok(single) = &operation.single
            && let Some(id) = &single.id
        {
            waits[at].extend(last.insert((&single.resource_type.endpoint, id), at));
        }
    }
    waits
}
