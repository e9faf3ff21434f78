//! JSON Web Tokens (RFC 7519) that an identity provider has signed, as bearer tokens (RFC 9068, RFC 7523).
//!
//! Which connector a token is for follows from its issuer and its audience; whether it is good, from the keys that the
//! issuer publishes. Nothing that a token says of where its keys are is listened to.

mod keys;
mod ring;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, Header, Validation, dangerous, errors::ErrorKind, jwk::JwkSet,
};
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;

pub(crate) use self::keys::KeySets;
use crate::{
    Connectors, Error,
    cache::{Found, Freshness},
};

/// What may be signed with: a secret that both sides know is no proof of who signed, and `none` is nobody.
const FAMILIES: [AlgorithmFamily; 3] = [AlgorithmFamily::Rsa, AlgorithmFamily::Ec, AlgorithmFamily::Ed];
/// The most audiences of a token that are looked at.
const MOST_AUDIENCES: usize = 4;
/// How far clocks may differ, in seconds.
const LEEWAY_SECONDS: u64 = 60;

/// A JSON Web Token of which nothing is checked yet.
#[derive(PartialEq, Eq)]
pub struct Jwt {
    text: String,
    algorithm: Algorithm,
    /// The name of the key that it says has signed it, `kid`.
    key: Option<String>,
    issuer: String,
    audiences: Vec<String>,
}

impl std::fmt::Debug for Jwt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jwt").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// A text, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Many(Vec<String>),
}

impl Texts {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

/// Whom a token is from and for.
#[derive(Deserialize)]
struct Address {
    iss: String,
    aud: Texts,
}

/// Who may use a token, and for what. Identity providers write the same under several names.
#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    sub: Option<Value>,
    /// Microsoft Entra ID: the application, in tokens of version 1 …
    #[serde(default)]
    appid: Option<Value>,
    /// … and of version 2.
    #[serde(default)]
    azp: Option<Value>,
    /// RFC 8693 §4.3.
    #[serde(default)]
    client_id: Option<Value>,
    /// Scopes, separated by blanks (RFC 8693 §4.2) …
    #[serde(default)]
    scope: Option<Texts>,
    /// … as Entra and Okta name them …
    #[serde(default)]
    scp: Option<Texts>,
    /// … and those that an application has by itself.
    #[serde(default)]
    roles: Option<Texts>,
}

/// Whose tokens a connector takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trust {
    /// The issuer, `iss`, letter by letter.
    pub issuer: String,
    /// The audience, one of `aud`.
    pub audience: String,
    /// Where the issuer publishes its keys (RFC 7517 §5); https.
    pub jwks_url: String,
    /// The application that may use the endpoint: `sub`, `appid`, `azp` or `client_id`.
    #[serde(default)]
    pub subject: Option<String>,
    /// What the token must be good for: one of `scope`, `scp` or `roles`.
    #[serde(default)]
    pub scope: Option<String>,
}

impl Trust {
    /// Whether it says enough to let somebody in, and nobody else.
    ///
    /// # Errors
    ///
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        if self.issuer.is_empty() || self.audience.is_empty() {
            return Err("issuer and audience must not be empty".to_owned());
        }
        if self.subject.as_deref().unwrap_or_default().is_empty()
            && self.scope.as_deref().unwrap_or_default().is_empty()
        {
            return Err("subject or scope must be given: any application of the issuer could come in \
                        otherwise"
                .to_owned());
        }
        keys::check_url(&self.jwks_url)
    }
}

impl Jwt {
    /// The token, if the text has the shape of one: three parts in base64url, the first a JSON object.
    pub(crate) fn parse(text: &str) -> Option<Result<Self, Error>> {
        let mut parts = text.split('.');
        let (header, _, _) = (parts.next()?, parts.next()?, parts.next()?);
        let is_json = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).is_ok_and(|it| it.is_object());
        let has_shape = parts.next().is_none() && URL_SAFE_NO_PAD.decode(header).is_ok_and(is_json);
        has_shape.then(|| Self::read(text))
    }

    fn read(text: &str) -> Result<Self, Error> {
        let Header { alg: algorithm, kid: key, .. } = jsonwebtoken::decode_header(text)
            .map_err(|_| refused("its algorithm (alg) is none that is taken: RS256, PS256, ES256, EdDSA"))?;
        if !FAMILIES.contains(&algorithm.family()) {
            return Err(refused("its algorithm (alg) is one of a shared secret, which proves nothing here"));
        }
        let address = dangerous::insecure_decode_claims::<Address>(text);
        let Address { iss, aud } =
            address.map_err(|_| refused("it names no issuer (iss) or no audience (aud)"))?;
        let mut audiences = aud.into_vec();
        audiences.truncate(MOST_AUDIENCES);
        Ok(Self { text: text.to_owned(), algorithm, key, issuer: iss, audiences })
    }

    /// Who says that they issued it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whom it is for; at most four.
    #[must_use]
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// Whether one of these keys has signed it, and it says what `trust` asks for.
    ///
    /// # Errors
    ///
    /// [`Fault::NoKey`] where another set of keys may hold the one that is needed, [`Fault::Refused`].
    fn verify(&self, trust: &Trust, keys: &JwkSet) -> Result<(), Fault> {
        ring::install();
        let key = self.key(keys).ok_or(Fault::NoKey)?;
        let mut validation = Validation::new(self.algorithm);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.set_issuer(&[&trust.issuer]);
        validation.set_audience(&[&trust.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        let claims = jsonwebtoken::decode::<Claims>(&self.text, &key, &validation)
            .map_err(|error| Fault::Refused(in_words(error.kind())))?
            .claims;
        if trust.subject.as_ref().is_some_and(|subject| !claims.is_of(subject)) {
            return Err(Fault::Refused(
                "it is not of the application (sub, appid, azp or client_id) that this connector takes",
            ));
        }
        if trust.scope.as_ref().is_some_and(|scope| !claims.is_for(scope)) {
            return Err(Fault::Refused(
                "it lacks the scope (scope, scp or roles) that this connector asks for",
            ));
        }
        Ok(())
    }

    /// The key that it says has signed it; where it names none, the only one that can have.
    fn key(&self, keys: &JwkSet) -> Option<DecodingKey> {
        let can_verify = |key: &&jsonwebtoken::jwk::Jwk| {
            let algorithm = key.common.key_algorithm.map(Algorithm::try_from);
            let is_of_family =
                DecodingKey::from_jwk(key).is_ok_and(|decoding| decoding.family() == self.algorithm.family());
            is_of_family && algorithm.is_none_or(|it| it.is_ok_and(|it| it == self.algorithm))
        };
        let mut able = keys.keys.iter().filter(can_verify);
        let key = match &self.key {
            Some(kid) => able.find(|key| key.common.key_id.as_ref() == Some(kid)),
            None => able.next().filter(|_| able.next().is_none()),
        };
        key.and_then(|key| DecodingKey::from_jwk(key).ok())
    }
}

impl Claims {
    fn is_of(&self, subject: &str) -> bool {
        let names = [&self.sub, &self.appid, &self.azp, &self.client_id];
        names.into_iter().flatten().any(|name| name.as_str() == Some(subject))
    }

    fn is_for(&self, scope: &str) -> bool {
        [&self.scope, &self.scp, &self.roles].into_iter().flatten().any(|texts| match texts {
            Texts::One(text) => text.split_whitespace().any(|word| word == scope),
            Texts::Many(texts) => texts.iter().any(|text| text == scope),
        })
    }
}

/// Why a token is not taken.
enum Fault {
    NoKey,
    Refused(&'static str),
}

fn refused(reason: &str) -> Error {
    Error::Jwt(reason.to_owned())
}

/// What a client is told of a check that failed.
fn in_words(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ExpiredSignature => "it has expired (exp)",
        ErrorKind::ImmatureSignature => "it is not valid yet (nbf)",
        ErrorKind::InvalidIssuer => "its issuer (iss) is not the connector's",
        ErrorKind::InvalidAudience => "its audience (aud) is not the connector's",
        ErrorKind::MissingRequiredClaim(_) => "it does not say when it ends (exp)",
        ErrorKind::InvalidSignature => "its signature is not of the issuer's key",
        ErrorKind::InvalidAlgorithm => "its algorithm (alg) is not that of the issuer's key",
        _ => "it cannot be read",
    }
}

impl Connectors {
    /// Whether the token is signed by the issuer that `trust` names, in force, and for this endpoint.
    ///
    /// The issuer's keys are remembered for an hour, and read again when a token names one that is not among them, yet no
    /// more often than twice a minute.
    ///
    /// # Errors
    ///
    /// [`Error::Jwt`] names the check that failed; [`Error::NoKeys`] when the issuer's keys cannot be read.
    pub async fn verify(&self, jwt: &Jwt, trust: &Trust, now: OffsetDateTime) -> Result<(), Error> {
        for freshness in [Freshness::Usual, Freshness::Renewed] {
            let Found { value: keys, is_new } = self.key_sets.get(&trust.jwks_url, freshness, now).await?;
            match jwt.verify(trust, &keys) {
                Ok(()) => return Ok(()),
                Err(Fault::Refused(reason)) => return Err(refused(reason)),
                Err(Fault::NoKey) if is_new => break,
                Err(Fault::NoKey) => {}
            }
        }
        Err(refused("it is signed with a key (kid, alg) that the issuer does not publish"))
    }
}

#[cfg(test)]
mod tests;
