//! The product's SDK clients, pointed at addresses on this machine.
//!
//! Plain HTTP, so no TLS library is set up and no root certificate loaded: a client costs microseconds.

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::Builder;

/// The region that everything local claims to be in.
pub const REGION: &str = "us-east-1";
/// Access key and secret of the requests; nothing local checks them.
pub const CREDENTIALS: &str = "local";

/// A DynamoDB client for the engine at `url`.
#[must_use]
pub fn dynamodb(url: &str) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::from_conf(
        aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(Builder::new().build_http())
            .region(Region::from_static(REGION))
            .credentials_provider(credentials())
            .endpoint_url(url)
            .build(),
    )
}

/// A Secrets Manager client for the stand-in at `url`.
#[must_use]
pub fn secrets(url: &str) -> aws_sdk_secretsmanager::Client {
    aws_sdk_secretsmanager::Client::from_conf(
        aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(Builder::new().build_http())
            .region(Region::from_static(REGION))
            .credentials_provider(credentials())
            .endpoint_url(url)
            .build(),
    )
}

fn credentials() -> Credentials {
    Credentials::new(CREDENTIALS, CREDENTIALS, None, None, CREDENTIALS)
}
