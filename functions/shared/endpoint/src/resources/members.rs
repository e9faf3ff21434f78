//! A group's members: from what a request says to whom the table adds and removes.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use directory::Member;
use scim::{
    Error, ErrorKind, ResourceId,
    members::{self, MemberChange},
};

use super::Call;

/// Whom a request adds to and removes from a group.
#[derive(Default)]
pub(super) struct Delta {
    pub(super) add: BTreeMap<ResourceId, Option<String>>,
    pub(super) remove: BTreeSet<ResourceId>,
}

impl From<Delta> for directory::MemberChange {
    fn from(delta: Delta) -> Self {
        Self {
            add: delta.add.into_iter().map(|(id, display)| Member { id, display }).collect(),
            remove: delta.remove.into_iter().collect(),
        }
    }
}

/// Whether the changes can only be worked out from the members the group has now.
pub(super) fn depend_on_present(changes: &[MemberChange]) -> bool {
    changes.iter().any(|change| matches!(change, MemberChange::Replace(_) | MemberChange::RemoveMatching(_)))
}

impl Call {
    /// The sum of `changes`, in order; `present` is everybody in the group now, where that matters.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidValue`] for a member whose value is no id.
    pub(super) fn delta(&self, changes: &[MemberChange], present: &[Member]) -> Result<Delta, Error> {
        let mut delta = Delta::default();
        for change in changes {
            match change {
                MemberChange::Add(members) => {
                    let ids = Self::ids(members)?;
                    for member in Self::joined(members, ids) {
                        delta.remove.remove(&member.id);
                        delta.add.insert(member.id, member.display);
                    }
                }
                // An id that is none cannot be a member: there is nothing to remove.
                MemberChange::Remove(ids) => {
                    leave(&mut delta, ids.iter().filter_map(|id| ResourceId::parse(id)));
                }
                MemberChange::RemoveMatching(filter) => {
                    let attribute = self.resource_type().core(members::MEMBERS);
                    let bound = attribute.map(|attribute| filter.bind_values(attribute)).transpose()?;
                    let added = delta
                        .add
                        .iter()
                        .map(|(id, display)| Member { id: id.clone(), display: display.clone() });
                    let candidates = present.iter().cloned().chain(added);
                    let matching: Vec<_> = candidates
                        .filter(|member| {
                            let value = self.member(member);
                            bound
                                .as_ref()
                                .zip(value.as_object())
                                .is_some_and(|(bound, value)| bound.matches(value))
                        })
                        .map(|member| member.id)
                        .collect();
                    leave(&mut delta, matching.into_iter());
                }
                MemberChange::Replace(members) => {
                    let ids = Self::ids(members)?;
                    let wanted: HashSet<&ResourceId> = ids.iter().collect();
                    let leaves = present.iter().map(|member| &member.id).filter(|id| !wanted.contains(id));
                    delta.remove = leaves.cloned().collect();
                    delta.add = Self::joined(members, ids)
                        .into_iter()
                        .map(|member| (member.id, member.display))
                        .collect();
                }
            }
        }
        for member in present {
            delta.add.remove(&member.id);
        }
        Ok(delta)
    }

    /// The ids that members name, each once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidValue`] for a value that is no id.
    pub(super) fn ids(members: &[members::Member]) -> Result<Vec<ResourceId>, Error> {
        let mut seen = BTreeSet::new();
        let mut ids = Vec::with_capacity(members.len());
        for member in members {
            let id = ResourceId::parse(&member.value)
                .ok_or_else(|| nobody([member.value.as_str()].into_iter()))?;
            if seen.insert(id.clone()) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// The members of these ids, with the first display name that comes with each.
    pub(super) fn joined(members: &[members::Member], ids: Vec<ResourceId>) -> Vec<Member> {
        let mut displays: BTreeMap<&str, &Option<String>> = BTreeMap::new();
        for member in members {
            displays.entry(&member.value).or_insert(&member.display);
        }
        ids.into_iter()
            .map(|id| {
                let display = displays.get(id.as_str()).and_then(|display| (*display).clone());
                Member { id, display }
            })
            .collect()
    }

    /// Refuses members that do not exist.
    pub(super) fn refuse_missing(missing: &[ResourceId]) -> Result<(), Error> {
        if missing.is_empty() { Ok(()) } else { Err(nobody(missing.iter().map(ResourceId::as_str))) }
    }
}

fn leave(delta: &mut Delta, ids: impl Iterator<Item = ResourceId>) {
    for id in ids {
        delta.add.remove(&id);
        delta.remove.insert(id);
    }
}

/// Members that name nobody: as many of them as an administrator reads.
fn nobody<'a>(values: impl ExactSizeIterator<Item = &'a str>) -> Error {
    const MOST_NAMED: usize = 5;
    let count = values.len();
    let named: Vec<_> = values.take(MOST_NAMED).map(scim::value::quoted).collect();
    let more = if count > MOST_NAMED { format!(" and {} more", count - MOST_NAMED) } else { String::new() };
    let detail = format!(
        "Value {}{more} in attribute members.value names no user or group of this directory",
        named.join(", ")
    );
    Error::new(ErrorKind::InvalidValue, detail).at("members.value")
}
