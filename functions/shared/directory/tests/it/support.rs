//! What every test needs: a scope, ids, drafts, a time.

use directory::{Directory, Draft, Error, GroupChange, Member, MemberChange, Record, Scope};
use scim::{
    Kind, Object, ResourceId, ResourceType,
    resource_type::{GROUPS, USERS},
    schema::Schema,
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::table::Table;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-21 12:00:00.123_456_789 UTC);

/// The time so many seconds later.
pub(crate) fn later(seconds: i64) -> OffsetDateTime {
    NOW + Duration::seconds(seconds)
}

/// A request of tenant `acme` through connector `okta`.
pub(crate) fn request() -> Scope {
    Scope::new("acme", "okta", random().to_string())
}

pub(crate) fn new_id(kind: Kind) -> ResourceId {
    ResourceId::new(kind, request().policy.shards(kind), random())
}

pub(crate) fn random() -> uuid::Uuid {
    uuid::Builder::from_random_bytes(fastrand::u128(..).to_be_bytes()).into_uuid()
}

pub(crate) fn object(value: Value) -> Object {
    let Value::Object(object) = value else { panic!("an object") };
    object
}

pub(crate) fn draft(attributes: Value, external_id: Option<&str>) -> Draft {
    Draft { attributes: object(attributes), external_id: external_id.map(str::to_owned), password: None }
}

/// The draft that a record would be written back as.
pub(crate) fn draft_of(record: &Record) -> Draft {
    Draft { attributes: record.attributes.clone(), external_id: record.external_id.clone(), password: None }
}

pub(crate) fn users() -> &'static ResourceType {
    &USERS
}

pub(crate) fn groups() -> &'static ResourceType {
    &GROUPS
}

/// A further type, with a unique attribute of each sort.
pub(crate) fn devices() -> ResourceType {
    let schema = json!({
        "id": "urn:example:Device", "name": "Device", "attributes": [
            { "name": "serial", "type": "string", "uniqueness": "server" },
            { "name": "tag", "type": "string", "uniqueness": "global", "caseExact": true },
            { "name": "slot", "type": "integer", "uniqueness": "server" },
            { "name": "labels", "type": "string", "uniqueness": "server", "multiValued": true },
            { "name": "note", "type": "string" }
        ]
    });
    ResourceType {
        name: "Device".into(),
        endpoint: "/Devices".into(),
        description: String::new(),
        kind: Kind::Other,
        schema: std::sync::Arc::new(Schema::from_json(&schema.to_string()).expect("a schema")),
        extensions: Vec::new(),
    }
}

/// A stored user of this `userName`.
pub(crate) async fn user(table: &Table, name: &str) -> Record {
    let draft = draft(json!({ "userName": name }), None);
    table.directory.create(&request(), users(), new_id(Kind::User), draft, NOW).await.expect("a user")
}

/// A stored group of this `displayName`.
pub(crate) async fn group(table: &Table, name: &str) -> Record {
    let draft = draft(json!({ "displayName": name }), None);
    table.directory.create(&request(), groups(), new_id(Kind::Group), draft, NOW).await.expect("a group")
}

/// Changes the members of a group that was read, with or without a precondition.
pub(crate) async fn change_members(
    directory: &Directory,
    scope: &Scope,
    stored: &Record,
    members: &MemberChange,
    is_conditional: bool,
) -> Result<Record, Error> {
    let (draft, members) = (draft_of(stored), members.clone());
    let change = GroupChange { draft, members, is_conditional, is_exact: false };
    directory.change_group(scope, groups(), stored, change, None, later(9)).await
}

/// Makes `wanted` the members of a group that was read.
pub(crate) async fn replace_members(
    directory: &Directory,
    scope: &Scope,
    stored: &Record,
    wanted: &[Member],
    is_conditional: bool,
) -> Result<Record, Error> {
    let present = directory.members(scope, stored).await?;
    let add = wanted.iter().filter(|member| !present.contains(member)).cloned().collect();
    let is_wanted = |id| wanted.iter().any(|member| member.id == id);
    let remove = present.into_iter().map(|member| member.id).filter(|id| !is_wanted(id.clone())).collect();
    let (draft, members) = (draft_of(stored), MemberChange { add, remove });
    let change = GroupChange { draft, members, is_conditional, is_exact: true };
    directory.change_group(scope, groups(), stored, change, None, later(9)).await
}

/// What a scope has spent: sequential round trips, read units, write units.
pub(crate) fn spent(scope: &Scope) -> String {
    let usage = &scope.usage;
    format!("{} trips, {} read, {} written", usage.round_trips(), usage.read_units(), usage.write_units())
}
