//! What is to be looked after, and when: small items of their own, in the order of their time.

use aws_sdk_dynamodb::types::AttributeValue;
use scim::ResourceId;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    keys::{self, Key},
    record::{kind, timestamp},
    table::Item,
};

/// After so long a task that could not be done is given up; `fsck` finds what it was about.
const KEPT: Duration = Duration::days(7);

/// Something that a request may have left undone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Task {
    /// A change of this group's members may have to be finished.
    Finish { group: ResourceId },
    /// One half of this membership may be missing.
    Pair { group: ResourceId, member: ResourceId },
    /// The group's revision may not have moved since its members did, at this second since 1970.
    Revision { group: ResourceId, moved: i64 },
    /// The resource is deleted; it may have memberships still.
    Gone { id: ResourceId },
    /// Parts of this intent may be nobody's.
    Parts { group: ResourceId, intent: String },
}

/// A task with its tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Noted {
    pub(super) tenant: String,
    pub(super) task: Task,
}

impl Noted {
    /// The key of the task, due at `due`; the same task noted twice within a few seconds is one.
    pub(super) fn key(&self, due: OffsetDateTime) -> Key {
        const STEP: i64 = 10;
        let seconds = due.unix_timestamp();
        let due = due + Duration::seconds(STEP - seconds.rem_euclid(STEP));
        let due = timestamp(due.replace_millisecond(0).unwrap_or(due));
        let (id, words) = match &self.task {
            Task::Finish { group } => (group, format!("finish#{group}")),
            Task::Pair { group, member } => (group, format!("pair#{group}#{member}")),
            Task::Revision { group, moved } => (group, format!("revision#{group}#{moved}")),
            Task::Gone { id } => (id, format!("gone#{id}")),
            Task::Parts { group, intent } => (group, format!("parts#{group}#{intent}")),
        };
        Key::new(keys::tasks(id.counter()), format!("{due}#{}#{words}", self.tenant))
    }

    /// The item of the task: its key says all of it.
    pub(super) fn item(&self, due: OffsetDateTime) -> Item {
        let mut item = self.key(due).attributes();
        item.extend(kind("Task"));
        let ttl = (due + KEPT).unix_timestamp();
        item.insert("ttl".to_owned(), AttributeValue::N(ttl.to_string()));
        item
    }

    /// The task that [`Self::key`] wrote, and when it is due.
    pub(super) fn parse(sk: &str) -> Option<(Self, OffsetDateTime)> {
        let mut words = sk.split('#');
        let due = OffsetDateTime::parse(words.next()?, &Rfc3339).ok()?;
        let tenant = words.next()?.to_owned();
        let verb = words.next()?;
        let id = ResourceId::parse(words.next()?)?;
        let rest = words.next();
        let task = match (verb, rest) {
            ("finish", None) => Task::Finish { group: id },
            ("pair", Some(member)) => Task::Pair { group: id, member: ResourceId::parse(member)? },
            ("revision", Some(moved)) => Task::Revision { group: id, moved: moved.parse().ok()? },
            ("gone", None) => Task::Gone { id },
            ("parts", Some(intent)) => Task::Parts { group: id, intent: intent.to_owned() },
            _ => return None,
        };
        Some((Self { tenant, task }, due))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_task_is_read_from_its_key() {
        let id = |text: &str| ResourceId::parse(text).expect("an id");
        let group = id("8a000000-0000-4000-8000-000000000001");
        let member = id("0b000000-0000-4000-8000-000000000002");
        for task in [
            Task::Finish { group: group.clone() },
            Task::Pair { group: group.clone(), member: member.clone() },
            Task::Revision { group: group.clone(), moved: 1_795_176_000 },
            Task::Gone { id: member },
            Task::Parts { group, intent: "ab12".to_owned() },
        ] {
            let noted = Noted { tenant: "acme".to_owned(), task };
            let key = noted.key(datetime!(2026-11-21 12:00:01.5 UTC));
            assert_eq!(key, noted.key(datetime!(2026-11-21 12:00:09 UTC)), "noted twice, it is one");
            assert_eq!(Noted::parse(&key.sk), Some((noted, datetime!(2026-11-21 12:00:10 UTC))));
        }
        for odd in ["", "x", "2026-11-21T12:00:10.000Z#acme#gone#x", "2026-11-21T12:00:10.000Z#acme#dance#"] {
            assert_eq!(Noted::parse(odd), None, "{odd}");
        }
    }
}
