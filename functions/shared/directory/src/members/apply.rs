//! Carrying out an intent: writing its memberships under its lease, by whoever holds that, again where it was cut off.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, ReturnValue, WriteRequest};
use scim::ResourceId;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

use super::{
    Member,
    difference::Difference,
    edge::{deletes, puts},
    few::moved,
    intent::{Claim, Intent, LEASE, Pending, RENEWED, Watch},
};
use crate::{
    Directory, Error, Record, Scope,
    expression::Change,
    keys::{self, Key},
    record::timestamp,
    update::Written,
    usage::Cause,
};

/// Members that are written under one look at the lease: a few hundred items, a second or two where the table throttles.
const AT_ONCE: usize = 400;
/// The longest wait between two looks at a group that another request is changing.
const LONGEST_LOOK: Duration = Duration::from_millis(400);
/// What a request keeps of its time to answer.
const RESERVE: Duration = Duration::from_millis(1500);

/// What was found of a change that was to be finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// None is under way.
    Nothing,
    /// It was carried out, or taken back where it had only been claimed.
    Done,
    /// Another request is at it.
    UnderWay,
}

/// Who may write the memberships of an intent, and until when.
struct Lease<'a> {
    scope: &'a Scope,
    group: &'a ResourceId,
    intent: Intent,
    watch: Watch,
}

impl Directory {
    /// Carries out what was just committed. What cannot be done in time is left to others: the change itself
    /// is made.
    pub(crate) async fn carry_out(&self, scope: &Scope, mut record: Record, now: OffsetDateTime) -> Record {
        let Some(intent) = record.pending.intent.clone() else { return record };
        match self.apply(scope, &record.id, intent, now).await {
            Ok(()) => record.pending.intent = None,
            Err(error) => {
                tracing::warn!(%error, group = %record.id, "a change of members is left to be finished");
            }
        }
        record
    }

    /// The group with nothing under way: what others do is waited for, what they left is finished. A claim of
    /// one's own is no obstacle.
    ///
    /// # Errors
    ///
    /// [`Error::Changed`] when the group was deleted meanwhile; [`Error::Busy`] when others are at it for longer than
    /// the request has; [`Error::Unavailable`], [`Error::Unreadable`]
    pub async fn settle(
        &self,
        scope: &Scope,
        mut group: Record,
        claim: Option<&Claim>,
        now: OffsetDateTime,
    ) -> Result<Record, Error> {
        let watch = Watch::start(now);
        loop {
            let Some(intent) = group.pending.intent.clone() else { return Ok(group) };
            if claim.is_some_and(|claim| claim.id == intent.id) {
                return Ok(group);
            }
            if intent.is_held(watch.now()) {
                let look = LONGEST_LOOK.mul_f64(0.25 + 0.75 * fastrand::f64());
                if scope.usage.deadline().is_some_and(|deadline| Instant::now() + look + RESERVE > deadline) {
                    return Err(Error::Busy);
                }
                scope.usage.retry(Cause::Conflict);
                sleep(look).await;
            } else {
                self.take_over(scope, &group.id, intent, watch.now()).await?;
            }
            group = self.root(scope, &group.id).await?.ok_or(Error::Changed)?;
        }
    }

    /// Finishes what a request left of a change of a group's members.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unreadable`]
    pub async fn finish(
        &self,
        scope: &Scope,
        group: &ResourceId,
        now: OffsetDateTime,
    ) -> Result<Finished, Error> {
        let Some(intent) = self.root(scope, group).await?.and_then(|group| group.pending.intent) else {
            return Ok(Finished::Nothing);
        };
        if intent.is_held(now) {
            return Ok(Finished::UnderWay);
        }
        let is_mine = self.take_over(scope, group, intent, now).await?;
        Ok(if is_mine { Finished::Done } else { Finished::UnderWay })
    }

    /// Becomes the owner of an intent whose lease has ended, and carries it out; `false` when another was quicker.
    async fn take_over(
        &self,
        scope: &Scope,
        group: &ResourceId,
        intent: Intent,
        now: OffsetDateTime,
    ) -> Result<bool, Error> {
        let Some(key) = keys::member_record(&scope.tenant, group) else { return Ok(false) };
        let was_until = (":was", AttributeValue::S(timestamp(intent.until)));
        let change =
            Change::new(key).if_owned(&intent).when("#intent.#until = :was", &["until"], [was_until]);
        if !intent.is_committed() {
            // Nothing was decided, and whoever was about to is gone.
            let written = self.write_one(scope, change.remove("intent"), ReturnValue::None).await?;
            return Ok(matches!(written, Written::Done(_)));
        }
        let next = Intent { owner: Intent::name(), until: now + LEASE, ..intent };
        let change = change.set_in("intent", "owner", AttributeValue::S(next.owner.clone())).set_in(
            "intent",
            "until",
            AttributeValue::S(timestamp(next.until)),
        );
        match self.write_one(scope, change, ReturnValue::None).await? {
            Written::Done(_) => {}
            // Refused by one's own earlier attempt, whose answer was lost, it is done.
            Written::Refused(item) => {
                let pending = item.as_ref().and_then(Pending::from_item);
                if pending.and_then(|pending| pending.intent).is_none_or(|intent| intent.owner != next.owner)
                {
                    return Ok(false);
                }
            }
        }
        self.apply(scope, group, next, now).await.map(|()| true)
    }

    /// Writes the memberships of an intent that one owns, and ends it.
    #[tracing::instrument(level = "debug", skip_all)]
    async fn apply(
        &self,
        scope: &Scope,
        group: &ResourceId,
        intent: Intent,
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let mut lease = Lease { scope, group, intent, watch: Watch::start(now) };
        let applied = self.apply_under(&mut lease).await;
        if matches!(applied, Err(Error::Busy)) {
            // Nothing of it is on its way any more: others need not wait for its end. Where this fails, they do.
            let _ = self.prolong(&mut lease, Duration::ZERO).await;
        }
        applied
    }

    async fn apply_under(&self, lease: &mut Lease<'_>) -> Result<(), Error> {
        let (scope, group) = (lease.scope, lease.group);
        let Some(difference) = self.said(scope, group, &lease.intent).await? else { return Ok(()) };
        let added: Vec<_> = difference.add.keys().cloned().collect();
        for chunk in difference.chunks(AT_ONCE) {
            self.hold(lease).await?;
            self.write_all(scope, group, chunk).await?;
        }
        let key = keys::member_record(&scope.tenant, group).ok_or(Error::Changed)?;
        let end = Change::new(key).if_owned(&lease.intent).set([moved(lease.watch.now())]).remove("intent");
        match self.write_one(scope, end, ReturnValue::None).await? {
            Written::Done(_) => {}
            // The group was deleted meanwhile: whom this made members of it are not.
            Written::Refused(None) => {
                let remove = added.into_iter().collect();
                self.write_all(scope, group, Difference { remove, ..Difference::default() }).await?;
            }
            Written::Refused(Some(item)) => {
                let pending = Pending::from_item(&item).unwrap_or_default();
                // Another has taken over and needs the parts, unless one's own earlier attempt has ended it.
                if pending.intent.is_some_and(|intent| intent.id == lease.intent.id) {
                    return Ok(());
                }
            }
        }
        self.forget(scope, &lease.intent.parts(&scope.tenant, group)).await
    }

    async fn write_all(
        &self,
        scope: &Scope,
        group: &ResourceId,
        difference: Difference,
    ) -> Result<(), Error> {
        let mut requests = Vec::with_capacity(2 * difference.len());
        for (id, display) in difference.add {
            requests.extend(puts(scope, group, &Member { id, display })?);
        }
        for id in &difference.remove {
            requests.extend(deletes(scope, group, id)?);
        }
        self.write(&scope.usage, requests).await
    }

    /// Sees to it that the lease lasts for what is written next, and that the request does.
    async fn hold(&self, lease: &mut Lease<'_>) -> Result<(), Error> {
        let deadline = lease.scope.usage.deadline();
        if deadline.is_some_and(|deadline| Instant::now() + RESERVE > deadline) {
            return Err(Error::Busy);
        }
        if lease.intent.until - lease.watch.now() < RENEWED {
            self.prolong(lease, LEASE).await?;
        }
        Ok(())
    }

    async fn prolong(&self, lease: &mut Lease<'_>, by: Duration) -> Result<(), Error> {
        let key = keys::member_record(&lease.scope.tenant, lease.group).ok_or(Error::Changed)?;
        let until = lease.watch.now() + by;
        let change = Change::new(key).if_owned(&lease.intent).set_in(
            "intent",
            "until",
            AttributeValue::S(timestamp(until)),
        );
        match self.write_one(lease.scope, change, ReturnValue::None).await? {
            Written::Done(_) => {
                lease.intent.until = until;
                Ok(())
            }
            Written::Refused(_) => Err(Error::Busy),
        }
    }

    /// Deletes the parts of an intent that has ended.
    pub(crate) async fn forget(&self, scope: &Scope, parts: &[Key]) -> Result<(), Error> {
        let requests = parts.iter().map(|key| {
            let delete = DeleteRequest::builder().set_key(Some(key.attributes())).build();
            delete
                .map(|delete| WriteRequest::builder().delete_request(delete).build())
                .map_err(|error| Error::Unavailable(Box::new(error)))
        });
        let requests = requests.collect::<Result<Vec<_>, _>>()?;
        self.write(&scope.usage, requests).await
    }
}
