//! Operations that refer to each other in a circle (RFC 7644 §3.7.1): each is created without the references that
//! do not exist yet, these are added when all are there, and when one fails the others are undone.

use std::collections::{HashMap, HashSet, VecDeque};

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    defer::defer,
    job::{Job, MOST_AT_ONCE, Purpose, Reply, Request},
    reference,
    report::Outcome,
};
use crate::{Error, ErrorKind, patch::PATCH_SCHEMA};

/// Such operations, under way.
#[derive(Debug)]
pub(super) struct Circle {
    /// In the order of the request.
    members: Vec<usize>,
    /// How many of the members have been begun.
    begun: usize,
    /// The members that are there, in order, each with its latest answer.
    created: Vec<(usize, Reply)>,
    /// The operations of the PATCH by which each gets the references it lacks.
    additions: VecDeque<(usize, Vec<Value>)>,
    /// The first member that failed.
    failed: Option<usize>,
    /// Why additions failed.
    faults: HashMap<usize, Reply>,
    is_undoing: bool,
    /// The members that are there no more.
    undone: HashSet<usize>,
}

impl Circle {
    pub(super) fn new(members: Vec<usize>) -> Self {
        Self {
            members,
            begun: 0,
            created: Vec::new(),
            additions: VecDeque::new(),
            failed: None,
            faults: HashMap::new(),
            is_undoing: false,
            undone: HashSet::new(),
        }
    }

    /// Takes an answer; the outcome of the operation where it is the last word.
    pub(super) fn answer(&mut self, request: &Request, reply: Reply) -> Option<Outcome> {
        let operation = request.operation;
        match (request.purpose, reply.is_success()) {
            (Purpose::Perform, true) => self.created.push((operation, reply)),
            (Purpose::Perform, false) => {
                self.failed.get_or_insert(operation);
                return Some(reply.outcome(None));
            }
            (Purpose::Add, true) => {
                let created = self.created.iter_mut().find(|(created, _)| *created == operation);
                if let Some((_, created)) = created {
                    created.version = reply.version.or(created.version.take());
                }
            }
            (Purpose::Add, false) => {
                self.failed.get_or_insert(operation);
                self.faults.insert(operation, reply);
            }
            (Purpose::Undo, is_success) => {
                if is_success || reply.status == StatusCode::NOT_FOUND {
                    self.undone.insert(operation);
                }
            }
        }
        None
    }
}

impl Job {
    /// What comes next for the operations of a circle, all earlier requests being answered.
    pub(super) fn go_round(&mut self, mut circle: Circle) -> Vec<Request> {
        if circle.is_undoing {
            self.bury(circle);
            return Vec::new();
        }
        let is_created = circle.begun == circle.members.len();
        let requests = if circle.failed.is_some() {
            self.undo(&mut circle)
        } else if is_created && circle.additions.is_empty() {
            for (member, reply) in circle.created {
                let location = reply.location.clone();
                self.settle(member, reply.outcome(location));
            }
            return Vec::new();
        } else if self.is_stopped {
            self.undo(&mut circle)
        } else if is_created {
            let count = circle.additions.len().min(MOST_AT_ONCE);
            let additions = circle.additions.drain(..count);
            additions.filter_map(|(member, operations)| self.addition(member, operations)).collect()
        } else {
            self.creations(&mut circle)
        };
        self.circle = Some(circle);
        requests
    }

    /// The requests that create the next members, as many as cannot get in each other's way.
    fn creations(&mut self, circle: &mut Circle) -> Vec<Request> {
        let mut requests = Vec::new();
        let mut claimed = HashSet::new();
        while let Some(member) = circle.members.get(circle.begun).copied() {
            let claims = self.claims(member);
            let joins = claims.as_ref().is_some_and(|claims| claims.is_disjoint(&claimed));
            if requests.len() == MOST_AT_ONCE || !(requests.is_empty() || joins) {
                break;
            }
            circle.begun += 1;
            match self.creation(member, circle) {
                Ok(request) => requests.push(request),
                Err(error) => {
                    self.fail(member, &error);
                    circle.failed.get_or_insert(member);
                    break;
                }
            }
            claimed.extend(claims.unwrap_or_default());
        }
        requests
    }

    /// The request that creates a member, without what is not there yet.
    fn creation(&self, member: usize, circle: &mut Circle) -> Result<Request, Error> {
        self.check_references(member, &circle.members)?;
        let single = self.single(member)?;
        let is_later = |name: &str| {
            self.id_of(name).is_none()
                && self.creator(name).is_some_and(|other| circle.members.contains(&other))
        };
        let whole = single.data.as_object().cloned().unwrap_or_default();
        let (now, later) = defer(&single.resource_type, whole, self.dialect, &is_later);
        if !later.is_empty() {
            circle.additions.push_back((member, later));
        }
        let mut body = Value::Object(now);
        reference::resolve(&mut body, false, &|name| self.id_of(name));
        Ok(Request {
            method: Method::POST,
            path: single.resource_type.endpoint.clone(),
            version: None,
            body: Some(body),
            operation: member,
            purpose: Purpose::Perform,
        })
    }

    /// The request that adds what was not there when the member was created.
    fn addition(&self, member: usize, operations: Vec<Value>) -> Option<Request> {
        let mut body = json!({ "schemas": [PATCH_SCHEMA], "Operations": operations });
        reference::resolve(&mut body, true, &|name| self.id_of(name));
        self.follow_up(member, Method::PATCH, Some(body), Purpose::Add)
    }

    /// A request about what a member has created.
    fn follow_up(
        &self,
        member: usize,
        method: Method,
        body: Option<Value>,
        purpose: Purpose,
    ) -> Option<Request> {
        let single = self.single(member).ok()?;
        let path = format!("{}/{}", single.resource_type.endpoint, self.ids[member].as_deref()?);
        Some(Request { method, path, version: None, body, operation: member, purpose })
    }

    /// The requests that delete what was created, whatever its version: only this job knows of it. Members that
    /// were not begun fail.
    fn undo(&mut self, circle: &mut Circle) -> Vec<Request> {
        circle.is_undoing = true;
        for member in &circle.members[circle.begun..] {
            if !self.is_over() {
                self.fail(*member, &self.end_of(circle, "nothing was done"));
            }
        }
        circle
            .created
            .iter()
            .rev()
            .filter_map(|(member, _)| self.follow_up(*member, Method::DELETE, None, Purpose::Undo))
            .collect()
    }

    /// Reports the members that were undone.
    fn bury(&mut self, mut circle: Circle) {
        for (member, created) in std::mem::take(&mut circle.created) {
            let is_undone = circle.undone.contains(&member);
            self.ids[member] = None;
            let mut outcome = match circle.faults.remove(&member) {
                Some(fault) => fault.outcome(None),
                None => Outcome::failed(&self.end_of(&circle, "it was undone"), None),
            };
            if !is_undone {
                outcome.location = created.location;
                outcome.explain("; what it had created could not be deleted and is still there");
            }
            self.settle(member, outcome);
        }
    }

    /// Why a member that did not fail itself is given up.
    fn end_of(&self, circle: &Circle, consequence: &str) -> Error {
        match circle.failed {
            Some(other) => {
                let detail = format!(
                    "The operation refers in a circle to bulkId {}, whose operation failed: {consequence}",
                    self.name_of(other)
                );
                Error::new(ErrorKind::Conflict, detail)
            }
            None => Error::new(
                ErrorKind::Unavailable,
                format!(
                    "The time for one job ended before all was there that the operation refers to: {consequence}, send it again"
                ),
            ),
        }
    }
}
