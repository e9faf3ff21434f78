//! A connector's secret, and what becomes of its tokens; `connector` reads the same document.

use anyhow::{Context, Result, bail, ensure};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use scim::Object;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

/// The id of the token that a template made.
const INITIAL: &str = "initial";
/// Bytes of a token's random part.
const RANDOM_BYTES: usize = 32;

/// The secret's JSON. It knows no `Debug`: a first token is in clear.
#[derive(Serialize, Deserialize)]
pub(crate) struct Secret {
    pub(crate) tenant: String,
    #[serde(default)]
    tokens: Vec<Token>,
    /// The token that a template made, in clear until a rotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// What other versions of this program know.
    #[serde(flatten)]
    others: Object,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    id: String,
    sha256: String,
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    not_after: Option<OffsetDateTime>,
    #[serde(flatten)]
    others: Object,
}

/// What may be known of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) id: String,
    /// `None`: it never ends.
    pub(crate) not_after: Option<OffsetDateTime>,
    /// Whether anybody who may read the secret can read it.
    pub(crate) is_clear: bool,
}

/// A new token: the one time that it is shown.
pub(crate) struct Issued {
    pub(crate) id: String,
    pub(crate) token: String,
}

/// What a new token is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order<'a> {
    pub(crate) connector: &'a str,
    /// The id, where one is chosen; else the day.
    pub(crate) id: Option<&'a str>,
    pub(crate) not_after: Option<OffsetDateTime>,
    pub(crate) now: OffsetDateTime,
}

impl Known {
    /// Whether it is accepted at this time.
    pub(crate) fn is_live(&self, now: OffsetDateTime) -> bool {
        self.not_after.is_none_or(|end| end > now)
    }
}

impl Secret {
    /// The secret of a connector that has no token yet.
    pub(crate) fn new(tenant: &str) -> Self {
        Self { tenant: tenant.to_owned(), tokens: Vec::new(), token: None, others: Object::new() }
    }

    /// Reads the secret's JSON.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        // serde's message could repeat a part of the secret: say where, not what.
        let read = serde_json::from_str(text).map_err(|error| (error.line(), error.column()));
        match read {
            Ok(secret) => Ok(secret),
            Err((line, column)) => bail!("not the JSON of a connector, line {line} column {column}"),
        }
    }

    /// Its JSON.
    pub(crate) fn text(&self) -> Result<String> {
        serde_json::to_string(self).context("writing the secret")
    }

    /// Its tokens, oldest first.
    pub(crate) fn known(&self) -> Vec<Known> {
        let initial =
            self.token.iter().map(|_| Known { id: INITIAL.to_owned(), not_after: None, is_clear: true });
        let digests = self.tokens.iter().map(|Token { id, not_after, .. }| Known {
            id: id.clone(),
            not_after: *not_after,
            is_clear: false,
        });
        initial.chain(digests).collect()
    }

    /// Adds a new token.
    pub(crate) fn issue(&mut self, order: Order<'_>) -> Result<Issued> {
        let id = self.free_id(order)?;
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random).context("drawing a random token")?;
        let token = format!("scim_{}_{}", order.connector, URL_SAFE_NO_PAD.encode(random));
        let (sha256, others) = (digest(&token), Object::new());
        self.tokens.push(Token { id: id.clone(), sha256, not_after: order.not_after, others });
        Ok(Issued { id, token })
    }

    /// Adds a new token, and has the others end at this time unless they end before.
    pub(crate) fn rotate(&mut self, order: Order<'_>, end: OffsetDateTime) -> Result<Issued> {
        let id = self.free_id(order)?;
        if let Some(token) = self.token.take() {
            let (id, sha256, others) = (INITIAL.to_owned(), digest(&token), Object::new());
            self.tokens.insert(0, Token { id, sha256, not_after: None, others });
        }
        for Token { not_after, .. } in &mut self.tokens {
            *not_after = Some(not_after.map_or(end, |before| before.min(end)));
        }
        self.issue(Order { id: Some(&id), ..order })
    }

    /// Takes a token away.
    pub(crate) fn revoke(&mut self, id: &str) -> Result<()> {
        let before = self.known().len();
        self.tokens.retain(|token| token.id != id);
        self.token.take_if(|_| id == INITIAL);
        ensure!(self.known().len() < before, "there is no token {id}");
        Ok(())
    }

    /// The id that was chosen, or else the day, with a number where there are more of it.
    fn free_id(&self, order: Order<'_>) -> Result<String> {
        let is_taken = |id: &str| self.known().iter().any(|token| token.id == id);
        if let Some(id) = order.id {
            ensure!(!is_taken(id), "there is a token {id} already");
            return Ok(id.to_owned());
        }
        let day = order.now.date().to_string();
        let numbered = (2_u32..).map(|number| format!("{day}-{number}"));
        std::iter::once(day.clone()).chain(numbered).find(|id| !is_taken(id)).context("no id is free")
    }
}

/// SHA-256 as hexadecimal digits.
fn digest(token: &str) -> String {
    Sha256::digest(token).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-22 04:00 UTC);
    const ORDER: Order<'_> = Order { connector: "okta", id: None, not_after: None, now: NOW };

    fn secret(document: Value) -> Secret {
        Secret::parse(&document.to_string()).expect("a secret")
    }

    fn document(secret: &Secret) -> Value {
        serde_json::from_str(&secret.text().expect("JSON")).expect("JSON")
    }

    #[test]
    fn an_issued_token_names_its_connector_and_only_its_digest_is_kept() {
        let mut secret = Secret::new("acme");
        let issued = secret.issue(Order { not_after: Some(NOW), ..ORDER }).expect("a token");
        assert_eq!(issued.token.strip_prefix("scim_okta_").map(str::len), Some(43));
        let kept = json!({ "id": "2026-11-22", "sha256": digest(&issued.token), "notAfter": "2026-11-22T04:00:00Z" });
        assert_eq!(document(&secret), json!({ "tenant": "acme", "tokens": [kept] }));
    }

    #[test]
    fn tokens_of_one_day_are_numbered_and_a_chosen_id_is_used_once() {
        let mut secret = Secret::new("acme");
        let ids = [(); 3].map(|()| secret.issue(ORDER).expect("a token").id);
        assert_eq!(ids, ["2026-11-22", "2026-11-22-2", "2026-11-22-3"]);
        let again = secret.rotate(Order { id: Some("2026-11-22"), ..ORDER }, NOW);
        assert!(again.is_err_and(|error| error.to_string().contains("already")));
        assert!(secret.known().iter().all(|token| token.not_after.is_none()), "nothing ends then");
    }

    #[test]
    fn a_rotation_ends_the_others_no_later_and_hides_the_first_token() {
        let (soon, end, late) = (
            datetime!(2026-11-22 04:10 UTC),
            datetime!(2026-11-22 05:00 UTC),
            datetime!(2027-11-22 00:00 UTC),
        );
        let mut secret = secret(json!({ "tenant": "acme", "token": "clear", "more": 1, "tokens": [
            { "id": "soon", "sha256": "00", "notAfter": "2026-11-22T04:10:00Z" },
            { "id": "late", "sha256": "01", "notAfter": "2027-11-22T00:00:00Z", "note": "x" },
        ]}));
        secret.rotate(Order { id: Some("new"), not_after: Some(late), ..ORDER }, end).expect("a token");
        let ends: Vec<_> = secret.known().into_iter().map(|token| (token.id, token.not_after)).collect();
        let expected = [("initial", end), ("soon", soon), ("late", end), ("new", late)];
        assert_eq!(ends, expected.map(|(id, end)| (id.to_owned(), Some(end))));
        let document = document(&secret);
        assert_eq!((document.get("token"), &document["more"]), (None, &json!(1)));
        assert_eq!(
            (&document["tokens"][0]["sha256"], &document["tokens"][2]["note"]),
            (&json!(digest("clear")), &json!("x"))
        );
    }

    #[test]
    fn a_revoked_token_is_gone_and_one_that_is_not_there_is_an_error() {
        let mut secret = secret(json!({ "tenant": "acme", "token": "clear" }));
        secret.issue(ORDER).expect("a token");
        assert!(secret.revoke("other").is_err());
        secret.revoke("initial").expect("it is there");
        secret.revoke("2026-11-22").expect("it is there");
        assert_eq!(document(&secret), json!({ "tenant": "acme", "tokens": [] }));
    }

    #[test]
    fn an_unreadable_secret_is_described_without_its_content() {
        let fault =
            Secret::parse(r#"{"tenant":"x","token":17,"y":"hush"}"#).err().expect("a fault").to_string();
        assert!(fault.starts_with("not the JSON of a connector") && !fault.contains("hush"), "{fault}");
    }
}
