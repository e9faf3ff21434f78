//! What can be wrong with an item.

use std::fmt;

use scim::ResourceId;

/// Something wrong with one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The tenant, as the item's key names it.
    pub tenant: String,
    /// The item's partition key.
    pub pk: String,
    /// The item's sort key.
    pub sk: String,
    /// What is wrong.
    pub problem: Problem,
}

/// One of the two items of a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// That under the group, which is what the group shows.
    Group,
    /// That under the member.
    Member,
}

/// What is wrong with an item. Keys of lookup items are written as `sort key, space, partition key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// No version of this program writes items of this kind.
    UnknownKind(String),
    /// The item's format is not the one that this version writes.
    UnknownFormat(Option<u64>),
    /// Items of this kind do not lie under such a key, or the id in it names another place.
    Misplaced(String),
    /// The item lacks something, or has it in another shape.
    Unreadable(String),
    /// The resource needs this lookup item, which does not exist.
    LookupMissing(String),
    /// The resource's lookup item is not as it would be written today.
    LookupDiffers(String),
    /// The value of this lookup item belongs to another resource.
    LookupTaken(String, ResourceId),
    /// The lookup keys that the resource lists are not those that its document and the tenant's policy ask for.
    KeysDiffer {
        /// What it does not list.
        missing: Vec<String>,
        /// What it lists and must not.
        surplus: Vec<String>,
    },
    /// The lookup item names a resource that does not exist.
    LookupOrphaned(ResourceId),
    /// The lookup item names a resource that does not list it.
    LookupUnlisted(ResourceId),
    /// The membership's other item does not exist.
    MembershipHalf {
        /// Which item there is.
        only: Side,
    },
    /// The membership's group or member does not exist.
    MembershipDangling(Vec<ResourceId>),
    /// A change of the group's members was left unfinished.
    IntentUnfinished(String),
    /// A change of the group's members was left unfinished, and parts of it are lost.
    IntentLost(String),
    /// A part of a change of members that is not under way.
    PartOrphaned(String),
    /// The resource that this says was deleted exists.
    TombstoneOfLiving,
    /// The counter is not how many resources it counts.
    CountDiffers {
        /// What the counter says.
        stored: i64,
        /// How many there are.
        actual: u64,
    },
}

impl Problem {
    /// A short name, for programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::UnknownKind(_) => "unknown-kind",
            Self::UnknownFormat(_) => "unknown-format",
            Self::Misplaced(_) => "misplaced",
            Self::Unreadable(_) => "unreadable",
            Self::LookupMissing(_) => "lookup-missing",
            Self::LookupDiffers(_) => "lookup-differs",
            Self::LookupTaken(..) => "lookup-taken",
            Self::KeysDiffer { .. } => "keys-differ",
            Self::LookupOrphaned(_) => "lookup-orphaned",
            Self::LookupUnlisted(_) => "lookup-unlisted",
            Self::MembershipHalf { .. } => "membership-half",
            Self::MembershipDangling(_) => "membership-dangling",
            Self::IntentUnfinished(_) => "intent-unfinished",
            Self::IntentLost(_) => "intent-lost",
            Self::PartOrphaned(_) => "part-orphaned",
            Self::TombstoneOfLiving => "tombstone-of-living",
            Self::CountDiffers { .. } => "count-differs",
        }
    }

    /// What repair does; `None` where it does nothing, since there is more than one right state or none is known.
    #[must_use]
    pub const fn repair(&self) -> Option<&'static str> {
        Some(match self {
            Self::UnknownKind(_)
            | Self::UnknownFormat(_)
            | Self::Misplaced(_)
            | Self::Unreadable(_)
            | Self::LookupTaken(..) => return None,
            Self::LookupMissing(_) | Self::LookupDiffers(_) => "writes the lookup item",
            Self::KeysDiffer { .. } => "writes the keys that are right, with their lookup items",
            Self::LookupOrphaned(_) | Self::LookupUnlisted(_) => "deletes the lookup item",
            Self::MembershipHalf { only: Side::Group } => "writes the member's item",
            Self::MembershipHalf { only: Side::Member } => {
                "deletes the item: the group does not show the member"
            }
            Self::MembershipDangling(_) => "deletes both items",
            Self::IntentUnfinished(_) => "finishes the change",
            Self::IntentLost(_) => "gives up the change: the members stay as they are written",
            Self::PartOrphaned(_) => "deletes the part",
            Self::TombstoneOfLiving => "deletes the tombstone",
            Self::CountDiffers { .. } => "corrects the counter",
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKind(kind) => write!(f, "items of the kind {kind:?} are not known"),
            Self::UnknownFormat(Some(format)) => write!(f, "format {format} is not known"),
            Self::UnknownFormat(None) => f.write_str("it has no format"),
            Self::Misplaced(kind) => write!(f, "a {kind} does not lie under this key"),
            Self::Unreadable(reason) => write!(f, "it cannot be read: {reason}"),
            Self::LookupMissing(key) => write!(f, "its lookup item does not exist: {key}"),
            Self::LookupDiffers(key) => write!(f, "its lookup item is not as it should be: {key}"),
            Self::LookupTaken(key, other) => write!(f, "the value of {key} belongs to {other}, too"),
            Self::KeysDiffer { missing, surplus } => {
                write!(f, "its keys lack {missing:?} and list {surplus:?}, which are not its own")
            }
            Self::LookupOrphaned(id) => write!(f, "it names {id}, which does not exist"),
            Self::LookupUnlisted(id) => write!(f, "it names {id}, whose keys do not list it"),
            Self::MembershipHalf { only: Side::Group } => {
                f.write_str("the item under the member does not exist")
            }
            Self::MembershipHalf { only: Side::Member } => {
                f.write_str("the item under the group does not exist")
            }
            Self::MembershipDangling(absent) => {
                let absent: Vec<_> = absent.iter().map(ResourceId::as_str).collect();
                write!(f, "a membership of what does not exist: {}", absent.join(", "))
            }
            Self::IntentUnfinished(id) => write!(f, "the change {id} of its members was left unfinished"),
            Self::IntentLost(id) => write!(f, "the change {id} of its members has lost parts"),
            Self::PartOrphaned(id) => write!(f, "it is part of the change {id}, which is not under way"),
            Self::TombstoneOfLiving => f.write_str("the resource that it says was deleted exists"),
            Self::CountDiffers { stored, actual } => write!(f, "it says {stored}, and there are {actual}"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}. ", self.pk, self.sk, self.problem)?;
        match self.problem.repair() {
            Some(repair) => write!(f, "Repair {repair}."),
            None => f.write_str("It needs a person to decide."),
        }
    }
}
