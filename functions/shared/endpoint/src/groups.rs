//! The routes of the groups function.

use std::sync::Arc;

use axum::Router;
use scim::resource_type::GROUPS;

use crate::{Service, resources};

/// `/Groups` (RFC 7644 §3.2).
pub fn groups(service: &Arc<Service>) -> Router {
    /// Some 40,000 members; Lambda's own limit of 6 MB counts a body in base64, a third more.
    const BODY_LIMIT_BYTES: usize = 4 * 1024 * 1024;
    resources::routes(service, &GROUPS, BODY_LIMIT_BYTES)
}
