//! What goes around every function's routes, once.

use std::{
    any::Any,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use axum::{
    Router,
    extract::{Request, State},
    http::{Extensions, HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
};
use lambda_http::RequestExt;
use scim::{Error, ErrorKind};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use crate::{
    Service,
    answer::{self, Answer},
    authenticate::authenticate,
    base, clock,
    deadline::Deadline,
    health::PATH as HEALTH,
    log::Facts,
    trace,
};

/// The request's id in every answer, the same as in its log line.
const REQUEST_ID: &str = "x-request-id";

/// Routes with everything that a request meets before and after them: its base URL is found and its path cleaned, it
/// is authenticated, unknown paths and methods and panics are answered in SCIM, and a line is logged.
pub fn front(routes: Router, service: &Arc<Service>) -> Router {
    let guarded = routes
        .fallback(async |request: Request| unknown(request.extensions()))
        .layer(middleware::from_fn_with_state(Arc::clone(service), authenticate_unless_open));
    around(guarded, service)
}

/// Routes that see to who is asking themselves, with all the rest of [`front()`].
pub(crate) fn around(guarded: Router, service: &Arc<Service>) -> Router {
    let inner = guarded.layer(CatchPanicLayer::custom(panicked));
    // A router around the router: what changes the path must run before the inner one chooses by it.
    Router::new()
        .fallback_service(inner)
        .layer(middleware::from_fn_with_state(Arc::clone(service), outermost))
}

/// The path as it came and the base URL to paste, for the answer to a path that leads nowhere.
#[derive(Clone)]
struct Asked {
    path: String,
    canonical_base: String,
}

async fn outermost(State(service): State<Arc<Service>>, request: Request, next: Next) -> Answer {
    let started = Instant::now();
    let (mut parts, body) = request.into_parts();
    let request_id =
        parts.lambda_context_ref().map_or_else(clock::new_request_id, |context| context.request_id.clone());
    let is_first = !service.is_warm.swap(true, Ordering::Relaxed);
    let facts = Facts::new(&request_id, trace::id(&parts), is_first);
    let (base, path) = base::split(&parts, &service.config);
    parts.extensions.insert(Asked {
        path: parts.uri.path().to_owned(),
        canonical_base: base::canonical(&parts, &service.config),
    });
    let deadline = Deadline::of(&parts);
    parts.extensions.insert(deadline);
    parts.extensions.insert(base);
    parts.extensions.insert(facts.clone());
    let (method, headers) = (parts.method.clone(), parts.headers.clone());
    let mut answer = match base::with_path(&parts.uri, &path) {
        Some(uri) => {
            parts.uri = uri;
            // What is logged on the way has the request's id, too.
            let span = tracing::info_span!("request", request.id = request_id);
            in_time(deadline, next.run(Request::from_parts(parts, body))).instrument(span).await
        }
        None => answer::error(Error::new(ErrorKind::InvalidSyntax, "The URL cannot be read")),
    };
    if answer.status() == StatusCode::METHOD_NOT_ALLOWED {
        answer = not_allowed(&method, &answer);
    }
    if answer.status() == StatusCode::NOT_FOUND {
        // Set by the route that takes any collection, before it was known that there is none of this name.
        answer.headers_mut().remove(header::ALLOW);
    }
    answer = as_accepted(&headers, answer);
    let duration = started.elapsed();
    facts.write(&method, &path, duration, &answer);
    if let Some(metrics) = &service.metrics {
        metrics.write(&facts.measured(duration, &answer), clock::now());
    }
    // For who calls in this process, to measure.
    if let Some(usage) = facts.usage() {
        answer.extensions_mut().insert(usage);
    }
    answer::with_header(answer, header::HeaderName::from_static(REQUEST_ID), &request_id)
}

/// What is done in time, or that it was not: whatever a request waits for, a secret or a configuration that does not come
/// for instance, its client is told. What a request leaves half done by this is what a sandbox that dies leaves.
async fn in_time(deadline: Deadline, answer: impl Future<Output = Answer>) -> Answer {
    tokio::time::timeout_at(deadline.at_last(), answer).await.unwrap_or_else(|_| {
        tracing::error!("the request was not done in time");
        answer::error(Error::new(
            ErrorKind::Unavailable,
            "The request took longer than there is time for it: repeat it",
        ))
    })
}

/// Everything but the health check needs a token, paths that lead nowhere included.
async fn authenticate_unless_open(state: State<Arc<Service>>, request: Request, next: Next) -> Answer {
    if request.uri().path() == HEALTH {
        next.run(request).await
    } else {
        authenticate(state, request, next).await
    }
}

/// What the front has found out of a request for the routes behind it.
///
/// # Errors
///
/// [`ErrorKind::Internal`] where there is no front.
pub(crate) fn noted<T: Clone + Send + Sync + 'static>(extensions: &Extensions) -> Result<T, Error> {
    extensions.get::<T>().cloned().ok_or_else(|| {
        Error::new(ErrorKind::Internal, "Internal error: the routes are not behind their front")
    })
}

/// The answer to a path that leads nowhere.
pub(crate) fn unknown(extensions: &Extensions) -> Answer {
    let detail = match extensions.get::<Asked>() {
        Some(Asked { path, canonical_base }) => format!(
            "Nothing is served at {}: the base URL to give to an identity provider is {canonical_base}",
            scim::value::quoted(path)
        ),
        None => "Nothing is served here".to_owned(),
    };
    answer::error(Error::new(ErrorKind::NotFound, detail))
}

fn not_allowed(method: &http::Method, refused: &Answer) -> Answer {
    let allowed = refused
        .headers()
        .get(header::ALLOW)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let detail = format!("Method {method} is not served here: use {}", allowed.replace(',', ", "));
    answer::with_header(
        answer::error(Error::new(ErrorKind::MethodNotAllowed, detail)),
        header::ALLOW,
        &allowed,
    )
}

/// `application/json` for a client that takes nothing else, as `OneLogin`'s documentation asks for.
fn as_accepted(request: &HeaderMap, mut answer: Answer) -> Answer {
    let accepts = |media_type: &str| {
        request
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.contains(media_type))
    };
    let is_scim = answer.headers().get(header::CONTENT_TYPE).is_some_and(|value| value == answer::SCIM_JSON);
    if is_scim
        && accepts("application/json")
        && !accepts("scim+json")
        && !accepts("*/*")
        && !accepts("application/*")
    {
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    answer
}

pub(crate) fn panicked(cause: Box<dyn Any + Send>) -> Answer {
    let cause = cause
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| cause.downcast_ref::<String>().cloned());
    tracing::error!(cause, "a request panicked");
    answer::error(Error::new(
        ErrorKind::Internal,
        "Internal error: the cause is in the log under this request's id",
    ))
}
