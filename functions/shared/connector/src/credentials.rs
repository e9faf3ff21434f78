//! What an `Authorization` header says: the token, and the connector that the token names.

use sha2::{Digest, Sha256};

use crate::Error;

/// The connector of tokens that name none.
pub const DEFAULT_CONNECTOR: &str = "default";

/// Characters of an issued token's random part: 256 bits in base64url.
const RANDOM_CHARACTERS: usize = 43;

/// A token on its way to be checked. Only its digest is kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Credentials {
    connector: String,
    digest: [u8; 32],
}

impl Credentials {
    /// Reads a header's value: `Bearer <token>` in any case, or the token alone as Okta's header mode sends it.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] without a header, [`Error::Scheme`] for another scheme.
    pub fn parse(authorization: Option<&str>) -> Result<Self, Error> {
        let value = authorization.map(str::trim).filter(|value| !value.is_empty()).ok_or(Error::Missing)?;
        let token = match value.split_once(char::is_whitespace) {
            None if value.eq_ignore_ascii_case("bearer") => return Err(Error::Missing),
            None => value,
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("basic") => {
                return Err(Error::Scheme("Basic".to_owned()));
            }
            // The scheme is the client's text: it can be half of a token pasted with a blank inside.
            Some(_) => return Err(Error::Unknown),
        };
        Ok(Self {
            connector: named_connector(token).unwrap_or(DEFAULT_CONNECTOR).to_owned(),
            digest: Sha256::digest(token.as_bytes()).into(),
        })
    }

    /// The connector whose secret can tell whether the token is good.
    #[must_use]
    pub fn connector(&self) -> &str {
        &self.connector
    }

    /// SHA-256 of the token.
    pub(crate) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

/// The name in `scim_<connector>_<random>`, if the token has that shape; read from the right, since the random
/// part can itself hold underscores.
fn named_connector(token: &str) -> Option<&str> {
    let at = token.len().checked_sub(RANDOM_CHARACTERS)?;
    let (rest, random) = (token.get(..at)?, token.get(at..)?);
    let name = rest.strip_suffix('_')?.strip_prefix("scim_")?;
    (is_random(random) && is_name(name)).then_some(name)
}

fn is_random(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Whether `name` can be part of a secret's name and of a key.
fn is_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, connector: &str) {
        let parsed = Credentials::parse(Some(header));
        assert_eq!(parsed.as_ref().map(Credentials::connector).ok(), Some(connector), "{header}");
    }

    #[test]
    fn a_token_may_come_bare_or_with_its_scheme() {
        let plain = Credentials::parse(Some("secret")).expect("a token");
        for header in ["Bearer secret", "bearer   secret", "BEARER secret ", " secret"] {
            assert!(Credentials::parse(Some(header)).expect(header) == plain, "{header}");
        }
    }

    #[test]
    fn an_issued_token_names_its_connector_and_any_other_is_the_default_ones() {
        let random = "A".repeat(43);
        let odd = format!("{}_{}", "A".repeat(20), "-".repeat(22));
        check(&format!("Bearer scim_okta-eu_{random}"), "okta-eu");
        check(&format!("scim_okta_{odd}"), "okta");
        check("plain", "default");
        check(&format!("scim_UPPER_{random}"), "default");
        check(&format!("scim_../x_{random}"), "default");
        check(&format!("scim__{random}"), "default");
        check(&format!("scim_{}_{random}", "a".repeat(33)), "default");
    }

    #[test]
    fn what_is_no_token_is_told_apart() {
        assert!(matches!(Credentials::parse(None), Err(Error::Missing)));
        assert!(matches!(Credentials::parse(Some("Bearer ")), Err(Error::Missing)));
        assert!(matches!(Credentials::parse(Some("Basic dTpw")), Err(Error::Scheme(_))));
        assert!(matches!(Credentials::parse(Some("Digest x")), Err(Error::Unknown)));
    }
}
