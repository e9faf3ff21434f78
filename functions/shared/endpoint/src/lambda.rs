//! The Lambda runtime around a function's routes.

use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayV2httpRequest};
use axum::Router;
use lambda_http::{Adapter, LambdaEvent, Service as _, lambda_runtime, request::LambdaRequest, service_fn};
use scim::{Error, ErrorKind};
use tracing_subscriber::{EnvFilter, fmt};

use crate::{
    Config, Service,
    answer::{self, Answer},
    event::Event,
    front,
};

/// Serves `routes` until the sandbox ends.
///
/// # Errors
///
/// A variable that is missing in the environment, or an error of the runtime API.
pub async fn run(routes: fn(&Arc<Service>) -> Router) -> Result<(), lambda_http::Error> {
    fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(EnvFilter::new(Config::log_directives()))
        .init();
    let service = Service::from_env().await?;
    let mut readable = Adapter::from(front(routes(&service), &service));
    let mut unreadable = Adapter::from(service_fn(no_request));
    let answer = service_fn(move |event: LambdaEvent<Event>| {
        let LambdaEvent { payload: Event(request), context } = event;
        let blank = blank(&request);
        // lambda_http takes for granted that a host and a path are a URL, and that what is said to be base64 is, and panics
        // where they are not.
        let again = context.clone();
        catch_unwind(AssertUnwindSafe(|| readable.call(LambdaEvent::new(request, context)))).unwrap_or_else(
            |_| {
                tracing::warn!(
                    request.id = again.request_id,
                    "the URL or the body of a request cannot be read"
                );
                unreadable.call(LambdaEvent::new(blank, again))
            },
        )
    });
    lambda_runtime::run(answer).await
}

/// A request for nothing that is to be answered in the format of `request`.
fn blank(request: &LambdaRequest) -> LambdaRequest {
    match request {
        LambdaRequest::ApiGatewayV2(_) => LambdaRequest::ApiGatewayV2(ApiGatewayV2httpRequest::default()),
        _ => LambdaRequest::ApiGatewayV1(ApiGatewayProxyRequest::default()),
    }
}

async fn no_request(_: lambda_http::Request) -> Result<Answer, Infallible> {
    Ok(answer::error(Error::new(
        ErrorKind::InvalidSyntax,
        "The request cannot be read: its host and path are no URL, or its body is not the base64 it is said to be",
    )))
}
