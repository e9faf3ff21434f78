//! Making findings right, if the table is still as it was found.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, TransactWriteItem};

use super::{
    Outcome,
    finding::{Finding, Problem},
    link::Others,
    run::Run,
    subject::Subject,
};
use crate::{Directory, Error, Finished, keys::Key, transaction};

impl Run<'_> {
    /// Makes right what is wrong with one item, each finding by itself but for those of its lookup items, which go
    /// together.
    pub(super) async fn mend(
        &self,
        subject: &Subject,
        others: &Others,
        findings: &[Finding],
    ) -> Result<Vec<Outcome>, Error> {
        let (mut outcomes, mut relinked) = (Vec::new(), None);
        for finding in findings {
            outcomes.push(match &finding.problem {
                problem if problem.repair().is_none() => Outcome::Left,
                Problem::IntentUnfinished(_) => self.finish(subject).await?,
                Problem::LookupMissing(_) | Problem::LookupDiffers(_) | Problem::KeysDiffer { .. } => {
                    if relinked.is_none() {
                        relinked = Some(
                            self.write(subject.mend(self.directory, &finding.problem, others, self.now())?)
                                .await?,
                        );
                    }
                    relinked.unwrap_or(Outcome::Left)
                }
                problem => self.write(subject.mend(self.directory, problem, others, self.now())?).await?,
            });
        }
        Ok(outcomes)
    }

    async fn write(&self, actions: Option<Vec<TransactWriteItem>>) -> Result<Outcome, Error> {
        let Some(actions) = actions else { return Ok(Outcome::Left) };
        Ok(match self.directory.transact(&self.usage, actions).await? {
            transaction::Outcome::Committed => Outcome::Mended,
            transaction::Outcome::Refused(_) => Outcome::Overtaken,
        })
    }

    /// Finishes a change of members that its request has left.
    async fn finish(&self, subject: &Subject) -> Result<Outcome, Error> {
        let Some(group) = subject.id() else { return Ok(Outcome::Left) };
        Ok(match self.directory.finish(&subject.scope, group, self.now()).await? {
            Finished::Done => Outcome::Mended,
            Finished::Nothing | Finished::UnderWay => Outcome::Overtaken,
        })
    }
}

/// Nothing is written unless `condition` holds for the item of this key. Names are without `#`, values with `:`.
pub(super) fn require(
    directory: &Directory,
    key: &Key,
    condition: &str,
    names: &[&str],
    values: &[(&str, &str)],
) -> Result<TransactWriteItem, Error> {
    let check = ConditionCheck::builder()
        .table_name(&*directory.table)
        .set_key(Some(key.attributes()))
        .condition_expression(condition)
        .set_expression_attribute_names(by_name(names))
        .set_expression_attribute_values(by_value(values));
    let check = check.build().map_err(|error| Error::Unavailable(Box::new(error)))?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

/// Deletes the item of this key if `condition` holds for it; names and values as for [`require`].
pub(super) fn delete_if(
    directory: &Directory,
    key: &Key,
    condition: &str,
    names: &[&str],
    values: &[(&str, &str)],
) -> Result<TransactWriteItem, Error> {
    let delete = Delete::builder()
        .table_name(&*directory.table)
        .set_key(Some(key.attributes()))
        .condition_expression(condition)
        .set_expression_attribute_names(by_name(names))
        .set_expression_attribute_values(by_value(values));
    let delete = delete.build().map_err(|error| Error::Unavailable(Box::new(error)))?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}

/// The names of an expression as the service takes them, which refuses an empty map.
fn by_name(names: &[&str]) -> Option<HashMap<String, String>> {
    let names = names.iter().map(|name| (format!("#{name}"), (*name).to_owned()));
    Some(names.collect()).filter(|names: &HashMap<_, _>| !names.is_empty())
}

/// The values of an expression, likewise.
fn by_value(values: &[(&str, &str)]) -> Option<HashMap<String, AttributeValue>> {
    let values =
        values.iter().map(|(name, value)| ((*name).to_owned(), AttributeValue::S((*value).to_owned())));
    Some(values.collect()).filter(|values: &HashMap<_, _>| !values.is_empty())
}
