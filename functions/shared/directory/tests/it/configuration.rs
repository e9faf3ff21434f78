//! Changes of a tenant's configuration: only while it is what they were decided on.

use directory::{Revision, Usage};
use scim::Object;
use serde_json::json;

use crate::{support::object, table::Table};

fn document(number: f64) -> Object {
    object(json!({ "list": ["a", { "b": null }], "number": number, "empty": {} }))
}

async fn stored(table: &Table) -> Vec<(String, Object)> {
    let all = table.directory.configuration_now("acme", &Usage::default()).await.expect("read");
    all.into_iter().map(|setting| (setting.name, setting.document)).collect()
}

fn revision(name: &str, before: Option<f64>, after: Option<f64>) -> Revision {
    Revision { name: name.to_owned(), before: before.map(document), after: after.map(document) }
}

#[tokio::test]
async fn all_documents_change_or_none() {
    let table = Table::new().await;
    let change =
        async |revisions: &[Revision]| table.directory.reconfigure("acme", revisions).await.expect("asked");
    assert!(change(&[]).await);
    assert!(change(&[revision("a", None, Some(1.5)), revision("b", None, Some(2.0))]).await);
    // As it is read again: DynamoDB does not tell 2.0 from 2.
    let there = stored(&table).await;
    assert_eq!(there.len(), 2);
    for wrong in [
        [revision("a", Some(1.5), Some(9.0)), revision("b", Some(3.0), Some(9.0))],
        [revision("a", Some(1.5), Some(9.0)), revision("b", None, Some(9.0))],
        [revision("a", Some(1.5), None), revision("c", Some(1.0), None)],
        // What a change depends on and leaves as it is.
        [revision("a", Some(1.5), Some(9.0)), revision("b", Some(3.0), Some(3.0))],
        [revision("a", Some(1.5), Some(9.0)), revision("c", Some(3.0), Some(3.0))],
    ] {
        assert!(!change(&wrong).await, "{wrong:?}");
        assert_eq!(stored(&table).await, there);
    }
    let b = there[1].1.clone();
    let kept = Revision { name: "b".to_owned(), before: Some(b.clone()), after: Some(b) };
    assert!(change(&[revision("a", Some(1.5), None), revision("c", None, None), kept]).await);
    assert_eq!(stored(&table).await, there[1..]);
}

#[tokio::test]
async fn of_several_at_once_one_is_first() {
    let table = Table::new().await;
    let write = async |number| {
        let process = table.another();
        process.directory.reconfigure("acme", &[revision("a", None, Some(number))]).await.expect("asked")
    };
    let done = futures::join!(write(1.5), write(2.5), write(3.5), write(4.5));
    assert_eq!([done.0, done.1, done.2, done.3].iter().filter(|it| **it).count(), 1);
}
