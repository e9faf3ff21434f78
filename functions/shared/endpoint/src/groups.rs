//! The routes of the groups function.

use std::sync::Arc;

use axum::Router;
use scim::resource_type::GROUPS;

use crate::{Service, resources};

/// `/Groups` (RFC 7644 §3.2).
pub fn groups(service: &Arc<Service>) -> Router {
    resources::routes(service, &GROUPS.endpoint)
}
