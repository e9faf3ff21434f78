//! A new record: its document, its lookup items and its count, in one transaction.

use aws_sdk_dynamodb::types::TransactWriteItem;
use scim::{ResourceId, ResourceType};
use time::OffsetDateTime;

use crate::{
    Directory, Draft, Error, Member, Record, Scope,
    expression::Condition,
    lookup::{self, LookupItem},
    record::text,
    transaction::{Failure, Outcome},
};

impl Directory {
    /// Stores a new resource under `id`, which must be of the type's kind.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`], [`Error::Changed`] where the id is in use, [`Error::TooManyEmails`],
    /// [`Error::TooManyLookups`], [`Error::TooLarge`], [`Error::Unstorable`], [`Error::Busy`],
    /// [`Error::Unavailable`]
    pub async fn create(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        id: ResourceId,
        draft: Draft,
        now: OffsetDateTime,
    ) -> Result<Record, Error> {
        self.create_group(scope, resource_type, id, draft, &[], now).await
    }

    /// Stores a new group with its members, who must exist: both are there, or neither.
    ///
    /// # Errors
    ///
    /// As [`Self::create`].
    pub async fn create_group(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        id: ResourceId,
        draft: Draft,
        members: &[Member],
        now: OffsetDateTime,
    ) -> Result<Record, Error> {
        debug_assert_eq!(id.kind(), resource_type.kind, "the record could not be read again");
        let password = draft.password.clone();
        let mut record = Record::first(scope, id, draft, now)?;
        let lookups = lookup::of_record(scope, resource_type, &record)?;
        record.keys = lookups.iter().map(|lookup| lookup.key.encode()).collect();
        record.keep_password(scope, None, password.is_some());

        let mut item = record.to_item(scope, resource_type)?;
        record.pending = self.first_intent(scope, &record.id, members, now).await?;
        item.extend(record.pending.attributes());
        let mut actions = vec![self.put(item, Condition::Absent)?];
        for lookup in &lookups {
            actions.push(self.own(lookup, resource_type, &record.id)?);
        }
        actions.push(self.count_one(scope, resource_type, &record.id, 1)?);
        if let Some(hash) = &password {
            actions.push(self.put_password(scope, resource_type, &record, hash)?);
        }
        let parts = record.pending.intent.as_ref().map(|intent| intent.parts(&scope.tenant, &record.id));
        let created = match self.transact(&scope.usage, actions).await? {
            Outcome::Committed => Ok(record),
            Outcome::Refused(failures) => explain(scope, record, &failures, &lookups),
        };
        match created {
            Ok(record) => Ok(self.carry_out(scope, record, now).await),
            Err(error) => {
                self.forget(scope, &parts.unwrap_or_default()).await?;
                Err(error)
            }
        }
    }

    /// Puts a lookup item for the record of this id.
    pub(crate) fn own(
        &self,
        lookup: &LookupItem,
        resource_type: &ResourceType,
        id: &ResourceId,
    ) -> Result<TransactWriteItem, Error> {
        // An item that no other record can own needs no condition.
        let condition = if lookup.is_unique() { Condition::AbsentOrOf(id.as_str()) } else { Condition::None };
        self.put(lookup.to_item(resource_type, id), condition)
    }
}

/// Why the document, which is action 0, and its lookup items, which follow it, were refused.
///
/// It is no refusal when the document is there as it should be: an earlier attempt was done, and its answer
/// was lost.
pub(crate) fn explain<'a>(
    scope: &Scope,
    record: Record,
    failures: &[Failure],
    lookups: impl IntoIterator<Item = &'a LookupItem>,
) -> Result<Record, Error> {
    if let Some(document) = failures.iter().find(|failure| failure.action == 0) {
        let is_written = record.is_written(scope, document.item.as_ref());
        return if is_written { Ok(record) } else { Err(Error::Changed) };
    }
    for (lookup, action) in lookups.into_iter().zip(1..) {
        let failure = failures.iter().find(|failure| failure.action == action);
        let owner = failure.and_then(|failure| text(failure.item.as_ref()?, "id"));
        if let Some(other) = owner.and_then(ResourceId::parse) {
            let LookupItem { attribute, value, .. } = lookup.clone();
            return Err(Error::Taken { attribute, value, other });
        }
    }
    // The other owner was there when the condition failed and is not in the answer.
    Err(Error::Changed)
}
