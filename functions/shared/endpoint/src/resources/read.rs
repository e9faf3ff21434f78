//! Reading one resource (RFC 7644 §3.4.1), and what is kept beside its document.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{StatusCode, header};
use directory::{Consistency, GroupRef, Member, Record};
use http::Method;
use scim::{
    Error, ErrorKind, Kind, Object, ResourceId, members,
    person::{self, Person},
    projection::Projection,
    resource_type::{GROUPS, USERS},
};
use serde_json::{Value, json};

use super::{Call, stored};
use crate::{
    answer::{self, Answer, from_directory},
    precondition,
};

/// What is kept beside a resource's document: the groups of a user, the members of a group, a user's manager.
#[derive(Default)]
pub(super) struct Beside {
    pub(super) groups: Vec<GroupRef>,
    pub(super) members: Vec<Member>,
    pub(super) people: People,
}

/// Users that resources name, by the value that names them.
pub(super) type People = BTreeMap<String, Person>;

impl Call {
    pub(crate) async fn read(&self, id: &str) -> Result<Answer, Error> {
        let id = self.id(id)?;
        let projection = self.projection();
        let (record, beside) = self.whole_record(&id, &projection).await?;
        if precondition::is_current(&self.headers, record.revision) {
            let version = precondition::version(record.revision);
            return Ok(answer::with_header(answer::empty(StatusCode::NOT_MODIFIED), header::ETAG, &version));
        }
        Ok(self.answer(StatusCode::OK, &record, &beside, &projection))
    }

    /// An answer with the resource.
    ///
    /// A group that is too large to be passed on is refused where it was asked for; where it was written, which cannot be
    /// refused any more, it is shown without its members.
    pub(super) fn answer(
        &self,
        status: StatusCode,
        record: &Record,
        beside: &Beside,
        projection: &Projection,
    ) -> Answer {
        let (version, location) = (precondition::version(record.revision), self.location(&record.id));
        let answer = |beside: &Beside| {
            let shown = projection.apply(self.resource_type(), self.resolved(record, beside, &beside.people));
            answer::resource(status, shown, &version, &location)
        };
        let whole = answer(beside);
        let answer =
            if self.method == Method::GET { whole } else { whole.or_else(|| answer(&Beside::default())) };
        answer.unwrap_or_else(|| answer::error(too_large()))
    }

    /// The resource and what is kept beside it, as far as the answer shows it, read at once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`], and those of the table.
    pub(super) async fn whole_record(
        &self,
        id: &ResourceId,
        projection: &Projection,
    ) -> Result<(Record, Beside), Error> {
        let found = |record: Option<Record>| record.ok_or_else(|| self.not_found(id.as_str()));
        if self.resource_type().kind == Kind::Group
            && projection.shows(self.resource_type(), members::MEMBERS)
        {
            let read = self.directory().group_and_members(self.scope(), id).await;
            let (record, members) = read.map_err(from_directory)?;
            return Ok((found(record)?, Beside { members, ..Beside::default() }));
        }
        let beside = async {
            if self.resource_type().kind == Kind::User && projection.shows(self.resource_type(), "groups") {
                return Ok(Beside { groups: self.groups(id).await?, ..Beside::default() });
            }
            Ok(Beside::default())
        };
        let record = async {
            let record = self.directory().get(self.scope(), self.resource_type(), id).await;
            let record = found(record.map_err(from_directory)?)?;
            let people = if self.method == Method::GET {
                self.people(self.named([&record.attributes], projection)).await?
            } else {
                // What the request makes of it may name others.
                People::new()
            };
            Ok::<_, Error>((record, people))
        };
        let (record, beside) = futures::join!(record, beside);
        let ((record, people), beside) = (record?, beside?);
        Ok((record, Beside { people, ..beside }))
    }

    /// What is kept beside a resource that was read, as far as the answer shows it.
    pub(super) async fn beside(&self, record: &Record, projection: &Projection) -> Result<Beside, Error> {
        let shows = |name| projection.shows(self.resource_type(), name);
        Ok(match self.resource_type().kind {
            Kind::User if shows("groups") => {
                Beside { groups: self.groups(&record.id).await?, ..Beside::default() }
            }
            Kind::Group if shows(members::MEMBERS) => {
                Beside { members: self.members(record).await?, ..Beside::default() }
            }
            _ => Beside::default(),
        })
    }

    /// The values of these resources that name users, as far as the answer shows them.
    pub(super) fn named<'a>(
        &self,
        resources: impl IntoIterator<Item = &'a Object>,
        projection: &Projection,
    ) -> BTreeSet<String> {
        let named = resources.into_iter().flat_map(|it| person::named(self.resource_type(), it, projection));
        named.map(str::to_owned).collect()
    }

    /// The users that are named.
    pub(super) async fn people(&self, named: BTreeSet<String>) -> Result<People, Error> {
        let people = self.directory().people(self.scope(), named).await.map_err(from_directory)?;
        let shown = people.into_iter().map(|(value, user)| {
            let url = format!("{}{}/{}", self.base.0, USERS.endpoint, user.id);
            (value, Person { url, display_name: user.display })
        });
        Ok(shown.collect())
    }

    /// The same beside a write: that a manager cannot be shown is no reason to say that nothing was written.
    pub(super) async fn people_if_there(&self, named: BTreeSet<String>) -> People {
        self.people(named).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "whom a resource names is not shown");
            People::new()
        })
    }

    pub(super) async fn groups(&self, id: &ResourceId) -> Result<Vec<GroupRef>, Error> {
        self.directory().groups_of(self.scope(), id, Consistency::Eventual).await.map_err(from_directory)
    }

    pub(super) async fn members(&self, group: &Record) -> Result<Vec<Member>, Error> {
        self.directory().members(self.scope(), group).await.map_err(from_directory)
    }

    /// The resource with everything an answer can ask for: as [`Self::whole`], and what follows from whom it names.
    pub(super) fn resolved(&self, record: &Record, beside: &Beside, people: &People) -> Object {
        let mut resource = self.whole(record, beside);
        person::resolve(self.resource_type(), &mut resource, |value| people.get(value).cloned());
        resource
    }

    /// The resource with everything a filter can ask for.
    pub(super) fn whole(&self, record: &Record, beside: &Beside) -> Object {
        let mut resource = stored(record);
        if !beside.groups.is_empty() {
            resource
                .insert("groups".to_owned(), beside.groups.iter().map(|group| self.group(group)).collect());
        }
        if !beside.members.is_empty() {
            resource.insert(
                members::MEMBERS.to_owned(),
                beside.members.iter().map(|member| self.member(member)).collect(),
            );
        }
        self.present(record, resource)
    }

    fn group(&self, group: &GroupRef) -> Value {
        let mut value = json!({
            "value": group.id.as_str(),
            "$ref": format!("{}{}/{}", self.base.0, GROUPS.endpoint, group.id),
            "type": "direct",
        });
        if let Some(display) = &group.display {
            value["display"] = display.as_str().into();
        }
        value
    }

    /// A member; what it is follows from its id, without reading it.
    pub(super) fn member(&self, member: &Member) -> Value {
        let resource_type = if member.id.kind() == Kind::Group { &GROUPS } else { &USERS };
        let url = format!("{}{}/{}", self.base.0, resource_type.endpoint, member.id);
        members::present(member.id.as_str(), member.display.as_deref(), Some((url, &resource_type.name)))
    }
}

/// The refusal of a resource that is larger than Lambda passes on.
fn too_large() -> Error {
    let detail =
        "The answer would take more than 5 MB: ask with excludedAttributes=members, which leaves them out";
    Error::new(ErrorKind::TooMany, detail)
}
