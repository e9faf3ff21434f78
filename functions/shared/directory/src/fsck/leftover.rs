//! Items that are there for a while: what is left of deleted resources, and parts of changes under way.

use aws_sdk_dynamodb::types::TransactWriteItem;
use time::OffsetDateTime;

use super::{
    SKEW,
    finding::Problem,
    link::Others,
    mend::{delete_if, require},
};
use crate::{Directory, Error, keys::Key, record::text, table::Item};

pub(super) fn judge_tombstone(record: &Key, others: &Others) -> Option<Problem> {
    others.contains_key(record).then_some(Problem::TombstoneOfLiving)
}

/// The writes that take the tombstone of a living resource away.
pub(super) fn unbury(
    directory: &Directory,
    tombstone: &Key,
    record: &Key,
) -> Result<Vec<TransactWriteItem>, Error> {
    Ok(vec![
        require(directory, record, "attribute_exists(pk)", &[], &[])?,
        delete_if(directory, tombstone, "attribute_exists(pk)", &[], &[])?,
    ])
}

/// A part is written before its intent: until its time is over, it may still be going to be one's.
pub(super) fn judge_part(
    root: &Key,
    intent: &str,
    until: OffsetDateTime,
    others: &Others,
    now: OffsetDateTime,
) -> Option<Problem> {
    let is_orphan = until < now - SKEW && others.get(root).and_then(intent_of) != Some(intent);
    is_orphan.then(|| Problem::PartOrphaned(intent.to_owned()))
}

fn intent_of(root: &Item) -> Option<&str> {
    text(root.get("intent")?.as_m().ok()?, "id")
}

/// The writes that take a part away whose intent is not its group's.
pub(super) fn drop_part(
    directory: &Directory,
    part: &Key,
    root: &Key,
    intent: &str,
) -> Result<Vec<TransactWriteItem>, Error> {
    let is_other = "attribute_not_exists(#intent) OR #intent.#id <> :id";
    Ok(vec![
        require(directory, root, is_other, &["intent", "id"], &[(":id", intent)])?,
        delete_if(directory, part, "attribute_exists(pk)", &[], &[])?,
    ])
}
