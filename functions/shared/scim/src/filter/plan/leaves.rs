//! What of a filter an index can answer.

use serde_json::Value;

use super::{
    Indexed, Leaf,
    range::{Cost, Range},
};
use crate::{
    Kind, ResourceType,
    filter::{Filter, Operator},
    fold::fold,
    path::AttributePath,
    resource_type::Target,
    schema::Attribute,
};

/// Look-ups and ranges that together find all matches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Narrowed {
    pub(super) lookups: Vec<Leaf>,
    pub(super) ranges: Vec<Range>,
}

impl Narrowed {
    /// How much work it leaves: that of its widest leaf.
    fn cost(&self) -> (Option<Cost>, usize) {
        let lookups = self.lookups.iter().map(|leaf| Cost::Lookup(leaf.attribute));
        let ranges = self.ranges.iter().map(Range::cost);
        (lookups.chain(ranges).max(), self.lookups.len() + self.ranges.len())
    }

    fn extend(&mut self, other: Self) {
        for leaf in other.lookups {
            if !self.lookups.contains(&leaf) {
                self.lookups.push(leaf);
            }
        }
        for range in other.ranges {
            if !self.ranges.contains(&range) {
                self.ranges.push(range);
            }
        }
    }
}

/// What finds all matches; `None` when nothing does. Inside brackets the names are those of sub-attributes of
/// `parent`.
pub(super) fn of(
    filter: &Filter,
    resource_type: &ResourceType,
    parent: Option<&Attribute>,
) -> Option<Narrowed> {
    match filter {
        Filter::And(operands) => {
            let narrowed: Vec<_> =
                operands.iter().filter_map(|operand| of(operand, resource_type, parent)).collect();
            let is_one_value = |index: Indexed| parent.is_some() || index.is_single();
            all(narrowed, operands.len(), is_one_value).into_iter().min_by_key(Narrowed::cost)
        }
        Filter::Or(operands) => {
            let mut union = Narrowed::default();
            for operand in operands {
                union.extend(of(operand, resource_type, parent)?);
            }
            Some(union)
        }
        Filter::Compare { path, operator, value: Value::String(value) } => {
            compare(index(path, resource_type, parent)?, *operator, value)
        }
        Filter::Present(path) => {
            // A complex value may be present without the sub-attribute that is in the index.
            let index = index(path, resource_type, parent)?;
            index.is_complete().then(|| Narrowed { ranges: vec![Range::whole(index)], ..Narrowed::default() })
        }
        Filter::ValuePath { path, filter } => match resource_type.resolve(path)? {
            Target::Attribute { extension: None, attribute, sub_attribute: None } => {
                of(filter, resource_type, Some(attribute))
            }
            _ => None,
        },
        Filter::Compare { .. } | Filter::Not(_) => None,
    }
}

/// The operands of an AND, of which any finds all matches. Ranges of one index become one where they are about the
/// same value; only a range that says what all of the AND says still decides.
fn all(narrowed: Vec<Narrowed>, operands: usize, is_one_value: impl Fn(Indexed) -> bool) -> Vec<Narrowed> {
    let mut merged: Vec<(Narrowed, usize)> = Vec::new();
    for other in narrowed {
        let same = merged.iter_mut().find(|(one, _)| match (&*one.ranges, &*other.ranges) {
            ([one_range], [other_range]) => {
                one.lookups.is_empty()
                    && other.lookups.is_empty()
                    && one_range.index() == other_range.index()
                    && is_one_value(one_range.index())
            }
            _ => false,
        });
        match same {
            Some((one, count)) => {
                for (into, range) in one.ranges.iter_mut().zip(other.ranges) {
                    into.narrow(range);
                }
                *count += 1;
            }
            None => merged.push((other, 1)),
        }
    }
    for (one, count) in &mut merged {
        if *count < operands {
            one.ranges.iter_mut().for_each(Range::leave_open);
        }
    }
    merged.into_iter().map(|(one, _)| one).collect()
}

fn compare(index: Indexed, operator: Operator, value: &str) -> Option<Narrowed> {
    let text = || if index == Indexed::ExternalId { value.to_owned() } else { fold(value) };
    // A blank value has no entry where there can be one, and contains nothing that is not blank.
    let finds_blank = || !index.is_complete() && text().trim().is_empty();
    match operator {
        Operator::Eq if index.is_ordered() && finds_blank() => None,
        Operator::Eq => {
            let leaf = Leaf { attribute: index, value: value.to_owned() };
            Some(Narrowed { lookups: vec![leaf], ..Narrowed::default() })
        }
        Operator::Ne => None,
        _ if !index.is_ordered() => None,
        Operator::Sw | Operator::Co | Operator::Ew if finds_blank() => None,
        Operator::Gt | Operator::Ge | Operator::Lt | Operator::Le if !index.is_complete() => None,
        operator => {
            Some(Narrowed { ranges: vec![Range::of(index, operator, text())], ..Narrowed::default() })
        }
    }
}

/// The index of what `path` names.
pub(super) fn index(
    path: &AttributePath,
    resource_type: &ResourceType,
    parent: Option<&Attribute>,
) -> Option<Indexed> {
    let (attribute, sub_attribute) = match parent {
        Some(parent) => (parent, Some(parent.sub_attribute(&path.attribute)?)),
        None => match resource_type.resolve(path)? {
            Target::Attribute { extension: None, attribute, sub_attribute } => (attribute, sub_attribute),
            _ => return None,
        },
    };
    let sub_attribute = sub_attribute.map(|sub| sub.name.as_str());
    match (resource_type.kind, attribute.name.as_str(), sub_attribute) {
        (_, "id", None) => Some(Indexed::Id),
        (_, "externalId", None) => Some(Indexed::ExternalId),
        (Kind::User, "userName", None) => Some(Indexed::UserName),
        (Kind::User, "emails", None | Some("value")) => Some(Indexed::Email),
        (Kind::Group, "displayName", None) => Some(Indexed::DisplayName),
        (Kind::Group, "members", None | Some("value")) => Some(Indexed::Member),
        _ => None,
    }
}
