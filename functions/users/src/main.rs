//! The users function: wires the routes to the Lambda runtime.
//!
//! API Gateway also sends it whatever has no route of its own, a base path of the deployer's choice above all: it
//! therefore serves everything.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    endpoint::lambda::run(endpoint::all).await
}
