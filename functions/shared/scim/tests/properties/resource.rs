//! Bodies of POST and PUT.

use proptest::prelude::*;
use scim::{
    Kind, ResourceId,
    client::Dialect,
    projection::Projection,
    resource::{self, Meta},
    resource_type::USERS,
};
use serde_json::json;

use super::{DIALECTS, assert_canonical, generate, object};

/// The user as a client that reads it sees it.
pub(crate) fn presented(stored: scim::Object) -> scim::Object {
    let id = ResourceId::new(Kind::User, 4, uuid::Uuid::from_u128(7));
    let meta = Meta {
        created: "2026-11-21T01:00:00.000Z".to_owned(),
        last_modified: "2026-11-21T02:00:00.000Z".to_owned(),
        location: format!("https://example.com/Users/{id}"),
        version: "W/\"1\"".to_owned(),
    };
    let mut whole = resource::present(&USERS, stored, &id, &meta);
    whole.insert("groups".to_owned(), json!([{"value": "8", "display": "g", "type": "direct"}]));
    Projection::default().apply(&USERS, whole)
}

proptest! {
    #[test]
    fn what_a_body_makes_is_canonical_or_refused(stored in generate::stored(), body in generate::body()) {
        let origin = format!("{body:?} on {stored:?}");
        for dialect in DIALECTS {
            if let Ok(created) = resource::create(&USERS, body.clone(), dialect) {
                assert_canonical(&created, dialect, &origin);
            }
            // What is stored was made by clients that are forgiven much, so the same is asked of the outcome.
            if let Ok(replaced) = resource::replace(&USERS, &stored, body.clone(), dialect) {
                assert_canonical(&replaced, Dialect::default(), &origin);
            }
        }
    }

    #[test]
    fn what_strict_clients_may_say_means_the_same_of_others(body in generate::body()) {
        if let Ok(created) = resource::create(&USERS, body.clone(), Dialect::STRICT) {
            prop_assert_eq!(resource::create(&USERS, body, Dialect::default()), Ok(created));
        }
    }

    #[test]
    fn a_put_of_what_was_read_changes_nothing(stored in generate::stored()) {
        for dialect in DIALECTS {
            let body = presented(stored.clone());
            prop_assert_eq!(resource::replace(&USERS, &stored, body, dialect), Ok(stored.clone()));
        }
    }

    #[test]
    fn a_put_twice_is_a_put_once(stored in generate::stored(), body in generate::body()) {
        if let Ok(once) = resource::replace(&USERS, &stored, body.clone(), Dialect::default()) {
            prop_assert_eq!(resource::replace(&USERS, &once, body, Dialect::default()), Ok(once));
        }
    }
}

#[test]
fn a_body_may_nest_as_deep_as_json_is_read() {
    for name in ["userName", "name", "emails", "nope", &USERS.schema.id, &USERS.extensions[0].schema.id] {
        for depth in [1, 2, 3, 120] {
            let body =
                object(json!({"schemas": [USERS.schema.id], "userName": "b", name: generate::nested(depth)}));
            for dialect in DIALECTS {
                if let Ok(created) = resource::create(&USERS, body.clone(), dialect) {
                    assert_canonical(&created, dialect, name);
                }
            }
        }
    }
}
