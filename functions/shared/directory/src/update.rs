//! A changed record: one conditional write, or a transaction where the values it is found by change too.

use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{ReturnConsumedCapacity::Total, ReturnValue, ReturnValuesOnConditionCheckFailure::AllOld},
};
use scim::ResourceType;
use time::OffsetDateTime;

use crate::{
    Directory, Draft, Error, Record, Scope,
    create::explain,
    expression::{Change, Condition},
    keys::{self, Key},
    lookup,
    members::Claim,
    retry::while_contended,
    table::Item,
    transaction::{Failure, MOST_ACTIONS, Outcome},
};

/// Attributes of a record's item that never change, or are its key.
const FIXED: [&str; 6] = ["pk", "sk", "kind", "v", "type", "created"];

/// How a conditional write of one item ended.
pub(crate) enum Written {
    /// Done; the attributes asked for.
    Done(Item),
    /// The condition did not hold; the item as it is.
    Refused(Option<Item>),
}

impl Directory {
    /// Stores `draft` in place of `stored`. Where that changes nothing, `stored` is the answer and nothing is
    /// written.
    ///
    /// # Errors
    ///
    /// [`Error::Changed`] when the record is not at the revision of `stored` any more, [`Error::Taken`],
    /// [`Error::TooManyEmails`], [`Error::TooManyLookups`], [`Error::TooLarge`], [`Error::Unstorable`],
    /// [`Error::Busy`], [`Error::Unavailable`]
    pub async fn update(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        stored: &Record,
        draft: Draft,
        now: OffsetDateTime,
    ) -> Result<Record, Error> {
        let password = draft.password.clone();
        match stored.next(scope, draft, now)? {
            Some(record) => self.save(scope, resource_type, stored, record, None, password).await,
            None => Ok(stored.clone()),
        }
    }

    /// Stores `record` in place of `stored`, with the intent that it begins, if it does: only while none is under way
    /// but what `claim` claims. The hash of a new password goes with it.
    pub(crate) async fn save(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        stored: &Record,
        mut record: Record,
        claim: Option<&Claim>,
        password: Option<String>,
    ) -> Result<Record, Error> {
        let lookups = lookup::of_record(scope, resource_type, &record)?;
        record.keys = lookups.iter().map(|lookup| lookup.key.encode()).collect();
        record.keep_password(scope, Some(stored), password.is_some());
        // By key, not by value: a userName that changes in case only has the same item before and after,
        // which one transaction could not both put and delete.
        let gained: Vec<_> =
            lookups.iter().filter(|lookup| !stored.keys.contains(&lookup.key.encode())).collect();
        let lost: Vec<_> = stored.keys.difference(&record.keys).collect();
        let mut change = replacement(scope, resource_type, &record, stored.revision)?;
        if record.pending != stored.pending {
            change = Claim::hold(claim, change.set(record.pending.attributes()));
        }

        if gained.is_empty() && lost.is_empty() && password.is_none() {
            return match self.write_one(scope, change, ReturnValue::None).await? {
                Written::Done(_) => Ok(record),
                Written::Refused(item) => explain(scope, record, &[Failure { action: 0, item }], []),
            };
        }
        let count = 1 + gained.len() + lost.len() + usize::from(password.is_some());
        if count > MOST_ACTIONS {
            return Err(Error::TooManyLookups { count: count - 1, limit: MOST_ACTIONS - 1 });
        }
        let mut actions = vec![self.change(change)?];
        for lookup in &gained {
            actions.push(self.own(lookup, resource_type, &record.id)?);
        }
        for key in lost {
            actions.push(self.remove(&stored_key(&record, key)?, Condition::None)?);
        }
        if let Some(hash) = &password {
            actions.push(self.put_password(scope, resource_type, &record, hash)?);
        }
        match self.transact(&scope.usage, actions).await? {
            Outcome::Committed => Ok(record),
            Outcome::Refused(failures) => explain(scope, record, &failures, gained),
        }
    }

    /// Makes `change`, if its condition holds.
    pub(crate) async fn write_one(
        &self,
        scope: &Scope,
        change: Change,
        returned: ReturnValue,
    ) -> Result<Written, Error> {
        let call = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(change.key.attributes()))
            .update_expression(change.expression())
            .set_condition_expression(change.condition)
            .set_expression_attribute_names(Some(change.names))
            .set_expression_attribute_values(Some(change.values))
            .return_values(returned)
            .return_values_on_condition_check_failure(AllOld)
            .return_consumed_capacity(Total);
        let answer = while_contended(&scope.usage, || call.clone().send()).await;
        match answer {
            Ok(answer) => {
                scope.usage.write(answer.consumed_capacity());
                Ok(Written::Done(answer.attributes.unwrap_or_default()))
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(Written::Refused(failed.item().cloned()))
                }
                _ => Err(Error::from_sdk(error)),
            },
        }
    }
}

/// The change that makes the stored item hold `record`. What other writers keep in the item stays.
fn replacement(
    scope: &Scope,
    resource_type: &ResourceType,
    record: &Record,
    expected: u64,
) -> Result<Change, Error> {
    let mut item = record.to_item(scope, resource_type)?;
    item.retain(|name, _| !FIXED.contains(&name.as_str()));
    let key = keys::record(&scope.tenant, resource_type, &record.id);
    let change = Change::new(key).set(item).if_revision(expected);
    Ok(if record.keys.is_empty() { change.remove("keys") } else { change })
}

/// A key of a record's `keys`.
pub(crate) fn stored_key(record: &Record, key: &str) -> Result<Key, Error> {
    Key::decode(key).ok_or_else(|| Error::Unreadable {
        item: record.id.to_string(),
        reason: "keys holds what is no key".to_owned(),
    })
}
