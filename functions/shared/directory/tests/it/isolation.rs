//! No call of one tenant reads or writes what belongs to another.

use std::slice::from_ref;

use directory::{Consistency, Error, Lookup, Member, MemberChange, Scope};
use scim::Kind;
use serde_json::json;

use crate::{
    support::{NOW, change_members, draft, groups, new_id, request, users},
    table::Table,
};

fn tenant(name: &str) -> Scope {
    Scope { tenant: name.to_owned(), ..request() }
}

#[tokio::test]
async fn two_tenants_with_the_same_values_never_meet() {
    let table = Table::new().await;
    let directory = &table.directory;
    let attributes = json!({ "userName": "ann", "emails": [{ "value": "a@x.org" }] });
    let id = new_id(Kind::User);
    let mut strict = tenant("acme");
    strict.policy.unique_email = true;
    strict.policy.unique_external_id = true;
    // The same id, even, in a tenant whose name begins like the other's.
    for name in ["acme", "acme-2"] {
        let scope = Scope { tenant: name.to_owned(), ..strict.clone() };
        let draft = draft(attributes.clone(), Some("1"));
        directory.create(&scope, users(), id.clone(), draft, NOW).await.expect("created");
    }
    let group_id = new_id(Kind::Group);
    let named = draft(json!({ "displayName": "g" }), None);
    let group = directory.create(&tenant("acme"), groups(), group_id, named, NOW).await.expect("created");
    let change = MemberChange { add: vec![Member { id: id.clone(), display: None }], remove: vec![] };
    change_members(directory, &tenant("acme"), &group, &change, false).await.expect("added");

    let other = tenant("acme-2");
    assert_eq!(directory.get(&other, groups(), &group.id).await.expect("read"), None);
    assert_eq!(directory.members(&other, &group).await.expect("read"), []);
    assert_eq!(directory.groups_of(&other, &id, Consistency::Strong).await.expect("read"), []);
    assert_eq!(directory.missing(&other, from_ref(&group.id)).await.expect("read"), from_ref(&group.id));
    let lookup = Lookup::DisplayName("g".into());
    assert_eq!(directory.find(&other, groups(), &lookup).await.expect("read"), []);
    let stolen = change_members(directory, &other, &group, &change, false).await;
    assert!(matches!(stolen, Err(Error::Changed)), "{stolen:?}");

    directory.delete(&other, users(), &id, None, NOW).await.expect("deleted");
    let acme = tenant("acme");
    assert_eq!(directory.total(&other, users()).await.expect("a total"), 0);
    assert_eq!(directory.total(&acme, users()).await.expect("a total"), 1);
    assert_eq!(directory.members(&acme, &group).await.expect("read").len(), 1);
    for lookup in
        [Lookup::UserName("ann".into()), Lookup::Email("a@x.org".into()), Lookup::ExternalId("1".into())]
    {
        assert_eq!(directory.find(&acme, users(), &lookup).await.expect("found"), from_ref(&id));
    }
    let page = directory.walk(&acme, users(), None, 10, Consistency::Strong).await.expect("a page");
    assert_eq!(page.records.len(), 1);
    let page = directory.walk(&other, users(), None, 10, Consistency::Strong).await.expect("a page");
    assert_eq!(page.records.len(), 0);
}

#[tokio::test]
async fn a_value_cannot_reach_into_another_key() {
    let table = Table::new().await;
    let directory = &table.directory;
    // Each value spells a key of another entity.
    for value in ["#n#ann", "x\u{0}#U#0", "! acme#n#ann", "okta#1", "acme#U"] {
        let draft = draft(json!({ "userName": value, "emails": [{ "value": value }] }), Some(value));
        let id = new_id(Kind::User);
        let created = directory.create(&request(), users(), id.clone(), draft, NOW).await.expect("created");
        for lookup in
            [Lookup::UserName(value.into()), Lookup::Email(value.into()), Lookup::ExternalId(value.into())]
        {
            assert_eq!(directory.find(&request(), users(), &lookup).await.expect("found"), from_ref(&id));
        }
        directory.delete(&request(), users(), &created.id, None, NOW).await.expect("deleted");
        let left = table.keys().await;
        let is_ours = |key: &String| key.starts_with("acme#C#U ") || key.starts_with("acme#Z#");
        assert!(left.iter().all(is_ours), "{left:?}");
    }
    // A connector whose name and value run together like another's.
    let mut long = request();
    long.connector = "okta-x".into();
    let lookup = Lookup::ExternalId("x#1".into());
    assert_eq!(directory.find(&long, users(), &lookup).await.expect("found"), []);
}
