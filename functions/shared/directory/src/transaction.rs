//! Writes that happen together or not at all, and why the service cancels them.

use aws_sdk_dynamodb::{
    error::BuildError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        CancellationReason, ConditionCheck, Delete, Put, ReturnConsumedCapacity::Total,
        ReturnValuesOnConditionCheckFailure::AllOld, TransactWriteItem, Update,
    },
};

use crate::{
    Directory, Error, Usage,
    error::is_contended,
    expression::{Change, Condition},
    keys::Key,
    retry::Backoff,
    table::Item,
    usage::Cause,
};

/// Items that one transaction may touch.
pub(crate) const MOST_ACTIONS: usize = 100;

/// How a transaction ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Committed,
    /// Nothing was written: these conditions did not hold.
    Refused(Vec<Failure>),
}

/// A condition that did not hold.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The action's place in the transaction.
    pub(crate) action: usize,
    /// The item as it is; `None` where there is none.
    pub(crate) item: Option<Item>,
}

/// What a cancelled transaction asks for.
#[derive(Debug)]
enum Verdict {
    /// Others were writing the same items, or too much was being written: it can succeed as it is.
    Again(Cause),
    Refused(Vec<Failure>),
    /// The transaction itself is wrong.
    Never,
}

impl Directory {
    /// Writes all of `actions`, at most [`MOST_ACTIONS`] on distinct items, or none.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`]
    #[tracing::instrument(level = "debug", skip_all, fields(actions = actions.len()))]
    pub(crate) async fn transact(
        &self,
        usage: &Usage,
        actions: Vec<TransactWriteItem>,
    ) -> Result<Outcome, Error> {
        // One token for all attempts: one that was done although its answer was lost is not done twice.
        let token = format!("{:032x}", fastrand::u128(..));
        let call = self.client.transact_write_items().set_transact_items(Some(actions));
        let call = call.client_request_token(token).return_consumed_capacity(Total);
        let mut backoff = Backoff::new();
        loop {
            let under_way = usage.call();
            let answer = call.clone().send().await;
            drop(under_way);
            let error = match answer {
                Ok(answer) => {
                    usage.write(answer.consumed_capacity());
                    return Ok(Outcome::Committed);
                }
                Err(error) => error,
            };
            let verdict = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    verdict(cancelled.cancellation_reasons())
                }
                _ if is_contended(&error) => Verdict::Again(Cause::Conflict),
                _ => Verdict::Never,
            };
            match verdict {
                Verdict::Again(cause) => backoff.wait(usage, cause).await?,
                Verdict::Refused(failures) => return Ok(Outcome::Refused(failures)),
                Verdict::Never => return Err(Error::from_sdk(error)),
            }
        }
    }
}

/// What the reasons, one for each action, say together.
///
/// A condition that failed stays failed, whatever the other actions met.
fn verdict(reasons: &[CancellationReason]) -> Verdict {
    let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    let failures: Vec<_> = reasons
        .iter()
        .enumerate()
        .filter(|(_, reason)| failed(reason))
        .map(|(action, reason)| Failure { action, item: reason.item().cloned() })
        .collect();
    let throttled = |reason: &CancellationReason| {
        matches!(reason.code(), Some("ThrottlingError" | "ProvisionedThroughputExceeded"))
    };
    let passes = |reason: &CancellationReason| {
        throttled(reason) || matches!(reason.code(), None | Some("None" | "TransactionConflict"))
    };
    if !failures.is_empty() {
        Verdict::Refused(failures)
    } else if !reasons.is_empty() && reasons.iter().all(passes) {
        Verdict::Again(if reasons.iter().any(throttled) { Cause::Throttle } else { Cause::Conflict })
    } else {
        Verdict::Never
    }
}

impl Directory {
    /// Puts `item` if `condition` holds.
    pub(crate) fn put(&self, item: Item, condition: Condition) -> Result<TransactWriteItem, Error> {
        let put = Put::builder()
            .table_name(&*self.table)
            .set_item(Some(item))
            .set_condition_expression(condition.expression())
            .set_expression_attribute_values(condition.values())
            .return_values_on_condition_check_failure(AllOld)
            .build();
        Ok(TransactWriteItem::builder().put(put.map_err(incomplete)?).build())
    }

    /// Deletes the item of this key if `condition` holds.
    pub(crate) fn remove(&self, key: &Key, condition: Condition) -> Result<TransactWriteItem, Error> {
        let delete = Delete::builder()
            .table_name(&*self.table)
            .set_key(Some(key.attributes()))
            .set_condition_expression(condition.expression())
            .set_expression_attribute_values(condition.values())
            .return_values_on_condition_check_failure(AllOld)
            .build();
        Ok(TransactWriteItem::builder().delete(delete.map_err(incomplete)?).build())
    }

    /// Writes nothing, unless `condition` holds for the item of this key.
    pub(crate) fn require(&self, key: &Key, condition: Condition) -> Result<TransactWriteItem, Error> {
        let check = ConditionCheck::builder()
            .table_name(&*self.table)
            .set_key(Some(key.attributes()))
            .set_condition_expression(condition.expression())
            .set_expression_attribute_values(condition.values())
            .build();
        Ok(TransactWriteItem::builder().condition_check(check.map_err(incomplete)?).build())
    }

    /// Makes `change` if its condition holds.
    pub(crate) fn change(&self, change: Change) -> Result<TransactWriteItem, Error> {
        let update = Update::builder()
            .table_name(&*self.table)
            .set_key(Some(change.key.attributes()))
            .update_expression(change.expression())
            .set_condition_expression(change.condition)
            .set_expression_attribute_names(Some(change.names))
            .set_expression_attribute_values(Some(change.values))
            .return_values_on_condition_check_failure(AllOld)
            .build();
        Ok(TransactWriteItem::builder().update(update.map_err(incomplete)?).build())
    }
}

fn incomplete(error: BuildError) -> Error {
    Error::Unavailable(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(codes: &[&str], expected: &str) {
        let reasons: Vec<_> =
            codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
        let found = match verdict(&reasons) {
            Verdict::Again(cause) => format!("again after a {cause:?}"),
            Verdict::Never => "never".to_owned(),
            Verdict::Refused(failures) => {
                format!("refused {:?}", failures.iter().map(|failure| failure.action).collect::<Vec<_>>())
            }
        };
        assert_eq!(found, expected, "{codes:?}");
    }

    #[test]
    fn reasons_decide_together() {
        check(&["None", "TransactionConflict"], "again after a Conflict");
        check(
            &["ThrottlingError", "ProvisionedThroughputExceeded", "TransactionConflict"],
            "again after a Throttle",
        );
        check(&["None", "ConditionalCheckFailed", "ConditionalCheckFailed"], "refused [1, 2]");
        check(&["TransactionConflict", "ConditionalCheckFailed"], "refused [1]");
        check(&["TransactionConflict", "ValidationError"], "never");
        check(&["ItemCollectionSizeLimitExceeded"], "never");
        check(&["AccessDenied"], "never");
        check(&[], "never");
    }
}
