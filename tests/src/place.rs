//! Where a deployment is to be found on this machine: its endpoint, and what it stands on.

use anyhow::{Context, Result};
use axum::body::Bytes;
use local::{PREFIX, Token, aws};
use serde_json::json;
use sha2::{Digest, Sha256};

/// A deployment.
#[derive(Debug, Clone)]
pub struct Place {
    /// The SCIM base URL.
    pub base_url: String,
    /// Where DynamoDB answers.
    pub engine_url: String,
    /// Where Secrets Manager answers.
    pub secrets_url: String,
    /// The table's name.
    pub table: String,
}

impl Place {
    /// A new connector called `name` with a tenant of that name; returns its token.
    ///
    /// # Errors
    ///
    /// When Secrets Manager does not take it.
    pub async fn connect(&self, name: &str) -> Result<Token> {
        let token = Token::generate(name)?;
        let digest = format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(token.as_str())));
        let secret = json!({"tenant": name, "tokens": [{"id": "t1", "sha256": digest}]});
        aws::secrets(&self.secrets_url)
            .create_secret()
            .name(format!("{PREFIX}/connectors/{name}"))
            .secret_string(secret.to_string())
            .send()
            .await
            .with_context(|| format!("creating the connector {name}"))?;
        Ok(token)
    }
}
