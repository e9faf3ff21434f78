//! Who is asking, before anything else of a request is looked at.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
};
use connector::Connector;
use directory::Scope;
use http::header;
use scim::{Error, ErrorKind, client::Dialect};

use crate::{
    Service,
    answer::{self, Answer},
    clock,
    log::Facts,
};

/// For whom a request is answered: the connector, what it may see, how much it is forgiven.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) scope: Scope,
    pub(crate) dialect: Dialect,
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
    let connector = match service.connectors.authenticate(header, clock::now()).await {
        Ok(connector) => connector,
        Err(error) => return answer::error(refusal(error)),
    };
    let facts = request.extensions().get::<Facts>().cloned().unwrap_or_default();
    let caller = Caller { scope: scope(&connector, &facts), dialect: Dialect::default() };
    facts.identify(connector, caller.scope.usage.clone());
    request.extensions_mut().insert(caller);
    next.run(request).await
}

fn scope(connector: &Connector, facts: &Facts) -> Scope {
    Scope::new(connector.tenant.as_str(), connector.name.as_str(), facts.request_id())
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
        connector::Error::Unreadable(connector, reason) => {
            tracing::error!(connector, reason, "a connector's secret cannot be read");
            Error::new(ErrorKind::Internal, "Internal error: the cause is in the log under this request's id")
        }
    }
}
