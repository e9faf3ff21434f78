//! One line per request, with what an on-call engineer asks first; never a value, a token or a body.
//!
//! Ids and the names of attributes are in it: neither says anything of a person.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::http::{Method, Response};
use connector::Connector;
use directory::Usage;
use scim::{Error, Object, ResourceId};
use time::OffsetDateTime;

use crate::metrics::Measured;

/// Of how many members that join or leave the line has the ids; of more it has the number.
const MOST_MEMBERS: usize = 50;

/// What becomes known of a request on its way.
#[derive(Clone, Default)]
pub(crate) struct Facts {
    request_id: Arc<str>,
    /// The trace that the request is a part of, where there is one.
    trace_id: Option<Arc<str>>,
    /// Whether it is the first of its process.
    is_first: bool,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    connector: Option<Connector>,
    /// Whole days until the token ends.
    token_days_left: Option<i64>,
    usage: Option<Usage>,
    plan: Option<String>,
    /// Operations of a bulk job, and how many of them failed.
    bulk: Option<(usize, usize)>,
    /// What the path names, or what was created; of a bulk job those of all its operations.
    resources: BTreeSet<ResourceId>,
    /// The attributes that a PUT or a PATCH changed.
    changed: BTreeSet<String>,
    /// Who was to join or leave a group: not who was in it, or out of it, before.
    members: BTreeSet<ResourceId>,
}

impl Facts {
    pub(crate) fn new(request_id: &str, trace_id: Option<&str>, is_first: bool) -> Self {
        let trace_id = trace_id.map(Into::into);
        Self { request_id: request_id.into(), trace_id, is_first, known: Arc::default() }
    }

    pub(crate) fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Notes who asks, and what the table will be used for it.
    pub(crate) fn identify(&self, connector: Connector, usage: Usage, now: OffsetDateTime) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.token_days_left = connector.token_end.map(|end| (end - now).whole_days());
        known.connector = Some(connector);
        known.usage = Some(usage);
    }

    /// Notes how a list is found.
    pub(crate) fn plan(&self, plan: String) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).plan = Some(plan);
    }

    /// Notes how a bulk job ended.
    pub(crate) fn bulk(&self, operations: usize, errors: usize) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).bulk = Some((operations, errors));
    }

    /// Notes which resource it is about.
    pub(crate) fn resource(&self, id: &ResourceId) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).resources.insert(id.clone());
    }

    /// Notes the names of the attributes in which `after` differs from `before`.
    pub(crate) fn changed(&self, before: &Object, after: &Object) {
        let names = before.keys().chain(after.keys()).filter(|name| before.get(*name) != after.get(*name));
        self.known.lock().unwrap_or_else(PoisonError::into_inner).changed.extend(names.cloned());
    }

    /// Notes who is to join or to leave a group.
    pub(crate) fn members<'a>(&self, ids: impl Iterator<Item = &'a ResourceId>) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).members.extend(ids.cloned());
    }

    /// What the table was used for it, once it is known who asks.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).usage.clone()
    }

    /// What is counted of it.
    pub(crate) fn measured<B>(&self, duration: Duration, answer: &Response<B>) -> Measured {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let usage = known.usage.as_ref();
        Measured {
            status: answer.status().as_u16(),
            scim_type: answer.extensions().get::<Error>().and_then(|error| error.kind().wire().1),
            duration,
            read_units: usage.map(Usage::read_units).unwrap_or_default(),
            write_units: usage.map(Usage::write_units).unwrap_or_default(),
            conflicts: usage.map(Usage::conflicts).unwrap_or_default(),
            throttles: usage.map(Usage::throttles).unwrap_or_default(),
            token_days_left: known.token_days_left,
        }
    }

    /// Writes the line.
    pub(crate) fn write<B>(&self, method: &Method, path: &str, duration: Duration, answer: &Response<B>) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let connector = known.connector.as_ref();
        let usage = known.usage.as_ref();
        let refusal = answer.extensions().get::<Error>();
        tracing::info!(
            request.id = &*self.request_id,
            trace.id = self.trace_id.as_deref(),
            cold_start = self.is_first,
            http.method = %method,
            http.route = route(path),
            http.status = answer.status().as_u16(),
            scim.r#type = refusal.and_then(|error| error.kind().wire().1),
            scim.error = refusal.map(|error| tracing::field::debug(error.kind())),
            tenant = connector.map(|it| it.tenant.as_str()),
            connector = connector.map(|it| it.name.as_str()),
            token.id = connector.map(|it| it.token_id.as_str()),
            token.days_left = known.token_days_left,
            resource.id = list(&known.resources, |id| id.as_str()),
            changed = list(&known.changed, String::as_str),
            members.count = (!known.members.is_empty()).then_some(known.members.len()),
            members.ids = (known.members.len() <= MOST_MEMBERS)
                .then(|| list(&known.members, |id| id.as_str()))
                .flatten(),
            plan = known.plan.as_deref(),
            bulk.operations = known.bulk.map(|(operations, _)| operations),
            bulk.errors = known.bulk.map(|(_, errors)| errors),
            table.calls = usage.map(Usage::calls),
            table.round_trips = usage.map(Usage::round_trips),
            table.read_units = usage.map(Usage::read_units),
            table.write_units = usage.map(Usage::write_units),
            table.retries = usage.map(Usage::retries),
            table.conflicts = usage.map(Usage::conflicts),
            table.throttles = usage.map(Usage::throttles),
            duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            "request"
        );
    }
}

/// One text of several, to be searched with `like`.
fn list<T>(items: &BTreeSet<T>, text: impl Fn(&T) -> &str) -> Option<String> {
    let items: Vec<_> = items.iter().map(text).collect();
    (!items.is_empty()).then(|| items.join(" "))
}

/// The path with everything behind the endpoint's name replaced: ids and client text stay out of the log.
fn route(path: &str) -> &'static str {
    const ENDPOINTS: [(&str, &str, &str); 9] = [
        ("Users", "/Users", "/Users/{id}"),
        ("Groups", "/Groups", "/Groups/{id}"),
        ("Schemas", "/Schemas", "/Schemas/{id}"),
        ("ResourceTypes", "/ResourceTypes", "/ResourceTypes/{id}"),
        ("ServiceProviderConfig", "/ServiceProviderConfig", "other"),
        ("Me", "/Me", "other"),
        ("Bulk", "/Bulk", "other"),
        (".search", "/.search", "other"),
        ("health", "/health", "other"),
    ];
    let mut parts = path.trim_matches('/').splitn(2, '/');
    let (first, rest) = (parts.next().unwrap_or_default(), parts.next());
    match (ENDPOINTS.iter().find(|(name, ..)| *name == first), rest) {
        (Some((_, collection, _)), None) => collection,
        (Some(("Users", ..)), Some(".search")) => "/Users/.search",
        (Some(("Groups", ..)), Some(".search")) => "/Groups/.search",
        (Some((.., one)), Some(_)) => one,
        (None, _) => "other",
    }
}
