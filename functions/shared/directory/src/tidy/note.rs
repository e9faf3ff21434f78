//! From the stream to tasks: what in a batch of changes looks as if a request had not come to its end.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use scim::{Kind, ResourceId};
use time::{Duration, OffsetDateTime};

use super::{
    Change, Image,
    task::{Noted, Task},
};
use crate::{
    Consistency, Directory, Error, Usage,
    keys::{self, Half, Key},
    members::Pending,
    record::{number, text},
    table::{Item, Projection},
};

/// After so long no request that was under way is.
const OVER: Duration = Duration::seconds(60);

/// What a batch says, the last word on each.
#[derive(Debug, Default)]
struct Batch {
    /// (tenant, group) → when the lease of the intent it has ends.
    intents: BTreeMap<(String, ResourceId), OffsetDateTime>,
    /// (tenant, group, member) → whether each half is there after the batch, where the batch says.
    pairs: BTreeMap<(String, ResourceId, ResourceId), [Option<bool>; 2]>,
    /// (tenant, group) → when its members last changed.
    moved: BTreeMap<(String, ResourceId), OffsetDateTime>,
    /// What is to be looked at in any case.
    tasks: BTreeSet<Noted>,
}

impl Directory {
    /// Notes what these changes may have left undone.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`]; it is then to be called again with the same changes.
    pub async fn note(&self, usage: &Usage, changes: &[Change], now: OffsetDateTime) -> Result<(), Error> {
        let batch = Batch::of(changes);
        let halves = batch.counterparts();
        let roots = batch.moved.keys().filter_map(|(tenant, group)| keys::member_record(tenant, group));
        let (halves_there, roots) = futures::try_join!(
            self.items(usage, halves.keys().cloned().collect(), Projection::Keys, Consistency::Eventual),
            self.items(usage, roots.collect(), Projection::Pending, Consistency::Eventual),
        )?;
        let mut due: BTreeMap<Noted, OffsetDateTime> =
            batch.tasks.iter().map(|noted| (noted.clone(), now + OVER)).collect();
        for ((tenant, group), until) in &batch.intents {
            let task = Task::Finish { group: group.clone() };
            due.insert(Noted { tenant: tenant.clone(), task }, *until);
        }
        let there: BTreeSet<Key> = halves_there.iter().filter_map(key).collect();
        for (key, (noted, is_there)) in halves {
            if there.contains(&key) != is_there {
                due.insert(noted, now + OVER);
            }
        }
        let roots: BTreeMap<Key, Item> =
            roots.into_iter().filter_map(|root| Some((key(&root)?, root))).collect();
        for ((tenant, group), moved) in batch.moved {
            let root = keys::member_record(&tenant, &group).and_then(|key| roots.get(&key));
            if root.is_some_and(|root| !is_settled(root, moved.unix_timestamp())) {
                let task = Task::Revision { group, moved: moved.unix_timestamp() };
                due.insert(Noted { tenant, task }, now + OVER);
            }
        }
        self.write(usage, puts(due)?).await
    }
}

/// Whether a group's revision has moved since its members did, or will when what is under way is done.
pub(super) fn is_settled(root: &Item, moved_seconds: i64) -> bool {
    let bumped = number(root, "at").and_then(|millis| i64::try_from(millis / 1000).ok());
    root.contains_key("intent") || bumped.is_some_and(|bumped| bumped >= moved_seconds)
}

fn key(item: &Item) -> Option<Key> {
    Some(Key::new(text(item, "pk")?.to_owned(), text(item, "sk")?))
}

fn puts(due: BTreeMap<Noted, OffsetDateTime>) -> Result<Vec<WriteRequest>, Error> {
    due.into_iter()
        .map(|(noted, due)| {
            let put = PutRequest::builder().set_item(Some(noted.item(due))).build();
            put.map(|put| WriteRequest::builder().put_request(put).build())
                .map_err(|error| Error::Unavailable(Box::new(error)))
        })
        .collect()
}

impl Batch {
    fn of(changes: &[Change]) -> Self {
        let mut batch = Self::default();
        for change in changes {
            let Some(image) = change.new.as_ref().or(change.old.as_ref()) else { continue };
            match text(image, "kind") {
                Some("Group") => batch.group(change, image),
                Some("Member") => batch.member(change, image),
                Some("Tombstone") if change.old.is_none() => batch.gone(image),
                Some("IntentPart") if change.old.is_none() => batch.part(image),
                _ => {}
            }
        }
        batch
    }

    fn group(&mut self, change: &Change, image: &Image) {
        let Some((tenant, group)) = keys::parse_record(image) else { return };
        let pending = change.new.as_ref().and_then(Pending::from_item);
        match pending.and_then(|pending| pending.intent) {
            Some(intent) => drop(self.intents.insert((tenant, group), intent.until)),
            None => drop(self.intents.remove(&(tenant, group))),
        }
    }

    fn member(&mut self, change: &Change, image: &Image) {
        let Some(edge) = keys::parse_edge(image) else { return };
        let half = usize::from(edge.half == Half::OfMember);
        let moved = self.moved.entry((edge.tenant.clone(), edge.group.clone())).or_insert(change.at);
        *moved = change.at.max(*moved);
        let pair = self.pairs.entry((edge.tenant, edge.group, edge.member)).or_default();
        pair[half] = Some(change.new.is_some());
    }

    fn gone(&mut self, image: &Image) {
        let Some((tenant, id)) = keys::parse_tombstone(image) else { return };
        if id.kind() != Kind::Other {
            self.tasks.insert(Noted { tenant, task: Task::Gone { id } });
        }
    }

    fn part(&mut self, image: &Image) {
        let Some((tenant, group, intent)) = keys::parse_intent_part(image) else { return };
        self.tasks.insert(Noted { tenant, task: Task::Parts { group, intent } });
    }

    /// The halves that the batch does not speak of, each with the membership it belongs to and whether it should be
    /// there. Where both halves agree there is nothing to look at.
    fn counterparts(&self) -> BTreeMap<Key, (Noted, bool)> {
        let open = self.pairs.iter().filter_map(|((tenant, group, member), halves)| {
            let [of_group, of_member] = [
                Key::new(keys::members(tenant, group), member.as_str()),
                Key::new(keys::memberships(tenant, member), group.as_str()),
            ];
            let (key, is_there) = match halves {
                [Some(one), Some(other)] if one == other => return None,
                [Some(is_there), _] => (of_member, *is_there),
                [None, is_there] => (of_group, (*is_there)?),
            };
            let task = Task::Pair { group: group.clone(), member: member.clone() };
            Some((key, (Noted { tenant: tenant.clone(), task }, is_there)))
        });
        open.collect()
    }
}
