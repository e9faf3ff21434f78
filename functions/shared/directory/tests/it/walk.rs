//! A walk yields each resource once, in one order, whatever the size of its steps.

use std::collections::BTreeSet;

use directory::{Consistency, Position, Record, Scope};
use scim::{Kind, ResourceId};
use serde_json::json;

use crate::{
    support::{NOW, draft, group, groups, new_id, random, request, user, users},
    table::Table,
};

async fn walk(table: &Table, scope: &Scope, limit: usize) -> Vec<ResourceId> {
    let (mut ids, mut after): (Vec<ResourceId>, Option<Position>) = (Vec::new(), None);
    loop {
        let page = table
            .directory
            .walk(scope, users(), after.as_ref(), limit, Consistency::Strong)
            .await
            .expect("a page");
        assert!(page.records.len() == limit || page.next.is_none(), "a page is full, or the last one");
        assert!(!page.records.is_empty() || ids.is_empty(), "no page is empty");
        ids.extend(page.records.into_iter().map(|record| record.id));
        after = page.next;
        if after.is_none() {
            return ids;
        }
        // As a cursor carries it.
        after = after.and_then(|position| Position::parse(&position.to_string()));
    }
}

async fn fill(table: &Table, count: usize) -> Vec<ResourceId> {
    let mut ids = Vec::new();
    for nth in 0..count {
        ids.push(user(table, &format!("user {nth}")).await.id);
    }
    ids.sort();
    ids
}

#[tokio::test]
async fn every_limit_yields_everyone_once() {
    let table = Table::new().await;
    assert_eq!(walk(&table, &request(), 10).await, []);
    let ids = fill(&table, 37).await;
    group(&table, "not a user").await;
    for limit in (1..=10).chain([36, 37, 38, 1000]) {
        assert_eq!(walk(&table, &request(), limit).await, ids, "limit {limit}");
    }
}

#[tokio::test]
async fn a_walk_goes_on_while_others_come_and_go() {
    let table = Table::new().await;
    let ids = fill(&table, 40).await;
    let directory = &table.directory;
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let scope = request();
        let page =
            directory.walk(&scope, users(), after.as_ref(), 7, Consistency::Eventual).await.expect("a page");
        seen.extend(page.records.iter().map(|record| record.id.clone()));
        let Some(next) = page.next else { break };
        // The very resource that the position names goes, and another comes.
        let last = page.records.last().expect("a record").id.clone();
        directory.delete(&request(), users(), &last, None, NOW).await.expect("deleted");
        user(&table, &format!("new {}", seen.len())).await;
        after = Some(next);
    }
    let old: Vec<_> = seen.into_iter().filter(|id| ids.contains(id)).collect();
    assert_eq!(old, ids);
}

#[tokio::test]
async fn more_shards_hold_more_and_lose_nobody() {
    let table = Table::new().await;
    let mut ids = fill(&table, 10).await;
    let mut wide = request();
    wide.policy.user_shards = 8;
    for nth in 0..20 {
        let id = ResourceId::new(Kind::User, 8, random());
        let draft = draft(json!({ "userName": format!("wide {nth}") }), None);
        ids.push(table.directory.create(&wide, users(), id, draft, NOW).await.expect("created").id);
    }
    ids.sort();
    for limit in [1, 4, 100] {
        assert_eq!(walk(&table, &wide, limit).await, ids, "limit {limit}");
    }
}

#[tokio::test]
async fn skipping_leads_where_walking_does() {
    let table = Table::new().await;
    let ids = fill(&table, 23).await;
    let (directory, scope) = (&table.directory, request());
    let from = async |after: Option<&Position>| -> Vec<ResourceId> {
        let page = directory.walk(&scope, users(), after, 100, Consistency::Strong).await.expect("a page");
        page.records.into_iter().map(|record| record.id).collect()
    };
    for (asked, count) in (0..=23).map(|count| (count, count)).chain([(24, 23), (1000, 23)]) {
        let skipped = directory.skip(&scope, users(), None, asked).await.expect("skipped");
        assert_eq!(skipped.count, count, "of {asked}");
        let count = usize::try_from(count).expect("small");
        assert_eq!(from(skipped.position.as_ref()).await, ids[count..], "after {asked}");
        assert_eq!(skipped.position.is_none(), asked == 0);
    }
    let after = Position::from(&ids[9]);
    let skipped = directory.skip(&scope, users(), Some(&after), 5).await.expect("skipped");
    assert_eq!(from(skipped.position.as_ref()).await, ids[15..]);
}

#[tokio::test]
async fn pages_larger_than_an_answer_are_whole() {
    let table = Table::new().await;
    // 12 of 200 KB: two and a half times what one answer of the engine holds.
    for nth in 0..12 {
        let draft = draft(json!({ "displayName": format!("g{nth}"), "note": "x".repeat(200 * 1024) }), None);
        table.directory.create(&request(), groups(), new_id(Kind::Group), draft, NOW).await.expect("created");
    }
    let scope = request();
    let page = table.directory.walk(&scope, groups(), None, 12, Consistency::Strong).await.expect("a page");
    assert_eq!((page.records.len(), page.next), (12, None));
    let skipped = table.directory.skip(&scope, groups(), None, 100).await.expect("skipped");
    assert_eq!(skipped.count, 12);
    let ids: Vec<_> = page.records.iter().map(|record| record.id.clone()).collect();
    let read: Vec<Record> = table.directory.get_many(&scope, groups(), &ids).await.expect("read");
    assert_eq!(read, page.records);
}

#[tokio::test]
async fn the_shards_together_hold_everyone_whole_or_in_part() {
    let table = Table::new().await;
    let directory = &table.directory;
    for nth in 0..30 {
        let attributes =
            json!({ "userName": format!("user {nth}"), "title": "Guide", "urn:x": { "a.b": nth } });
        let draft = draft(attributes, Some(&format!("00u{nth}")));
        directory.create(&request(), users(), new_id(Kind::User), draft, NOW).await.expect("created");
    }
    let scope = request();
    let all = directory.walk(&scope, users(), None, 100, Consistency::Strong).await.expect("a page").records;
    for (names, kept) in [
        (None, vec!["userName", "title", "urn:x"]),
        (Some(BTreeSet::from(["title", "urn:x"])), vec!["title", "urn:x"]),
        (Some(BTreeSet::from(["nickName"])), vec![]),
        (Some(BTreeSet::new()), vec![]),
    ] {
        let mut found = Vec::new();
        for shard in directory.shards(&scope, users()) {
            let mut after = None;
            loop {
                let page =
                    directory.walk_shard(&scope, users(), shard, after.as_ref(), 4, names.as_ref()).await;
                let page = page.expect("a page");
                assert!(page.records.len() <= 4);
                found.extend(page.records);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        assert_eq!(found.len(), all.len());
        for (found, whole) in found.iter().zip(&all) {
            let attributes = whole.attributes.clone().into_iter().filter(|(name, _)| kept.contains(&&**name));
            assert_eq!(found.attributes, attributes.collect());
            assert_eq!(
                (&found.id, &found.external_id, found.revision, found.created, found.modified),
                (&whole.id, &whole.external_id, whole.revision, whole.created, whole.modified)
            );
        }
    }
}
