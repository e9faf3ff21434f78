//! A change of a group that is one: its attributes, its members, or both, seen whole or not at all.

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, ReturnValue, WriteRequest};
use scim::{ResourceId, ResourceType};
use time::OffsetDateTime;

use super::{
    Member, MemberChange,
    difference::Difference,
    few::FEW,
    intent::{Claim, Intent, LEASE, Pending, Stage},
};
use crate::{
    Directory, Draft, Error, Record, Scope,
    document::size_bytes,
    expression::Change,
    keys,
    record::{kind, milliseconds, timestamp},
    table::Item,
    update::Written,
};

/// A change of members that packs into so many bytes is kept in the group's own item.
const INLINE_BYTES: usize = 2 * 1024;

/// What a request makes of a group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroupChange {
    /// What it stores, as in [`Directory::update`].
    pub draft: Draft,
    /// Who comes and goes.
    pub members: MemberChange,
    /// Whether `members` was worked out from everybody who is in the group: then all of it changes something, and
    /// it holds only while the group is at the revision that was read.
    pub is_exact: bool,
    /// Whether the client meant this revision of the group only.
    pub is_conditional: bool,
}

impl Directory {
    /// Changes a group that was read. Where that changes nothing, `stored` is the answer and nothing is written.
    ///
    /// A few members by themselves are written one by one. Anything else is committed by one write of the group
    /// and carried out before this returns, or, where time is short, by others after it.
    ///
    /// Members to add must exist: see [`Directory::group_and_missing`].
    ///
    /// # Errors
    ///
    /// Those of [`Directory::update`]. [`Error::Changed`] asks for the whole to be decided anew, on the group as it is
    /// then; where it keeps coming, [`Directory::claim`] keeps others away. After [`Error::Busy`] and
    /// [`Error::Unavailable`] a part of a few members may be written; repeating it is safe.
    #[tracing::instrument(level = "debug", skip_all, fields(add = change.members.add.len(), remove = change.members.remove.len()))]
    pub async fn change_group(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        stored: &Record,
        change: GroupChange,
        claim: Option<&Claim>,
        now: OffsetDateTime,
    ) -> Result<Record, Error> {
        let GroupChange { draft, members, is_exact, is_conditional } = change;
        let next = stored.next(scope, draft, now)?;
        let mut difference = Difference::of(&members);
        let is_bound = is_exact || is_conditional || next.is_some() || claim.is_some();
        if !is_bound && difference.len() <= FEW {
            return self.change_few(scope, stored, &difference, now).await;
        }
        // What is under way has been seen, and ends without another revision.
        let settled = self.settle(scope, stored.clone(), claim, now).await?;
        if settled.revision != stored.revision {
            return Err(Error::Changed);
        }
        let (stored, next) = (&settled, next.map(|next| Record { pending: settled.pending.clone(), ..next }));
        if !is_exact && !difference.is_empty() {
            let ids: Vec<_> = difference.ids().cloned().collect();
            difference = difference.from(self.members_among(scope, stored, &ids).await?);
        }
        match next {
            next if !difference.is_empty() => {
                let (revision, modified) = (stored.revision + 1, milliseconds(now));
                let record = next.unwrap_or_else(|| Record { revision, modified, ..stored.clone() });
                self.commit(scope, resource_type, stored, record, difference, claim, now).await
            }
            Some(record) => self.save(scope, resource_type, stored, record, None, None).await,
            None => Ok(stored.clone()),
        }
    }

    /// Claims the next change of a group's members, once what is under way has ended.
    ///
    /// # Errors
    ///
    /// [`Error::Changed`] where there is no such group, [`Error::Busy`], [`Error::Unavailable`],
    /// [`Error::Unreadable`]
    pub async fn claim(
        &self,
        scope: &Scope,
        group: &ResourceId,
        now: OffsetDateTime,
    ) -> Result<Claim, Error> {
        loop {
            let stored = self.root(scope, group).await?.ok_or(Error::Changed)?;
            let stored = self.settle(scope, stored, None, now).await?;
            let intent = Intent::new(Intent::name(), Stage::Claimed, now);
            let claim = Claim { group: group.clone(), id: intent.id.clone() };
            let pending = Pending { epoch: stored.pending.epoch + 1, intent: Some(intent) };
            let change = Change::new(keys::member_record(&scope.tenant, group).ok_or(Error::Changed)?)
                .set(pending.attributes())
                .if_undisturbed(&stored.pending);
            match self.write_one(scope, change, ReturnValue::None).await? {
                Written::Done(_) => return Ok(claim),
                Written::Refused(item) if item.as_ref().is_some_and(|item| claim.is_on(item)) => {
                    return Ok(claim);
                }
                Written::Refused(_) => {}
            }
        }
    }

    /// Gives a claim back that led to no change.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`]; it then ends by itself.
    pub async fn release(&self, scope: &Scope, claim: &Claim) -> Result<(), Error> {
        let Some(key) = keys::member_record(&scope.tenant, &claim.group) else { return Ok(()) };
        let change = Change::new(key).remove("intent").when(
            "#intent.#id = :id AND #intent.#state = :state",
            &["intent", "id", "state"],
            [
                (":id", AttributeValue::S(claim.id.clone())),
                (":state", AttributeValue::S("claimed".to_owned())),
            ],
        );
        self.write_one(scope, change, ReturnValue::None).await.map(drop)
    }

    /// Writes the group with an intent, and carries that out.
    #[expect(clippy::too_many_arguments, reason = "they are one write's parts")]
    async fn commit(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        stored: &Record,
        mut record: Record,
        difference: Difference,
        claim: Option<&Claim>,
        now: OffsetDateTime,
    ) -> Result<Record, Error> {
        let intent = self.prepare(scope, &record.id, difference, claim, now).await?;
        let (parts, group, id) =
            (intent.parts(&scope.tenant, &record.id), record.id.clone(), intent.id.clone());
        record.pending = Pending { epoch: stored.pending.epoch + 1, intent: Some(intent) };
        match self.save(scope, resource_type, stored, record, claim, None).await {
            Ok(record) => Ok(self.carry_out(scope, record, now).await),
            Err(error @ (Error::Changed | Error::Taken { .. })) => {
                // An earlier attempt may have been done, its answer lost, and the group have moved on since.
                let root = self.root(scope, &group).await?;
                let committed = root.filter(|root| {
                    root.pending.intent.as_ref().is_some_and(|own| own.id == id && own.is_committed())
                });
                match committed {
                    Some(record) => Ok(self.carry_out(scope, record, now).await),
                    None => self.forget(scope, &parts).await.and(Err(error)),
                }
            }
            // The parts may be the group's.
            Err(error) => Err(error),
        }
    }

    /// The intent that a new group begins with, where it has members.
    pub(crate) async fn first_intent(
        &self,
        scope: &Scope,
        group: &ResourceId,
        members: &[Member],
        now: OffsetDateTime,
    ) -> Result<Pending, Error> {
        if members.is_empty() {
            return Ok(Pending::default());
        }
        let change = MemberChange { add: members.to_vec(), remove: Vec::new() };
        let intent = self.prepare(scope, group, Difference::of(&change), None, now).await?;
        Ok(Pending { epoch: 1, intent: Some(intent) })
    }

    /// The intent, its parts written where it has any.
    async fn prepare(
        &self,
        scope: &Scope,
        group: &ResourceId,
        difference: Difference,
        claim: Option<&Claim>,
        now: OffsetDateTime,
    ) -> Result<Intent, Error> {
        let id = claim.map_or_else(Intent::name, |claim| claim.id.clone());
        let mut parts = difference.clone().packed();
        if parts.len() == 1 && size_bytes(&parts[0]) <= INLINE_BYTES {
            return Ok(Intent::new(id, Stage::Committed(difference), now));
        }
        let count = parts.len() as u64;
        let requests = parts.drain(..).zip(0..).map(|(part, nth)| {
            let mut item: Item = keys::intent_part(&scope.tenant, group, &id, nth).attributes();
            item.extend(kind("IntentPart"));
            item.insert("until".to_owned(), AttributeValue::S(timestamp(now + LEASE)));
            item.extend(part);
            let put = PutRequest::builder().set_item(Some(item)).build();
            put.map(|put| WriteRequest::builder().put_request(put).build())
                .map_err(|error| Error::Unavailable(Box::new(error)))
        });
        let requests = requests.collect::<Result<Vec<_>, _>>()?;
        self.write(&scope.usage, requests).await?;
        Ok(Intent::new(id, Stage::InParts(count), now))
    }
}

impl Claim {
    fn is_on(&self, item: &Item) -> bool {
        Pending::from_item(item).and_then(|pending| pending.intent).is_some_and(|intent| intent.id == self.id)
    }

    /// Only while nothing is under way, or nothing but what this claims.
    pub(crate) fn hold(claim: Option<&Self>, change: Change) -> Change {
        match claim {
            None => change.when("attribute_not_exists(#intent)", &["intent"], []),
            Some(claim) => change.when(
                "#intent.#id = :claim",
                &["intent", "id"],
                [(":claim", AttributeValue::S(claim.id.clone()))],
            ),
        }
    }
}
