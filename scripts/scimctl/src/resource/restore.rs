//! `restore`: a deleted resource is there again.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use directory::{Error, Tombstone};
use http::StatusCode;
use scim::{
    ResourceId,
    resource_type::{GROUPS, USERS},
};
use serde_json::json;
use time::Duration;

use super::{Desk, Whose, find::text};
use crate::{clock::now, ending::written};

/// For so long after a deletion its memberships may still be taken away.
const SETTLED: Duration = Duration::minutes(2);

/// Options of `restore`.
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// Its id: list --deleted tells those of the last 30 days
    id: String,

    /// Make it a member of the groups again that it was in, of those that are still there
    #[arg(long)]
    groups: bool,

    #[command(flatten)]
    whose: Whose,
}

impl Restore {
    pub(crate) async fn run(&self, endpoint: &str) -> Result<()> {
        let desk = self.whose.open(endpoint).await?;
        let id = ResourceId::parse(&self.id).filter(|id| id.kind() == desk.resource_type.kind);
        let noun = desk.noun();
        let id = id.with_context(|| format!("{} is not the id of a {noun}", self.id))?;
        let Some(tombstone) = desk.tombstone(&id).await? else {
            if desk.by_id(&self.id).await?.is_some() {
                bail!("{noun} {id} is there: nothing is to be restored");
            }
            bail!("nothing is left of a {noun} {id}: what is deleted is kept for 30 days");
        };
        let settled = tombstone.deleted + SETTLED;
        ensure!(
            !self.groups || settled <= now(),
            "{id} was deleted a moment ago: its memberships may still be taken away. Restore it with its groups \
             after {}, or without them now",
            written(settled)
        );
        let scope = desk.operator.scope().await?;
        let restored = desk.directory.restore(&scope, &desk.resource_type, &tombstone, now()).await;
        restored.map_err(|error| explain(error, &desk, &id))?;
        let groups = self.groups(&desk, &tombstone).await?;
        let name = text(&tombstone.record.attributes, desk.naming());
        let mut lines = vec![format!("{} {name} ({id}) is there again", desk.resource_type.name)];
        for (group, name, joined) in &groups {
            let what = match (name, joined) {
                (None, _) => "was in, is deleted",
                (_, Ok(false)) => "was in; --groups, or a client, makes it a member again",
                (_, Ok(true)) => "is a member again",
                (_, Err(detail)) => detail,
            };
            lines.push(format!("group {} ({group}): {what}", name.as_deref().unwrap_or("?")));
        }
        if tombstone.group_count > groups.len() as u64 {
            lines.push(format!("{} more groups are not known", tombstone.group_count - groups.len() as u64));
        }
        if desk.resource_type.name == GROUPS.name {
            lines.push("Who was a member of it is not known: a client has to say".to_owned());
        }
        let told = groups.iter().map(|(id, name, joined)| {
            json!({ "value": id.as_str(), "display": name, "joined": joined.as_ref().is_ok_and(|it| *it) })
        });
        let value = json!({
            "restored": id.as_str(), desk.naming(): name, "groups": told.collect::<Vec<_>>(),
            "groupCount": tombstone.group_count,
        });
        self.whose.format.print(&value, &lines.join("\n"))
    }

    /// The groups that it was in, what they are called if they are there, and whether it is a member again.
    async fn groups(
        &self,
        desk: &Desk,
        tombstone: &Tombstone,
    ) -> Result<Vec<(ResourceId, Option<String>, Result<bool, String>)>> {
        let scope = desk.operator.scope().await?;
        let names = desk.directory.names(&scope, &tombstone.groups).await?;
        let there = Desk { resource_type: Arc::clone(&GROUPS), ..desk.clone() };
        let mut told = Vec::new();
        for group in &tombstone.groups {
            let name = names.get(group).cloned();
            let mut joined = Ok(false);
            if self.groups && name.is_some() {
                let member = json!([{ "value": tombstone.record.id.as_str() }]);
                let add = vec![json!({ "op": "add", "path": "members", "value": member })];
                joined = match there.patch(group.as_str(), add).await? {
                    Ok(()) => Ok(true),
                    Err((StatusCode::NOT_FOUND, _)) => Ok(false),
                    Err((_, detail)) => Err(detail),
                };
            }
            told.push((group.clone(), name, joined));
        }
        Ok(told)
    }
}

/// Why it could not be restored, and what to do about it.
fn explain(error: Error, desk: &Desk, id: &ResourceId) -> anyhow::Error {
    let noun = desk.noun();
    match error {
        Error::Taken { attribute, value, other } => {
            let get = if desk.resource_type.name == USERS.name { "user" } else { "group" };
            anyhow::anyhow!(
                "{attribute} {value} is that of {noun} {other} now: change or delete that one first (scimctl {get} \
                 get {other})"
            )
        }
        Error::Changed => anyhow::anyhow!("{noun} {id} was restored, or its id used, in this moment"),
        error => anyhow::Error::new(error).context(format!("restoring {noun} {id}")),
    }
}
