//! The end of a tenant: what is cut off goes on.

use directory::{Erasure, Kept};

use crate::{
    support::{group, user},
    table::Table,
};

#[tokio::test]
async fn an_erasure_that_dies_anywhere_is_done_again() {
    let erasure = Erasure { tenant: "acme", kept: Kept::Nothing, segments: 2 };
    for calls in 0.. {
        let table = Table::new().await;
        for number in 0..30 {
            user(&table, &format!("u{number}")).await;
        }
        group(&table, "Tours").await;
        let before = table.keys().await.len();
        let process = table.another();
        process.wire.stop_after(calls);
        let erasing = process.directory.erase(erasure, &|_| {});
        let ended = tokio::time::timeout(std::time::Duration::from_millis(300), erasing).await;
        let has_ended = matches!(ended, Ok(Ok(_)));
        let left = table.keys().await.len() as u64;
        let counted = table.directory.inventory(erasure, &|_| {}).await.expect("counted");
        assert_eq!(counted.values().sum::<u64>(), left);
        let erased = table.directory.erase(erasure, &|_| {}).await.expect("erased");
        assert_eq!(erased.values().sum::<u64>(), left, "after {calls} calls, of {before}");
        assert_eq!(table.keys().await, [] as [String; 0]);
        if has_ended {
            assert!(left == 0 && calls > 2, "{calls}");
            return;
        }
    }
}

#[tokio::test]
async fn tenants_are_counted_by_their_items() {
    let table = Table::new().await;
    user(&table, "ann").await;
    let seen = std::sync::Mutex::new(0);
    let found =
        table.directory.tenants(4, &|items| *seen.lock().expect("a count") = items).await.expect("a scan");
    let keys = table.keys().await.len() as u64;
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [("acme".to_owned(), keys)]);
    assert_eq!(*seen.lock().expect("a count"), keys);
}
