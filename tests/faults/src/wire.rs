//! The connection itself.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};

use crate::{
    answer,
    fault::Fault,
    request::{Request, Sent},
    rule::{Rule, script::Script, stop::Stop},
};

/// An HTTP client that remembers what it sends, and fails by rules. Clones are one connection.
#[derive(Clone)]
pub struct Wire {
    inner: SharedHttpClient,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    sent: Vec<Sent>,
    calls: usize,
    is_forgetful: bool,
    stop: Stop,
    script: Script,
    rules: Vec<Box<dyn Rule>>,
}

impl Wire {
    /// A connection through `inner`, on which nothing goes wrong yet.
    #[must_use]
    pub fn new(inner: SharedHttpClient) -> Self {
        Self { inner, state: Arc::default() }
    }

    /// The next `times` requests of this operation fail.
    pub fn fail(&self, operation: &str, times: usize, fault: &Fault) {
        self.state().script.push(operation, None, times, fault.clone());
    }

    /// The next `times` requests of this operation that fit fail.
    pub fn fail_where(
        &self,
        operation: &str,
        times: usize,
        fault: &Fault,
        fits: impl Fn(&Request) -> bool + Send + 'static,
    ) {
        self.state().script.push(operation, Some(Box::new(fits)), times, fault.clone());
    }

    /// How many requests are still to fail by [`Self::fail`] and [`Self::fail_where`].
    #[must_use]
    pub fn faults_left(&self) -> usize {
        self.state().script.left()
    }

    /// Adds a rule behind those that are there. Single faults come before all of them.
    pub fn add(&self, rule: impl Rule + 'static) {
        self.state().rules.push(Box::new(rule));
    }

    /// Takes away all rules and all faults that are left, and revives the process.
    pub fn heal(&self) {
        let mut state = self.state();
        (state.stop, state.script) = (Stop::default(), Script::default());
        state.rules.clear();
    }

    /// The process dies after so many more requests: every further one fails. See [`Self::calls`].
    pub fn stop_after(&self, requests: usize) {
        self.state().stop = Stop::after(requests);
    }

    /// Whether the process has died: a request came after the last one of [`Self::stop_after`].
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.state().stop.has_stopped()
    }

    /// Another process goes on from here.
    pub fn revive(&self) {
        self.state().stop = Stop::default();
    }

    /// How many requests were sent since the beginning or [`Self::clear`], but for those of a dead process.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.state().calls
    }

    /// The requests of this operation so far, but for those of a dead process.
    #[must_use]
    pub fn sent(&self, operation: &str) -> Vec<Sent> {
        self.state().sent.iter().filter(|sent| sent.operation == operation).cloned().collect()
    }

    /// All requests so far, as [`Self::sent`].
    #[must_use]
    pub fn all_sent(&self) -> Vec<Sent> {
        self.state().sent.clone()
    }

    /// Forgets what was sent.
    pub fn clear(&self) {
        let mut state = self.state();
        state.sent.clear();
        state.calls = 0;
    }

    /// Counts requests from now on, and remembers none: for runs of millions.
    pub fn forget(&self) {
        let mut state = self.state();
        state.is_forgetful = true;
        state.sent.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn call(
        &self,
        inner: &SharedHttpConnector,
        http: HttpRequest,
    ) -> Result<HttpResponse, ConnectorError> {
        let mut request = Request::read(&http);
        let fault = self.state().judge(&mut request);
        if !request.delay.is_zero() {
            tokio::time::sleep(request.delay).await;
        }
        for gate in &request.gates {
            gate.pass().await;
        }
        match fault {
            Some(fault) => self.happen(fault, request, http, inner).await,
            None => self.pass(&request, http, inner).await,
        }
    }

    /// Sends a request to the engine, and shows rules the answer.
    pub(crate) async fn pass(
        &self,
        request: &Request,
        mut http: HttpRequest,
        inner: &SharedHttpConnector,
    ) -> Result<HttpResponse, ConnectorError> {
        request.apply(&mut http);
        let answer = inner.call(http).await?;
        if !self.state().rules.iter().any(|rule| rule.awaits(request)) {
            return Ok(answer);
        }
        answer::changed(answer, |body| {
            for rule in self.state().rules.iter_mut().filter(|rule| rule.awaits(request)) {
                rule.after(request, body);
            }
        })
        .await
    }
}

impl State {
    /// What goes wrong with a request, and a note of it.
    fn judge(&mut self, request: &mut Request) -> Option<Fault> {
        if let Some(dead) = self.stop.before(request) {
            return Some(dead);
        }
        self.calls += 1;
        if !self.is_forgetful {
            self.sent.push(request.sent().clone());
        }
        let rules = self.rules.iter_mut().map(|rule| -> &mut dyn Rule { &mut **rule });
        for rule in std::iter::once::<&mut dyn Rule>(&mut self.script).chain(rules) {
            match rule.before(request) {
                Some(Fault::Delayed(by)) => request.delay += by,
                Some(Fault::Held(gate)) => request.gates.push(gate),
                Some(fault) => return Some(fault),
                None => {}
            }
        }
        None
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector { inner, wire: self.clone() })
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    wire: Wire,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (wire, inner) = (self.wire.clone(), self.inner.clone());
        HttpConnectorFuture::new(async move { wire.call(&inner, request).await })
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

#[cfg(test)]
mod tests;
