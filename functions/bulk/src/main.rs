//! The bulk function: wires the routes to the Lambda runtime.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    endpoint::lambda::run(endpoint::bulk).await
}
