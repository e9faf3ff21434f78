//! Walks along an index: the texts of an attribute in their order, each with the resource that has it.
//!
//! The only reader of an index. An index may miss what was written a moment ago and still hold what is gone, so nothing
//! that must be right asks it: look-ups go by lookup items.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity::Total};
use scim::{ResourceId, filter::plan::Bounds, sort::Order};

use crate::{Directory, Error, Scope, keys, record::text, table::Item};

/// An attribute whose values are held in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Index {
    /// `userName` of users, folded.
    UserName,
    /// `displayName` of groups, folded.
    DisplayName,
    /// `value` of the `emails` of users, folded; each distinct one of a user once.
    Email,
    /// `externalId` that the scope's connector has given, of resources of all types.
    ExternalId,
}

/// A value in an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The value as it is compared, or the beginning of it.
    pub text: String,
    /// Whether `text` is all of the value.
    pub is_whole: bool,
    /// The resource that has the value.
    pub id: ResourceId,
}

/// A part of a walk along an index.
#[derive(Debug, Clone, PartialEq)]
pub struct Entries {
    /// The entries, in order. There may be none though others follow.
    pub entries: Vec<Entry>,
    /// Where the walk goes on; `None` when nothing follows.
    pub next: Option<Mark>,
}

/// A place in an index.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark(Item);

impl Directory {
    /// The entries of `index` within `bounds` from `after` on: `limit` of them at most, and no more than one answer of
    /// the table holds, which is some thousands.
    ///
    /// A value that is too long for a key lies where its beginning does.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unreadable`]
    #[tracing::instrument(level = "debug", skip_all, fields(?index))]
    pub async fn entries(
        &self,
        scope: &Scope,
        index: Index,
        bounds: &Bounds,
        order: Order,
        after: Option<&Mark>,
        limit: Option<usize>,
    ) -> Result<Entries, Error> {
        let letter = index.letter();
        let Some((condition, values)) = condition(letter, bounds) else {
            return Ok(Entries { entries: Vec::new(), next: None });
        };
        let under_way = scope.usage.call();
        let query = self
            .client
            .query()
            .table_name(&*self.table)
            .index_name(index.name())
            .key_condition_expression(condition)
            .expression_attribute_values(":pk", AttributeValue::S(index.pk(scope)))
            .projection_expression(format!("{letter}_sk, id"))
            .scan_index_forward(order == Order::Ascending)
            .set_exclusive_start_key(after.map(|mark| mark.0.clone()))
            .set_limit(limit.and_then(|limit| i32::try_from(limit).ok()))
            .return_consumed_capacity(Total);
        let query = values.into_iter().fold(query, |query, (name, value)| {
            query.expression_attribute_values(name, AttributeValue::S(value))
        });
        let answer = query.send().await.map_err(Error::from_sdk)?;
        drop(under_way);
        scope.usage.read(answer.consumed_capacity());
        let items = answer.items.unwrap_or_default();
        let entries = items.iter().map(|item| entry(letter, item)).collect::<Result<_, _>>()?;
        Ok(Entries { entries, next: answer.last_evaluated_key.filter(|key| !key.is_empty()).map(Mark) })
    }
}

impl Index {
    const fn name(self) -> &'static str {
        match self {
            Self::UserName | Self::DisplayName => "by_user_name",
            Self::Email => "by_email",
            Self::ExternalId => "by_external_id",
        }
    }

    /// The beginning of the names of the index's key attributes.
    const fn letter(self) -> char {
        match self {
            Self::UserName | Self::DisplayName => 'n',
            Self::Email => 'e',
            Self::ExternalId => 'x',
        }
    }

    fn pk(self, scope: &Scope) -> String {
        match self {
            Self::UserName => keys::index_of_user_names(&scope.tenant),
            Self::DisplayName => keys::index_of_display_names(&scope.tenant),
            Self::Email => keys::index_of_emails(&scope.tenant),
            Self::ExternalId => keys::index_of_external_ids(&scope.tenant, &scope.connector),
        }
    }
}

/// The key condition, and the values in it but for the partition key; `None` where nothing can lie.
fn condition(letter: char, bounds: &Bounds) -> Option<(String, Vec<(&'static str, String)>)> {
    // What is shortened in a key has at least this beginning of it.
    let beginning = |text: &str| keys::beginning(text).to_owned();
    let (from, to) = match bounds {
        Bounds::Whole => (None, None),
        Bounds::Prefix(prefix) => {
            let condition = format!("{letter}_pk = :pk AND begins_with({letter}_sk, :prefix)");
            return Some((condition, vec![(":prefix", beginning(prefix))]));
        }
        // A text above a long one may be one whose key is below it, though not below its beginning.
        Bounds::Between { from, to } => (from.as_deref().map(beginning), to.clone()),
    };
    // The table takes no empty key; nothing is below it, everything above.
    let from = from.filter(|from| !from.is_empty());
    if to.as_deref() == Some("") {
        return None;
    }
    // A text below a long one may be one whose key is above it.
    let to = to.filter(|to| keys::beginning(to) == to);
    Some(match (from, to) {
        (None, None) => (format!("{letter}_pk = :pk"), Vec::new()),
        (Some(from), None) => (format!("{letter}_pk = :pk AND {letter}_sk >= :from"), vec![(":from", from)]),
        (None, Some(to)) => (format!("{letter}_pk = :pk AND {letter}_sk <= :to"), vec![(":to", to)]),
        (Some(from), Some(to)) if from > to => return None,
        (Some(from), Some(to)) => (
            format!("{letter}_pk = :pk AND {letter}_sk BETWEEN :from AND :to"),
            vec![(":from", from), (":to", to)],
        ),
    })
}

fn entry(letter: char, item: &Item) -> Result<Entry, Error> {
    let found = text(item, &format!("{letter}_sk")).unwrap_or_default();
    let id = text(item, "id").and_then(ResourceId::parse);
    let id = id.ok_or_else(|| Error::Unreadable { item: found.to_owned(), reason: "no id".to_owned() })?;
    Ok(match keys::kept(found) {
        Some(kept) => Entry { text: kept.to_owned(), is_whole: false, id },
        None => Entry { text: found.to_owned(), is_whole: true, id },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bounds: Bounds, expected: Option<(&str, &[&str])>) {
        let condition = condition('n', &bounds);
        let condition = condition.as_ref().map(|(condition, values)| {
            let condition = condition.strip_prefix("n_pk = :pk").expect("the partition key");
            (condition, values.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>())
        });
        assert_eq!(condition, expected.map(|(condition, values)| (condition, values.to_vec())), "{bounds:?}");
    }

    fn between(from: Option<&str>, to: Option<&str>) -> Bounds {
        Bounds::Between { from: from.map(str::to_owned), to: to.map(str::to_owned) }
    }

    #[test]
    fn bounds_are_key_conditions() {
        check(Bounds::Whole, Some(("", &[])));
        check(Bounds::Prefix("a".into()), Some((" AND begins_with(n_sk, :prefix)", &["a"])));
        check(between(Some("a"), None), Some((" AND n_sk >= :from", &["a"])));
        check(between(None, Some("b")), Some((" AND n_sk <= :to", &["b"])));
        check(between(Some("a"), Some("b")), Some((" AND n_sk BETWEEN :from AND :to", &["a", "b"])));
    }

    #[test]
    fn what_the_table_would_refuse_is_not_asked() {
        check(between(Some("b"), Some("a")), None);
        check(between(None, Some("")), None);
        check(between(Some(""), None), Some(("", &[])));
        let long = "x".repeat(2000);
        check(Bounds::Prefix(long.clone()), Some((" AND begins_with(n_sk, :prefix)", &[&long[..797]])));
        check(between(Some(&long), Some(&long)), Some((" AND n_sk >= :from", &[&long[..797]])));
    }
}
