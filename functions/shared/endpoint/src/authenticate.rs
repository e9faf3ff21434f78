//! Who is asking, before anything else of a request is looked at.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
};
use directory::Scope;
use http::header;
use scim::{Error, ErrorKind};

use crate::{
    Service,
    answer::{self, Answer},
    clock,
    deadline::Deadline,
    log::Facts,
    tenants::{Settings, Tenant},
};

/// For whom a request is answered: the tenant, what the connector may do, how much it is forgiven.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) scope: Scope,
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) settings: Settings,
}

/// Lets a request with a valid token through, with its [`Caller`].
pub(crate) async fn authenticate(
    State(service): State<Arc<Service>>,
    mut request: Request,
    next: Next,
) -> Answer {
    let header = request.headers().get(header::AUTHORIZATION);
    // A value that is no text cannot be a token, which is not the same as sending none.
    let header = header.map(|value| value.to_str().unwrap_or("\u{fffd}"));
    let facts = request.extensions().get::<Facts>().cloned().unwrap_or_default();
    let deadline = request.extensions().get::<Deadline>().copied();
    let caller = match identify(&service, header, &facts, deadline).await {
        Ok(caller) => caller,
        Err(error) => return answer::error(error),
    };
    if caller.settings.read_only && changes(&request) {
        let detail = format!("Connector {} is read-only: its setting readOnly is on", caller.scope.connector);
        return answer::error(Error::new(ErrorKind::Forbidden, detail));
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

async fn identify(
    service: &Service,
    header: Option<&str>,
    facts: &Facts,
    deadline: Option<Deadline>,
) -> Result<Caller, Error> {
    let now = clock::now();
    let connector = service.connectors.authenticate(header, now).await.map_err(refusal)?;
    let mut scope = Scope::new(connector.tenant.as_str(), connector.name.as_str(), facts.request_id());
    if let Some(Deadline(deadline)) = deadline {
        scope.usage.end_at(deadline);
    }
    facts.identify(connector, scope.usage.clone());
    let tenant =
        service.tenants.get(&service.directory, &scope.tenant, now).await.map_err(answer::from_directory)?;
    scope.policy = tenant.policy;
    let settings = tenant.settings(&scope.connector);
    Ok(Caller { scope, tenant, settings })
}

/// Whether the request would change anything: a search is a POST that does not.
fn changes(request: &Request) -> bool {
    !request.method().is_safe() && !request.uri().path().ends_with("/.search")
}

/// What a client without a valid token is told: what to do about it, nothing of the tenant.
fn refusal(error: connector::Error) -> Error {
    let unauthorized = |detail: String| Error::new(ErrorKind::Unauthorized, detail);
    match error {
        connector::Error::Missing => {
            unauthorized("The Authorization header is missing: send the token of this connector, as Bearer token or alone".into())
        }
        connector::Error::Scheme(scheme) => {
            unauthorized(format!("Authorization scheme {scheme} is not enabled: send the token of this connector as Bearer token"))
        }
        connector::Error::Unknown => {
            unauthorized("The token is not known: copy it again, without blanks and without the word Bearer, or issue a new one".into())
        }
        connector::Error::Expired(end) => {
            unauthorized(format!("The token ended at {end}: issue a new one and paste it into the identity provider"))
        }
        connector::Error::Unavailable(cause) => {
            tracing::error!(cause, "Secrets Manager does not answer");
            Error::new(ErrorKind::Unavailable, "The tokens cannot be read at the moment: repeat the request")
        }
        connector::Error::Unreadable(secret, reason) => {
            tracing::error!(secret, reason, "a secret cannot be read");
            Error::new(ErrorKind::Internal, "Internal error: the cause is in the log under this request's id")
        }
    }
}
