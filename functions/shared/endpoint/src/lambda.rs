//! The Lambda runtime around a function's routes.

use std::sync::Arc;

use axum::Router;
use tracing_subscriber::{EnvFilter, fmt};

use crate::{Config, Service, front};

/// Serves `routes` until the sandbox ends.
///
/// # Errors
///
/// A variable that is missing in the environment, or an error of the runtime API.
pub async fn run(routes: fn(&Arc<Service>) -> Router) -> Result<(), lambda_http::Error> {
    fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(EnvFilter::new(Config::log_directives()))
        .init();
    let service = Service::from_env().await?;
    lambda_http::run(front(routes(&service), &service)).await
}
