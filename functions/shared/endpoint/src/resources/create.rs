//! Creating a resource (RFC 7644 §3.3).

use axum::{body::Body, http::StatusCode};
use directory::Draft;
use scim::{Error, Object, members, resource};

use super::{Call, password, read::Beside};
use crate::{
    answer::{Answer, from_directory},
    clock,
};

impl Call {
    pub(super) async fn create(&self, body: Body) -> Result<Answer, Error> {
        let body = self.body(body).await?;
        let mut resource = resource::create(self.resource_type(), body, self.dialect())?;
        let members = members::detach(&mut resource)?;
        let ids = Self::ids(&members)?;
        Self::refuse_missing(&self.directory().missing(self.scope(), &ids).await.map_err(from_directory)?)?;

        let now = clock::now();
        let shards = self.scope().policy.shards(self.resource_type().kind);
        let id = clock::new_id(self.resource_type().kind, shards);
        let members = Self::joined(&members, ids);
        let (draft, projection) = (self.draft(resource)?, self.projection());
        let named = self.named([&draft.attributes], &projection);
        let (created, people) = futures::join!(
            self.directory().create_group(self.scope(), self.resource_type(), id, draft, &members, now),
            self.people_if_there(named)
        );
        let record = match created {
            Ok(record) => record,
            Err(error) => return Err(self.explain(error).await),
        };
        self.facts.resource(&record.id);
        self.facts.members(members.iter().map(|member| &member.id));
        let beside = Beside { members, people, ..Beside::default() };
        Ok(self.answer(StatusCode::CREATED, &record, &beside, &projection))
    }

    /// What of a resource the table keeps: the client's own id apart, and of a password its hash, where it is kept.
    pub(super) fn draft(&self, mut resource: Object) -> Result<Draft, Error> {
        let password = password::take(&mut resource, self.caller.tenant.passwords)?;
        let external_id = resource.remove("externalId").and_then(|value| value.as_str().map(str::to_owned));
        Ok(Draft { attributes: resource, external_id, password })
    }
}
