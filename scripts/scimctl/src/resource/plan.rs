//! What is to be done about a row, and doing it.

use std::collections::{BTreeSet, HashSet};

use anyhow::Result;
use directory::Member;
use http::{Method, StatusCode};
use scim::{Object, ResourceId, client::Dialect, patch::PATCH_SCHEMA, resource};
use serde_json::{Value, json};

use super::{
    Desk,
    difference::differing,
    matching::Match,
    members::{Named, Names},
    refusal,
    rows::{Change, Row},
};

/// Members that one request names: far below what a body may hold.
const MEMBERS_AT_ONCE: usize = 5000;

/// What is to be done about a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// There is no such resource.
    Create,
    /// It is there, and differs.
    Update(String),
    /// It is there, and is so.
    Nothing(String),
    /// It is there, and is not to be changed.
    Leave(String),
}

/// What is to be done about a row, in full.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    pub(crate) step: Step,
    /// By which attribute the resource is known.
    pub(crate) by: Option<&'static str>,
    pub(crate) changes: Vec<Change>,
    pub(crate) joining: Vec<Member>,
    pub(crate) leaving: Vec<ResourceId>,
    /// The resource as it is.
    pub(crate) stored: Option<Object>,
}

/// What can be said of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    Planned(Box<Plan>),
    /// Groups of these names are members, and are not there: they may come further down.
    Waits(BTreeSet<String>),
    Refused(String),
}

/// How rows are looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    /// Whether a resource that is there is changed.
    pub(crate) updates: bool,
    /// Names of groups that come later: as members they are left out for now.
    pub(crate) later: HashSet<String>,
}

impl Desk {
    /// What is to be done about a row. Nothing is written.
    ///
    /// # Errors
    ///
    /// When the table does not answer.
    pub(crate) async fn plan(&self, row: &Row, names: &Names, rules: &Rules) -> Result<Verdict> {
        let (by, resource) = match self.match_row(row).await? {
            Match::Several { by, ids } => {
                let detail = format!("{} {}s have this {by}: {}", ids.len(), self.noun(), ids.join(", "));
                return Ok(Verdict::Refused(detail));
            }
            Match::One { by, resource } => (Some(by), Some(resource)),
            Match::None => (None, None),
        };
        let id = resource.as_ref().and_then(|it| it.get("id")?.as_str()).map(str::to_owned);
        let mut plan = Plan {
            step: Step::Create,
            by,
            changes: vec![],
            joining: vec![],
            leaving: vec![],
            stored: resource,
        };
        if let Some(id) = &id
            && !rules.updates
        {
            plan.step = Step::Leave(id.clone());
            return Ok(Verdict::Planned(Box::new(plan)));
        }
        let members = match self.wanted(row, names, rules).await? {
            Ok(members) => members,
            Err(verdict) => return Ok(verdict),
        };
        let (Some(stored), Some(id)) = (&plan.stored, id) else {
            if let Err(error) = resource::create(&self.resource_type, row.body.clone(), Dialect::default()) {
                return Ok(Verdict::Refused(error.detail().to_owned()));
            }
            plan.joining = members.unwrap_or_default();
            return Ok(Verdict::Planned(Box::new(plan)));
        };
        plan.changes = match differing(&self.resource_type, stored, &row.changes) {
            Ok(changes) => changes,
            Err(error) => return Ok(Verdict::Refused(error.detail().to_owned())),
        };
        if let Some(wanted) = members {
            (plan.joining, plan.leaving) = self.difference_of_members(&id, wanted, rules).await?;
        }
        let is_so = plan.changes.is_empty() && plan.joining.is_empty() && plan.leaving.is_empty();
        plan.step = if is_so { Step::Nothing(id) } else { Step::Update(id) };
        Ok(Verdict::Planned(Box::new(plan)))
    }

    /// Who is to be in the group, where the row says.
    async fn wanted(
        &self,
        row: &Row,
        names: &Names,
        rules: &Rules,
    ) -> Result<Result<Option<Vec<Member>>, Verdict>> {
        let Some(values) = &row.members else { return Ok(Ok(None)) };
        let said: Result<Vec<_>, String> = values.iter().map(Named::read).collect();
        let mut said = match said {
            Ok(said) => said,
            Err(detail) => return Ok(Err(Verdict::Refused(detail))),
        };
        said.retain(|it| !it.is_group_of(&rules.later));
        Ok(match names.resolve(self, &said).await? {
            Ok(members) => Ok(Some(members)),
            Err(unknown) => {
                let groups: Option<BTreeSet<_>> = unknown.iter().map(|it| it.group.clone()).collect();
                Err(groups.map_or_else(
                    || {
                        let details: Vec<_> = unknown.iter().map(|it| it.detail.as_str()).collect();
                        Verdict::Refused(details.join("; "))
                    },
                    Verdict::Waits,
                ))
            }
        })
    }

    async fn difference_of_members(
        &self,
        id: &str,
        wanted: Vec<Member>,
        rules: &Rules,
    ) -> Result<(Vec<Member>, Vec<ResourceId>)> {
        let Some(group) = ResourceId::parse(id) else { return Ok((wanted, Vec::new())) };
        let scope = self.operator.scope().await?;
        let (_, there) = self.directory.group_and_members(&scope, &group).await?;
        let there: HashSet<_> = there.into_iter().map(|member| member.id).collect();
        let ids: HashSet<_> = wanted.iter().map(|member| member.id.clone()).collect();
        // Who is left out for now may be a member already.
        let leaves = rules.later.is_empty();
        let leaving = there.iter().filter(|id| leaves && !ids.contains(*id)).cloned().collect();
        Ok((wanted.into_iter().filter(|member| !there.contains(&member.id)).collect(), leaving))
    }

    /// Does what is planned; the resource's id.
    ///
    /// # Errors
    ///
    /// When the table does not answer. Inside: why it was refused, and with which status.
    pub(crate) async fn carry_out(
        &self,
        row: &Row,
        plan: &Plan,
    ) -> Result<Result<String, (StatusCode, String)>> {
        let id = match &plan.step {
            Step::Leave(id) | Step::Nothing(id) => return Ok(Ok(id.clone())),
            Step::Update(id) => id.clone(),
            Step::Create => {
                let mut body = row.body.clone();
                let first = plan.joining.iter().take(MEMBERS_AT_ONCE);
                if !plan.joining.is_empty() {
                    body.insert("members".to_owned(), first.map(member).collect());
                }
                let path = format!("{}?attributes=id", self.resource_type.endpoint);
                let reply = self.ask(Method::POST, &path, Some(&Value::Object(body))).await?;
                match reply.body["id"].as_str() {
                    Some(id) if reply.status == StatusCode::CREATED => id.to_owned(),
                    _ => return Ok(Err((reply.status, refusal(&reply)))),
                }
            }
        };
        let skipped = if plan.step == Step::Create { MEMBERS_AT_ONCE } else { 0 };
        let rest = plan.joining.get(skipped..).unwrap_or_default();
        let mut requests: Vec<Vec<Value>> = Vec::new();
        if !plan.changes.is_empty() {
            requests.push(plan.changes.iter().map(operation).collect());
        }
        for some in rest.chunks(MEMBERS_AT_ONCE) {
            let value: Value = some.iter().map(member).collect();
            requests.push(vec![json!({ "op": "add", "path": "members", "value": value })]);
        }
        for some in plan.leaving.chunks(MEMBERS_AT_ONCE) {
            let value: Value = some.iter().map(|id| json!({ "value": id.as_str() })).collect();
            requests.push(vec![json!({ "op": "remove", "path": "members", "value": value })]);
        }
        for operations in requests {
            if let Err(refused) = self.patch(&id, operations).await? {
                return Ok(Err(refused));
            }
        }
        Ok(Ok(id))
    }

    /// Makes these operations on a resource.
    pub(crate) async fn patch(
        &self,
        id: &str,
        operations: Vec<Value>,
    ) -> Result<Result<(), (StatusCode, String)>> {
        let body = json!({ "schemas": [PATCH_SCHEMA], "Operations": operations });
        let path = format!("{}/{id}?attributes=id", self.resource_type.endpoint);
        let reply = self.ask(Method::PATCH, &path, Some(&body)).await?;
        Ok(if reply.status.is_success() { Ok(()) } else { Err((reply.status, refusal(&reply))) })
    }
}

fn member(member: &Member) -> Value {
    let mut value = json!({ "value": member.id.as_str() });
    if let Some(display) = &member.display {
        value["display"] = display.as_str().into();
    }
    value
}

fn operation(Change { path, value }: &Change) -> Value {
    match value {
        Some(value) => json!({ "op": "replace", "path": path, "value": value }),
        None => json!({ "op": "remove", "path": path }),
    }
}
