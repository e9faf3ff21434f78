//! The routes of one resource type, whichever it is (RFC 7644 §3.3 to §3.6).

mod change;
mod create;
mod delete;
mod list;
mod members;
mod read;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{FromRequestParts, Path},
    http::request::Parts,
    routing::{get, post},
};
use directory::Record;
use http::{HeaderMap, Method};
use scim::{
    Error, ErrorKind, Object, ResourceId, ResourceType, client::Dialect, datetime, projection::Projection,
    resource,
};

use crate::{
    Service,
    answer::{self, Answer},
    authenticate::Caller,
    base::Base,
    log::Facts,
    precondition,
};

/// What the requests to one resource type have in common.
pub(crate) struct Resources {
    service: Arc<Service>,
    resource_type: Arc<ResourceType>,
    body_limit_bytes: usize,
}

/// The endpoint of `resource_type`, its resources and its `/.search`.
pub(crate) fn routes(
    service: &Arc<Service>,
    resource_type: &Arc<ResourceType>,
    body_limit_bytes: usize,
) -> Router {
    let resources = Arc::new(Resources {
        service: Arc::clone(service),
        resource_type: Arc::clone(resource_type),
        body_limit_bytes,
    });
    let collection = &resource_type.endpoint;
    Router::new()
        .route(
            collection,
            get(async |call: Call| respond(call.list().await))
                .post(async |call: Call, body: Body| respond(call.create(body).await)),
        )
        .route(
            &format!("{collection}/.search"),
            post(async |call: Call, body: Body| respond(call.search(body).await)),
        )
        .route(
            &format!("{collection}/{{id}}"),
            get(async |Path(id): Path<String>, call: Call| respond(call.read(&id).await))
                .put(async |Path(id): Path<String>, call: Call, body: Body| {
                    respond(call.replace(&id, body).await)
                })
                .patch(async |Path(id): Path<String>, call: Call, body: Body| {
                    respond(call.patch(&id, body).await)
                })
                .delete(async |Path(id): Path<String>, call: Call| respond(call.delete(&id).await)),
        )
        .with_state(resources)
}

fn respond(result: Result<Answer, Error>) -> Answer {
    result.unwrap_or_else(answer::error)
}

/// One request to a resource type.
struct Call {
    resources: Arc<Resources>,
    caller: Caller,
    base: Base,
    facts: Facts,
    method: Method,
    headers: HeaderMap,
    parameters: Vec<(String, String)>,
}

impl FromRequestParts<Arc<Resources>> for Call {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, resources: &Arc<Resources>) -> Result<Self, Answer> {
        let unwired = || {
            answer::error(Error::new(
                ErrorKind::Internal,
                "Internal error: the routes are not behind their front",
            ))
        };
        let extensions = &parts.extensions;
        Ok(Self {
            resources: Arc::clone(resources),
            caller: extensions.get::<Caller>().cloned().ok_or_else(unwired)?,
            base: extensions.get::<Base>().cloned().ok_or_else(unwired)?,
            facts: extensions.get::<Facts>().cloned().ok_or_else(unwired)?,
            method: parts.method.clone(),
            headers: parts.headers.clone(),
            parameters: form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect(),
        })
    }
}

impl Call {
    fn resource_type(&self) -> &ResourceType {
        &self.resources.resource_type
    }

    fn directory(&self) -> &directory::Directory {
        &self.resources.service.directory
    }

    fn scope(&self) -> &directory::Scope {
        &self.caller.scope
    }

    fn dialect(&self) -> Dialect {
        self.caller.dialect
    }

    async fn body(&self, body: Body) -> Result<Object, Error> {
        crate::body::object(&self.headers, body, self.resources.body_limit_bytes).await
    }

    /// What of the resource the client wants to see.
    fn projection(&self) -> Projection {
        let list = |name: &str| {
            self.parameters
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str())
                .filter(|list| !list.is_empty())
        };
        Projection::from_lists(list("attributes"), list("excludedAttributes"))
    }

    /// The id that a path names; what could not be one is not looked for.
    fn id(&self, text: &str) -> Result<ResourceId, Error> {
        ResourceId::parse(text)
            .filter(|id| id.kind() == self.resource_type().kind)
            .ok_or_else(|| self.not_found(text))
    }

    fn not_found(&self, id: &str) -> Error {
        Error::new(
            ErrorKind::NotFound,
            format!("There is no {} with id {}", self.resource_type().name, scim::value::quoted(id)),
        )
    }

    /// The resource with all that an answer can show, before projection.
    fn present(&self, record: &Record, resource: Object) -> Object {
        let meta = resource::Meta {
            created: datetime::format(record.created),
            last_modified: datetime::format(record.modified),
            location: self.location(&record.id),
            version: precondition::version(record.revision),
        };
        resource::present(self.resource_type(), resource, &record.id, &meta)
    }

    fn location(&self, id: &ResourceId) -> String {
        format!("{}{}/{id}", self.base.0, self.resource_type().endpoint)
    }

    /// What a client is told of an error of the table.
    async fn explain(&self, error: directory::Error) -> Error {
        let directory::Error::Taken { other, .. } = &error else { return answer::from_directory(error) };
        // An administrator who meets a duplicate asks next whether it is a leaver that can be taken up again.
        let holder = self.directory().get(self.scope(), self.resource_type(), other).await;
        let is_inactive = holder
            .ok()
            .flatten()
            .is_some_and(|holder| holder.attributes.get("active") == Some(&false.into()));
        let error = answer::from_directory(error);
        if is_inactive {
            let detail = format!("{}, which is inactive (active is false)", error.detail());
            return Error::new(error.kind(), detail).at(error.path().unwrap_or_default());
        }
        error
    }
}

/// The resource as `scim` works on it.
fn stored(record: &Record) -> Object {
    let mut resource = record.attributes.clone();
    if let Some(external_id) = &record.external_id {
        resource.insert("externalId".to_owned(), external_id.as_str().into());
    }
    resource
}
