//! What an item is, by its kind and its key.

use scim::{Kind, ResourceId};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::finding::{Problem, Side};
use crate::{
    keys::{ALONE, Key},
    record::{FORMAT, number, text},
    table::Item,
};

/// What an item is, with what its checks need of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entity {
    /// A user, group or other resource, of the type of this name.
    Record(String, ResourceId),
    /// A lookup item or a password: its owner lists it.
    Lookup {
        owner: ResourceId,
        type_name: String,
    },
    Membership {
        group: ResourceId,
        member: ResourceId,
        side: Side,
    },
    Counter(Counter),
    Tombstone {
        id: ResourceId,
        type_name: String,
    },
    IntentPart {
        group: ResourceId,
        intent: String,
        until: OffsetDateTime,
    },
    /// A bookmark, a setting, a route or a task: it agrees with nothing.
    Single,
}

/// One of the counters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Counter {
    pub(super) type_name: String,
    /// The second digit of the ids that it counts.
    pub(super) digit: char,
    pub(super) count: i64,
}

/// The tenant that a key names.
pub(super) fn tenant(key: &Key) -> &str {
    key.pk.split('#').next().unwrap_or_default()
}

impl Entity {
    pub(super) fn of(key: &Key, item: &Item) -> Result<Self, Problem> {
        let format = number(item, "v");
        if format != Some(u64::from(FORMAT)) {
            return Err(Problem::UnknownFormat(format));
        }
        let Some(kind) = text(item, "kind") else { return Err(Problem::Unreadable("no kind".to_owned())) };
        if !KINDS.contains(&kind) {
            return Err(Problem::UnknownKind(kind.to_owned()));
        }
        let mut parts = key.pk.splitn(3, '#').skip(1);
        let (letter, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let placed = match (kind, letter) {
            ("User", "U") => record("User", rest, key),
            ("Group", "G") => record("Group", rest, key),
            ("Resource", "R") => rest.rsplit_once('#').and_then(|(name, shard)| record(name, shard, key)),
            ("Lookup", "n" | "d" | "e" | "x" | "u") => return lookup(key, item),
            ("Member", "M") => membership(rest, &key.sk, Side::Group),
            ("Member", "P") => membership(&key.sk, rest, Side::Member),
            ("Counter", "C") => return counter(rest, key, item),
            ("Tombstone", "Z") => return tombstone(rest, key, item),
            ("IntentPart", "I") => return part(rest, key, item),
            ("Password", "W") => return password(rest, key, item),
            ("Bookmark", "B") | ("Setting", "K") | ("Task", "S") | ("Route", "J") => Some(Self::Single),
            _ => None,
        };
        placed.ok_or_else(|| Problem::Misplaced(kind.to_owned()))
    }
}

const KINDS: [&str; 13] = [
    "User",
    "Group",
    "Resource",
    "Lookup",
    "Member",
    "Counter",
    "Tombstone",
    "IntentPart",
    "Bookmark",
    "Setting",
    "Task",
    "Route",
    "Password",
];

fn record(type_name: &str, shard: &str, key: &Key) -> Option<Entity> {
    let id = ResourceId::parse(&key.sk)?;
    let kind = match type_name {
        "User" => Kind::User,
        "Group" => Kind::Group,
        _ => Kind::Other,
    };
    let is_here = id.kind() == kind && shard.chars().eq([id.shard()]);
    is_here.then(|| Entity::Record(type_name.to_owned(), id))
}

fn lookup(key: &Key, item: &Item) -> Result<Entity, Problem> {
    let owner = id(item, "id")?;
    if !key.sk.starts_with(ALONE) && key.sk != owner.as_str() {
        return Err(Problem::Misplaced("Lookup".to_owned()));
    }
    Ok(Entity::Lookup { owner, type_name: string(item, "type")? })
}

fn password(rest: &str, key: &Key, item: &Item) -> Result<Entity, Problem> {
    let owner = ResourceId::parse(rest).filter(|_| key.sk == ALONE);
    let owner = owner.ok_or_else(|| Problem::Misplaced("Password".to_owned()))?;
    Ok(Entity::Lookup { owner, type_name: string(item, "type")? })
}

fn membership(group: &str, member: &str, side: Side) -> Option<Entity> {
    let (group, member) = (ResourceId::parse(group)?, ResourceId::parse(member)?);
    (group.kind() == Kind::Group).then_some(Entity::Membership { group, member, side })
}

fn counter(rest: &str, key: &Key, item: &Item) -> Result<Entity, Problem> {
    let misplaced = || Problem::Misplaced("Counter".to_owned());
    let type_name = match rest.split_once('#') {
        None if rest == "U" => "User",
        None if rest == "G" => "Group",
        Some(("R", name)) => name,
        _ => return Err(misplaced()),
    };
    let mut digits = key.sk.chars();
    let (Some(digit @ ('0'..='9' | 'a'..='f')), None) = (digits.next(), digits.next()) else {
        return Err(misplaced());
    };
    let count = item.get("count").and_then(|count| count.as_n().ok()?.parse().ok());
    let count = count.ok_or_else(|| missing("count"))?;
    Ok(Entity::Counter(Counter { type_name: type_name.to_owned(), digit, count }))
}

fn tombstone(rest: &str, key: &Key, item: &Item) -> Result<Entity, Problem> {
    let id = ResourceId::parse(rest).filter(|_| key.sk == ALONE);
    let id = id.ok_or_else(|| Problem::Misplaced("Tombstone".to_owned()))?;
    Ok(Entity::Tombstone { id, type_name: string(item, "type")? })
}

fn part(rest: &str, key: &Key, item: &Item) -> Result<Entity, Problem> {
    let misplaced = || Problem::Misplaced("IntentPart".to_owned());
    let group = ResourceId::parse(rest).ok_or_else(misplaced)?;
    let (intent, _) = key.sk.split_once('#').ok_or_else(misplaced)?;
    let until = string(item, "until")?;
    let until = OffsetDateTime::parse(&until, &Rfc3339).map_err(|_| missing("until"))?;
    Ok(Entity::IntentPart { group, intent: intent.to_owned(), until })
}

fn string(item: &Item, name: &str) -> Result<String, Problem> {
    text(item, name).map(str::to_owned).ok_or_else(|| missing(name))
}

fn id(item: &Item, name: &str) -> Result<ResourceId, Problem> {
    text(item, name).and_then(ResourceId::parse).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Problem {
    Problem::Unreadable(format!("no {name}, or of another type"))
}
