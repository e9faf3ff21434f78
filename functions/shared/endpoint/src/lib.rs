//! A SCIM request's way, once, for every function: authenticate, decode, decide, save, answer.
//!
//! [`users()`], [`groups()`], [`bulk()`], [`discovery()`] and [`health()`] are the routes of a function each, [`all()`] those of
//! the function for everything else; [`front()`] goes around them once. The Lambda binaries wire one of them each, the
//! local server [`all`].

mod answer;
mod authenticate;
mod base;
mod body;
mod bulk;
mod clock;
mod config;
mod cursor;
mod deadline;
mod discovery;
mod event;
mod front;
mod groups;
mod health;
pub mod lambda;
mod log;
mod me;
mod metrics;
pub mod operator;
mod precondition;
mod resources;
mod service;
mod tenants;
mod trace;
mod users;

pub use bulk::bulk;
pub use config::{Config, Missing};
pub use discovery::discovery;
pub use front::front;
pub use groups::groups;
pub use health::health;
pub use metrics::Metrics;
pub use operator::Operator;
pub use resources::is_password;
pub use service::Service;
pub use tenants::{catalog, check_settings, check_tenant_settings, profile};
pub use users::users;

/// The routes of all functions together: the local server's, and those of the function that API Gateway sends to
/// what has no route of its own.
pub fn all(service: &std::sync::Arc<Service>) -> axum::Router {
    let routes = users(service).merge(groups(service)).merge(discovery(service)).merge(health(service));
    routes.merge(me::me(service)).merge(bulk(service)).merge(resources::further(service))
}
