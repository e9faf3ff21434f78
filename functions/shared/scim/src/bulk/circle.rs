//! Operations that refer to each other in a circle (RFC 7644 §3.7.1): each is created without the references that
//! do not exist yet, these are added when all are there, and when one fails the others are undone.

use std::collections::{HashMap, HashSet};

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    defer::defer,
    job::{Job, Purpose, Reply, Request},
    reference,
    report::Outcome,
};
use crate::{Error, ErrorKind, patch::PATCH_SCHEMA};

/// Such operations, under way.
#[derive(Debug)]
pub(super) struct Circle {
    /// In the order of the request.
    members: Vec<usize>,
    stage: Stage,
    /// How many of the members have been begun.
    begun: usize,
    /// The members that are there, in order, each with its latest answer.
    created: Vec<(usize, Reply)>,
    /// The operations of the PATCH by which each gets the references it lacks.
    additions: Vec<(usize, Vec<Value>)>,
    /// The first member that failed.
    failed: Option<usize>,
    /// Why additions failed.
    faults: HashMap<usize, Reply>,
    /// The members that are there no more.
    undone: HashSet<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Creating,
    Adding,
    Undoing,
}

impl Circle {
    pub(super) fn new(members: Vec<usize>) -> Self {
        Self {
            members,
            stage: Stage::Creating,
            begun: 0,
            created: Vec::new(),
            additions: Vec::new(),
            failed: None,
            faults: HashMap::new(),
            undone: HashSet::new(),
        }
    }

    /// Takes an answer; the outcome of the operation where it is the last word.
    pub(super) fn answer(&mut self, request: &Request, reply: Reply) -> Option<Outcome> {
        let operation = request.operation;
        match (request.purpose, reply.is_success()) {
            (Purpose::Perform, true) => self.created.push((operation, reply)),
            (Purpose::Perform, false) => {
                self.failed = Some(operation);
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
        let is_whole = circle.begun == circle.members.len();
        let requests = match circle.stage {
            Stage::Undoing => return self.bury(circle),
            _ if circle.failed.is_some() || (self.is_stopped && !is_whole) => self.undo(&mut circle),
            Stage::Creating if !is_whole => {
                let member = circle.members[circle.begun];
                circle.begun += 1;
                match self.creation(member, &mut circle) {
                    Ok(request) => vec![request],
                    Err(error) => {
                        self.fail(member, &error);
                        circle.failed = Some(member);
                        Vec::new()
                    }
                }
            }
            Stage::Creating if !circle.additions.is_empty() => {
                circle.stage = Stage::Adding;
                let additions = std::mem::take(&mut circle.additions);
                additions
                    .into_iter()
                    .filter_map(|(member, operations)| self.addition(member, operations))
                    .collect()
            }
            Stage::Creating | Stage::Adding => {
                for (member, reply) in circle.created {
                    let location = reply.location.clone();
                    self.settle(member, reply.outcome(location));
                }
                return Vec::new();
            }
        };
        self.circle = Some(circle);
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
            circle.additions.push((member, later));
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
        circle.stage = Stage::Undoing;
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
    fn bury(&mut self, mut circle: Circle) -> Vec<Request> {
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
        Vec::new()
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
