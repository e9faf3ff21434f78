//! SCIM for an operator, who has the table and needs no token: the routes of the functions, in this process.
//!
//! A request is decided as a connector's is: by the same routes, with the same schemas, checks, `externalId`s and errors.
//! Only three things differ. Nobody is authenticated: whoever reaches the table could write to it in any case. What the
//! connector's settings forbid or ask of its client is not the operator's business: an operator mends what a read-only
//! client only looks at, so that the default settings count. And cursors are sealed with a key of this process, so that a
//! crawl asks for no secret and leaves no bookmark.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{Method, StatusCode, header},
    middleware::{self, Next},
};
use connector::Connectors;
use directory::{Directory, Scope};
use http_body_util::BodyExt as _;
use scim::{
    Error, Object, ResourceType,
    catalog::Catalog,
    list::{CURSOR_TIMEOUT, ListQuery},
};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::{
    Config, Service,
    answer::{self, Answer},
    authenticate::Caller,
    clock,
    cursor::{self, Cursor, Place},
    deadline::Deadline,
    discovery, front, groups,
    log::Facts,
    resources,
    tenants::{GroupPatchAnswer, Settings},
    users,
};

/// Resources of one page of a crawl: few enough that a page is soon there, and soon done again.
const PAGE: usize = 200;

/// An operator of a tenant.
#[derive(Clone)]
pub struct Operator {
    desk: Arc<Desk>,
    routes: Router,
}

/// What a request is answered by.
struct Desk {
    service: Arc<Service>,
    tenant: String,
    connector: String,
}

/// What a request is answered with.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The body; null where there is none.
    pub body: Value,
}

/// What a crawl shows, and of which resources.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Of those that match; all where there is none.
    pub filter: Option<String>,
    /// Only these attributes, separated by commas.
    pub attributes: Option<String>,
    /// Not these.
    pub excluded_attributes: Option<String>,
}

/// A part of a crawl.
#[derive(Debug)]
pub struct Page {
    /// The resources, in the order of their ids; there may be none though others follow.
    pub resources: Vec<Object>,
    /// The id after which the crawl goes on; `None` at its end.
    pub next: Option<String>,
}

impl Operator {
    /// The operator of a tenant who sees and gives the `externalId`s of a connector. Makes no call.
    ///
    /// # Errors
    ///
    /// When the operating system has no randomness to give.
    pub fn new(directory: Directory, tenant: &str, connector: &str) -> Result<Self, getrandom::Error> {
        let mut config = Config::new("", "").with_base_path("");
        // What refers to a resource is its path: an operator's answers are at no address.
        config.public_base_url = Some(String::new());
        let service = Service::new(config, directory, Connectors::own(&clock::secret()?));
        let desk = Arc::new(Desk {
            service: Arc::clone(&service),
            tenant: tenant.to_owned(),
            connector: connector.to_owned(),
        });
        let routes = users(&service).merge(groups(&service)).merge(discovery(&service));
        let routes = routes.merge(resources::further(&service));
        let routes = routes
            .fallback(async |request: Request| front::unknown(request.extensions()))
            .layer(middleware::from_fn_with_state(Arc::clone(&desk), let_in));
        Ok(Self { desk, routes: front::around(routes, &service) })
    }

    /// What is served to the tenant.
    ///
    /// # Errors
    ///
    /// Those of the table.
    pub async fn catalog(&self) -> Result<Catalog, directory::Error> {
        let Desk { service, tenant, .. } = &*self.desk;
        Ok(service.tenants.get(&service.directory, tenant, clock::now()).await?.catalog.clone())
    }

    /// A scope of a request of this operator.
    ///
    /// # Errors
    ///
    /// Those of the table.
    pub async fn scope(&self) -> Result<Scope, directory::Error> {
        Ok(self.desk.caller(&clock::new_request_id()).await?.scope)
    }

    /// What a request is answered with. `path` is that behind the base URL, `/Users?count=1`.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        self.call_at(method, path, body, None).await
    }

    /// The same, done only while the resource is at this `meta.version`: else it is answered with 412.
    pub async fn call_at(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        version: Option<&str>,
    ) -> Reply {
        let request = http::Request::builder().method(method).uri(path);
        let mut request = request.header(header::CONTENT_TYPE, answer::SCIM_JSON);
        if let Some(version) = version {
            request = request.header(header::IF_MATCH, version);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let answer = match request.body(body) {
            Ok(request) => match self.routes.clone().oneshot(request).await {
                Ok(answer) => answer,
                Err(never) => match never {},
            },
            Err(_) => answer::error(Error::new(scim::ErrorKind::InvalidSyntax, "The path cannot be read")),
        };
        let status = answer.status();
        let bytes = answer.into_body().collect().await.map(http_body_util::Collected::to_bytes);
        let body = bytes.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Reply { status, body }
    }

    /// The resources that come after the one of the id `after`, in the order of their ids: a crawl can be taken up again
    /// by any process. It writes nothing.
    ///
    /// # Errors
    ///
    /// The answer to the request, where that is not 200.
    pub async fn page(
        &self,
        resource_type: &ResourceType,
        listing: &Listing,
        after: Option<&str>,
    ) -> Result<Page, Reply> {
        let cursor = match after {
            Some(id) => self.cursor(resource_type, listing, id).await?,
            None => String::new(),
        };
        let count = PAGE.to_string();
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("cursor", &cursor).append_pair("count", &count);
        query.extend_pairs(listing.pairs());
        let path = format!("{}?{}", resource_type.endpoint, query.finish());
        let reply = self.call(Method::GET, &path, None).await;
        let Value::Object(mut body) = reply.body.clone() else { return Err(reply) };
        if reply.status != StatusCode::OK {
            return Err(reply);
        }
        let resources = match body.remove("Resources") {
            Some(Value::Array(resources)) => resources,
            _ => Vec::new(),
        };
        let next = match body.get("nextCursor").and_then(Value::as_str) {
            Some(next) => self.place(resource_type, listing, next).await?,
            None => None,
        };
        let resources = resources.into_iter().filter_map(|it| match it {
            Value::Object(resource) => Some(resource),
            _ => None,
        });
        Ok(Page { resources: resources.collect(), next })
    }

    /// The cursor of the page that follows a resource.
    async fn cursor(
        &self,
        resource_type: &ResourceType,
        listing: &Listing,
        id: &str,
    ) -> Result<String, Reply> {
        let now = clock::now();
        let place = Place { resource_type: resource_type.name.clone(), id: Some(id.to_owned()), rank: None };
        let ends = (now + CURSOR_TIMEOUT).unix_timestamp();
        let cursor = Cursor { count: PAGE, served: 0, total: None, place, ends };
        let question = listing.question()?;
        let key = self.desk.service.connectors.newest_key(cursor::PURPOSE, now).await.ok();
        let sealed = key
            .zip(clock::nonce().ok())
            .and_then(|(key, nonce)| cursor.seal(&self.asked(resource_type, &question), &key, nonce));
        sealed.ok_or_else(|| Reply::from(&Error::new(scim::ErrorKind::Internal, "No cursor can be made")))
    }

    /// The id after which a cursor goes on.
    async fn place(
        &self,
        resource_type: &ResourceType,
        listing: &Listing,
        text: &str,
    ) -> Result<Option<String>, Reply> {
        let question = listing.question()?;
        let asked = self.asked(resource_type, &question);
        let open = |key: &_| Cursor::open(text, &asked, key);
        let opened = self.desk.service.connectors.try_keys(cursor::PURPOSE, clock::now(), open).await;
        Ok(opened.ok().flatten().and_then(|cursor| cursor.place.id))
    }

    fn asked<'a>(&'a self, resource_type: &'a ResourceType, question: &'a str) -> cursor::Query<'a> {
        let Desk { tenant, connector, .. } = &*self.desk;
        cursor::Query { tenant, connector, endpoint: &resource_type.endpoint, question }
    }
}

impl Listing {
    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let pairs = [
            ("filter", &self.filter),
            ("attributes", &self.attributes),
            ("excludedAttributes", &self.excluded_attributes),
        ];
        pairs.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }

    fn question(&self) -> Result<String, Reply> {
        let pairs: Vec<_> =
            self.pairs().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        ListQuery::from_pairs(&pairs).map(|query| query.question()).map_err(|error| Reply::from(&error))
    }
}

impl From<&Error> for Reply {
    fn from(error: &Error) -> Self {
        Self { status: error.kind().wire().0, body: error.to_json() }
    }
}

impl Desk {
    async fn caller(&self, request_id: &str) -> Result<Caller, directory::Error> {
        let mut scope = Scope::new(self.tenant.as_str(), self.connector.as_str(), request_id);
        let tenant = self.service.tenants.get(&self.service.directory, &scope.tenant, clock::now()).await?;
        scope.policy = tenant.policy;
        let settings = Settings { group_patch_answer: GroupPatchAnswer::Resource, ..Settings::default() };
        Ok(Caller { scope, tenant, settings })
    }
}

/// What is before the routes in the place of authentication.
async fn let_in(State(desk): State<Arc<Desk>>, mut request: Request, next: Next) -> Answer {
    let facts = request.extensions().get::<Facts>().cloned().unwrap_or_default();
    match desk.caller(facts.request_id()).await {
        Ok(caller) => {
            if let Some(deadline) = request.extensions().get::<Deadline>() {
                caller.scope.usage.end_at(deadline.end);
            }
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => answer::error(answer::from_directory(error)),
    }
}
