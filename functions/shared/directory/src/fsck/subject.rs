//! An item that is checked: what it is, what it must agree with, and whether it does.

use std::sync::Arc;

use aws_sdk_dynamodb::types::TransactWriteItem;
use scim::{ResourceId, ResourceType};
use time::OffsetDateTime;

use super::{
    Profile,
    entity::Entity,
    finding::{Finding, Problem},
    leftover::{drop_part, judge_part, judge_tombstone, unbury},
    link::{Links, Others, key_of},
    membership::Membership,
    stored::{Stored, judge_lookup, owner_links, unlink},
};
use crate::{
    Directory, Error, Scope,
    keys::{self, Key},
    table::Item,
};

/// An item that is checked.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) key: Key,
    pub(super) scope: Scope,
    pub(super) item: Item,
    pub(super) matter: Matter,
}

/// What is to be checked of an item.
#[derive(Debug)]
pub(super) enum Matter {
    /// Nothing but this, which is wrong.
    Wrong(Problem),
    Stored(Box<Stored>),
    /// Something that names a resource by its type and id.
    Naming(Entity, Key),
    /// Something that agrees with nothing, or with what the other variants say.
    Entity(Entity),
}

impl Subject {
    /// The subject that an item is, in a tenant of this profile.
    pub(super) fn new(scope: Scope, profile: &Profile, item: Item) -> Self {
        let key = key_of(&item);
        let matter = Matter::of(&scope, profile, &key, &item).unwrap_or_else(Matter::Wrong);
        Self { key, scope, item, matter }
    }

    /// The id of the resource that it is.
    pub(super) fn id(&self) -> Option<&ResourceId> {
        match &self.matter {
            Matter::Stored(stored) => Some(stored.id()),
            _ => None,
        }
    }

    pub(super) fn links(&self) -> Links {
        match &self.matter {
            Matter::Wrong(_) => Links::default(),
            Matter::Stored(stored) => stored.links(&self.scope),
            Matter::Naming(_, record) => owner_links(record.clone()),
            Matter::Entity(entity) => self.membership(entity).map(|it| it.links()).unwrap_or_default(),
        }
    }

    pub(super) fn judge(&self, others: &Others, now: OffsetDateTime) -> Vec<Problem> {
        match &self.matter {
            Matter::Wrong(problem) => vec![problem.clone()],
            Matter::Stored(stored) => stored.judge(&self.scope, others, now),
            Matter::Naming(Entity::Lookup { owner, .. }, record) => {
                judge_lookup(&self.key, record, owner, others).into_iter().collect()
            }
            Matter::Naming(Entity::IntentPart { intent, until, .. }, root) => {
                judge_part(root, intent, *until, others, now).into_iter().collect()
            }
            Matter::Naming(_, record) => judge_tombstone(record, others).into_iter().collect(),
            Matter::Entity(entity) => {
                self.membership(entity).and_then(|it| it.judge(others, now)).into_iter().collect()
            }
        }
    }

    /// The writes that make a problem right; `None` where there are none.
    pub(super) fn mend(
        &self,
        directory: &Directory,
        problem: &Problem,
        others: &Others,
        now: OffsetDateTime,
    ) -> Result<Option<Vec<TransactWriteItem>>, Error> {
        match &self.matter {
            Matter::Wrong(_) => Ok(None),
            Matter::Stored(stored) if matches!(problem, Problem::IntentLost(_)) => {
                stored.give_up(directory, &self.scope)
            }
            Matter::Stored(stored) => stored.relink(directory, &self.scope, others),
            Matter::Naming(Entity::Lookup { owner, .. }, record) => {
                unlink(directory, &self.key, record, owner).map(Some)
            }
            Matter::Naming(Entity::IntentPart { intent, .. }, root) => {
                drop_part(directory, &self.key, root, intent).map(Some)
            }
            Matter::Naming(_, record) => unbury(directory, &self.key, record).map(Some),
            Matter::Entity(entity) => {
                self.membership(entity).map_or(Ok(None), |it| it.mend(directory, problem, now))
            }
        }
    }

    pub(super) fn finding(&self, problem: Problem) -> Finding {
        let Key { pk, sk } = self.key.clone();
        Finding { tenant: self.scope.tenant.clone(), pk, sk, problem }
    }

    fn membership<'a>(&'a self, entity: &'a Entity) -> Option<Membership<'a>> {
        let Entity::Membership { group, member, side } = entity else { return None };
        Some(Membership { scope: &self.scope, group, member, side: *side })
    }
}

impl Matter {
    fn of(scope: &Scope, profile: &Profile, key: &Key, item: &Item) -> Result<Self, Problem> {
        let entity = Entity::of(key, item)?;
        Ok(match &entity {
            Entity::Record(type_name, _) => {
                let resource_type = profile.resource_type(type_name)?;
                Self::Stored(Box::new(Stored::read(scope, resource_type, item.clone())?))
            }
            Entity::Lookup { owner: id, type_name } | Entity::Tombstone { id, type_name } => {
                let record = profile.record(&scope.tenant, type_name, id)?;
                Self::Naming(entity, record)
            }
            Entity::IntentPart { group, .. } => {
                let root = keys::member_record(&scope.tenant, group);
                let root = root.ok_or_else(|| Problem::Misplaced("IntentPart".to_owned()))?;
                Self::Naming(entity, root)
            }
            Entity::Membership { .. } | Entity::Counter(_) | Entity::Single => Self::Entity(entity),
        })
    }
}

impl Profile {
    pub(super) fn resource_type(&self, name: &str) -> Result<Arc<ResourceType>, Problem> {
        let found = self.resource_types.iter().find(|it| it.name == name).cloned();
        found.ok_or_else(|| Problem::Unreadable(format!("no resource type {name} is configured")))
    }

    /// Where the resource of a type and an id lies.
    fn record(&self, tenant: &str, type_name: &str, id: &ResourceId) -> Result<Key, Problem> {
        let resource_type = self.resource_type(type_name)?;
        if resource_type.kind != id.kind() {
            return Err(Problem::Unreadable(format!("{id} is no id of a {type_name}")));
        }
        Ok(keys::record(tenant, &resource_type, id))
    }
}
