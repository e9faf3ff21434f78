//! Answers every event with a greeting: what a function costs before it does anything.

use std::convert::Infallible;

use lambda_http::{Error, Request, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_http::run(service_fn(greet)).await
}

async fn greet(_: Request) -> Result<&'static str, Infallible> {
    Ok("hello")
}
