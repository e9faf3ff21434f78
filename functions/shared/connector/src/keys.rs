//! The deployment's keys: secrets of its own, from which a key for each purpose is derived.

use std::sync::Arc;

use aws_sdk_secretsmanager::{Client, Config, config::BehaviorVersion};
use hkdf::Hkdf;
use serde::Deserialize;
use sha2::Sha256;
use time::OffsetDateTime;

use crate::{
    Connectors, Error,
    cache::{Found, Freshness},
    fetch::fetch,
};

/// A key for one purpose: 256 bits.
pub type Key = [u8; 32];

/// The secret's name below the prefix.
const NAME: &str = "keys";
/// The fewest characters a secret may have; one that a template makes has 64.
const FEWEST_CHARACTERS: usize = 32;

/// What is kept of the secret in memory: what keys are derived from, oldest first; never empty.
pub(crate) struct Keys(Vec<Hkdf<Sha256>>);

/// The secret's JSON.
#[derive(Deserialize)]
struct Document {
    /// The secret that a template made: the oldest one.
    key: Option<String>,
    #[serde(default)]
    keys: Vec<KeyDocument>,
}

#[derive(Deserialize)]
struct KeyDocument {
    id: String,
    secret: String,
}

impl Keys {
    fn parse(document: &str) -> Result<Self, String> {
        // serde's message could repeat a part of the secret: say where, not what.
        let document: Document = serde_json::from_str(document).map_err(|error| {
            format!("not the JSON of keys, line {} column {}", error.line(), error.column())
        })?;
        let initial = document.key.map(|secret| KeyDocument { id: "initial".to_owned(), secret });
        let mut keys = Vec::new();
        for KeyDocument { id, secret } in initial.into_iter().chain(document.keys) {
            if secret.len() < FEWEST_CHARACTERS {
                return Err(format!("the secret of key {id} has fewer than {FEWEST_CHARACTERS} characters"));
            }
            keys.push(Hkdf::new(None, secret.as_bytes()));
        }
        if keys.is_empty() {
            return Err("it holds no key".to_owned());
        }
        Ok(Self(keys))
    }

    /// The keys for `purpose`, newest first.
    fn derive(&self, purpose: &str) -> impl Iterator<Item = Result<Key, Error>> {
        self.0.iter().rev().map(move |secret| {
            let mut key = Key::default();
            let derived = secret.expand(purpose.as_bytes(), &mut key);
            derived.map(|()| key).map_err(|reason| Error::Unreadable(NAME.to_owned(), reason.to_string()))
        })
    }
}

impl Connectors {
    /// Nobody's connectors, with keys that are derived from `secret`: for a process that serves itself alone, without a
    /// secret of the deployment, and opens what it has sealed itself. It makes no call.
    #[must_use]
    pub fn own(secret: &[u8; 32]) -> Self {
        let none = Config::builder().behavior_version(BehaviorVersion::latest()).build();
        let keys = Keys(vec![Hkdf::new(None, secret)]);
        Self { own: Some(Arc::new(keys)), ..Self::new(Client::from_conf(none), "") }
    }

    /// The key to seal with: the newest of the secret `<prefix>/keys`, for `purpose` alone.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`]; [`Error::Unreadable`], also when there is no such secret.
    pub async fn newest_key(&self, purpose: &str, now: OffsetDateTime) -> Result<Key, Error> {
        let found = self.keys(Freshness::Usual, now).await?;
        found.value.derive(purpose).next().unwrap_or_else(|| Err(absent()))
    }

    /// What `open` makes of the first key for `purpose` that fits; `None` when none does.
    ///
    /// When none of the cached keys fits, the secret is read again, yet no more often than every few seconds: another
    /// sandbox can know a newer key already.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`]; [`Error::Unreadable`], also when there is no such secret.
    pub async fn try_keys<T>(
        &self,
        purpose: &str,
        now: OffsetDateTime,
        open: impl Fn(&Key) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        for freshness in [Freshness::Usual, Freshness::Renewed] {
            let found = self.keys(freshness, now).await?;
            for key in found.value.derive(purpose) {
                if let Some(opened) = open(&key?) {
                    return Ok(Some(opened));
                }
            }
            if found.is_new {
                break;
            }
        }
        Ok(None)
    }

    async fn keys(&self, freshness: Freshness, now: OffsetDateTime) -> Result<Found<Keys>, Error> {
        if let Some(own) = &self.own {
            return Ok(Found { value: Arc::clone(own), is_new: true });
        }
        let read = || fetch(&self.client, &self.prefix, NAME, Keys::parse);
        self.keys.get(NAME, freshness, now, read).await?.ok_or_else(absent)
    }
}

fn absent() -> Error {
    Error::Unreadable(NAME.to_owned(), "there is no such secret".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Credentials;

    const OLD: &str = "0123456789012345678901234567890123456789";
    const NEW: &str = "abcdefghijklmnopqrstuvwxyzabcdefghijklmn";

    fn derived(document: &str, purpose: &str) -> Vec<Key> {
        let keys = Keys::parse(document).expect(document);
        keys.derive(purpose).collect::<Result<_, _>>().expect("keys")
    }

    fn fault(document: &str) -> String {
        Keys::parse(document).err().expect(document)
    }

    #[test]
    fn the_template_s_key_is_the_oldest_and_the_last_of_the_list_the_newest() {
        let initial = derived(&format!(r#"{{"key": "{OLD}"}}"#), "a");
        let listed = derived(&format!(r#"{{"keys": [{{"id": "1", "secret": "{OLD}"}}]}}"#), "a");
        let newest = derived(&format!(r#"{{"keys": [{{"id": "2", "secret": "{NEW}"}}]}}"#), "a");
        assert_eq!(initial, listed);
        let rotated = format!(r#"{{"key": "{OLD}", "keys": [{{"id": "2", "secret": "{NEW}"}}]}}"#);
        assert_eq!(derived(&rotated, "a"), [newest[0], initial[0]]);
    }

    #[test]
    fn each_purpose_has_keys_of_its_own() {
        let document = format!(r#"{{"key": "{OLD}"}}"#);
        assert_ne!(derived(&document, "a"), derived(&document, "b"));
        // RFC 5869's way, held by a value computed elsewhere: a change would end every key in use.
        let hex = derived(&document, "cursor")[0].map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(hex, "bdf8e6c45a2e892b6f7f99fde5af7dca6e545d5fcd4fcf0f3e8d701c1f3edb01");
    }

    #[tokio::test]
    async fn a_process_of_its_own_opens_what_it_sealed_and_lets_nobody_in() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let (one, other) = (Connectors::own(&[1; 32]), Connectors::own(&[2; 32]));
        let key = one.newest_key("cursor", now).await.expect("a key");
        let opened = one.try_keys("cursor", now, |found| (*found == key).then_some(())).await;
        assert_eq!(opened.expect("keys"), Some(()));
        assert_ne!(other.newest_key("cursor", now).await.expect("a key"), key);
        let token = Credentials::parse(Some("some-token"));
        let Ok(Credentials::Token(token)) = token else { panic!("a token") };
        assert!(one.authenticate(&token, now).await.is_err());
    }

    #[test]
    fn what_holds_no_good_key_is_refused_without_its_content() {
        assert_eq!(fault("{}"), "it holds no key");
        assert_eq!(fault(r#"{"key": "hush"}"#), "the secret of key initial has fewer than 32 characters");
        let fault = fault(r#"{"keys": [{"id": 7, "secret": "hush"}]}"#);
        assert!(fault.starts_with("not the JSON of keys") && !fault.contains("hush"), "{fault}");
    }
}
