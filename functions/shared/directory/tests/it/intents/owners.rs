//! Whose a change is: claims, owners that are late or overtaken, changes that meet.

use std::time::Duration;

use directory::{Claim, GroupChange};

use super::*;

#[tokio::test]
async fn a_claim_keeps_others_waiting_and_ends_by_itself() {
    let table = Table::new().await;
    let people = ids(3);
    let stored = group(&table, "g").await;
    let claim: Claim = table.directory.claim(&request(), &stored.id, NOW).await.expect("claimed");
    // Others have no time to wait.
    let hurried = || {
        let scope: Scope = request();
        scope.usage.end_at(Instant::now() + Duration::from_millis(1600));
        scope
    };
    let now = read(&table, &stored.id).await;
    let busy = change_members(&table.directory, &hurried(), &now, &add(&people), false).await;
    assert!(matches!(busy, Err(Error::Busy)), "{busy:?}");
    let busy = table.directory.finish(&request(), &stored.id, NOW).await.expect("an answer");
    assert_eq!(busy, Finished::UnderWay);
    assert!(written(&table, &stored.id).await[0].is_empty());

    // Its owner is not kept waiting.
    let draft = draft_of(&now);
    let change = GroupChange { draft, members: add(&people), is_exact: true, is_conditional: false };
    let made = table.directory.change_group(&request(), groups(), &now, change, Some(&claim), NOW).await;
    assert_eq!(made.expect("made").revision, 2);
    check(&table, &stored.id, &people).await;
    table.directory.release(&request(), &claim).await.expect("nothing to release");

    let claim = table.directory.claim(&request(), &stored.id, NOW).await.expect("claimed");
    table.directory.release(&request(), &claim).await.expect("released");
    table.directory.claim(&request(), &stored.id, NOW).await.expect("claimed again, and left");
    assert_eq!(finish(&table, &stored.id).await, Finished::Done);
    check(&table, &stored.id, &people).await;
    assert_eq!(read(&table, &stored.id).await.revision, 2, "a claim is no change");
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_known_again_though_the_group_has_moved_on() {
    let table = Table::new().await;
    let people = ids(300);
    let stored = group(&table, "g").await;
    let process = table.another();
    let gate = Gate::new();
    process.wire.fail("UpdateItem", 1, &Fault::AnswerLost);
    process.wire.fail("UpdateItem", 1, &Fault::Held(gate.clone()));
    let replacing = async { replace(&process, &stored, &people).await };
    let renaming = async {
        gate.reached().await;
        let now = read(&table, &stored.id).await;
        let draft = draft(json!({ "displayName": "h" }), None);
        let renamed = table.directory.update(&request(), groups(), &now, draft, NOW).await;
        gate.open();
        renamed
    };
    let (replaced, renamed) = futures::join!(replacing, renaming);
    assert_eq!(renamed.expect("renamed").revision, 3);
    assert_eq!(replaced.expect("known again").revision, 3);
    check(&table, &stored.id, &people).await;
}

/// An owner that is late finds that another has taken over, which then dies: what that needs is still there.
#[tokio::test]
async fn an_owner_that_is_overtaken_leaves_the_change_to_the_next() {
    let table = Table::new().await;
    let people = ids(300);
    let stored = group(&table, "g").await;
    let late = table.another();
    let gate = Gate::new();
    // The commit, then the end.
    late.wire.fail("UpdateItem", 1, &Fault::Delayed(Duration::ZERO));
    late.wire.fail("UpdateItem", 1, &Fault::Held(gate.clone()));
    let replacing = async { replace(&late, &stored, &people).await };
    let overtaking = async {
        gate.reached().await;
        let next = table.another();
        // The group, the take-over, the part.
        next.wire.stop_after(3);
        let died = next.directory.finish(&request(), &stored.id, later(LONG_AFTER)).await;
        died.expect_err("it died before its end");
        gate.open();
    };
    let (replaced, ()) = futures::join!(replacing, overtaking);
    replaced.expect("committed");
    assert!(shown(&table, &stored.id).await == people);
    let finished = table.directory.finish(&request(), &stored.id, later(2 * LONG_AFTER)).await;
    assert_eq!(finished.expect("finished"), Finished::Done);
    check(&table, &stored.id, &people).await;
}

#[tokio::test]
async fn a_group_that_is_deleted_under_a_replacement_leaves_nothing() {
    let table = Table::new().await;
    let people = ids(600);
    let stored = group(&table, "g").await;
    let process = table.another();
    let gate = Gate::new();
    // The part, then the memberships.
    process.wire.fail("BatchWriteItem", 1, &Fault::Delayed(Duration::ZERO));
    process.wire.fail("BatchWriteItem", 1, &Fault::Held(gate.clone()));
    let replacing = async { replace(&process, &stored, &people).await };
    let deleting = async {
        gate.reached().await;
        let deleted = table.directory.delete(&request(), groups(), &stored.id, None, NOW).await;
        gate.open();
        deleted
    };
    let (replaced, deleted) = futures::join!(replacing, deleting);
    replaced.expect("committed before");
    assert!(deleted.expect("deleted").is_some());
    let left: Vec<_> = table.keys().await.into_iter().filter(|key| !key.contains("#C#")).collect();
    assert_eq!(left, [format!("acme#Z#{} !", stored.id)]);
}

#[tokio::test]
async fn two_replacements_leave_one_of_both() {
    let table = Table::new().await;
    let people = ids(40);
    for nth in 0..20 {
        let stored = group(&table, &format!("group {nth}")).await;
        let [one, other] = [&people[..20], &people[10..]].map(|wanted| {
            let (process, stored) = (table.another(), stored.clone());
            async move {
                for _ in 0..20 {
                    let now = process.directory.get(&request(), groups(), &stored.id).await.expect("read");
                    let now = process.directory.settle(&request(), now.expect("there"), None, NOW).await;
                    match replace(&process, &now.expect("settled"), wanted).await {
                        Err(Error::Changed) => {}
                        answer => return answer.map(drop),
                    }
                }
                Err(Error::Busy)
            }
        });
        let (one, other) = futures::join!(one, other);
        one.and(other).expect("both made");
        let seen = shown(&table, &stored.id).await;
        assert!(seen == people[..20] || seen == people[10..], "{} are shown", seen.len());
        check(&table, &stored.id, &seen).await;
    }
}
