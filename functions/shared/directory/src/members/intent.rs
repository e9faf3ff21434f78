//! An intent: what a group's item says of a change of members that is too large, or too much bound to the rest of
//! the request, to be written member by member.
//!
//! One write of the group commits it: from then on the group *is* what the intent says, and readers overlay it.
//! Writing the memberships themselves only follows, under a lease, by whoever is there: the request that
//! committed it, the next writer of the group, or the worker.
//!
//! `epoch` counts the intents that a group has had. A writer of a few members, which writes them without an intent,
//! moves the group's revision last and only if no intent began since it read the group; else it waits until that is
//! carried out and writes its members again. So each such write lies, as a whole, before or after every intent.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use scim::ResourceId;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::time::Instant;

use super::difference::Difference;
use crate::{
    expression::Change,
    keys::{self, Key},
    record::{number, text, timestamp},
    retry::LONGEST,
    table::Item,
};

/// How long an owner may write before others take over. It stops, or renews, well before: a request ends after
/// less than this, with the sandbox that makes it.
pub(super) const LEASE: Duration = Duration::from_secs(35);
/// A lease that ends sooner than this is renewed before more is written under it: nothing of that may still be on its
/// way when another takes over.
pub(super) const RENEWED: Duration = Duration::from_secs(20);
const _: () = assert!(LONGEST.as_secs() < RENEWED.as_secs() && RENEWED.as_secs() < LEASE.as_secs());

const CLAIMED: &str = "claimed";
const COMMITTED: &str = "committed";

/// The change of members that a group is in, and how many there have been.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Pending {
    pub(crate) epoch: u64,
    pub(crate) intent: Option<Intent>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Intent {
    pub(crate) id: String,
    /// Who may write the memberships, or decide what they are to be.
    pub(crate) owner: String,
    /// When anybody else may become the owner.
    pub(crate) until: OffsetDateTime,
    pub(crate) stage: Stage,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stage {
    /// The owner is about to decide; others keep away, and nothing is to be done yet.
    Claimed,
    /// The members are these.
    Committed(Difference),
    /// The members are those of so many parts, which are items of their own.
    InParts(u64),
}

/// The right to decide the next change of a group's members, while writers of a few of them wait.
#[derive(Debug, Clone)]
pub struct Claim {
    pub(super) group: ResourceId,
    pub(super) id: String,
}

/// The time now, for code that has no clock: `now` when it began, and what has passed since.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watch {
    now: OffsetDateTime,
    since: Instant,
}

impl Watch {
    pub(super) fn start(now: OffsetDateTime) -> Self {
        Self { now, since: Instant::now() }
    }

    pub(super) fn now(self) -> OffsetDateTime {
        self.now + self.since.elapsed()
    }
}

impl Pending {
    /// What a group's item says; `None` where that is no shape of this version.
    pub(crate) fn from_item(item: &Item) -> Option<Self> {
        let epoch = number(item, "epoch").unwrap_or(0);
        let Some(intent) = item.get("intent") else { return Some(Self { epoch, intent: None }) };
        let intent = intent.as_m().ok()?;
        let field = |name: &str| text(intent, name).map(str::to_owned);
        let stage = match (text(intent, "state")?, number(intent, "parts")?) {
            (CLAIMED, _) => Stage::Claimed,
            (COMMITTED, 0) => Stage::Committed(Difference::unpack(intent)?),
            (COMMITTED, parts) => Stage::InParts(parts),
            _ => return None,
        };
        let until = OffsetDateTime::parse(text(intent, "until")?, &Rfc3339).ok()?;
        Some(Self { epoch, intent: Some(Intent { id: field("id")?, owner: field("owner")?, until, stage }) })
    }

    /// As attributes of a group's item.
    pub(crate) fn attributes(&self) -> Vec<(String, AttributeValue)> {
        let Some(intent) = &self.intent else { return Vec::new() };
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let (state, parts, mut map) = match &intent.stage {
            Stage::Claimed => (CLAIMED, 0, Item::new()),
            Stage::Committed(difference) => (COMMITTED, 0, difference.clone().pack()),
            Stage::InParts(parts) => (COMMITTED, *parts, Item::new()),
        };
        map.extend([
            ("id".to_owned(), text(&intent.id)),
            ("owner".to_owned(), text(&intent.owner)),
            ("until".to_owned(), text(&timestamp(intent.until))),
            ("state".to_owned(), text(state)),
            ("parts".to_owned(), AttributeValue::N(parts.to_string())),
        ]);
        vec![
            ("intent".to_owned(), AttributeValue::M(map)),
            ("epoch".to_owned(), AttributeValue::N(self.epoch.to_string())),
        ]
    }
}

impl Intent {
    pub(super) fn new(id: String, stage: Stage, now: OffsetDateTime) -> Self {
        Self { owner: id.clone(), id, until: now + LEASE, stage }
    }

    /// A name that no other intent or owner has.
    pub(super) fn name() -> String {
        format!("{:032x}", fastrand::u128(..))
    }

    /// Whether its members are decided.
    pub(crate) const fn is_committed(&self) -> bool {
        !matches!(self.stage, Stage::Claimed)
    }

    /// Whether only its owner may go on with it.
    pub(crate) fn is_held(&self, now: OffsetDateTime) -> bool {
        self.until > now
    }

    /// The keys of its parts.
    pub(crate) fn parts(&self, tenant: &str, group: &ResourceId) -> Vec<Key> {
        let count = if let Stage::InParts(count) = self.stage { count } else { 0 };
        (0..count).map(|part| keys::intent_part(tenant, group, &self.id, part)).collect()
    }
}

impl Change {
    /// Only while this intent is the group's, under this owner.
    pub(super) fn if_owned(self, intent: &Intent) -> Self {
        self.when(
            "#intent.#id = :id AND #intent.#owner = :owner",
            &["intent", "id", "owner"],
            [
                (":id", AttributeValue::S(intent.id.clone())),
                (":owner", AttributeValue::S(intent.owner.clone())),
            ],
        )
    }

    /// Only if no intent has begun since the group was read with this one, or with none.
    pub(super) fn if_undisturbed(self, pending: &Pending) -> Self {
        let epoch = (":epoch", AttributeValue::N(pending.epoch.to_string()));
        match (&pending.intent, pending.epoch) {
            (None, 0) => self.when(
                "attribute_exists(pk) AND attribute_not_exists(#intent) AND attribute_not_exists(#epoch)",
                &["intent", "epoch"],
                [],
            ),
            (None, _) => {
                self.when("attribute_not_exists(#intent) AND #epoch = :epoch", &["intent", "epoch"], [epoch])
            }
            (Some(intent), _) => self.when(
                "#epoch = :epoch AND (attribute_not_exists(#intent) OR #intent.#id = :id)",
                &["intent", "epoch", "id"],
                [epoch, (":id", AttributeValue::S(intent.id.clone()))],
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn what_is_written_of_an_intent_is_read() {
        let now = datetime!(2026-11-21 12:00 UTC);
        for stage in [Stage::Claimed, Stage::Committed(Difference::default()), Stage::InParts(3)] {
            let intent = Intent::new(Intent::name(), stage, now);
            let pending = Pending { epoch: 7, intent: Some(intent) };
            let item: Item = pending.attributes().into_iter().collect();
            assert_eq!(Pending::from_item(&item), Some(pending));
        }
        assert_eq!(Pending::from_item(&Item::new()), Some(Pending::default()));
    }

    #[test]
    fn an_intent_of_another_shape_is_not_read() {
        let odd = Item::from([("intent".to_owned(), AttributeValue::M(Item::new()))]);
        assert_eq!(Pending::from_item(&odd), None);
    }

    #[test]
    fn a_lease_ends() {
        let now = datetime!(2026-11-21 12:00 UTC);
        let intent = Intent::new(Intent::name(), Stage::Claimed, now);
        assert!(intent.is_held(now) && !intent.is_held(now + LEASE));
    }
}
