//! What was written is found by every value that has a lookup item, at once.

use std::slice::from_ref;

use directory::Lookup;
use scim::Kind;
use serde_json::json;

use crate::{
    support::{NOW, draft, group, groups, new_id, request, spent, user, users},
    table::Table,
};

#[tokio::test]
async fn a_user_is_found_right_after_its_create() {
    let table = Table::new().await;
    let emails =
        json!([{ "value": "Work@x.org" }, { "value": "Hôme@x.org" }, { "value": " " }, { "type": "x" }]);
    let draft = draft(json!({ "userName": "Ann", "displayName": "Ann A.", "emails": emails }), Some("00uA"));
    let id = new_id(Kind::User);
    table.directory.create(&request(), users(), id.clone(), draft, NOW).await.expect("created");
    let check = async |lookup: Lookup, is_found: bool| {
        let found = table.directory.find(&request(), users(), &lookup).await.expect("an answer");
        assert_eq!(found, if is_found { vec![id.clone()] } else { vec![] }, "{lookup:?}");
    };
    check(Lookup::UserName("aNN".into()), true).await;
    check(Lookup::Email("WORK@X.ORG".into()), true).await;
    check(Lookup::Email("HO\u{302}ME@x.org".into()), true).await;
    check(Lookup::ExternalId("00uA".into()), true).await;
    check(Lookup::UserName("ann a.".into()), false).await;
    check(Lookup::UserName(" ".into()), false).await;
    check(Lookup::Email(" ".into()), false).await;
    check(Lookup::Email("work@x.or".into()), false).await;
    check(Lookup::ExternalId("00ua".into()), false).await;
    check(Lookup::DisplayName("Ann A.".into()), false).await;
}

#[tokio::test]
async fn an_external_id_finds_resources_of_the_type_asked_for() {
    let table = Table::new().await;
    let (user, group) = (new_id(Kind::User), new_id(Kind::Group));
    let with = |name: &str| draft(json!({ (name): "x" }), Some("same"));
    let directory = &table.directory;
    directory.create(&request(), users(), user.clone(), with("userName"), NOW).await.expect("created");
    directory.create(&request(), groups(), group.clone(), with("displayName"), NOW).await.expect("created");
    let lookup = Lookup::ExternalId("same".into());
    assert_eq!(directory.find(&request(), users(), &lookup).await.expect("found"), [user]);
    assert_eq!(directory.find(&request(), groups(), &lookup).await.expect("found"), [group]);
}

#[tokio::test]
async fn values_longer_than_a_key_are_found_and_told_apart() {
    let table = Table::new().await;
    let directory = &table.directory;
    // 901 bytes that are the same but for the last character; the cut at byte 800 falls inside an é.
    let long = |end: char| format!("a{}{end}", "é".repeat(450));
    for end in ['x', 'y'] {
        let emails = json!([{ "value": long(end) }]);
        let draft = draft(json!({ "userName": long(end), "emails": emails }), Some(&long(end)));
        let id = new_id(Kind::User);
        directory.create(&request(), users(), id.clone(), draft, NOW).await.expect("created");
        for lookup in [
            Lookup::UserName(long(end).to_uppercase()),
            Lookup::Email(long(end).to_uppercase()),
            Lookup::ExternalId(long(end)),
        ] {
            let found = directory.find(&request(), users(), &lookup).await.expect("found");
            assert_eq!(found, from_ref(&id));
        }
    }
    assert_eq!(table.indexed("by_user_name", "n_pk", "acme#U").await, 2);
}

#[tokio::test]
async fn two_connectors_see_their_own_external_id_of_one_user() {
    let table = Table::new().await;
    let (okta, mut entra) = (request(), request());
    entra.connector = "entra".into();
    let stored = user(&table, "ann").await;
    let directory = &table.directory;
    let with = |external_id: Option<&str>| draft(json!({ "userName": "ann" }), external_id);
    let of_okta = directory.update(&okta, users(), &stored, with(Some("o")), NOW).await.expect("updated");
    assert_eq!(of_okta.external_id.as_deref(), Some("o"));
    let of_entra = directory.get(&entra, users(), &stored.id).await.expect("read").expect("there");
    assert_eq!(of_entra.external_id, None);
    directory.update(&entra, users(), &of_entra, with(Some("e")), NOW).await.expect("updated");
    let of_okta = directory.get(&okta, users(), &stored.id).await.expect("read").expect("there");
    assert_eq!(of_okta.external_id.as_deref(), Some("o"));
    let find = async |scope, value: &str| {
        directory.find(scope, users(), &Lookup::ExternalId(value.into())).await.expect("found").len()
    };
    assert_eq!((find(&okta, "o").await, find(&okta, "e").await), (1, 0));
    assert_eq!((find(&entra, "o").await, find(&entra, "e").await), (0, 1));
    directory.update(&okta, users(), &of_okta, with(None), NOW).await.expect("updated");
    assert_eq!((find(&okta, "o").await, find(&entra, "e").await), (0, 1));
}

#[tokio::test]
async fn a_value_of_another_type_costs_nothing() {
    let table = Table::new().await;
    group(&table, "ann").await;
    let scope = request();
    for lookup in [Lookup::UserName("ann".into()), Lookup::Email("ann".into())] {
        assert_eq!(table.directory.find(&scope, groups(), &lookup).await.expect("an answer"), []);
    }
    assert_eq!(spent(&scope), "0 trips, 0 read, 0 written");
}
