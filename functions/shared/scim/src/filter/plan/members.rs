//! Which members of a group a filter is about: nobody reads 100,000 of them to know whether one is among them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Indexed, leaves};
use crate::{
    ResourceType,
    filter::{Filter, Operator},
    resource_type::Target,
};

impl Filter {
    /// The `members.value`s that decide about a group; `None` when others count too.
    #[must_use]
    pub fn compared_members(&self, groups: &ResourceType) -> Option<BTreeSet<String>> {
        match self {
            Self::And(operands) | Self::Or(operands) => {
                operands.iter().try_fold(BTreeSet::new(), |mut union, operand| {
                    union.append(&mut operand.compared_members(groups)?);
                    Some(union)
                })
            }
            Self::Not(operand) => operand.compared_members(groups),
            Self::Compare { path, operator: Operator::Eq | Operator::Ne, value: Value::String(value) }
                if leaves::index(path, groups, None) == Some(Indexed::Member) =>
            {
                Some(BTreeSet::from([value.clone()]))
            }
            Self::Compare { path, .. } | Self::Present(path) => {
                (!is_members(groups.resolve(path))).then(BTreeSet::new)
            }
            Self::ValuePath { path, .. } if !is_members(groups.resolve(path)) => Some(BTreeSet::new()),
            // A member that is none of those which the brackets look up does not match them.
            Self::ValuePath { .. } => {
                let leaves::Narrowed { lookups, ranges } = leaves::of(self, groups, None)?;
                let is_about_members = |index| index == Indexed::Member;
                (ranges.is_empty() && lookups.iter().all(|leaf| is_about_members(leaf.attribute)))
                    .then(|| lookups.into_iter().map(|leaf| leaf.value).collect())
            }
        }
    }
}

fn is_members(target: Option<Target<'_>>) -> bool {
    matches!(target, Some(Target::Attribute { extension: None, attribute, .. }) if attribute.name == crate::members::MEMBERS)
}
