//! A connector's secret: its tenant and the digests of its live tokens.

use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{Error, credentials};

/// What is kept of a secret in memory: digests, no token.
pub(crate) struct Secret {
    pub(crate) tenant: String,
    tokens: Vec<Token>,
}

struct Token {
    id: String,
    digest: [u8; 32],
    not_after: Option<OffsetDateTime>,
}

/// The secret's JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    tenant: String,
    #[serde(default)]
    tokens: Vec<TokenDocument>,
    /// The token that a template made, in clear until the first rotation.
    token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenDocument {
    id: String,
    sha256: String,
    not_after: Option<String>,
}

impl Secret {
    pub(crate) fn parse(document: &str) -> Result<Self, String> {
        // serde's message could repeat a part of the secret: say where, not what.
        let document: Document = serde_json::from_str(document).map_err(|error| {
            format!("not the JSON of a connector, line {} column {}", error.line(), error.column())
        })?;
        let mut tokens = Vec::new();
        for token in document.tokens {
            let digest = hexadecimal(&token.sha256)
                .ok_or_else(|| format!("sha256 of token {} is not 64 hexadecimal digits", token.id))?;
            let not_after =
                token.not_after.map(|text| OffsetDateTime::parse(&text, &Rfc3339)).transpose().map_err(
                    |_| format!("notAfter of token {} is not an RFC 3339 date and time", token.id),
                )?;
            tokens.push(Token { id: token.id, digest, not_after });
        }
        if let Some(token) = document.token {
            tokens.push(Token {
                id: "initial".to_owned(),
                digest: Sha256::digest(token.as_bytes()).into(),
                not_after: None,
            });
        }
        Ok(Self { tenant: document.tenant, tokens })
    }

    /// The id of the token that was sent, and when it ends.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] or [`Error::Expired`].
    pub(crate) fn verify(
        &self,
        shown: &credentials::Token,
        now: OffsetDateTime,
    ) -> Result<(&str, Option<OffsetDateTime>), Error> {
        // Every digest is compared, in constant time each.
        let mut found = None;
        for token in &self.tokens {
            if bool::from(token.digest.ct_eq(shown.digest())) {
                found = Some(token);
            }
        }
        let token = found.ok_or(Error::Unknown)?;
        match token.not_after {
            Some(end) if end <= now => Err(Error::Expired(end.format(&Rfc3339).unwrap_or_default())),
            end => Ok((&token.id, end)),
        }
    }
}

fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Credentials;
    use time::macros::datetime;

    fn digest_of(token: &str) -> String {
        Sha256::digest(token.as_bytes())
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    fn verdict(secret: &Secret, token: &str) -> Result<String, String> {
        let Ok(Credentials::Token(token)) = Credentials::parse(Some(token)) else { panic!("a token") };
        secret
            .verify(&token, datetime!(2026-11-21 00:00 UTC))
            .map(|(id, _)| id.to_owned())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn several_tokens_live_at_once_and_each_ends_by_itself() {
        let document = serde_json::json!({ "tenant": "acme", "tokens": [
            { "id": "old", "sha256": digest_of("a"), "notAfter": "2026-11-20T00:00:00Z" },
            { "id": "new", "sha256": digest_of("b"), "notAfter": "2027-11-20T00:00:00Z" },
            { "id": "for ever", "sha256": digest_of("c") },
        ]});
        let secret = Secret::parse(&document.to_string()).expect("a secret");
        assert_eq!(verdict(&secret, "a"), Err("the token ended at 2026-11-20T00:00:00Z".to_owned()));
        assert_eq!(verdict(&secret, "b"), Ok("new".to_owned()));
        assert_eq!(verdict(&secret, "c"), Ok("for ever".to_owned()));
        assert_eq!(verdict(&secret, "d"), Err("the token is not known".to_owned()));
    }

    #[test]
    fn the_first_token_is_in_clear_and_called_initial() {
        let secret = Secret::parse(r#"{"tenant":"default","token":"t"}"#).expect("a secret");
        assert_eq!(verdict(&secret, "t"), Ok("initial".to_owned()));
    }

    #[test]
    fn an_unreadable_secret_is_described_without_its_content() {
        let fault = Secret::parse(r#"{"tenant":"x","token":17,"y":"hush"}"#).err().expect("a fault");
        assert!(fault.starts_with("not the JSON of a connector") && !fault.contains("hush"), "{fault}");
    }
}
