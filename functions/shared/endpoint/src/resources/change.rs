//! Changing a resource: PUT (RFC 7644 §3.5.1) and PATCH (§3.5.2), decided on what is stored, written if it still is.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use directory::{Claim, Draft, GroupChange, Record};
use scim::{
    Error, ErrorKind, Kind, Object, ResourceId, client, create_only,
    members::{self, MemberChange},
    patch, resource,
};
use serde_json::Value;

use super::{Call, members::depend_on_present, read::Beside, stored};
use crate::{
    answer::{self, Answer, from_directory},
    clock, precondition,
    tenants::GroupPatchAnswer,
};

/// How often a change is decided anew when others keep changing the same resource.
const MOST_ATTEMPTS: usize = 8;
/// How many of these attempts leave the others alone.
const MOST_UNCLAIMED: usize = 2;

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
        for attempt in 0..MOST_ATTEMPTS {
            let claim = self.claim(id, changes, attempt).await?;
            let outcome = self.attempt(id, changes, &decide, claim.as_ref()).await;
            // One that was committed is no claim any more, and stays.
            if let Some(claim) = &claim
                && let Err(error) = self.directory().release(self.scope(), claim).await
            {
                tracing::warn!(%error, group = %id, "a claim is left to its end");
            }
            if let Some(written) = outcome? {
                return Ok(written);
            }
        }
        Err(Error::new(
            ErrorKind::Unavailable,
            "The resource is being changed by other requests: repeat the request",
        ))
    }

    /// Members that keep changing while a change of many is worked out are held still for the attempts to come.
    async fn claim(
        &self,
        id: &ResourceId,
        changes: &[MemberChange],
        attempt: usize,
    ) -> Result<Option<Claim>, Error> {
        if attempt < MOST_UNCLAIMED || changes.is_empty() || precondition::is_given(&self.headers) {
            return Ok(None);
        }
        match self.directory().claim(self.scope(), id, clock::now()).await {
            Ok(claim) => Ok(Some(claim)),
            Err(directory::Error::Changed) => Err(self.not_found(id.as_str())),
            Err(error) => Err(from_directory(error)),
        }
    }

    /// One attempt; `None` when another request wrote between.
    async fn attempt(
        &self,
        id: &ResourceId,
        changes: &[MemberChange],
        decide: impl Fn(&Object) -> Result<Object, Error>,
        claim: Option<&Claim>,
    ) -> Result<Option<(Record, Beside)>, Error> {
        let (record, mut beside, missing) = self.stored(id, changes).await?;
        precondition::check(&self.headers, record.revision)?;
        let before = stored(&record);
        let mut after = decide(&before)?;
        create_only::keep(self.resource_type(), &before, &mut after, &self.settings().create_only);
        self.facts.changed(&before, &after);
        let draft = self.draft(after)?;
        Self::refuse_missing(&missing)?;
        let (scope, resource_type, now) = (self.scope(), self.resource_type(), clock::now());
        let named = self.named([&draft.attributes], &self.projection());
        let write = async {
            if changes.is_empty() {
                return self.directory().update(scope, resource_type, &record, draft, now).await.map_err(Ok);
            }
            let change = self.group_change(&record, changes, draft).await.map_err(Err)?;
            let written = self.directory().change_group(scope, resource_type, &record, change, claim, now);
            written.await.map_err(Ok)
        };
        let (written, people) = futures::join!(write, self.people_if_there(named));
        match written {
            Ok(written) => {
                beside.people = people;
                self.read_members(&written, &mut beside).await?;
                Ok(Some((written, beside)))
            }
            Err(Err(refusal)) => Err(refusal),
            Err(Ok(directory::Error::Changed)) if !precondition::is_given(&self.headers) => Ok(None),
            Err(Ok(error)) => Err(self.explain(error).await),
        }
    }

    /// What the request makes of a group, its members worked out where they depend on who is in it.
    async fn group_change(
        &self,
        record: &Record,
        changes: &[MemberChange],
        draft: Draft,
    ) -> Result<GroupChange, Error> {
        let is_exact = depend_on_present(changes);
        let present = if is_exact { self.members(record).await? } else { Vec::new() };
        let delta = self.delta(changes, &present)?;
        if is_exact {
            let added: Vec<_> = delta.add.keys().cloned().collect();
            let missing = self.directory().missing(self.scope(), &added).await.map_err(from_directory)?;
            Self::refuse_missing(&missing)?;
        }
        self.facts.members(delta.add.keys().chain(&delta.remove));
        let is_conditional = precondition::is_given(&self.headers);
        Ok(GroupChange { draft, members: delta.into(), is_exact, is_conditional })
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
        let none = Vec::new();
        let (record, beside, missing) = if self.resource_type().kind == Kind::User {
            let (record, beside) = self.whole_record(id, &self.projection()).await?;
            (record, beside, none)
        } else if added.is_empty() {
            let record = self.directory().get(self.scope(), self.resource_type(), id).await;
            let record = record.map_err(from_directory)?.ok_or_else(|| self.not_found(id.as_str()))?;
            (record, Beside::default(), none)
        } else {
            let read = self.directory().group_and_missing(self.scope(), id, &added).await;
            let (record, missing) = read.map_err(from_directory)?;
            (record.ok_or_else(|| self.not_found(id.as_str()))?, Beside::default(), missing)
        };
        Ok((record, beside, missing))
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
    async fn read_members(&self, group: &Record, beside: &mut Beside) -> Result<(), Error> {
        if self.resource_type().kind == Kind::Group && self.shows_answer() {
            *beside = self.beside(group, &self.projection()).await?;
        }
        Ok(())
    }
}
