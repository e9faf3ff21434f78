//! Who is asking, before anything else of a request is looked at.

mod jwt;

pub(crate) use jwt::Routes;

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
};
use connector::{Connector, Credentials};
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
    let connector = match Credentials::parse(header).map_err(refusal)? {
        Credentials::Token(token) => service.connectors.authenticate(&token, now).await.map_err(refusal)?,
        Credentials::Jwt(jwt) => jwt::authenticate(service, &jwt, now).await?,
    };
    let Connector { is_basic, .. } = connector;
    let mut scope = Scope::new(connector.tenant.as_str(), connector.name.as_str(), facts.request_id());
    if let Some(deadline) = deadline {
        scope.usage.end_at(deadline.end);
    }
    facts.identify(connector, scope.usage.clone(), now);
    let tenant =
        service.tenants.get(&service.directory, &scope.tenant, now).await.map_err(answer::from_directory)?;
    scope.policy = tenant.policy;
    let settings = tenant.settings(&scope.connector);
    if is_basic && !settings.basic_authentication {
        let detail = format!(
            "Basic is not enabled for connector {}: turn its setting basicAuthentication on, or send the token as \
             Bearer token",
            scope.connector
        );
        return Err(Error::new(ErrorKind::Unauthorized, detail));
    }
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
        connector::Error::Unknown => {
            unauthorized("The token is not known: copy it again, without blanks and without the word Bearer, or issue a new one".into())
        }
        connector::Error::UnknownBasic => {
            unauthorized("The user name or the token of Basic is not known: the user name is that of the connector, the password its token".into())
        }
        connector::Error::Jwt(reason) => {
            unauthorized(format!("The JSON Web Token is not taken: {reason}"))
        }
        connector::Error::NoKeys(cause) => {
            tracing::error!(cause, "the keys of an issuer cannot be read");
            Error::new(ErrorKind::Unavailable, "The keys of the token's issuer cannot be read at the moment: repeat the request")
        }
        connector::Error::Busy => {
            Error::new(ErrorKind::Unavailable, "Too many tokens that are not known have come: repeat the request")
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
