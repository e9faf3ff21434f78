//! A bulk job with all that can be in one (RFC 7644 §3.7).

use http::Method;
use serde_json::{Value, json};

use crate::endpoint::{Endpoint, GROUP, USER};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

fn user(at: usize, manager: usize) -> Value {
    let data = json!({"schemas": [USER], "userName": format!("user{at}"),
        "emails": [{"value": format!("user{at}@example.com"), "type": "work"}],
        ENTERPRISE: {"manager": {"value": format!("bulkId:u{manager}")}}});
    json!({"method": "POST", "path": "/Users", "bulkId": format!("u{at}"), "data": data})
}

/// Users who manage each other in circles, in teams, in a company: every kind of reference at once, forward and
/// backward, in many operations.
#[tokio::test]
async fn a_large_job_is_done() {
    const TEAMS: usize = 10;
    const USERS: usize = 200;
    let endpoint = Endpoint::start().await;
    let manager = |at: usize| (at * 7 + 3) % USERS;
    let members = |team: usize| (0..USERS).filter(move |at| at % TEAMS == team);
    let group = |name: String, members: Vec<String>| {
        let members: Vec<_> = members.into_iter().map(|value| json!({"value": value})).collect();
        json!({"method": "POST", "path": "/Groups", "bulkId": name,
            "data": {"schemas": [GROUP], "displayName": name, "members": members}})
    };
    let teams = (0..TEAMS).map(|team| format!("bulkId:team{team}")).collect();
    let mut operations = vec![group("company".to_owned(), teams)];
    operations.extend(
        (0..TEAMS).map(|team| {
            group(format!("team{team}"), members(team).map(|at| format!("bulkId:u{at}")).collect())
        }),
    );
    operations.extend((0..USERS).map(|at| user(at, manager(at))));

    let job = json!({"schemas": [BULK], "Operations": operations});
    let (status, report) = endpoint.send(&Method::POST, "/Bulk", job.to_string()).await;
    assert_eq!(status, 200, "{report}");
    let entries = report["Operations"].as_array().unwrap();
    assert_eq!(entries.len(), 1 + TEAMS + USERS);
    let mut ids = Vec::new();
    for (entry, operation) in entries.iter().zip(&operations) {
        assert_eq!((&entry["status"], &entry["bulkId"]), (&json!("201"), &operation["bulkId"]), "{entry}");
        ids.push(entry["location"].as_str().unwrap().rsplit('/').next().unwrap());
    }
    let (groups, users) = ids.split_at(1 + TEAMS);
    for (at, id) in users.iter().enumerate() {
        let stored = endpoint.get(&format!("/Users/{id}")).await;
        assert_eq!(stored[ENTERPRISE]["manager"]["value"], users[manager(at)], "{stored}");
        assert_eq!(stored["groups"][0]["value"], groups[1 + at % TEAMS], "{stored}");
    }
    for (team, id) in groups[1..].iter().enumerate() {
        let stored = endpoint.get(&format!("/Groups/{id}")).await;
        assert_eq!(stored["members"].as_array().unwrap().len(), members(team).count());
    }
    let company = endpoint.get(&format!("/Groups/{}", groups[0])).await;
    assert_eq!(company["members"].as_array().unwrap().len(), TEAMS);
}
