//! Filling the directory.

use std::ops::Range;

use anyhow::Context;
use directory::{Draft, GroupChange, Member, MemberChange};
use futures::{StreamExt, TryStreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use scim::{
    Kind, ResourceId,
    resource_type::{GROUPS, USERS},
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Builder;

use crate::measure::Endpoint;

/// Writes under way at once.
const CONCURRENT: usize = 16;
/// Members that are added at a time.
const MEMBERS_AT_ONCE: usize = 1000;

/// The `userName` of a user.
pub(crate) fn user_name(number: usize) -> String {
    format!("user{number:07}@example.com")
}

/// A user whose item has just under two kilobytes, as a request has it.
pub(crate) fn user(number: usize) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": user_name(number),
        "externalId": format!("00u{number:07}"),
        "active": true,
        "name": {"givenName": "Barbara", "familyName": format!("Jensen {number}")},
        "displayName": format!("Barbara Jensen {number}"),
        "title": "x".repeat(1300),
        "emails": [{"value": user_name(number), "type": "work", "primary": true}]
    })
}

/// Fills the directory with the users of these numbers.
pub(crate) async fn users(endpoint: &Endpoint, numbers: Range<usize>) -> anyhow::Result<()> {
    let progress = progress(numbers.len(), "users");
    stream::iter(numbers)
        .map(|number| {
            let progress = &progress;
            async move {
                let Value::Object(mut attributes) = user(number) else { return Ok(()) };
                attributes.remove("schemas");
                attributes.remove("externalId");
                let draft =
                    Draft { attributes, external_id: Some(format!("00u{number:07}")), ..Draft::default() };
                let id = id(Kind::User, 4, number);
                endpoint.directory.create(&Endpoint::scope(), &USERS, id, draft, now()).await?;
                progress.inc(1);
                anyhow::Ok(())
            }
        })
        .buffer_unordered(CONCURRENT)
        .try_collect::<Vec<_>>()
        .await?;
    progress.finish_and_clear();
    Ok(())
}

/// Makes a group of so many members, who are users in name only.
pub(crate) async fn group(endpoint: &Endpoint, count: usize) -> anyhow::Result<ResourceId> {
    let (directory, id) = (&endpoint.directory, id(Kind::Group, 2, 0));
    let attributes = json!({"displayName": "Tour Guides"}).as_object().cloned().unwrap_or_default();
    let draft = Draft { attributes, ..Draft::default() };
    let mut group = directory.create(&Endpoint::scope(), &GROUPS, id.clone(), draft.clone(), now()).await?;
    let progress = progress(count, "members");
    let numbers: Vec<_> = (0..count).collect();
    for numbers in numbers.chunks(MEMBERS_AT_ONCE) {
        let add = numbers.iter().map(|number| Member { id: self::id(Kind::User, 4, *number), display: None });
        let members = MemberChange { add: add.collect(), remove: Vec::new() };
        let change = GroupChange { draft: draft.clone(), members, is_exact: true, is_conditional: false };
        group = directory
            .change_group(&Endpoint::scope(), &GROUPS, &group, change, None, now())
            .await
            .context("filling the group")?;
        progress.inc(numbers.len() as u64);
    }
    progress.finish_and_clear();
    Ok(id)
}

/// The id of this number, in no order of the numbers.
pub(crate) fn id(kind: Kind, shards: u8, number: usize) -> ResourceId {
    // A multiplication by an odd number is one to one, and spreads.
    let spread = (number as u128 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    ResourceId::new(kind, shards, Builder::from_random_bytes(spread.to_be_bytes()).into_uuid())
}

/// The time now.
#[expect(clippy::disallowed_methods, reason = "a program begins with the time")]
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn progress(count: usize, what: &'static str) -> ProgressBar {
    let template = "{msg} {bar:40} {human_pos}/{human_len} {per_sec} {eta}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(count as u64).with_style(style).with_message(what)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn ids_are_spread_over_the_shards() {
        let mut counts: BTreeMap<char, usize> = BTreeMap::new();
        for number in 0..4000 {
            *counts.entry(id(Kind::User, 4, number).shard()).or_default() += 1;
        }
        assert_eq!(counts.len(), 4);
        assert!(counts.values().all(|count| (800..1200).contains(count)), "{counts:?}");
    }
}
