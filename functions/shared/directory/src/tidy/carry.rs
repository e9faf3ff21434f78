//! Doing what is due.

use aws_sdk_dynamodb::types::ReturnValue;
use futures::{StreamExt as _, stream};
use scim::ResourceId;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::{
    note::is_settled,
    task::{Noted, Task},
};
use crate::{
    Consistency, Directory, Error, Finished, Scope, Usage,
    expression::Condition,
    keys::{self, Key},
    record::text,
    table::{Projection, Query},
    transaction::Outcome,
};

/// Tasks that are read from one of the sixteen lists at a time.
const READ_AT_ONCE: u64 = 500;
/// Tasks under way at once.
const CONCURRENT: usize = 8;
/// Who has written what is tidied up.
const CONNECTOR: &str = "worker";

/// What was done of what was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tidied {
    /// Tasks that are done.
    pub done: usize,
    /// Tasks that others are still at, or for which there was no time: they are due again the next time.
    pub left: usize,
    /// Tasks that failed: they are due again the next time.
    pub failed: usize,
}

impl Directory {
    /// Does what is due, until that is done or the time of `usage` is over.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`] where the tasks cannot be read.
    pub async fn tidy(&self, usage: &Usage, request_id: &str, now: OffsetDateTime) -> Result<Tidied, Error> {
        let mut tidied = Tidied::default();
        for list in ('0'..='9').chain('a'..='f') {
            let pk = keys::tasks(list);
            let mut after: Option<String> = None;
            loop {
                let (limit, consistency) = (Some(READ_AT_ONCE), Consistency::Strong);
                let items = self.query(usage, Query { pk: &pk, after, limit, consistency }).await?;
                let read = items.len() as u64;
                after = items.last().and_then(|last| text(last, "sk")).map(str::to_owned);
                let due: Vec<_> = items
                    .iter()
                    .filter_map(|item| text(item, "sk"))
                    .filter_map(|sk| Noted::parse(sk).map(|(noted, due)| (sk.to_owned(), noted, due)))
                    .take_while(|(_, _, due)| *due <= now)
                    .collect();
                let all_are_due = due.len() as u64 == read;
                let outcomes: Vec<_> = due
                    .into_iter()
                    .map(|(sk, noted, _)| {
                        self.see_to(usage, request_id, Key::new(pk.clone(), sk), noted, now)
                    })
                    .collect();
                let mut outcomes = stream::iter(outcomes).buffer_unordered(CONCURRENT);
                while let Some(outcome) = outcomes.next().await {
                    match outcome {
                        Ok(true) => tidied.done += 1,
                        Ok(false) => tidied.left += 1,
                        Err(error) => {
                            tracing::warn!(%error, "a task is left for the next time");
                            tidied.failed += 1;
                        }
                    }
                }
                if read < READ_AT_ONCE || !all_are_due {
                    break;
                }
            }
        }
        Ok(tidied)
    }

    /// Whether a task is done, and so is no more.
    async fn see_to(
        &self,
        usage: &Usage,
        request_id: &str,
        key: Key,
        noted: Noted,
        now: OffsetDateTime,
    ) -> Result<bool, Error> {
        if usage.deadline().is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(false);
        }
        let mut scope = Scope::new(noted.tenant, CONNECTOR, request_id);
        scope.usage = usage.clone();
        let is_done = match noted.task {
            Task::Finish { group } => self.finish(&scope, &group, now).await? != Finished::UnderWay,
            Task::Pair { group, member } => self.pair(&scope, &group, &member).await?,
            Task::Revision { group, moved } => self.move_revision(&scope, &group, moved, now).await?,
            Task::Gone { id } => self.sweep(&scope, &id, now).await?,
            Task::Parts { group, intent } => self.clear_parts(&scope, &group, &intent).await?,
        };
        if is_done {
            self.delete_one(&scope, &key).await?;
        }
        Ok(is_done)
    }

    /// Makes a membership whole, or nothing: the group's half says which.
    async fn pair(&self, scope: &Scope, group: &ResourceId, member: &ResourceId) -> Result<bool, Error> {
        let Some(root) = self.root(scope, group).await? else {
            // Whoever deleted the group, or the task of that, sees to it.
            return Ok(true);
        };
        if root.pending.intent.is_some() {
            return Ok(false);
        }
        let of_group = Key::new(keys::members(&scope.tenant, group), member.as_str());
        let of_member = Key::new(keys::memberships(&scope.tenant, member), group.as_str());
        let both = [of_group.clone(), of_member.clone()].into();
        let there = self.items(&scope.usage, both, Projection::Keys, Consistency::Strong).await?;
        let is_there = |key: &Key| there.iter().any(|item| text(item, "pk") == Some(key.pk.as_str()));
        let actions = match (is_there(&of_group), is_there(&of_member)) {
            (true, false) => {
                let mut item = of_member.attributes();
                item.extend(crate::record::kind("Member"));
                vec![self.require(&of_group, Condition::Present)?, self.put(item, Condition::None)?]
            }
            (false, true) => {
                vec![self.require(&of_group, Condition::Absent)?, self.remove(&of_member, Condition::None)?]
            }
            _ => return Ok(true),
        };
        // Refused, another request has come between: it sees to both halves, or leaves a task of its own.
        match self.transact(&scope.usage, actions).await? {
            Outcome::Committed | Outcome::Refused(_) => Ok(true),
        }
    }

    /// Moves a group's revision, unless that has happened since its members changed.
    async fn move_revision(
        &self,
        scope: &Scope,
        group: &ResourceId,
        moved: i64,
        now: OffsetDateTime,
    ) -> Result<bool, Error> {
        let Some(key) = keys::member_record(&scope.tenant, group) else { return Ok(true) };
        let root = self.item(&scope.usage, &key, Consistency::Strong).await?;
        if root.is_some_and(|root| !is_settled(&root, moved)) {
            let bump = crate::members::bump(scope, group, now, now)?.if_present();
            self.write_one(scope, bump, ReturnValue::None).await?;
        }
        Ok(true)
    }

    /// Takes the memberships of a deleted resource away that came, or were left, after it was deleted.
    async fn sweep(&self, scope: &Scope, id: &ResourceId, now: OffsetDateTime) -> Result<bool, Error> {
        let Some(key) = keys::member_record(&scope.tenant, id) else { return Ok(true) };
        let (record, groups) = futures::try_join!(
            self.item(&scope.usage, &key, Consistency::Strong),
            self.group_ids(scope, id, Consistency::Strong)
        )?;
        if record.is_some() {
            return Ok(true);
        }
        if !groups.is_empty() {
            self.leave_groups(scope, id, &groups, now).await?;
        }
        self.disband(scope, id).await?;
        Ok(true)
    }

    /// Deletes the parts of an intent that is not its group's.
    async fn clear_parts(&self, scope: &Scope, group: &ResourceId, intent: &str) -> Result<bool, Error> {
        let root = self.root(scope, group).await?;
        if root.and_then(|root| root.pending.intent).is_some_and(|own| own.id == intent) {
            return Ok(false);
        }
        let pk = keys::intents(&scope.tenant, group);
        let query = Query { pk: &pk, after: None, limit: None, consistency: Consistency::Strong };
        let parts = self.query(&scope.usage, query).await?;
        let keys: Vec<_> = parts
            .iter()
            .filter_map(|part| text(part, "sk"))
            .filter(|sk| sk.split('#').next() == Some(intent))
            .map(|sk| Key::new(pk.clone(), sk))
            .collect();
        self.forget(scope, &keys).await?;
        Ok(true)
    }
}
