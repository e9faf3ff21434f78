//! Resources and their lookup items: each lists the other.

use std::{collections::BTreeSet, sync::Arc};

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use scim::{ResourceId, ResourceType};
use time::OffsetDateTime;

use super::{
    SKEW,
    finding::Problem,
    link::{Links, Others},
    mend::{delete_if, require},
};
use crate::{
    Directory, Error, Record, Scope,
    expression::{Change, Condition},
    keys::{self, Key},
    lookup::{self, LookupItem},
    record::text,
    table::Item,
    transaction::MOST_ACTIONS,
};

/// A resource as it is stored, and the lookup items that it should have.
#[derive(Debug)]
pub(super) struct Stored {
    resource_type: Arc<ResourceType>,
    record: Record,
    wanted: Vec<LookupItem>,
}

impl Stored {
    pub(super) fn read(scope: &Scope, resource_type: Arc<ResourceType>, item: Item) -> Result<Self, Problem> {
        let record = Record::from_item(scope, item).map_err(unreadable)?;
        let wanted = lookup::of_record(scope, &resource_type, &record).map_err(unreadable)?;
        Ok(Self { resource_type, record, wanted })
    }

    pub(super) fn id(&self) -> &ResourceId {
        &self.record.id
    }

    pub(super) fn type_name(&self) -> &str {
        &self.resource_type.name
    }

    pub(super) fn links(&self, scope: &Scope) -> Links {
        let listed = self.record.keys.iter().filter_map(|key| Key::decode(key));
        let wanted = self.wanted.iter().map(|lookup| lookup.key.clone());
        let whole = listed.chain(wanted).collect();
        let intent = self.record.pending.intent.as_ref();
        let parts = intent.map(|intent| intent.parts(&scope.tenant, &self.record.id));
        Links { whole, bare: parts.unwrap_or_default().into_iter().collect() }
    }

    pub(super) fn judge(&self, scope: &Scope, others: &Others, now: OffsetDateTime) -> Vec<Problem> {
        let mut problems = Vec::new();
        for lookup in &self.wanted {
            let key = lookup.key.encode();
            problems.extend(match others.get(&lookup.key) {
                None => Some(Problem::LookupMissing(key)),
                Some(item) if *item == self.item_of(lookup) => None,
                Some(item) => Some(match self.other_owner(item) {
                    Some(other) => Problem::LookupTaken(key, other),
                    None => Problem::LookupDiffers(key),
                }),
            });
        }
        let keys = self.keys(scope, others);
        if keys != self.record.keys {
            let missing = keys.difference(&self.record.keys).cloned().collect();
            let surplus = self.record.keys.difference(&keys).cloned().collect();
            problems.push(Problem::KeysDiffer { missing, surplus });
        }
        if let Some(intent) = &self.record.pending.intent
            && !intent.is_held(now - SKEW)
        {
            let mut parts = intent.parts(&scope.tenant, &self.record.id).into_iter();
            let id = intent.id.clone();
            let is_whole = parts.all(|part| others.contains_key(&part));
            problems.push(if is_whole { Problem::IntentUnfinished(id) } else { Problem::IntentLost(id) });
        }
        problems
    }

    /// The writes that make keys and lookup items right; `None` where they do not fit one transaction.
    pub(super) fn relink(
        &self,
        directory: &Directory,
        scope: &Scope,
        others: &Others,
    ) -> Result<Option<Vec<TransactWriteItem>>, Error> {
        let (record, keys) = (&self.record, self.keys(scope, others));
        let root = keys::record(&scope.tenant, &self.resource_type, &record.id);
        // A revision more, so that no writer goes by the keys that were.
        let change = Change::new(root).add("rev", 1).if_revision(record.revision);
        let list = || AttributeValue::Ss(keys.iter().cloned().collect());
        let change =
            if keys.is_empty() { change.remove("keys") } else { change.set([("keys".to_owned(), list())]) };
        let mut actions = vec![directory.change(change)?];
        for lookup in &self.wanted {
            let item = self.item_of(lookup);
            let there = others.get(&lookup.key);
            if there != Some(&item) && there.is_none_or(|there| self.other_owner(there).is_none()) {
                actions.push(directory.put(item, Condition::AbsentOrOf(record.id.as_str()))?);
            }
        }
        for key in record.keys.difference(&keys).filter_map(|key| Key::decode(key)) {
            if others.get(&key).is_some_and(|item| text(item, "id") == Some(record.id.as_str())) {
                actions.push(delete_if(directory, &key, "id = :id", &[], &[(":id", record.id.as_str())])?);
            }
        }
        Ok((actions.len() <= MOST_ACTIONS).then_some(actions))
    }

    /// The write that takes an intent back whose parts are lost.
    pub(super) fn give_up(
        &self,
        directory: &Directory,
        scope: &Scope,
    ) -> Result<Option<Vec<TransactWriteItem>>, Error> {
        let Some(intent) = &self.record.pending.intent else { return Ok(None) };
        let root = keys::record(&scope.tenant, &self.resource_type, &self.record.id);
        let change = Change::new(root).remove("intent").if_revision(self.record.revision).when(
            "#intent.#id = :id AND #intent.#owner = :owner",
            &["intent", "id", "owner"],
            [
                (":id", AttributeValue::S(intent.id.clone())),
                (":owner", AttributeValue::S(intent.owner.clone())),
            ],
        );
        Ok(Some(vec![directory.change(change)?]))
    }

    /// The keys that the resource is to list: those of what it should have, but for what others have; and that of its
    /// password, where there is one.
    fn keys(&self, scope: &Scope, others: &Others) -> BTreeSet<String> {
        let is_taken = |lookup: &&LookupItem| {
            others.get(&lookup.key).is_some_and(|item| self.other_owner(item).is_some())
        };
        let lookups = self.wanted.iter().filter(|lookup| !is_taken(lookup)).map(|lookup| lookup.key.encode());
        let password = Some(self.record.password_key(scope)).filter(|key| others.contains_key(key));
        lookups.chain(password.map(|key| key.encode())).collect()
    }

    fn other_owner(&self, item: &Item) -> Option<ResourceId> {
        text(item, "id").and_then(ResourceId::parse).filter(|owner| *owner != self.record.id)
    }

    fn item_of(&self, lookup: &LookupItem) -> Item {
        lookup.to_item(&self.resource_type, &self.record.id)
    }
}

fn unreadable(error: Error) -> Problem {
    Problem::Unreadable(match error {
        Error::Unreadable { reason, .. } => reason,
        error => error.to_string(),
    })
}

/// The record that a lookup item names.
pub(super) fn owner_links(owner: Key) -> Links {
    Links { bare: [owner].into(), ..Links::default() }
}

pub(super) fn judge_lookup(key: &Key, owner: &Key, id: &ResourceId, others: &Others) -> Option<Problem> {
    let Some(record) = others.get(owner) else { return Some(Problem::LookupOrphaned(id.clone())) };
    let lists = match record.get("keys") {
        Some(AttributeValue::Ss(keys)) => keys.contains(&key.encode()),
        _ => false,
    };
    (!lists).then(|| Problem::LookupUnlisted(id.clone()))
}

/// The writes that take a lookup item away, if its owner is still not there, or still does not list it.
pub(super) fn unlink(
    directory: &Directory,
    key: &Key,
    owner: &Key,
    id: &ResourceId,
) -> Result<Vec<TransactWriteItem>, Error> {
    let unlisted = "attribute_not_exists(pk) OR NOT contains(#keys, :key)";
    Ok(vec![
        require(directory, owner, unlisted, &["keys"], &[(":key", &key.encode())])?,
        delete_if(directory, key, "id = :id", &[], &[(":id", id.as_str())])?,
    ])
}
