//! Deleting a resource (RFC 7644 §3.6).

use axum::http::StatusCode;
use scim::{Error, ErrorKind};

use super::Call;
use crate::{
    answer::{self, Answer, from_directory},
    clock, precondition,
};

impl Call {
    pub(crate) async fn delete(&self, id: &str) -> Result<Answer, Error> {
        let id = self.id(id)?;
        let mut expected = None;
        if precondition::is_given(&self.headers) {
            let record = self
                .directory()
                .get(self.scope(), self.resource_type(), &id)
                .await
                .map_err(from_directory)?;
            let revision = record.ok_or_else(|| self.not_found(id.as_str()))?.revision;
            precondition::check(&self.headers, revision)?;
            expected = Some(revision);
        }
        let deleted =
            self.directory().delete(self.scope(), self.resource_type(), &id, expected, clock::now()).await;
        match deleted {
            Ok(Some(_)) => Ok(answer::empty(StatusCode::NO_CONTENT)),
            Ok(None) => Err(self.not_found(id.as_str())),
            // Without a condition of the client's the table only says so when writers kept coming between.
            Err(directory::Error::Changed) if expected.is_none() => Err(Error::new(
                ErrorKind::Unavailable,
                "The resource is being changed by other requests: repeat the request",
            )),
            Err(error) => Err(from_directory(error)),
        }
    }
}
