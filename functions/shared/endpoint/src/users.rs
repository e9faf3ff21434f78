//! The routes of the users function.

use std::sync::Arc;

use axum::Router;
use scim::resource_type::USERS;

use crate::{Service, resources};

/// `/Users` (RFC 7644 §3.2).
pub fn users(service: &Arc<Service>) -> Router {
    /// A user with 40 addresses and a photo URL or two is far below this.
    const BODY_LIMIT_BYTES: usize = 256 * 1024;
    resources::routes(service, &USERS, BODY_LIMIT_BYTES)
}
