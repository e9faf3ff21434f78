//! Records are created, read, changed and deleted, and are what they were written as.

use std::slice::from_ref;

use directory::{Consistency, Draft, Error, Lookup, Member, MemberChange, Record};
use scim::{Kind, ResourceId};
use serde_json::json;

use crate::{
    support::{
        NOW, change_members, devices, draft, draft_of, group, groups, later, new_id, replace_members,
        request, spent, user, users,
    },
    table::Table,
};

#[tokio::test]
async fn a_record_is_read_as_it_was_written() {
    let table = Table::new().await;
    let attributes = json!({
        "userName": "Bjensen \u{1f600} e\u{301}",
        "name": { "familyName": "", "givenName": "\u{0}\n\"" },
        "emails": [{ "value": "b@example.com", "type": "work", "primary": true }, {}],
        "score": 0.1, "large": 1e22, "tiny": -2.5e-100, "whole": 3.0, "most": u64::MAX, "least": i64::MIN,
        "nested": [[], {}, [[{ "a": [true, false, null] }]]],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "manager": { "value": "x" } },
    });
    let id = new_id(Kind::User);
    let draft = draft(attributes.clone(), Some("00uA"));
    let created = table.directory.create(&request(), users(), id.clone(), draft, NOW).await.expect("created");
    assert_eq!((created.id.clone(), created.revision), (id.clone(), 1));
    assert_eq!((created.created, created.modified), (created.modified, created.created));
    assert_eq!(created.created.nanosecond(), 123_000_000);
    let mut expected = attributes;
    expected["whole"] = json!(3);
    assert_eq!(json!(created.attributes), expected);
    assert_eq!(table.directory.get(&request(), users(), &id).await.expect("read"), Some(created));
}

#[tokio::test]
async fn items_hold_what_streams_and_tools_rely_on() {
    let table = Table::new().await;
    let draft = draft(json!({ "userName": "Ann", "emails": [{ "value": "A@x.org" }] }), Some("00uA"));
    let (scope, id) = (request(), new_id(Kind::User));
    table.directory.create(&scope, users(), id.clone(), draft, NOW).await.expect("created");

    let shard = id.shard();
    let item = table.item(&format!("acme#U#{shard}"), id.as_str()).await.expect("the document");
    let text = |name: &str| item[name].as_s().expect("a string").as_str();
    assert_eq!(text("kind"), "User");
    assert_eq!((text("created"), text("modified")), ("2026-11-21T12:00:00.123Z", "2026-11-21T12:00:00.123Z"));
    assert_eq!((text("rid"), text("by")), (scope.request_id.as_str(), "okta"));
    assert_eq!((item["v"].as_n().expect("v"), item["rev"].as_n().expect("rev")), (&"1".into(), &"1".into()));
    assert_eq!(item["doc"].as_m().expect("doc")["userName"].as_s().expect("a string"), "Ann");
    assert_eq!(item["externalIds"].as_m().expect("a map")["okta"].as_s().expect("a string"), "00uA");
    let mut keys = item["keys"].as_ss().expect("a set").clone();
    keys.sort();
    assert_eq!(
        keys,
        ["! acme#n#ann".into(), format!("{id} acme#e#a@x.org"), format!("{id} acme#x#okta#00uA")]
    );
    assert_eq!(item.len(), 12, "and nothing else");

    assert_eq!(
        table.keys().await,
        [
            format!("acme#C#U {}", id.counter()),
            format!("acme#U#{shard} {id}"),
            format!("acme#e#a@x.org {id}"),
            "acme#n#ann !".to_owned(),
            format!("acme#x#okta#00uA {id}"),
        ]
    );
    let lookup = table.item("acme#n#ann", "!").await.expect("a lookup item");
    let text = |name: &str| lookup[name].as_s().expect("a string").as_str();
    assert_eq!((text("n_pk"), text("n_sk"), text("kind")), ("acme#U", "ann", "Lookup"));
    assert_eq!(table.indexed("by_user_name", "n_pk", "acme#U").await, 1);
    assert_eq!(table.indexed("by_email", "e_pk", "acme#E").await, 1);
    assert_eq!(table.indexed("by_external_id", "x_pk", "acme#X#okta").await, 1);
}

#[tokio::test]
async fn an_update_stores_the_draft_and_one_revision_more() {
    let table = Table::new().await;
    let stored = user(&table, "ann").await;
    let draft = draft(json!({ "userName": "ann", "title": "Dr." }), None);
    let updated =
        table.directory.update(&request(), users(), &stored, draft, later(5)).await.expect("updated");
    assert_eq!((updated.revision, updated.created), (2, stored.created));
    assert_eq!(updated.modified - stored.modified, time::Duration::seconds(5));
    assert_eq!(updated.attributes["title"], "Dr.");
    assert_eq!(table.directory.get(&request(), users(), &stored.id).await.expect("read"), Some(updated));
}

#[tokio::test]
async fn an_update_that_changes_nothing_writes_nothing() {
    let table = Table::new().await;
    let stored = table
        .directory
        .create(
            &request(),
            users(),
            new_id(Kind::User),
            draft(json!({ "userName": "ann", "score": 1.0 }), Some("1")),
            NOW,
        )
        .await
        .expect("created");
    let scope = request();
    let same = draft(json!({ "userName": "ann", "score": 1.0 }), Some("1"));
    let updated = table.directory.update(&scope, users(), &stored, same, later(5)).await.expect("updated");
    assert_eq!(updated, stored);
    assert_eq!(spent(&scope), "0 trips, 0 read, 0 written");
}

#[tokio::test]
async fn an_update_of_what_has_changed_meanwhile_is_refused() {
    let table = Table::new().await;
    let stored = user(&table, "ann").await;
    let titled = |title: &str| draft(json!({ "userName": "ann", "title": title }), None);
    let renamed = draft(json!({ "userName": "bea" }), None);
    let directory = &table.directory;
    directory.update(&request(), users(), &stored, titled("one"), NOW).await.expect("updated");
    for late in [titled("two"), renamed] {
        let refused = directory.update(&request(), users(), &stored, late, NOW).await;
        assert!(matches!(refused, Err(Error::Changed)), "{refused:?}");
    }
    let now = directory.get(&request(), users(), &stored.id).await.expect("read").expect("there");
    assert_eq!((now.revision, &now.attributes["title"]), (2, &json!("one")));

    directory.delete(&request(), users(), &stored.id, None, NOW).await.expect("deleted");
    let refused = directory.update(&request(), users(), &now, titled("three"), NOW).await;
    assert!(matches!(refused, Err(Error::Changed)), "{refused:?}");
}

#[tokio::test]
async fn fifty_updates_at_once_are_all_kept() {
    let table = Table::new().await;
    let stored = user(&table, "ann").await;
    let add = async |nth: usize| {
        loop {
            let scope = request();
            let now = table.directory.get(&scope, users(), &stored.id).await.expect("read").expect("there");
            let mut changed = draft_of(&now);
            changed.attributes.insert(format!("a{nth}"), json!(nth));
            match table.directory.update(&scope, users(), &now, changed, NOW).await {
                Ok(_) => break,
                Err(Error::Changed) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    };
    futures::future::join_all((0..50).map(add)).await;
    let now = table.directory.get(&request(), users(), &stored.id).await.expect("read").expect("there");
    assert_eq!((now.revision, now.attributes.len()), (51, 51));
}

#[tokio::test]
async fn what_is_deleted_leaves_a_tombstone_only() {
    let table = Table::new().await;
    let id = new_id(Kind::User);
    let draft = draft(json!({ "userName": "ann", "emails": [{ "value": "a@x.org" }] }), Some("1"));
    let created = table.directory.create(&request(), users(), id.clone(), draft, NOW).await.expect("created");
    let scope = request();
    let deleted = table.directory.delete(&scope, users(), &id, None, later(60)).await.expect("deleted");
    assert_eq!(deleted, Some(created));
    assert_eq!(table.keys().await, [format!("acme#C#U {}", id.counter()), format!("acme#Z#{id} !")]);
    let tombstone = table.item(&format!("acme#Z#{id}"), "!").await.expect("a tombstone");
    let text = |name: &str| tombstone[name].as_s().expect("a string").as_str();
    assert_eq!(
        (text("kind"), text("type"), text("deleted")),
        ("Tombstone", "User", "2026-11-21T12:01:00.123Z")
    );
    assert_eq!((text("rid"), text("by")), (scope.request_id.as_str(), "okta"));
    assert_eq!(
        tombstone["ttl"].as_n().expect("a number"),
        &(later(60).unix_timestamp() + 30 * 86_400).to_string()
    );
    assert!(tombstone.contains_key("doc") && !tombstone.contains_key("keys"));
    assert_eq!(table.directory.total(&request(), users()).await.expect("a total"), 0);

    let again = table.directory.delete(&request(), users(), &id, None, NOW).await.expect("no error");
    assert_eq!(again, None);
    user(&table, "ann").await;
}

#[tokio::test]
async fn a_delete_at_another_revision_is_refused() {
    let table = Table::new().await;
    let stored = user(&table, "ann").await;
    let directory = &table.directory;
    let refused = directory.delete(&request(), users(), &stored.id, Some(2), NOW).await;
    assert!(matches!(refused, Err(Error::Changed)), "{refused:?}");
    assert!(directory.get(&request(), users(), &stored.id).await.expect("read").is_some());
    let deleted = directory.delete(&request(), users(), &stored.id, Some(1), NOW).await.expect("deleted");
    assert_eq!(deleted, Some(stored));
}

#[tokio::test]
async fn totals_are_exact_by_type() {
    let table = Table::new().await;
    let total =
        async |resource_type| table.directory.total(&request(), resource_type).await.expect("a total");
    assert_eq!(total(users()).await, 0);
    let mut stored = Vec::new();
    for nth in 0..40 {
        stored.push(user(&table, &format!("user {nth}")).await);
    }
    group(&table, "a group").await;
    let devices = devices();
    assert_eq!((total(users()).await, total(groups()).await, total(&devices).await), (40, 1, 0));
    for gone in &stored[..15] {
        table.directory.delete(&request(), users(), &gone.id, None, NOW).await.expect("deleted");
    }
    assert_eq!(total(users()).await, 25);
}

#[tokio::test]
async fn many_are_read_in_the_order_asked_for() {
    let table = Table::new().await;
    let mut stored = Vec::new();
    for nth in 0..130 {
        stored.push(user(&table, &format!("user {nth}")).await);
    }
    fastrand::shuffle(&mut stored);
    let mut ids: Vec<ResourceId> = stored.iter().map(|record| record.id.clone()).collect();
    ids.insert(7, new_id(Kind::User));
    ids.insert(9, ids[3].clone());
    ids.insert(11, group(&table, "a group").await.id);
    let scope = request();
    let read: Vec<Record> = table.directory.get_many(&scope, users(), &ids).await.expect("read");
    assert_eq!(read, stored);
    assert_eq!(scope.usage.calls(), 2);
    assert_eq!(table.directory.get_many(&scope, users(), &[]).await.expect("read"), []);
}

#[tokio::test]
async fn an_id_of_another_type_is_absent_without_a_read() {
    let table = Table::new().await;
    let (scope, group) = (request(), group(&table, "a group").await);
    assert_eq!(table.directory.get(&scope, users(), &group.id).await.expect("no error"), None);
    assert_eq!(spent(&scope), "0 trips, 0 read, 0 written");
}

#[tokio::test]
async fn a_document_that_does_not_fit_is_refused() {
    let table = Table::new().await;
    let stored = user(&table, "ann").await;
    let large = |bytes: usize| draft(json!({ "userName": "ann", "note": "x".repeat(bytes) }), None);
    let directory = &table.directory;
    let updated = directory.update(&request(), users(), &stored, large(349 * 1024), NOW).await;
    assert_eq!(updated.expect("fits").revision, 2);
    let scope = request();
    let refused = directory.create(&scope, users(), new_id(Kind::User), large(350 * 1024), NOW).await;
    assert!(
        matches!(refused, Err(Error::TooLarge { size_bytes, limit_bytes: 358_400 }) if size_bytes > 358_400),
        "{refused:?}"
    );
    let unstorable = draft(json!({ "userName": "bea", "score": 1e200 }), None);
    let refused = directory.create(&scope, users(), new_id(Kind::User), unstorable, NOW).await;
    assert!(
        matches!(&refused, Err(Error::Unstorable { attribute, .. }) if attribute == "score"),
        "{refused:?}"
    );
    assert_eq!(scope.usage.calls(), 0);
    // What could be stored can be deleted, tombstone and all.
    directory.delete(&request(), users(), &stored.id, None, NOW).await.expect("deleted");
}

#[tokio::test]
async fn an_item_of_a_later_format_is_not_misread() {
    let table = Table::new().await;
    let stored = user(&table, "ann").await;
    let pk = format!("acme#U#{}", stored.id.shard());
    let mut item = table.item(&pk, stored.id.as_str()).await.expect("the document");
    item.insert("v".to_owned(), aws_sdk_dynamodb::types::AttributeValue::N("2".to_owned()));
    table.client.put_item().table_name("scim").set_item(Some(item)).send().await.expect("written");
    let read = table.directory.get(&request(), users(), &stored.id).await;
    assert!(
        matches!(&read, Err(Error::Unreadable { item, reason }) if *item == stored.id.to_string() && reason.contains('2')),
        "{read:?}"
    );
}

#[tokio::test]
async fn further_types_live_beside_users_and_groups() {
    let table = Table::new().await;
    let (devices, id) = (devices(), new_id(Kind::Other));
    let draft = draft(json!({ "serial": "S-1", "note": "x" }), Some("d1"));
    let created =
        table.directory.create(&request(), &devices, id.clone(), draft, NOW).await.expect("created");
    let item = table.item(&format!("acme#R#Device#{}", id.shard()), id.as_str()).await.expect("the document");
    assert_eq!(item["kind"].as_s().expect("a string"), "Resource");
    assert_eq!(item["type"].as_s().expect("a string"), "Device");
    assert_eq!(table.directory.get(&request(), &devices, &id).await.expect("read"), Some(created.clone()));
    assert_eq!(table.directory.total(&request(), &devices).await.expect("a total"), 1);
    let changed = Draft { external_id: None, ..draft_of(&created) };
    let updated =
        table.directory.update(&request(), &devices, &created, changed, NOW).await.expect("updated");
    assert_eq!(updated.external_id, None);
    table.directory.delete(&request(), &devices, &id, None, NOW).await.expect("deleted");
    assert_eq!(table.keys().await, [format!("acme#C#R#Device {}", id.counter()), format!("acme#Z#{id} !")]);
}

#[tokio::test]
async fn ping_needs_the_table() {
    let table = Table::new().await;
    table.directory.ping().await.expect("an answer");
    let elsewhere = directory::Directory::new(table.client.clone(), "none");
    let refused = elsewhere.ping().await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
}

#[tokio::test]
async fn every_read_that_decides_is_strong_and_by_key() {
    let table = Table::new().await;
    let (ann, guides) = (user(&table, "ann").await, group(&table, "g").await);
    table.wire.clear();
    let (directory, scope) = (&table.directory, request());
    let member = Member { id: ann.id.clone(), display: None };
    let change = MemberChange { add: vec![member.clone()], remove: vec![] };
    directory.get(&scope, users(), &ann.id).await.expect("read");
    directory.get_many(&scope, users(), from_ref(&ann.id)).await.expect("read");
    for lookup in [Lookup::UserName("ann".into()), Lookup::Email("a".into()), Lookup::ExternalId("1".into())]
    {
        directory.find(&scope, users(), &lookup).await.expect("read");
    }
    directory.total(&scope, users()).await.expect("read");
    directory.group_and_missing(&scope, &guides.id, from_ref(&ann.id)).await.expect("read");
    change_members(directory, &scope, &guides, &change, true).await.expect("changed");
    let now = directory.get(&scope, groups(), &guides.id).await.expect("read").expect("there");
    replace_members(directory, &scope, &now, &[member], false).await.expect("replaced");
    directory.members(&scope, &guides).await.expect("read");
    directory.groups_of(&scope, &ann.id, Consistency::Strong).await.expect("read");
    directory.walk(&scope, users(), None, 10, Consistency::Strong).await.expect("read");
    directory.delete(&scope, groups(), &guides.id, None, NOW).await.expect("deleted");

    let reads: Vec<_> = ["GetItem", "Query", "BatchGetItem"]
        .iter()
        .flat_map(|operation| table.wire.sent(operation))
        .collect();
    assert!(reads.len() >= 20, "{}", reads.len());
    for read in reads {
        assert!(read.body.contains(r#""ConsistentRead":true"#), "{read:?}");
        assert!(!read.body.contains("IndexName"), "{read:?}");
    }
    assert!(table.wire.sent("Scan").is_empty());
}
