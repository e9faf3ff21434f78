//! What is measured, and what it runs against.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use local::{Options, StandIns};
use runtime::{Format, Function, Request, Target};
use serde_json::json;

use crate::tls::Tls;

/// As many users as the largest page has.
const USERS: usize = 100;

/// The stand-ins with a page of users, behind TLS.
pub(crate) struct World {
    stand_ins: StandIns,
    dynamodb: Tls,
    secrets: Tls,
    functions: PathBuf,
    id: String,
}

/// A request to a function.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    pub(crate) target: Target,
    pub(crate) request: Request,
    pub(crate) status: u64,
}

impl World {
    pub(crate) async fn start(functions: &Path) -> Result<Self> {
        let stand_ins = StandIns::start(&Options::default()).await?;
        let dynamodb = Tls::before(stand_ins.engine.url()).await?;
        let secrets = Tls::before(stand_ins.secrets.url()).await?;
        let mut world =
            Self { stand_ins, dynamodb, secrets, functions: functions.to_owned(), id: String::new() };
        let plain = Target {
            dynamodb: world.stand_ins.engine.url().to_owned(),
            secrets: world.stand_ins.secrets.url().to_owned(),
            variables: BTreeMap::new(),
        };
        let function = Function::start(&functions.join("users"), &plain).await?;
        for number in 0..USERS {
            let create = world.request("POST", "/Users").body(&json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "userName": format!("user{number}@example.com"),
                "externalId": format!("00u{number:017}"),
                "name": {"givenName": "Barbara", "familyName": format!("Jensen {number}")},
                "displayName": format!("Barbara Jensen {number}"),
                "emails": [{"value": format!("user{number}@example.com"), "type": "work", "primary": true}],
                "phoneNumbers": [{"value": "tel:+49-30-123456", "type": "work"}],
                "title": "Engineer",
                "active": true,
            }));
            let created = function.send(Format::Rest, &create).await?;
            ensure!(created.status == 201, "a user was not created: {}", created.body);
            created.json()["id"].as_str().context("no id")?.clone_into(&mut world.id);
        }
        Ok(world)
    }

    fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, &format!("/scim/v2{path}")).token(self.stand_ins.token.as_str())
    }

    /// What is measured; the first is what the others are beside.
    pub(crate) fn cases(&self) -> Vec<Case> {
        let case = |name, function: &str, request, status| Case {
            name,
            program: self.functions.join(function),
            target: Target {
                dynamodb: self.dynamodb.url().to_owned(),
                secrets: self.secrets.url().to_owned(),
                // As in the template: one file, no folder to be searched.
                variables: [("SSL_CERT_FILE", self.dynamodb.roots()), ("METRICS", "true".to_owned())]
                    .map(|(name, value)| (name.to_owned(), value))
                    .into(),
            },
            request,
            status,
        };
        let one = format!("/Users/{}", self.id);
        let patch = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "value": {"title": "Engineer"}}, {"op": "replace", "value": {"active": true}}]});
        vec![
            case("hello", "hello", Request::new("GET", "/"), 200),
            case("401, no AWS call", "users", Request::new("GET", "/scim/v2/Users"), 401),
            case(
                "health's page",
                "health",
                Request::new("GET", "/scim/v2/health").header("Accept", "text/html"),
                200,
            ),
            case("GET by id", "users", self.request("GET", &one), 200),
            case("GET a page of 100", "users", self.request("GET", "/Users?count=100"), 200),
            case("PATCH a user", "users", self.request("PATCH", &one).body(&patch), 200),
        ]
    }
}
