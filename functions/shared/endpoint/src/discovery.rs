//! The routes of the discovery function: what the service says of itself to a tenant (RFC 7644 §4).

use std::sync::Arc;

use axum::{Extension, Router, extract::Path, http::StatusCode, routing::get};
use http::Uri;
use scim::{
    Error, ErrorKind, Object, ResourceType,
    discovery::{resource_type, schema, schemas, service_provider_config},
    list,
};
use serde_json::Value;

use crate::{
    Service,
    answer::{self, Answer, json},
    authenticate::Caller,
    base::Base,
};

/// `/ServiceProviderConfig`, `/ResourceTypes` and `/Schemas`.
pub fn discovery(_service: &Arc<Service>) -> Router {
    Router::new()
        .route("/ServiceProviderConfig", get(config))
        .route("/ResourceTypes", get(resource_types))
        .route("/ResourceTypes/{name}", get(one_resource_type))
        .route("/Schemas", get(all_schemas))
        .route("/Schemas/{urn}", get(one_schema))
}

/// The resource types of the caller's tenant.
fn served(caller: &Caller) -> impl Iterator<Item = &ResourceType> + Clone {
    caller.tenant.catalog.resource_types.iter().map(|it| &**it)
}

async fn config(Extension(Base(base)): Extension<Base>, Extension(caller): Extension<Caller>) -> Answer {
    json(StatusCode::OK, &service_provider_config(&base, caller.settings.dialect()))
}

async fn resource_types(
    uri: Uri,
    Extension(Base(base)): Extension<Base>,
    Extension(caller): Extension<Caller>,
) -> Answer {
    all(&uri, served(&caller).map(|it| resource_type(&base, it)))
}

async fn one_resource_type(
    Path(name): Path<String>,
    Extension(Base(base)): Extension<Base>,
    Extension(caller): Extension<Caller>,
) -> Answer {
    match served(&caller).find(|it| it.name.eq_ignore_ascii_case(&name)) {
        Some(it) => json(StatusCode::OK, &resource_type(&base, it)),
        None => not_found("resource type", &name),
    }
}

async fn all_schemas(
    uri: Uri,
    Extension(Base(base)): Extension<Base>,
    Extension(caller): Extension<Caller>,
) -> Answer {
    all(&uri, schemas(served(&caller)).into_iter().map(|it| schema(&base, it)))
}

async fn one_schema(
    Path(urn): Path<String>,
    Extension(Base(base)): Extension<Base>,
    Extension(caller): Extension<Caller>,
) -> Answer {
    match schemas(served(&caller)).into_iter().find(|it| it.id.eq_ignore_ascii_case(&urn)) {
        Some(it) => json(StatusCode::OK, &schema(&base, it)),
        None => not_found("schema", &urn),
    }
}

/// All of them in one page. A filter is refused as RFC 7644 §4 wants it, lest a client take these for a selection.
fn all(uri: &Uri, entries: impl Iterator<Item = Value>) -> Answer {
    let mut parameters = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    if parameters.any(|(name, _)| name.eq_ignore_ascii_case("filter")) {
        return answer::error(
            Error::new(ErrorKind::Forbidden, "Discovery endpoints take no filter").at("filter"),
        );
    }
    let entries: Vec<Object> = entries
        .filter_map(|entry| if let Value::Object(entry) = entry { Some(entry) } else { None })
        .collect();
    json(StatusCode::OK, &list::response(entries.len(), 1, &entries))
}

fn not_found(what: &str, name: &str) -> Answer {
    answer::error(Error::new(
        ErrorKind::NotFound,
        format!("There is no {what} {}", scim::value::quoted(name)),
    ))
}
