//! The routes of the bulk function: what spans resource types, `/Bulk` (RFC 7644 §3.7) and `/.search` (§3.4.2.1).

mod pace;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header, request::Parts},
    routing::post,
};
use http::HeaderName;
use scim::{
    Error, ErrorKind,
    bulk::{self, MOST_BYTES, Reply},
};
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    Service,
    answer::{self, Answer},
    authenticate::Caller,
    base::Base,
    body, deadline, front,
    log::Facts,
    resources::{self, respond},
};
use pace::Pace;

/// `/Bulk`, and the `/.search` over all resource types.
pub fn bulk(service: &Arc<Service>) -> Router {
    // What an operation does is done by the routes that a request of its own would meet. One that panics fails alone.
    let operations = resources::further(service).layer(CatchPanicLayer::custom(front::panicked));
    Router::new()
        .route(
            "/Bulk",
            post(async |State(operations): State<Router>, request: Request| {
                respond(perform(&operations, request).await)
            }),
        )
        .with_state(operations)
        .merge(resources::search(service))
}

/// What every operation of a job has in common with the others.
struct Context<'a> {
    operations: &'a Router,
    caller: Caller,
    base: Base,
    facts: Facts,
}

async fn perform(operations: &Router, request: Request) -> Result<Answer, Error> {
    let (parts, body) = request.into_parts();
    let pace = Pace::new(deadline::time_left(&parts));
    let context = Context::new(operations, &parts)?;
    let body = body::object(&parts.headers, body, MOST_BYTES).await.map_err(|error| match error.kind() {
        ErrorKind::PayloadTooLarge => {
            let detail =
                format!("The bulk job is larger than {MOST_BYTES} bytes, the limit (maxPayloadSize)");
            Error::new(ErrorKind::PayloadTooLarge, detail)
        }
        _ => error,
    })?;
    let (caller, base) = (&context.caller, &context.base);
    let resource_types = &caller.tenant.catalog.resource_types;
    let mut job = bulk::read(body, resource_types, &base.0, caller.settings.dialect())?;
    let context = &context;
    let send = |request| async move {
        let reply = context.send(&request).await;
        (request, reply)
    };
    pace.run(&mut job, send).await;
    let report = job.report();
    context.facts.bulk(report.operations, report.errors);
    Ok(answer::json(StatusCode::OK, &report.body))
}

impl<'a> Context<'a> {
    fn new(operations: &'a Router, parts: &Parts) -> Result<Self, Error> {
        let extensions = &parts.extensions;
        Ok(Self {
            operations,
            caller: front::noted(extensions)?,
            base: front::noted(extensions)?,
            facts: front::noted(extensions)?,
        })
    }

    async fn send(&self, request: &bulk::Request) -> Reply {
        let outgoing = match self.outgoing(request) {
            Ok(outgoing) => outgoing,
            Err(error) => return reply(&answer::error(error)),
        };
        match self.operations.clone().oneshot(outgoing).await {
            Ok(answer) => reply(&answer),
            Err(never) => match never {},
        }
    }

    /// The request as it would come from the client.
    fn outgoing(&self, request: &bulk::Request) -> Result<Request, Error> {
        let unreadable = || {
            let detail = format!("The path {} cannot be read", scim::value::quoted(&request.path));
            Error::new(ErrorKind::InvalidSyntax, detail).at("path")
        };
        let body = request.body.as_ref().map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let mut outgoing = Request::new(body);
        *outgoing.method_mut() = request.method.clone();
        *outgoing.uri_mut() = request.path.parse().map_err(|_| unreadable())?;
        let headers = outgoing.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer::SCIM_JSON));
        if let Some(version) = &request.version {
            let version = HeaderValue::from_str(version).map_err(|_| {
                let detail = format!("version is {}: expected an entity tag", scim::value::quoted(version));
                Error::new(ErrorKind::InvalidValue, detail).at("version")
            })?;
            headers.insert(header::IF_MATCH, version);
        }
        let mut caller = self.caller.clone();
        // By it a write is told from another one of the same job.
        caller.scope.request_id = format!("{}/{}", caller.scope.request_id, request.label());
        let extensions = outgoing.extensions_mut();
        extensions.insert(caller);
        extensions.insert(self.base.clone());
        extensions.insert(self.facts.clone());
        Ok(outgoing)
    }
}

/// What of an answer a job needs to know.
fn reply(answer: &Answer) -> Reply {
    let text = |name: HeaderName| {
        answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let error = || match answer.extensions().get::<Error>() {
        Some(error) => error.to_json(),
        None => Error::new(ErrorKind::Internal, "Internal error: an operation was not answered").to_json(),
    };
    Reply {
        status: answer.status(),
        location: text(header::LOCATION),
        version: text(header::ETAG),
        error: (!answer.status().is_success()).then(error),
    }
}
