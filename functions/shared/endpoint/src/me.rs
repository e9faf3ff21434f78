//! `/Me` (RFC 7644 §3.11): the user that the connector acts as, where its settings name one.

use std::sync::Arc;

use axum::{Router, body::Body, routing::get};
use directory::Lookup;
use scim::{Error, ErrorKind};

use crate::{
    Service,
    resources::{Call, respond},
};

/// The alias, as a path's first segment.
pub(crate) const ALIAS: &str = "Me";

/// The alias, answered as the user's own URL is; `Location` is that URL.
pub(crate) fn me(service: &Arc<Service>) -> Router {
    Router::new()
        .route(
            "/Me",
            get(async |call: Call| respond(async { call.read(&call.subject().await?).await }.await))
                .put(async |call: Call, body: Body| {
                    respond(async { call.replace(&call.subject().await?, body).await }.await)
                })
                .patch(async |call: Call, body: Body| {
                    respond(async { call.patch(&call.subject().await?, body).await }.await)
                })
                .delete(async |call: Call| respond(async { call.delete(&call.subject().await?).await }.await))
                .post(async || respond(Err(not_implemented("A user cannot create itself by POST to /Me")))),
        )
        .with_state(Arc::clone(service))
}

impl Call {
    /// The id of the user that the connector acts as.
    async fn subject(&self) -> Result<String, Error> {
        let Some(subject) = &self.settings().subject else {
            let detail =
                "/Me is not served to this connector: it acts for no user (its setting subject is not set)";
            return Err(not_implemented(detail));
        };
        let users = self.found(&Lookup::UserName(subject.clone())).await?;
        let missing = || {
            let detail = format!(
                "The user that this connector acts for, {}, does not exist",
                scim::value::quoted(subject)
            );
            Error::new(ErrorKind::NotFound, detail)
        };
        users.first().map(ToString::to_string).ok_or_else(missing)
    }
}

fn not_implemented(detail: &str) -> Error {
    Error::new(ErrorKind::NotImplemented, detail)
}
