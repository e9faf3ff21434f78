//! The routes of a resource type, whichever it is (RFC 7644 §3.3 to §3.6).

mod change;
mod crawl;
mod create;
mod delete;
mod list;
mod members;
mod password;
mod read;
mod search;

pub(crate) use list::Remembered;
pub use password::is_password;
pub(crate) use search::search;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{FromRequestParts, Path},
    http::request::Parts,
    routing::{get, post},
};
use directory::Record;
use http::{HeaderMap, Method, StatusCode};
use scim::{
    Error, ErrorKind, Kind, Object, ResourceId, ResourceType, client::Dialect, datetime,
    projection::Projection, resource, resource_type::USERS,
};

use crate::{
    Service,
    answer::{self, Answer},
    authenticate::Caller,
    base::Base,
    front,
    log::Facts,
    me, precondition,
    tenants::{GroupsReturned, Settings},
};

/// The endpoint `collection`, its resources and its `/.search`; `/{collection}` is whichever the tenant has.
pub(crate) fn routes(service: &Arc<Service>, collection: &str) -> Router {
    Router::new()
        .route(
            collection,
            get(async |call: Call| respond(call.list().await))
                .post(async |call: Call, body: Body| respond(call.create(body).await))
                .fallback(refuse_method),
        )
        .route(
            &format!("{collection}/.search"),
            post(async |call: Call, body: Body| respond(call.search(body).await)).fallback(refuse_method),
        )
        .route(
            &format!("{collection}/{{id}}"),
            get(async |call: Call, Id(id): Id| respond(call.read(&id).await))
                .put(async |call: Call, Id(id): Id, body: Body| respond(call.replace(&id, body).await))
                .patch(async |call: Call, Id(id): Id, body: Body| respond(call.patch(&id, body).await))
                .delete(async |call: Call, Id(id): Id| respond(call.delete(&id).await))
                .fallback(refuse_method),
        )
        .with_state(Arc::clone(service))
}

/// Resource types that only a tenant's documents define.
pub(crate) fn further(service: &Arc<Service>) -> Router {
    routes(service, "/{collection}")
}

/// A method that is not served, where there is such a resource type: without one, a [`Call`] is refused as unknown.
async fn refuse_method(_: Call) -> Answer {
    answer::empty(StatusCode::METHOD_NOT_ALLOWED)
}

/// The last segment of the path: a resource's id as the client wrote it.
pub(crate) struct Id(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Answer> {
        let Path(segments) = Path::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map_err(|_| answer::error(Error::new(ErrorKind::NotFound, "The path is not valid UTF-8")))?;
        Ok(Self(segments.into_iter().next_back().map(|(_, segment)| segment).unwrap_or_default()))
    }
}

pub(crate) fn respond(result: Result<Answer, Error>) -> Answer {
    result.unwrap_or_else(answer::error)
}

/// One request to a resource type.
pub(crate) struct Call {
    service: Arc<Service>,
    resource_type: Arc<ResourceType>,
    caller: Caller,
    base: Base,
    facts: Facts,
    method: Method,
    headers: HeaderMap,
    parameters: Vec<(String, String)>,
}

impl FromRequestParts<Arc<Service>> for Call {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Answer> {
        let endpoint = parts.uri.path().trim_start_matches('/').split('/').next().unwrap_or_default();
        let endpoint = if endpoint == me::ALIAS { USERS.endpoint.clone() } else { format!("/{endpoint}") };
        let caller: Caller = front::noted(&parts.extensions).map_err(answer::error)?;
        match caller.tenant.catalog.at(&endpoint) {
            Some(resource_type) => Self::new(parts, service, resource_type).map_err(answer::error),
            None => Err(front::unknown(&parts.extensions)),
        }
    }
}

impl Call {
    fn new(parts: &Parts, service: &Arc<Service>, resource_type: &Arc<ResourceType>) -> Result<Self, Error> {
        Ok(Self {
            service: Arc::clone(service),
            resource_type: Arc::clone(resource_type),
            caller: front::noted(&parts.extensions)?,
            base: front::noted(&parts.extensions)?,
            facts: front::noted(&parts.extensions)?,
            method: parts.method.clone(),
            headers: parts.headers.clone(),
            parameters: form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect(),
        })
    }

    fn resource_type(&self) -> &ResourceType {
        &self.resource_type
    }

    fn directory(&self) -> &directory::Directory {
        &self.service.directory
    }

    fn scope(&self) -> &directory::Scope {
        &self.caller.scope
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.caller.settings
    }

    fn dialect(&self) -> Dialect {
        self.caller.settings.dialect()
    }

    async fn body(&self, body: Body) -> Result<Object, Error> {
        /// A user with 40 addresses and a photo URL or two is far below this.
        const MOST_BYTES: usize = 256 * 1024;
        /// Some 40,000 members; Lambda's own limit of 6 MB counts a body in base64, a third more.
        const MOST_BYTES_OF_GROUP: usize = 4 * 1024 * 1024;
        let limit_bytes =
            if self.resource_type.kind == Kind::Group { MOST_BYTES_OF_GROUP } else { MOST_BYTES };
        crate::body::object(&self.headers, body, limit_bytes).await
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
        self.settled(Projection::from_lists(list("attributes"), list("excludedAttributes")))
    }

    /// What of a resource is shown to this connector.
    fn settled(&self, projection: Projection) -> Projection {
        match self.settings().groups_returned {
            GroupsReturned::Request if self.resource_type.kind == Kind::User => {
                projection.unless_asked("groups")
            }
            _ => projection,
        }
    }

    /// The id that a path names; what could not be one is not looked for.
    fn id(&self, text: &str) -> Result<ResourceId, Error> {
        let id = ResourceId::parse(text).filter(|id| id.kind() == self.resource_type().kind);
        id.inspect(|id| self.facts.resource(id)).ok_or_else(|| self.not_found(text))
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
