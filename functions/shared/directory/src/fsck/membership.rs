//! Memberships: two items each, of a group and a member that exist.

use aws_sdk_dynamodb::types::TransactWriteItem;
use scim::ResourceId;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    finding::{Problem, Side},
    link::{Links, Others},
    mend::{delete_if, require},
};
use crate::{
    Directory, Error, Scope,
    expression::Condition,
    keys::{self, Key},
    members::bump,
    record::{kind, text},
};

/// Memberships go after the resource itself: for so long it is nothing to wonder at. Requests end much sooner.
const LEAVING: Duration = Duration::minutes(2);

/// A membership, one of whose items was seen.
#[derive(Debug)]
pub(super) struct Membership<'a> {
    pub(super) scope: &'a Scope,
    pub(super) group: &'a ResourceId,
    pub(super) member: &'a ResourceId,
    pub(super) side: Side,
}

impl Membership<'_> {
    fn item(&self, side: Side) -> Key {
        match side {
            Side::Group => Key::new(keys::members(&self.scope.tenant, self.group), self.member.as_str()),
            Side::Member => Key::new(keys::memberships(&self.scope.tenant, self.member), self.group.as_str()),
        }
    }

    const fn other_side(&self) -> Side {
        match self.side {
            Side::Group => Side::Member,
            Side::Member => Side::Group,
        }
    }

    fn ends(&self) -> [&ResourceId; 2] {
        [self.group, self.member]
    }

    pub(super) fn links(&self) -> Links {
        let records = self.ends().into_iter().filter_map(|id| keys::member_record(&self.scope.tenant, id));
        let tombstones = self.ends().into_iter().map(|id| keys::tombstone(&self.scope.tenant, id));
        Links { whole: [self.item(self.other_side())].into(), bare: records.chain(tombstones).collect() }
    }

    pub(super) fn judge(&self, others: &Others, now: OffsetDateTime) -> Option<Problem> {
        let record =
            |id: &ResourceId| keys::member_record(&self.scope.tenant, id).and_then(|key| others.get(&key));
        if record(self.group).is_some_and(|group| group.contains_key("intent")) {
            // Its members are what the intent says, and that is being written.
            return None;
        }
        let absent: Vec<_> = self.ends().into_iter().filter(|id| record(id).is_none()).cloned().collect();
        if absent.iter().any(|id| self.is_leaving(id, others, now)) {
            return None;
        }
        if !absent.is_empty() {
            return Some(Problem::MembershipDangling(absent));
        }
        let is_half = !others.contains_key(&self.item(self.other_side()));
        is_half.then_some(Problem::MembershipHalf { only: self.side })
    }

    /// Whether a resource has been deleted so lately that its memberships may be going still.
    fn is_leaving(&self, id: &ResourceId, others: &Others, now: OffsetDateTime) -> bool {
        let tombstone = others.get(&keys::tombstone(&self.scope.tenant, id));
        let deleted = tombstone.and_then(|tombstone| text(tombstone, "deleted"));
        let deleted = deleted.and_then(|deleted| OffsetDateTime::parse(deleted, &Rfc3339).ok());
        deleted.is_some_and(|deleted| now - deleted < LEAVING)
    }

    pub(super) fn mend(
        &self,
        directory: &Directory,
        problem: &Problem,
        now: OffsetDateTime,
    ) -> Result<Option<Vec<TransactWriteItem>>, Error> {
        let of_group = self.item(Side::Group);
        let of_member = self.item(Side::Member);
        let mut actions = Vec::new();
        match problem {
            Problem::MembershipDangling(absent) => {
                for key in absent.iter().filter_map(|id| keys::member_record(&self.scope.tenant, id)) {
                    actions.push(require(directory, &key, "attribute_not_exists(pk)", &[], &[])?);
                }
                for key in [of_group, of_member] {
                    actions.push(directory.remove(&key, Condition::None)?);
                }
                if !absent.contains(self.group) {
                    // The group has shown whom it does not any more.
                    let shown = bump(self.scope, self.group, now, now)?.if_present();
                    let shown = shown.when("attribute_not_exists(#intent)", &["intent"], []);
                    actions.push(directory.change(shown)?);
                }
            }
            Problem::MembershipHalf { only: Side::Group } => {
                for key in
                    self.ends().into_iter().filter_map(|id| keys::member_record(&self.scope.tenant, id))
                {
                    let is_settled = "attribute_exists(pk) AND attribute_not_exists(#intent)";
                    actions.push(require(directory, &key, is_settled, &["intent"], &[])?);
                }
                actions.push(require(directory, &of_group, "attribute_exists(pk)", &[], &[])?);
                let mut item = of_member.attributes();
                item.extend(kind("Member"));
                actions.push(directory.put(item, Condition::None)?);
            }
            Problem::MembershipHalf { only: Side::Member } => {
                actions.push(require(directory, &of_group, "attribute_not_exists(pk)", &[], &[])?);
                if let Some(group) = keys::member_record(&self.scope.tenant, self.group) {
                    let is_settled = "attribute_not_exists(#intent)";
                    actions.push(require(directory, &group, is_settled, &["intent"], &[])?);
                }
                actions.push(delete_if(directory, &of_member, "attribute_exists(pk)", &[], &[])?);
            }
            _ => return Ok(None),
        }
        Ok(Some(actions))
    }
}
