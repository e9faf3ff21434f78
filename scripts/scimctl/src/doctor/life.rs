//! The life of a test user and a test group, as identity providers send it. Nothing of them stays.

use http::Method;
use serde_json::{Value, json};

use super::{
    client::{Answer, Client},
    protocol::resources,
    report::Report,
    sample,
};

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What was made, and must go.
#[derive(Default)]
struct Made {
    user: Option<String>,
    group: Option<String>,
}

/// Makes, matches, changes, disables and deletes; `nonce` is the name that marks both.
pub(super) async fn check(client: &Client, nonce: &str, report: &mut Report) {
    let mut made = Made::default();
    if let Err(fault) = live(client, nonce, &mut made, report).await {
        report.fail(
            "write",
            fault,
            "The answer says what is wrong; with --json it can be sent to whoever looks after the service",
        );
    }
    made.clean(client, nonce, report).await;
}

async fn live(client: &Client, nonce: &str, made: &mut Made, report: &mut Report) -> Result<(), String> {
    let [user, group] = sample::both(client, nonce).await?;
    let created = send(client, Method::POST, "/Users", Some(&user)).await?;
    let id = created.text_at("/id").to_owned();
    made.user = (!id.is_empty()).then(|| id.clone());
    expect(&created, 201, "creating a user")?;
    let user = format!("/Users/{id}");
    report.ok("create", format!("a user, {nonce}"));

    let path = format!("/Users?filter=userName%20eq%20%22{}%22&startIndex=1&count=100", nonce.to_uppercase());
    let matched = client.get(&path).await.map_err(|error| format!("{error:#}"))?;
    if let Some(fault) = matched.list_fault(Some(1)) {
        return Err(format!("looking the new user up: {fault}"));
    }
    if resources(&matched).first().is_none_or(|found| found["id"] != id.as_str()) {
        return Err("looking the new user up finds somebody else".to_owned());
    }
    report.ok("match", "the look-up right after it finds the user, in any case");

    // Without a path, as Okta changes a profile.
    let operations = json!([{ "op": "replace", "value": { "displayName": format!("{nonce} changed") } }]);
    expect(&patch(client, &user, operations).await?, 200, "changing the user as Okta does")?;
    report.ok("patch", "a change without a path, as Okta sends it");

    let created = send(client, Method::POST, "/Groups", Some(&group)).await?;
    let id_of_group = created.text_at("/id").to_owned();
    made.group = (!id_of_group.is_empty()).then(|| id_of_group.clone());
    expect(&created, 201, "creating a group")?;
    let group = format!("/Groups/{id_of_group}");
    for (op, there) in [("Add", true), ("Remove", false)] {
        // A list of values behind remove, as Entra takes one member away.
        let operations = json!([{ "op": op, "path": "members", "value": [{ "value": id }] }]);
        let answer = patch(client, &group, operations).await?;
        if !matches!(answer.status, 200 | 204) {
            return Err(format!("{op} of a member as Entra sends it: {}", answer.summary()));
        }
        let shown = client.get(&group).await.map_err(|error| format!("{error:#}"))?;
        let members = shown.at("/members").and_then(Value::as_array).map_or(0, Vec::len);
        if (members == 1) != there {
            return Err(format!("after {op} of a member the group has {members}"));
        }
    }
    report.ok("members", "added and taken away as Entra sends it");

    // A text for a boolean, as Entra disables.
    let operations = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    let answer = patch(client, &user, operations).await?;
    expect(&answer, 200, "disabling the user as Entra does")?;
    if answer.at("/active") != Some(&Value::Bool(false)) {
        return Err("a disabled user is not answered as inactive".to_owned());
    }
    report.ok("deactivate", "disabled as Entra sends it; the user stays readable");
    Ok(())
}

impl Made {
    /// Deletes what is there, whatever happened before.
    async fn clean(self, client: &Client, nonce: &str, report: &mut Report) {
        let group = self.group.map(|id| format!("/Groups/{id}"));
        let user = self.user.map(|id| format!("/Users/{id}"));
        let paths: Vec<String> = group.into_iter().chain(user).collect();
        let mut left = Vec::new();
        for path in &paths {
            let deleted = client.write(Method::DELETE, path, None).await;
            // A second attempt for an answer that was lost; gone is gone.
            let is_gone = match deleted {
                Ok(answer) if matches!(answer.status, 204 | 404) => true,
                _ => client
                    .write(Method::DELETE, path, None)
                    .await
                    .is_ok_and(|it| matches!(it.status, 204 | 404)),
            };
            if !is_gone {
                left.push(path.as_str());
            }
        }
        if left.is_empty() && !paths.is_empty() {
            report.ok("delete", "nothing of the test is left");
        } else if !left.is_empty() {
            let advice = format!("Delete what is called {nonce} by hand: DELETE {}", left.join(", "));
            report.fail("delete", "what the test made could not be deleted", advice);
        }
    }
}

async fn send(client: &Client, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, String> {
    client.write(method, path, body).await.map_err(|error| format!("{path}: {error:#}"))
}

async fn patch(client: &Client, path: &str, operations: Value) -> Result<Answer, String> {
    send(client, Method::PATCH, path, Some(&json!({ "schemas": [PATCH], "Operations": operations }))).await
}

fn expect(answer: &Answer, status: u16, what: &str) -> Result<(), String> {
    if answer.status == status { Ok(()) } else { Err(format!("{what}: {}", answer.summary())) }
}
