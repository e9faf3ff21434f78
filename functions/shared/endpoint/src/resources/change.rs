//! Changing a resource: PUT (RFC 7644 §3.5.1) and PATCH (§3.5.2), decided on what is stored, written if it still is.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use directory::{Bump, Record};
use scim::{
    Error, ErrorKind, Kind, Object, ResourceId, client,
    members::{self, MemberChange},
    patch, resource,
};
use serde_json::Value;

use super::{Call, create::draft, members::depend_on_present, read::Beside, stored};
use crate::{
    answer::{self, Answer, from_directory},
    clock, precondition,
    tenants::GroupPatchAnswer,
};

/// How often a change is decided anew when others keep changing the same resource.
const MOST_ATTEMPTS: usize = 8;

impl Call {
    pub(crate) async fn replace(&self, id: &str, body: Body) -> Result<Answer, Error> {
        let id = self.id(id)?;
        // Unfolded first: members under the schema's own URN are members too.
        let mut body = client::keys(self.resource_type(), self.body(body).await?, self.dialect());
        let changes = self.members_of_put(&mut body)?;
        let (record, beside) = self
            .change(&id, &changes, |stored| {
                resource::replace(self.resource_type(), stored, body.clone(), self.dialect())
            })
            .await?;
        Ok(self.answer(StatusCode::OK, &record, &beside, &self.projection()))
    }

    pub(crate) async fn patch(&self, id: &str, body: Body) -> Result<Answer, Error> {
        let id = self.id(id)?;
        let operations = patch::read(self.body(body).await?, self.dialect())?;
        let changes = patch::member_changes(self.resource_type(), &operations, self.dialect())?;
        let (record, beside) = self
            .change(&id, &changes, |stored| {
                let mut stored = stored.clone();
                stored.insert("id".to_owned(), id.as_str().into());
                let mut patched =
                    patch::apply(self.resource_type(), &stored, operations.clone(), self.dialect())?;
                patched.remove("id");
                Ok(patched)
            })
            .await?;
        if !self.shows_answer() {
            let version = precondition::version(record.revision);
            return Ok(answer::with_header(
                answer::empty(StatusCode::NO_CONTENT),
                http::header::ETAG,
                &version,
            ));
        }
        Ok(self.answer(StatusCode::OK, &record, &beside, &self.projection()))
    }

    /// What a PUT says of members, taken out of its body: one that says nothing leaves them as they are.
    fn members_of_put(&self, body: &mut Object) -> Result<Vec<MemberChange>, Error> {
        if self.resource_type().kind != Kind::Group || !members::are_named(body) {
            return Ok(Vec::new());
        }
        let named = body.keys().find(|key| key.trim().eq_ignore_ascii_case(members::MEMBERS)).cloned();
        let value = named.and_then(|key| body.remove(&key)).unwrap_or(Value::Null);
        let Some(attribute) = self.resource_type().core(members::MEMBERS) else { return Ok(Vec::new()) };
        Ok(vec![MemberChange::Replace(members::read(attribute, value, self.dialect())?)])
    }

    /// Reads the resource, lets `decide` make its new state, writes that and the change of members.
    ///
    /// When another request wrote between, it is all done again, unless the client named the version it meant.
    async fn change(
        &self,
        id: &ResourceId,
        changes: &[MemberChange],
        decide: impl Fn(&Object) -> Result<Object, Error>,
    ) -> Result<(Record, Beside), Error> {
        for _ in 0..MOST_ATTEMPTS {
            let (record, mut beside, missing) = self.stored(id, changes).await?;
            precondition::check(&self.headers, record.revision)?;
            let decided = decide(&stored(&record))?;
            Self::refuse_missing(&missing)?;
            let now = clock::now();
            let delta = if changes.is_empty() {
                super::members::Delta::default()
            } else {
                let present = if depend_on_present(changes) { self.members(id).await? } else { Vec::new() };
                let delta = self.delta(changes, &present)?;
                if depend_on_present(changes) {
                    let added: Vec<_> = delta.add.keys().cloned().collect();
                    Self::refuse_missing(
                        &self.directory().missing(self.scope(), &added).await.map_err(from_directory)?,
                    )?;
                }
                delta
            };
            let written = match self
                .directory()
                .update(self.scope(), self.resource_type(), &record, draft(decided), now)
                .await
            {
                Ok(written) => written,
                Err(directory::Error::Changed) if !precondition::is_given(&self.headers) => continue,
                Err(error) => return Err(self.explain(error).await),
            };
            if delta.is_empty() {
                self.read_members(id, &mut beside).await?;
                return Ok((written, beside));
            }
            let bump = match (written.revision == record.revision, precondition::is_given(&self.headers)) {
                (false, _) => Bump::Done,
                (true, true) => Bump::Before,
                (true, false) => Bump::After,
            };
            let written = self
                .directory()
                .change_members(self.scope(), &written, &delta.into(), bump, now)
                .await
                .map_err(from_directory)?;
            self.read_members(id, &mut beside).await?;
            return Ok((written, beside));
        }
        Err(Error::new(
            ErrorKind::Unavailable,
            "The resource is being changed by other requests: repeat the request",
        ))
    }

    /// The resource, what an answer shows beside it, and which of the members to be added do not exist; in one
    /// round trip.
    async fn stored(
        &self,
        id: &ResourceId,
        changes: &[MemberChange],
    ) -> Result<(Record, Beside, Vec<ResourceId>), Error> {
        let mut added = Vec::new();
        for change in changes {
            if let MemberChange::Add(members) = change {
                added.extend(Self::ids(members)?);
            }
        }
        let (record, beside, missing) = if added.is_empty() {
            let projection = self.projection();
            let beside = async {
                if self.resource_type().kind == Kind::User {
                    self.beside(id, &projection).await
                } else {
                    Ok(Beside::default())
                }
            };
            let (record, beside) =
                futures::join!(self.directory().get(self.scope(), self.resource_type(), id), beside);
            (record.map_err(from_directory)?, beside?, Vec::new())
        } else {
            let (record, missing) =
                self.directory().group_and_missing(self.scope(), id, &added).await.map_err(from_directory)?;
            (record, Beside::default(), missing)
        };
        Ok((record.ok_or_else(|| self.not_found(id.as_str()))?, beside, missing))
    }

    /// Whether the answer shows the resource: that of a group's PATCH would drag all its members along, which
    /// Entra does not want and Okta does not need, unless the client says what it wants to see.
    fn shows_answer(&self) -> bool {
        self.method != Method::PATCH
            || self.resource_type().kind != Kind::Group
            || self.projection().is_given()
            || self.settings().group_patch_answer == GroupPatchAnswer::Resource
    }

    /// A group's members after the change, where the answer will show them.
    async fn read_members(&self, id: &ResourceId, beside: &mut Beside) -> Result<(), Error> {
        if self.resource_type().kind == Kind::Group && self.shows_answer() {
            *beside = self.beside(id, &self.projection()).await?;
        }
        Ok(())
    }
}
