//! What the indexes of a directory find, on JSON alone.

use serde_json::Value;

use super::found;
use crate::{
    filter::plan::{Bounds, Indexed, Leaf, Plan, Range},
    fold::fold,
};

/// The texts by which an index holds the user: a blank value only where there can be none.
fn entries(user: &Value, index: Indexed) -> Vec<String> {
    let (name, is_exact) = match index {
        Indexed::Id => ("id", true),
        Indexed::UserName => ("userName", false),
        Indexed::ExternalId => ("externalId", true),
        Indexed::Email => ("emails.value", false),
        Indexed::DisplayName | Indexed::Member => return Vec::new(),
    };
    let values = found(user, name);
    let texts = values.iter().filter_map(Value::as_str);
    let texts = texts.map(|text| if is_exact { text.to_owned() } else { fold(text) });
    let is_complete = [Indexed::Id, Indexed::UserName].contains(&index);
    texts.filter(|text| is_complete || !text.trim().is_empty()).collect()
}

fn is_within(bounds: &Bounds, text: &str) -> bool {
    match bounds {
        Bounds::Whole => true,
        Bounds::Prefix(prefix) => text.starts_with(prefix),
        Bounds::Between { from, to } => {
            from.as_deref().is_none_or(|from| text >= from) && to.as_deref().is_none_or(|to| text <= to)
        }
    }
}

/// The texts by which a range finds the user.
fn passed(range: &Range, user: &Value) -> usize {
    let bounds = range.bounds();
    let entries = entries(user, range.index()).into_iter();
    entries.filter(|text| is_within(&bounds, text) && range.accepts(text)).count()
}

/// Whether the plan finds the user.
pub(super) fn finds(plan: &Plan, user: &Value) -> bool {
    let looked_up = |leaf: &Leaf| {
        let is_exact = [Indexed::Id, Indexed::ExternalId].contains(&leaf.attribute);
        let text = if is_exact { leaf.value.clone() } else { fold(&leaf.value) };
        entries(user, leaf.attribute).contains(&text)
    };
    match plan {
        Plan::Scan => true,
        Plan::Ids(ids) => ids.iter().any(|id| found(user, "id").iter().any(|found| found == id)),
        Plan::Lookups(leaves) => leaves.iter().any(looked_up),
        Plan::Ranges { ranges, lookups } => {
            lookups.iter().any(looked_up) || ranges.iter().any(|range| passed(range, user) > 0)
        }
    }
}

/// Whether a range finds the user that decides.
pub(super) fn is_decided(plan: &Plan, user: &Value) -> bool {
    let Plan::Ranges { ranges, .. } = plan else { return false };
    ranges.iter().any(|range| range.decides() && passed(range, user) > 0)
}
