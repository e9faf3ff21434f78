//! The routes of the users function.

use std::sync::Arc;

use axum::Router;
use scim::resource_type::USERS;

use crate::{Service, resources};

/// `/Users` (RFC 7644 §3.2).
pub fn users(service: &Arc<Service>) -> Router {
    resources::routes(service, &USERS.endpoint)
}
