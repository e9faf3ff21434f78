//! The routes of the health function: open to anyone, for programs and for a browser, telling nothing.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
    routing::get,
};
use serde_json::json;

use crate::{
    Service,
    answer::{self, Answer},
    clock,
};

/// The only path that needs no token.
pub(crate) const PATH: &str = "/health";

/// How long a report is given again.
const RECENT: Duration = Duration::from_secs(10);

/// What answers, each part checked by one cheap read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Report {
    table: bool,
    secret: bool,
    /// Documents of the default connector's tenant that cannot be used: the service works without them.
    left_out: usize,
}

/// `/health`: 200 when table and secret answer, else 503 naming the part that does not.
pub fn health(service: &Arc<Service>) -> Router {
    Router::new().route(PATH, get(answer)).with_state(Arc::clone(service))
}

async fn answer(State(service): State<Arc<Service>>, headers: HeaderMap) -> Answer {
    let report = report(&service).await;
    let status = if report.table && report.secret { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let accepts_html = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/html"));
    let answer = if accepts_html { page(status, report) } else { document(status, report) };
    answer::with_header(answer, header::CACHE_CONTROL, "no-store")
}

async fn report(service: &Service) -> Report {
    let now = clock::now();
    let mut last = service.health.lock().await;
    if let Some((made, report)) = *last
        && now - made < RECENT
    {
        return report;
    }
    let configuration = async {
        let tenant = service.connectors.check(now).await?;
        let configured = service.tenants.get(&service.directory, &tenant, now).await;
        // A table that does not answer is told as such.
        Ok(configured.map_or(0, |tenant| tenant.catalog.faults.len()))
    };
    let (table, secret): (_, Result<_, connector::Error>) =
        futures::join!(service.directory.ping(), configuration);
    if let Err(error) = &table {
        tracing::error!(cause = %error, "health: the table does not answer");
    }
    if let Err(error) = &secret {
        tracing::error!(cause = %error, "health: the default connector's secret cannot be read");
    }
    let left_out = secret.as_ref().copied().unwrap_or_default();
    let report = Report { table: table.is_ok(), secret: secret.is_ok(), left_out };
    *last = Some((now, report));
    report
}

fn word(is_well: bool) -> &'static str {
    if is_well { "ok" } else { "unavailable" }
}

fn document(status: StatusCode, report: Report) -> Answer {
    let body = json!({
        "status": word(status == StatusCode::OK),
        "table": word(report.table),
        "secret": word(report.secret),
        "configurationDocumentsLeftOut": report.left_out,
    });
    let mut answer = answer::json(status, &body);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

fn page(status: StatusCode, report: Report) -> Answer {
    let (title, advice) = if status == StatusCode::OK {
        ("The SCIM service is working", "An identity provider with the right base URL and token can use it.")
    } else {
        (
            "The SCIM service is not working",
            "The part marked unavailable does not answer; its error is in the logs of the health function.",
        )
    };
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>body{{font:16px/1.5 system-ui;margin:3rem auto;max-width:36rem;padding:0 1rem}}\
         td{{padding:.2rem 1rem .2rem 0}}</style><h1>{title}</h1><table><tr><td>Table<td>{}<tr><td>Secret<td>{}<tr><td>Configuration<td>{}</table><p>{advice}</p></html>\n",
        word(report.table),
        word(report.secret),
        match report.left_out {
            0 => "ok".to_owned(),
            count => format!("{count} document(s) left out: <code>scimctl doctor</code> says which"),
        },
    );
    let mut answer = Response::new(Body::from(html));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    answer
}
