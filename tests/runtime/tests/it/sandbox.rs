//! Functions with lines to the stand-ins, and what is asked of every answer.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use local::{Options, StandIns};
use runtime::{Answer, Format, Function, Line, Request, Target, folder};
use serde_json::{Value, json};

/// The stand-ins, behind lines.
pub(crate) struct World {
    stand_ins: StandIns,
    pub(crate) dynamodb: Line,
    pub(crate) secrets: Line,
}

impl World {
    pub(crate) async fn start() -> Self {
        let stand_ins = StandIns::start(&Options::default()).await.unwrap();
        let dynamodb = Line::to(stand_ins.engine.url()).await.unwrap();
        let secrets = Line::to(stand_ins.secrets.url()).await.unwrap();
        Self { stand_ins, dynamodb, secrets }
    }

    /// A new sandbox of the function of this name.
    pub(crate) async fn function(&self, name: &str) -> Function {
        Function::start(&program(name), &self.target(BTreeMap::new())).await.unwrap()
    }

    /// What a function speaks to, which has these variables besides Lambda's.
    pub(crate) fn target(&self, variables: BTreeMap<String, String>) -> Target {
        let [dynamodb, secrets] = [&self.dynamodb, &self.secrets].map(|line| line.url().to_owned());
        Target { dynamodb, secrets, variables }
    }

    /// Where the table is, without a line.
    pub(crate) fn table(&self) -> &str {
        self.stand_ins.engine.url()
    }

    /// A request below the base path, with a token.
    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, &format!("/scim/v2{path}")).token(self.token())
    }

    pub(crate) fn token(&self) -> &str {
        self.stand_ins.token.as_str()
    }

    /// Creates a user.
    pub(crate) fn create(&self, user_name: &str) -> Request {
        self.request("POST", "/Users").body(&user(user_name))
    }

    /// How many users have this name, as a function finds them.
    pub(crate) async fn count(&self, function: &Function, user_name: &str) -> u64 {
        let query = format!("/Users?filter=userName%20eq%20%22{user_name}%22");
        let found = function.send(Format::Rest, &self.request("GET", &query)).await.unwrap();
        assert_eq!(found.status, 200, "{found:?}");
        found.json()["totalResults"].as_u64().unwrap()
    }

    /// Nothing of a token is in what a function wrote.
    pub(crate) fn is_silent(&self, function: &Function) {
        let log = function.log();
        assert!(!log.is_empty());
        let told: Vec<_> = log.iter().filter(|line| line.contains(self.token())).collect();
        assert!(told.is_empty(), "{told:?}");
    }
}

/// The compiled function of this name.
pub(crate) fn program(name: &str) -> PathBuf {
    folder().unwrap().join(name)
}

/// The answer to an event as it is.
pub(crate) async fn answer(function: &Function, event: &Value) -> Answer {
    function.invoke(event, Duration::from_secs(10)).await.unwrap().1.answer().unwrap()
}

/// Sets a member of an event, or adds it, by its JSON pointer.
pub(crate) fn set(event: &mut Value, pointer: &str, value: Value) {
    let (of, name) = pointer.rsplit_once('/').unwrap();
    event.pointer_mut(of).and_then(Value::as_object_mut).unwrap().insert(name.to_owned(), value);
}

/// A user's document.
pub(crate) fn user(user_name: &str) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": user_name})
}

/// An error as RFC 7644 §3.12 has it, with this status.
#[track_caller]
pub(crate) fn is_error(answer: &Answer, status: u64) {
    let body = answer.json();
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{answer:?}");
    assert_eq!(body["status"], status.to_string(), "{answer:?}");
    assert!(body["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/scim+json"), "{answer:?}");
}
