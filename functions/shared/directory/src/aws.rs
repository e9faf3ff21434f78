//! How every program of this project calls AWS.

use std::{
    sync::{Arc, LazyLock},
    thread,
    time::Duration,
};

use aws_config::{
    SdkConfig, stalled_stream_protection::StalledStreamProtectionConfig, timeout::TimeoutConfig,
};
use aws_smithy_async::rt::sleep::default_async_sleep;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};

use crate::retry::LONGEST_CALL;

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(2);
/// How long one attempt of a call may take. One that hangs is tried again while the request still has time.
const ATTEMPT: Duration = Duration::from_secs(5);

/// The configuration of the clients: credentials, region and endpoints of the environment. Makes no call where they are
/// in variables, as Lambda has them.
pub async fn aws() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(LONGEST_CALL)
        .build();
    aws_config::from_env()
        .http_client(https())
        .timeout_config(timeouts)
        // Answers are small, and an attempt ends with its whole answer or in time.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .load()
        .await
}

/// HTTPS for the clients of one configuration, over the same connections.
///
/// The SDK's own reads the root certificates before the first client is made, and makes a store of them for every client,
/// then again for the first call. Most of the time that a function needs until it is ready would go into that: so it is
/// done once, beside what else there is to do, and the first call waits for what is left of it.
fn https() -> SharedHttpClient {
    let connector = Arc::new(LazyLock::new(connector));
    let early = Arc::clone(&connector);
    // Without a thread the first call does it.
    drop(thread::Builder::new().spawn(move || drop(SharedHttpConnector::clone(&early))));
    http_client_fn(move |_, _| SharedHttpConnector::clone(&connector))
}

fn connector() -> SharedHttpConnector {
    let mut connector = Connector::builder()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECT).build());
    connector.set_sleep_impl(default_async_sleep());
    SharedHttpConnector::new(connector.build())
}
