//! Which resource a row means: the one of its id, its name, its externalId or its e-mail address.

use anyhow::{Result, bail};
use http::{Method, StatusCode};
use scim::{Kind, Object, ResourceId};
use serde_json::Value;

use super::{Desk, query, refusal, rows::Row};

/// The resource that a row means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Match {
    /// There is none.
    None,
    /// This one, known by the attribute.
    One { by: &'static str, resource: Object },
    /// Several have the value of the attribute.
    Several { by: &'static str, ids: Vec<String> },
}

impl Match {
    /// The id of the one.
    pub(crate) fn id(&self) -> Option<&str> {
        match self {
            Self::One { resource, .. } => resource.get("id").and_then(Value::as_str),
            _ => None,
        }
    }
}

impl Desk {
    /// The resource that a row means: the first of id, name, `externalId`, e-mail addresses that any has.
    pub(crate) async fn match_row(&self, row: &Row) -> Result<Match> {
        if let Some(id) = row.id.as_deref()
            && let Some(resource) = self.by_id(id).await?
        {
            return Ok(Match::One { by: "id", resource });
        }
        let naming = self.naming();
        for by in [naming, "externalId"] {
            if let Some(value) = row.text(by) {
                let found = self.having(by, &[value]).await?;
                if found != Match::None {
                    return Ok(found);
                }
            }
        }
        if self.resource_type.kind != Kind::User {
            return Ok(Match::None);
        }
        let emails = row.body.get("emails").and_then(Value::as_array).into_iter().flatten();
        let emails: Vec<_> = emails.filter_map(|email| email.get("value")?.as_str()).collect();
        self.having("emails.value", &emails).await
    }

    /// The resource of an id; `None` where there is none.
    pub(crate) async fn by_id(&self, id: &str) -> Result<Option<Object>> {
        if ResourceId::parse(id).is_none_or(|id| id.kind() != self.resource_type.kind) {
            return Ok(None);
        }
        let path = query(&format!("{}/{id}", self.resource_type.endpoint), &[self.without_others()]);
        let reply = self.ask(Method::GET, &path, None).await?;
        match (reply.status, reply.body) {
            (StatusCode::OK, Value::Object(resource)) => Ok(Some(resource)),
            (StatusCode::NOT_FOUND, _) => Ok(None),
            (status, body) => bail!("{}", refusal(&endpoint::operator::Reply { status, body })),
        }
    }

    /// Those that have one of these values.
    pub(crate) async fn having(&self, by: &'static str, values: &[&str]) -> Result<Match> {
        if values.is_empty() {
            return Ok(Match::None);
        }
        let terms: Vec<_> = values.iter().map(|value| format!("{by} eq {}", Value::from(*value))).collect();
        let mut found = self.filtered(&terms.join(" or ")).await?;
        Ok(match (found.pop(), found.is_empty()) {
            (None, _) => Match::None,
            (Some(resource), true) => Match::One { by, resource },
            (Some(last), false) => {
                let all = found.iter().chain([&last]);
                let ids = all.filter_map(|it| it.get("id")?.as_str()).map(str::to_owned).collect();
                Match::Several { by, ids }
            }
        })
    }

    /// The first few resources that match a filter.
    pub(crate) async fn filtered(&self, filter: &str) -> Result<Vec<Object>> {
        let pairs = [("filter", filter), ("count", "10"), self.without_others()];
        let reply = self.ask(Method::GET, &query(&self.resource_type.endpoint, &pairs), None).await?;
        match &reply.body["Resources"] {
            _ if reply.status != StatusCode::OK => bail!("{}", refusal(&reply)),
            Value::Array(found) => Ok(found.iter().filter_map(Value::as_object).cloned().collect()),
            _ => Ok(Vec::new()),
        }
    }

    /// What lies beside a resource need not be read to compare it.
    fn without_others(&self) -> (&'static str, &'static str) {
        let beside = if self.resource_type.kind == Kind::Group { "members" } else { "groups" };
        ("excludedAttributes", beside)
    }
}
