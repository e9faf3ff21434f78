//! The resources function: wires the routes to the Lambda runtime.
//!
//! API Gateway sends it what has no route of its own: the resource types that a tenant defines, and a base path of the
//! deployer's choice, below which is everything.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    endpoint::lambda::run(endpoint::all).await
}
