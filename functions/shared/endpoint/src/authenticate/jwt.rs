//! Tokens that an identity provider has signed: from issuer and audience to a connector, then to the issuer's keys.

use std::{collections::HashMap, time::Duration};

use connector::{Connector, Jwt};
use directory::{Directory, Route};
use scim::Error;
use time::OffsetDateTime;
use tokio::sync::Mutex;

use super::refusal;
use crate::{Service, answer::from_directory};

/// How long a route is used before it is read again.
const FRESH: Duration = Duration::from_mins(1);
/// The most routes remembered.
const MOST_ROUTES: usize = 1000;

/// Routes by issuer and audience.
#[derive(Default)]
pub(crate) struct Routes {
    entries: Mutex<HashMap<(String, String), (OffsetDateTime, Route)>>,
}

impl Routes {
    /// The connector that tokens of `issuer` for `audience` belong to. What leads nowhere is not remembered: a new
    /// route works at once, and a read costs little.
    async fn get(
        &self,
        directory: &Directory,
        issuer: &str,
        audience: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Route>, directory::Error> {
        let name = (issuer.to_owned(), audience.to_owned());
        if let Some((read, route)) = self.entries.lock().await.get(&name)
            && now - *read < FRESH
        {
            return Ok(Some(route.clone()));
        }
        let found = directory.route(issuer, audience).await?;
        let mut entries = self.entries.lock().await;
        match &found {
            Some(route) => {
                if entries.len() >= MOST_ROUTES {
                    entries.clear();
                }
                entries.insert(name, (now, route.clone()));
            }
            None => drop(entries.remove(&name)),
        }
        Ok(found)
    }
}

/// The connector of a signed token.
pub(super) async fn authenticate(
    service: &Service,
    jwt: &Jwt,
    now: OffsetDateTime,
) -> Result<Connector, Error> {
    for audience in jwt.audiences() {
        let route = service.routes.get(&service.directory, jwt.issuer(), audience, now).await;
        let Some(Route { tenant, connector }) = route.map_err(from_directory)? else { continue };
        let configured =
            service.tenants.get(&service.directory, &tenant, now).await.map_err(from_directory)?;
        // The route may be older than what it leads to.
        let Some(trust) = configured
            .trust(&connector)
            .filter(|trust| trust.issuer == jwt.issuer() && trust.audience == *audience)
        else {
            continue;
        };
        service.connectors.verify(jwt, trust, now).await.map_err(refusal)?;
        let token_id = "jwt".to_owned();
        return Ok(Connector { tenant, name: connector, token_id, is_basic: false, token_end: None });
    }
    let reason = format!(
        "no connector trusts its issuer (iss) {} for its audience (aud) {}",
        scim::value::quoted(jwt.issuer()),
        scim::value::quoted(&jwt.audiences().join(" "))
    );
    Err(refusal(connector::Error::Jwt(reason)))
}
