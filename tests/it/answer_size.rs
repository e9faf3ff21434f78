//! An answer that Lambda would not pass on is refused with what to ask instead, never cut.

use directory::{Directory, Draft, Member, Scope};
use http::Method;
use local::{TABLE, aws};
use scim::{ResourceId, resource_type::GROUPS};
use serde_json::{Value, json};
use time::macros::datetime;

use crate::endpoint::{Endpoint, GROUP};

const NOW: time::OffsetDateTime = datetime!(2026-11-22 00:00 UTC);

fn id(first: char, number: usize) -> ResourceId {
    ResourceId::parse(&format!("{first}{number:07x}-0000-4000-8000-000000000000")).unwrap()
}

/// A group with so many members, whose names are long; returns its id.
async fn crowd(endpoint: &Endpoint, number: usize, members: usize) -> ResourceId {
    let directory = Directory::new(aws::dynamodb(endpoint.stack.stand_ins.engine.url()), TABLE);
    let scope = Scope::new("default", "default", format!("request {number}"));
    let members: Vec<_> = (0..members)
        .map(|nth| Member { id: id('0', nth), display: Some(format!("{nth} {}", "x".repeat(9000))) })
        .collect();
    let attributes = json!({"displayName": format!("crowd {number}")}).as_object().unwrap().clone();
    let draft = Draft { attributes, ..Draft::default() };
    let group = id('8', number);
    directory.create_group(&scope, &GROUPS, group.clone(), draft, &members, NOW).await.unwrap();
    group
}

fn check_refused((status, error): (u16, Value), way_out: &str) {
    assert_eq!((status, &error["scimType"]), (400, &json!("tooMany")));
    let detail = error["detail"].as_str().unwrap();
    assert!(detail.contains("5 MB") && detail.contains(way_out), "{detail}");
}

#[tokio::test]
async fn a_group_too_large_to_be_passed_on_is_refused_and_shown_without_its_members() {
    let endpoint = Endpoint::start().await;
    let group = crowd(&endpoint, 1, 600).await;
    let path = format!("/Groups/{group}");
    let send = async |method, path: &str, body: String| endpoint.send(&method, path, body).await;
    check_refused(send(Method::GET, &path, String::new()).await, "excludedAttributes=members");
    let shown = endpoint.get(&format!("{path}?excludedAttributes=members")).await;
    assert_eq!((&shown["displayName"], shown.get("members")), (&json!("crowd 1"), None));
    let shown = endpoint.get(&format!("{path}?attributes=members.value")).await;
    assert_eq!(shown["members"].as_array().unwrap().len(), 600, "this fits");
    check_refused(send(Method::GET, "/Groups", String::new()).await, "smaller count");
    // What was written is not refused: the rest of the group is shown.
    let renamed = json!({"schemas": [GROUP], "displayName": "audience"});
    let (status, answer) = send(Method::PUT, &path, renamed.to_string()).await;
    assert_eq!((status, &answer["displayName"], answer.get("members")), (200, &json!("audience"), None));
}

#[tokio::test]
async fn a_page_too_large_to_be_passed_on_is_refused() {
    let endpoint = Endpoint::start().await;
    for number in 0..2 {
        crowd(&endpoint, number, 320).await;
    }
    let send = async |path: &str| endpoint.send(&Method::GET, path, String::new()).await;
    for query in ["", "cursor", "filter=displayName sw \"crowd\"", "sortBy=displayName"] {
        check_refused(send(&format!("/Groups?{query}&count=2")).await, "smaller count");
        let page = endpoint.get(&format!("/Groups?{query}&count=1")).await;
        assert_eq!(page["Resources"][0]["members"].as_array().unwrap().len(), 320);
        let page = endpoint.get(&format!("/Groups?{query}&count=2&excludedAttributes=members")).await;
        assert_eq!(page["itemsPerPage"], 2);
    }
}
