//! What AWS does under load and the engine does not: cancelled transactions, throttling, lost answers.

use directory::{Consistency, Error, Lookup, Member, MemberChange};
use faults::{Capacity, Fault, Pages, cancelled, refused};
use scim::Kind;
use serde_json::{Value, json};

use crate::{
    support::{NOW, change_members, draft, group, groups, new_id, replace_members, request, user, users},
    table::Table,
};

fn tokens(table: &Table) -> Vec<String> {
    let token = |body: &str| -> String {
        let body: Value = serde_json::from_str(body).expect("JSON");
        body["ClientRequestToken"].as_str().expect("a token").to_owned()
    };
    table.wire.sent("TransactWriteItems").iter().map(|sent| token(&sent.body)).collect()
}

#[tokio::test]
async fn a_conflict_of_transactions_is_tried_again_under_one_token() {
    let table = Table::new().await;
    table.wire.fail("TransactWriteItems", 2, &cancelled(&["None", "TransactionConflict", "None"]));
    table.wire.fail("TransactWriteItems", 1, &cancelled(&["ThrottlingError", "None"]));
    let scope = request();
    let draft = draft(json!({ "userName": "ann" }), None);
    let created = table.directory.create(&scope, users(), new_id(Kind::User), draft, NOW).await;
    let tokens = tokens(&table);
    assert_eq!(tokens.len(), 4);
    assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
    assert_eq!(scope.usage.retries(), 3);
    let read = table.directory.get(&scope, users(), &created.expect("created").id).await.expect("read");
    assert!(read.is_some());
    assert_eq!(table.directory.total(&scope, users()).await.expect("a total"), 1);

    user(&table, "bea").await;
    let after = self::tokens(&table);
    assert_ne!(after[4], tokens[0], "another write has another token");
}

#[tokio::test]
async fn conflicts_without_end_are_busy() {
    let table = Table::new().await;
    table.wire.fail("TransactWriteItems", 100, &cancelled(&["TransactionConflict"]));
    let draft = draft(json!({ "userName": "ann" }), None);
    let refused = table.directory.create(&request(), users(), new_id(Kind::User), draft, NOW).await;
    assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
    assert_eq!(table.wire.sent("TransactWriteItems").len(), 8);
    assert_eq!(table.keys().await, [] as [String; 0]);
}

#[tokio::test]
async fn a_transaction_that_is_wrong_is_not_tried_again() {
    let table = Table::new().await;
    table.wire.fail("TransactWriteItems", 1, &cancelled(&["TransactionConflict", "ValidationError"]));
    let draft = draft(json!({ "userName": "ann" }), None);
    let refused = table.directory.create(&request(), users(), new_id(Kind::User), draft, NOW).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    assert_eq!(table.wire.sent("TransactWriteItems").len(), 1);
}

#[tokio::test]
async fn a_lost_answer_of_a_create_is_no_conflict() {
    let table = Table::new().await;
    table.wire.fail("TransactWriteItems", 1, &Fault::AnswerLost);
    let stored = user(&table, "ann").await;
    assert_eq!(table.wire.sent("TransactWriteItems").len(), 2);
    assert_eq!(table.directory.total(&request(), users()).await.expect("a total"), 1);
    let found = table.directory.find(&request(), users(), &Lookup::UserName("ann".into())).await;
    assert_eq!(found.expect("found"), [stored.id]);
}

#[tokio::test]
async fn a_create_that_is_there_already_by_the_same_request_is_done() {
    let table = Table::new().await;
    let (scope, id) = (request(), new_id(Kind::User));
    let ann = || draft(json!({ "userName": "ann" }), Some("1"));
    let directory = &table.directory;
    let first = directory.create(&scope, users(), id.clone(), ann(), NOW).await.expect("created");
    // The whole call again, with a token of its own: what a repeat beyond the SDK's looks like.
    let again = directory.create(&scope, users(), id.clone(), ann(), NOW).await.expect("known again");
    assert_eq!(again, first);
    assert_eq!(directory.total(&scope, users()).await.expect("a total"), 1);
    let other = directory.create(&request(), users(), id, ann(), NOW).await;
    assert!(matches!(other, Err(Error::Changed)), "{other:?}");
}

#[tokio::test]
async fn a_lost_answer_of_an_update_is_no_conflict() {
    let table = Table::new().await;
    let stored = user(&table, "ann").await;
    let titled = |title: &str| draft(json!({ "userName": "ann", "title": title }), None);
    table.wire.fail("UpdateItem", 1, &Fault::AnswerLost);
    let updated = table.directory.update(&request(), users(), &stored, titled("one"), NOW).await;
    assert_eq!(table.wire.sent("UpdateItem").len(), 2, "the SDK has repeated it");
    let read = table.directory.get(&request(), users(), &stored.id).await.expect("read");
    assert_eq!(read, Some(updated.expect("updated")));
    assert_eq!(read.expect("there").revision, 2);

    // Of another request, or another draft of the same one, it is a conflict.
    let scope = request();
    table.directory.update(&scope, users(), &stored, titled("two"), NOW).await.expect_err("changed");
    let now = table.directory.get(&scope, users(), &stored.id).await.expect("read").expect("there");
    table.directory.update(&scope, users(), &now, titled("three"), NOW).await.expect("updated");
    let late = table.directory.update(&scope, users(), &now, titled("four"), NOW).await;
    assert!(matches!(late, Err(Error::Changed)), "{late:?}");
}

#[tokio::test]
async fn a_lost_answer_of_a_rename_and_of_a_delete_is_no_conflict() {
    let table = Table::new().await;
    let stored = user(&table, "ann").await;
    table.wire.fail("TransactWriteItems", 1, &Fault::AnswerLost);
    let renamed = draft(json!({ "userName": "bea" }), None);
    let renamed = table.directory.update(&request(), users(), &stored, renamed, NOW).await.expect("renamed");
    assert_eq!(renamed.revision, 2);
    table.wire.fail("TransactWriteItems", 1, &Fault::AnswerLost);
    let deleted = table.directory.delete(&request(), users(), &stored.id, Some(2), NOW).await;
    assert_eq!(deleted.expect("deleted"), Some(renamed));
    assert_eq!(table.directory.total(&request(), users()).await.expect("a total"), 0);
}

#[tokio::test]
async fn a_write_that_meets_a_transaction_is_tried_again() {
    let table = Table::new().await;
    let (stored, guides) = (user(&table, "ann").await, group(&table, "g").await);
    table.wire.fail("UpdateItem", 2, &refused("TransactionConflictException"));
    let titled = draft(json!({ "userName": "ann", "title": "Dr." }), None);
    let scope = request();
    let updated = table.directory.update(&scope, users(), &stored, titled, NOW).await.expect("updated");
    assert_eq!((updated.revision, scope.usage.retries()), (2, 2));

    let change = MemberChange { add: vec![Member { id: stored.id.clone(), display: None }], remove: vec![] };
    table.wire.fail("UpdateItem", 1, &refused("TransactionConflictException"));
    let changed = change_members(&table.directory, &request(), &guides, &change, false).await;
    assert_eq!(changed.expect("changed").revision, 2);
    let change = MemberChange { add: vec![], remove: vec![stored.id.clone()] };
    table.wire.fail("DeleteItem", 1, &refused("TransactionConflictException"));
    let changed = change_members(&table.directory, &request(), &guides, &change, false).await;
    assert_eq!(changed.expect("changed").revision, 3);
    assert_eq!(table.directory.members(&request(), &guides).await.expect("members"), []);
}

#[tokio::test]
async fn a_delete_follows_a_record_that_moves() {
    let table = Table::new().await;
    let stored = user(&table, "ann").await;
    let failed = format!(
        r#"{{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","CancellationReasons":[{}]}}"#,
        r#"{"Code":"ConditionalCheckFailed"},{"Code":"None"}"#
    );
    table.wire.fail("TransactWriteItems", 2, &Fault::Refused(failed.clone()));
    let deleted = table.directory.delete(&request(), users(), &stored.id, None, NOW).await;
    assert_eq!(deleted.expect("deleted"), Some(stored));
    assert_eq!(table.wire.sent("TransactWriteItems").len(), 4);

    let stored = user(&table, "ann").await;
    table.wire.fail("TransactWriteItems", 1, &Fault::Refused(failed));
    let late = table.directory.delete(&request(), users(), &stored.id, Some(1), NOW).await;
    assert!(matches!(late, Err(Error::Changed)), "{late:?}");
}

#[tokio::test]
async fn throttling_without_end_is_busy_and_other_errors_are_not() {
    let table = Table::new().await;
    let id = new_id(Kind::User);
    table.wire.fail("GetItem", 10, &refused("ProvisionedThroughputExceededException"));
    let busy = table.directory.get(&request(), users(), &id).await;
    assert!(matches!(busy, Err(Error::Busy)), "{busy:?}");
    table.wire.fail("Query", 10, &refused("AccessDeniedException"));
    let refused = table.directory.total(&request(), users()).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
}

#[tokio::test]
async fn members_that_were_written_before_a_failure_move_the_revision() {
    let table = Table::new().await;
    let guides = group(&table, "g").await;
    let add = (0..3).map(|_| Member { id: new_id(Kind::User), display: None }).collect();
    let change = MemberChange { add, remove: vec![] };
    table.wire.fail("UpdateItem", 1, &refused("AccessDeniedException"));
    let failed = change_members(&table.directory, &request(), &guides, &change, false).await;
    assert!(matches!(failed, Err(Error::Unavailable(_))), "{failed:?}");
    let now = table.directory.get(&request(), groups(), &guides.id).await.expect("read").expect("there");
    assert_eq!(now.revision, 2);
    let again = change_members(&table.directory, &request(), &now, &change, false).await;
    assert_eq!(again.expect("changed").revision, 3);
    assert_eq!(table.directory.members(&request(), &guides).await.expect("members").len(), 3);
}

#[tokio::test]
async fn a_lost_answer_of_a_commit_is_no_conflict() {
    let table = Table::new().await;
    let guides = group(&table, "g").await;
    let change = MemberChange { add: vec![Member { id: new_id(Kind::User), display: None }], remove: vec![] };
    table.wire.fail("UpdateItem", 1, &Fault::AnswerLost);
    let changed = change_members(&table.directory, &request(), &guides, &change, true).await;
    assert_eq!(changed.expect("changed").revision, 2);
    let sent = table.wire.sent("UpdateItem").len();
    assert_eq!(sent, 3, "the commit twice, and the end of the intent");
}

#[tokio::test]
async fn what_a_batch_leaves_undone_is_done_by_the_next() {
    let table = Table::new().await;
    let (stored, guides) = (user(&table, "ann").await, group(&table, "g").await);
    table.wire.fail("BatchGetItem", 2, &Fault::HeldBack);
    let mut ids: Vec<_> = (0..250).map(|_| new_id(Kind::User)).collect();
    ids.push(stored.id);
    let missing = table.directory.missing(&request(), &ids).await.expect("an answer");
    assert_eq!(missing, ids[..250]);
    let add: Vec<_> = ids.iter().map(|id| Member { id: id.clone(), display: None }).collect();
    table.wire.fail("BatchWriteItem", 5, &Fault::HeldBack);
    let changed = replace_members(&table.directory, &request(), &guides, &add, false).await;
    assert_eq!(changed.expect("changed").revision, 2);
    let members = table.directory.members(&request(), &guides).await.expect("members");
    ids.sort();
    assert_eq!(members.into_iter().map(|member| member.id).collect::<Vec<_>>(), ids);
}

#[tokio::test]
async fn a_batch_that_is_held_back_without_end_is_busy() {
    let table = Table::new().await;
    table.wire.fail("BatchGetItem", 100, &Fault::HeldBack);
    let busy = table.directory.missing(&request(), &[new_id(Kind::User)]).await;
    assert!(matches!(busy, Err(Error::Busy)), "{busy:?}");
    assert_eq!(table.wire.sent("BatchGetItem").len(), 8);
}

#[tokio::test]
async fn a_batch_larger_than_an_answer_is_read_whole() {
    let table = Table::new().await;
    // 60 of 300 KB: 18 MB, where one answer holds 16.
    let mut ids = Vec::new();
    for nth in 0..60 {
        let large = draft(json!({ "displayName": format!("g{nth}"), "note": "x".repeat(300 * 1024) }), None);
        let large = table.directory.create(&request(), groups(), new_id(Kind::Group), large, NOW).await;
        ids.push(large.expect("created").id);
    }
    table.wire.clear();
    let read = table.directory.get_many(&request(), groups(), &ids).await.expect("read");
    assert_eq!(read.into_iter().map(|record| record.id).collect::<Vec<_>>(), ids);
    assert_eq!(table.wire.sent("BatchGetItem").len(), 2);
}

#[tokio::test]
async fn a_membership_that_may_be_written_moves_the_revision() {
    let table = Table::new().await;
    let guides = group(&table, "g").await;
    let change = MemberChange { add: vec![Member { id: new_id(Kind::User), display: None }], remove: vec![] };
    // Both halves are written, and the SDK gives up on the answer of each at the third attempt.
    table.wire.fail("UpdateItem", 6, &Fault::AnswerLost);
    let failed = change_members(&table.directory, &request(), &guides, &change, false).await;
    assert!(matches!(failed, Err(Error::Unavailable(_))), "{failed:?}");
    let now = table.directory.get(&request(), groups(), &guides.id).await.expect("read").expect("there");
    assert_eq!(now.revision, 2);
    assert_eq!(table.directory.members(&request(), &guides).await.expect("members"), change.add);
}

#[tokio::test]
async fn short_pages_and_empty_ones_are_read_to_the_end() {
    let table = Table::new().await;
    let guides = group(&table, "g").await;
    let mut ids = Vec::new();
    for nth in 0..7 {
        ids.push(user(&table, &format!("user{nth}")).await.id);
    }
    ids.sort();
    let add: Vec<_> = ids.iter().map(|id| Member { id: id.clone(), display: None }).collect();
    replace_members(&table.directory, &request(), &guides, &add, false).await.expect("changed");
    let group = table.directory.get(&request(), groups(), &guides.id).await.expect("read").expect("there");
    table.wire.add(Pages::of(1).with_empty());
    table.wire.clear();
    let members = table.directory.members(&request(), &group).await.expect("members");
    assert_eq!(members, add);
    // Six of them begin after another and are empty at first, and so is the one that finds nothing more.
    assert!(table.wire.sent("Query").len() >= 13, "{}", table.wire.sent("Query").len());
    let page =
        table.directory.walk(&request(), users(), None, 100, Consistency::Strong).await.expect("a page");
    assert_eq!(page.records.into_iter().map(|record| record.id).collect::<Vec<_>>(), ids);
    assert_eq!(table.directory.total(&request(), users()).await.expect("a total"), 7);
}

#[tokio::test]
async fn what_a_partition_does_not_take_at_once_is_written_later() {
    let table = Table::new().await;
    let guides = group(&table, "g").await;
    table.wire.add(Capacity::of(200.0));
    let mut ids: Vec<_> = (0..300).map(|_| new_id(Kind::User)).collect();
    let add: Vec<_> = ids.iter().map(|id| Member { id: id.clone(), display: None }).collect();
    let scope = request();
    replace_members(&table.directory, &scope, &guides, &add, false).await.expect("changed");
    assert!(scope.usage.retries() > 0);
    let (_, members) = table.directory.group_and_members(&request(), &guides.id).await.expect("members");
    ids.sort();
    assert_eq!(members.into_iter().map(|member| member.id).collect::<Vec<_>>(), ids);
}
