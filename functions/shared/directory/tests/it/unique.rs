//! What must be unique is, under concurrency and through renames; what need not be is shared.

use std::slice::from_ref;

use directory::{Draft, Error, Lookup, Scope};
use scim::{Kind, ResourceId};
use serde_json::{Value, json};

use crate::{
    support::{NOW, devices, draft, draft_of, group, groups, new_id, request, user, users},
    table::Table,
};

fn check_taken<T: std::fmt::Debug>(
    refused: Result<T, Error>,
    attribute: &str,
    value: &str,
    other: &ResourceId,
) {
    let Err(Error::Taken { attribute: found, value: tried, other: owner }) = refused else {
        panic!("{refused:?} is no conflict");
    };
    assert_eq!((found.as_str(), tried.as_str(), &owner), (attribute, value, other));
}

async fn create(table: &Table, scope: &Scope, attributes: Value) -> Result<ResourceId, Error> {
    let draft = draft(attributes, None);
    table.directory.create(scope, users(), new_id(Kind::User), draft, NOW).await.map(|record| record.id)
}

#[tokio::test]
async fn of_fifty_creates_of_one_user_name_one_wins_and_all_know_it() {
    let table = Table::new().await;
    let attempts = (0..50).map(async |nth| {
        let name = if nth % 2 == 0 { "Straße@example.com" } else { "STRASSE@EXAMPLE.COM" };
        create(&table, &request(), json!({ "userName": name })).await
    });
    let outcomes = futures::future::join_all(attempts).await;
    let winners: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
    let [winner] = winners[..] else { panic!("{} winners", winners.len()) };
    for refused in outcomes.iter().filter(|outcome| outcome.is_err()) {
        assert!(
            matches!(refused, Err(Error::Taken { attribute, other, .. }) if attribute == "userName" && other == winner),
            "{refused:?}"
        );
    }
    assert_eq!(table.directory.total(&request(), users()).await.expect("a total"), 1);
}

#[tokio::test]
async fn a_refused_create_leaves_nothing() {
    let table = Table::new().await;
    let ann = user(&table, "ann").await;
    let before = table.keys().await;
    let again = json!({ "userName": "ANN", "emails": [{ "value": "a@x.org" }] });
    check_taken(create(&table, &request(), again).await, "userName", "ANN", &ann.id);
    assert_eq!(table.keys().await, before);
}

#[tokio::test]
async fn an_id_in_use_is_not_overwritten() {
    let table = Table::new().await;
    let ann = user(&table, "ann").await;
    let draft = draft(json!({ "userName": "bea" }), None);
    let refused = table.directory.create(&request(), users(), ann.id.clone(), draft, NOW).await;
    assert!(matches!(refused, Err(Error::Changed)), "{refused:?}");
    assert_eq!(table.directory.get(&request(), users(), &ann.id).await.expect("read"), Some(ann));
}

#[tokio::test]
async fn a_rename_frees_the_old_name_and_takes_the_new_one() {
    let table = Table::new().await;
    let (ann, bea) = (user(&table, "ann").await, user(&table, "bea").await);
    let directory = &table.directory;
    let to = |name: &str| draft(json!({ "userName": name }), None);
    let refused = directory.update(&request(), users(), &ann, to("Bea"), NOW).await;
    check_taken(refused, "userName", "Bea", &bea.id);
    let cleo = directory.update(&request(), users(), &ann, to("cleo"), NOW).await.expect("renamed");
    let find = async |name: &str| {
        directory.find(&request(), users(), &Lookup::UserName(name.into())).await.expect("found")
    };
    assert_eq!((find("ann").await, find("cleo").await), (vec![], vec![cleo.id.clone()]));
    // Two users swap names by way of a third one.
    let ann = directory.update(&request(), users(), &bea, to("ann"), NOW).await.expect("renamed");
    directory.update(&request(), users(), &cleo, to("bea"), NOW).await.expect("renamed");
    assert_eq!((find("ann").await, find("bea").await), (vec![ann.id], vec![cleo.id]));
}

#[tokio::test]
async fn a_rename_in_case_only_is_one_write() {
    let table = Table::new().await;
    let ann = user(&table, "ann").await;
    table.wire.clear();
    let to = draft(json!({ "userName": "ANN" }), None);
    let renamed = table.directory.update(&request(), users(), &ann, to, NOW).await.expect("renamed");
    assert_eq!((renamed.revision, &renamed.attributes["userName"]), (2, &json!("ANN")));
    assert_eq!((table.wire.sent("TransactWriteItems").len(), table.wire.sent("UpdateItem").len()), (0, 1));
    let found = table.directory.find(&request(), users(), &Lookup::UserName("Ann".into())).await;
    assert_eq!(found.expect("found"), [ann.id]);
}

#[tokio::test]
async fn a_user_may_rename_to_a_name_it_has_and_change_the_rest() {
    let table = Table::new().await;
    let draft_with = |email: &str, external_id| {
        draft(
            json!({ "userName": "ann", "emails": [{ "value": email }, { "value": "same@x.org" }] }),
            external_id,
        )
    };
    let directory = &table.directory;
    let id = new_id(Kind::User);
    let ann = directory
        .create(&request(), users(), id.clone(), draft_with("one@x.org", Some("1")), NOW)
        .await
        .expect("created");
    let changed = directory.update(&request(), users(), &ann, draft_with("two@x.org", Some("2")), NOW).await;
    let keys = table.keys().await;
    assert_eq!(
        keys,
        [
            format!("acme#C#U {}", id.counter()),
            format!("acme#U#{} {id}", id.shard()),
            format!("acme#e#same@x.org {id}"),
            format!("acme#e#two@x.org {id}"),
            "acme#n#ann !".to_owned(),
            format!("acme#x#okta#2 {id}"),
        ]
    );
    let nameless = Draft::default();
    let bare = directory.update(&request(), users(), &changed.expect("changed"), nameless, NOW).await;
    assert_eq!(table.keys().await, keys[..2]);
    // What it gave up is another's to take, and to keep.
    let (bare, bea) = (bare.expect("changed"), user(&table, "ann").await);
    assert_eq!(directory.get(&request(), users(), &id).await.expect("read").as_ref(), Some(&bare));
    let other = draft(json!({ "userName": "cleo" }), None);
    let other = directory.update(&request(), users(), &bare, other, NOW).await.expect("changed");
    assert_eq!(other.revision, 4);
    let found = directory.find(&request(), users(), &Lookup::UserName("ann".into())).await;
    assert_eq!(found.expect("found"), [bea.id]);
}

#[tokio::test]
async fn e_mails_are_shared_unless_the_tenant_says_otherwise() {
    let table = Table::new().await;
    let with = |name: &str| json!({ "userName": name, "emails": [{ "value": "Same@x.org" }] });
    let ann = create(&table, &request(), with("ann")).await.expect("created");
    let bea = create(&table, &request(), with("bea")).await.expect("created");
    let lookup = Lookup::Email("SAME@X.ORG".into());
    let mut found = table.directory.find(&request(), users(), &lookup).await.expect("found");
    found.sort();
    let mut expected = vec![ann.clone(), bea];
    expected.sort();
    assert_eq!(found, expected);

    let mut strict = request();
    strict.policy.unique_email = true;
    let first = create(&table, &strict, json!({ "userName": "c", "emails": [{ "value": "c@x.org" }] }));
    let first = first.await.expect("created");
    let refused =
        create(&table, &strict, json!({ "userName": "d", "emails": [{ "value": "C@X.org" }] })).await;
    check_taken(refused, "emails.value", "C@X.org", &first);
    // Written before the setting was changed, a record's items move with its next change of identity.
    let stored = table.directory.get(&strict, users(), &ann).await.expect("read").expect("there");
    let renamed = draft(json!({ "userName": "ann2", "emails": [{ "value": "same@x.org" }] }), None);
    table.directory.update(&strict, users(), &stored, renamed, NOW).await.expect("changed");
    assert!(table.item("acme#e#same@x.org", "!").await.is_some());
    assert!(table.item("acme#e#same@x.org", ann.as_str()).await.is_none());
}

#[tokio::test]
async fn an_external_id_is_unique_for_a_connector_where_the_tenant_says_so() {
    let table = Table::new().await;
    let create = async |scope: &Scope, name: &str| {
        let draft = draft(json!({ "userName": name }), Some("00uA"));
        table.directory.create(scope, users(), new_id(Kind::User), draft, NOW).await.map(|record| record.id)
    };
    let mut okta = request();
    create(&okta, "a").await.expect("shared");
    create(&okta, "b").await.expect("shared");
    okta.connector = "okta-2".into();
    okta.policy.unique_external_id = true;
    let mut entra = okta.clone();
    entra.connector = "entra".into();
    let first = create(&okta, "c").await.expect("the first");
    create(&entra, "d").await.expect("of another connector");
    check_taken(create(&okta, "e").await, "externalId", "00uA", &first);
}

#[tokio::test]
async fn group_names_are_unique_unless_the_tenant_says_otherwise() {
    let table = Table::new().await;
    let first = group(&table, "Tour Guides").await;
    let again = async |scope: &Scope| {
        let draft = draft(json!({ "displayName": "tour guides" }), None);
        table.directory.create(scope, groups(), new_id(Kind::Group), draft, NOW).await
    };
    check_taken(again(&request()).await, "displayName", "tour guides", &first.id);
    let mut relaxed = request();
    relaxed.policy.unique_group_display_name = false;
    let second = again(&relaxed).await.expect("created");
    // Both are found, whichever setting wrote them.
    for scope in [&request(), &relaxed] {
        let lookup = Lookup::DisplayName("TOUR GUIDES".into());
        let found = table.directory.find(scope, groups(), &lookup).await.expect("found");
        assert_eq!(found, [first.id.clone(), second.id.clone()]);
    }
}

#[tokio::test]
async fn unique_attributes_of_further_types_are_unique_by_their_own_case() {
    let table = Table::new().await;
    let devices = devices();
    let create = async |attributes: Value| {
        let draft = draft(attributes, None);
        table.directory.create(&request(), &devices, new_id(Kind::Other), draft, NOW).await
    };
    let labels = json!(["x"]);
    let first =
        create(json!({ "serial": "S-1", "tag": "T", "slot": 7, "labels": labels })).await.expect("created");
    check_taken(create(json!({ "serial": "s-1" })).await, "serial", "s-1", &first.id);
    check_taken(create(json!({ "tag": "T" })).await, "tag", "T", &first.id);
    check_taken(create(json!({ "slot": 7 })).await, "slot", "7", &first.id);
    create(json!({ "tag": "t", "labels": labels, "serial": " " })).await.expect("nothing in common");
    let lookup = Lookup::Unique { attribute: "SERIAL".into(), value: "S-1".into() };
    let found = table.directory.find(&request(), &devices, &lookup).await.expect("found");
    assert_eq!(found, from_ref(&first.id));
    let mut changed = draft_of(&first);
    changed.attributes.insert("serial".into(), json!("S-2"));
    table.directory.update(&request(), &devices, &first, changed, NOW).await.expect("changed");
    create(json!({ "serial": "S-1" })).await.expect("free again");
    // A name of another attribute, or of one that is not unique, finds nothing.
    for attribute in ["note", "labels", "none"] {
        let lookup = Lookup::Unique { attribute: attribute.into(), value: "x".into() };
        assert_eq!(table.directory.find(&request(), &devices, &lookup).await.expect("found"), []);
    }
}

#[tokio::test]
async fn forty_addresses_fit_and_can_all_be_changed_at_once() {
    let table = Table::new().await;
    let with = |domain: &str, count: usize| {
        let emails: Vec<_> = (0..count).map(|nth| json!({ "value": format!("{nth}@{domain}") })).collect();
        draft(json!({ "userName": format!("u@{domain}"), "emails": emails }), Some(domain))
    };
    let directory = &table.directory;
    let refused = directory.create(&request(), users(), new_id(Kind::User), with("x.org", 41), NOW).await;
    assert!(matches!(refused, Err(Error::TooManyEmails { count: 41, limit: 40 })), "{refused:?}");
    let mut full = with("x.org", 40);
    let once = full.attributes["emails"].as_array().expect("an array");
    let repeated = [once.as_slice(), once].concat();
    full.attributes.insert("emails".into(), repeated.into());
    let created = directory.create(&request(), users(), new_id(Kind::User), full, NOW).await.expect("fits");
    let changed =
        directory.update(&request(), users(), &created, with("y.org", 40), NOW).await.expect("fits");
    let refused = directory.update(&request(), users(), &changed, with("y.org", 41), NOW).await;
    assert!(matches!(refused, Err(Error::TooManyEmails { .. })), "{refused:?}");
    directory.delete(&request(), users(), &created.id, None, NOW).await.expect("deleted");
    assert_eq!(table.keys().await.len(), 2);
}

#[tokio::test]
async fn more_lookup_items_than_a_transaction_holds_are_refused() {
    let table = Table::new().await;
    let mut stored = user(&table, "ann").await;
    for nth in 1..=96 {
        let mut scope = request();
        scope.connector = format!("c{nth}");
        let read = table.directory.get(&scope, users(), &stored.id).await.expect("read").expect("there");
        let changed = Draft { external_id: Some(nth.to_string()), ..draft_of(&read) };
        match table.directory.update(&scope, users(), &read, changed, NOW).await {
            Ok(updated) => stored = updated,
            Err(error) => {
                assert_eq!(nth, 96);
                assert!(matches!(error, Error::TooManyLookups { count: 97, limit: 96 }), "{error:?}");
            }
        }
    }
    table.directory.delete(&request(), users(), &stored.id, None, NOW).await.expect("deleted");
    assert_eq!(table.keys().await.len(), 2);
}
