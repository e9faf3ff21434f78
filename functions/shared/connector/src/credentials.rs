//! What an `Authorization` header says: a token of ours and the connector that it names, or a JSON Web Token.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::{Error, Jwt};

/// The connector of tokens that name none.
pub const DEFAULT_CONNECTOR: &str = "default";

/// Characters of an issued token's random part: 256 bits in base64url.
const RANDOM_CHARACTERS: usize = 43;

/// What a client shows to be let in.
#[derive(Debug, PartialEq, Eq)]
pub enum Credentials {
    /// A token that a connector's secret knows.
    Token(Token),
    /// A token that an identity provider has signed.
    Jwt(Jwt),
}

/// A token on its way to be checked. Only its digest is kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Token {
    connector: String,
    digest: [u8; 32],
    is_basic: bool,
}

impl Credentials {
    /// Reads a header's value: `Bearer <token>` in any case, the token alone as Okta's header mode sends it, or
    /// `Basic` with the connector as user name and the token as password (RFC 7617).
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] without a header, [`Error::Unknown`] for another scheme, [`Error::UnknownBasic`] for a
    /// `Basic` that holds no token, [`Error::Jwt`].
    pub fn parse(authorization: Option<&str>) -> Result<Self, Error> {
        let value = authorization.map(str::trim).filter(|value| !value.is_empty()).ok_or(Error::Missing)?;
        let token = match value.split_once(char::is_whitespace) {
            None if value.eq_ignore_ascii_case("bearer") => return Err(Error::Missing),
            None => value,
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") => {
                return Token::from_basic(pair.trim()).map(Self::Token).ok_or(Error::UnknownBasic);
            }
            // The scheme is the client's text: it can be half of a token pasted with a blank inside.
            Some(_) => return Err(Error::Unknown),
        };
        match Jwt::parse(token) {
            Some(jwt) => jwt.map(Self::Jwt),
            None => Ok(Self::Token(Token::from_bearer(token))),
        }
    }
}

impl Token {
    fn new(connector: &str, token: &str, is_basic: bool) -> Self {
        let digest = Sha256::digest(token.as_bytes()).into();
        Self { connector: connector.to_owned(), digest, is_basic }
    }

    fn from_bearer(token: &str) -> Self {
        Self::new(named_connector(token).unwrap_or(DEFAULT_CONNECTOR), token, false)
    }

    fn from_basic(pair: &str) -> Option<Self> {
        let pair = String::from_utf8(STANDARD.decode(pair).ok()?).ok()?;
        let (connector, token) = pair.split_once(':')?;
        is_name(connector).then(|| Self::new(connector, token, true))
    }

    /// The connector whose secret can tell whether the token is good.
    #[must_use]
    pub fn connector(&self) -> &str {
        &self.connector
    }

    /// Whether it came as `Basic`, which a connector has to allow.
    pub(crate) fn is_basic(&self) -> bool {
        self.is_basic
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

/// Whether `name` can be that of a connector or a tenant: part of a secret's name, of a key and of a token.
#[must_use]
pub fn is_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str) -> Option<Token> {
        match Credentials::parse(Some(header)) {
            Ok(Credentials::Token(token)) => Some(token),
            _ => None,
        }
    }

    fn check(header: &str, connector: &str) {
        assert_eq!(token(header).as_ref().map(Token::connector), Some(connector), "{header}");
    }

    #[test]
    fn a_token_may_come_bare_or_with_its_scheme() {
        let plain = token("secret").expect("a token");
        for header in ["Bearer secret", "bearer   secret", "BEARER secret ", " secret"] {
            assert_eq!(token(header).expect(header), plain, "{header}");
        }
    }

    #[test]
    fn an_issued_token_names_its_connector_and_any_other_is_the_default_ones() {
        let random = "A".repeat(43);
        let odd = format!("{}_{}", "A".repeat(20), "-".repeat(22));
        check(&format!("Bearer scim_okta-eu_{random}"), "okta-eu");
        check(&format!("scim_okta_{odd}"), "okta");
        check("plain", "default");
        check("with.two.dots", "default");
        check(&format!("scim_UPPER_{random}"), "default");
        check(&format!("scim_../x_{random}"), "default");
        check(&format!("scim__{random}"), "default");
        check(&format!("scim_{}_{random}", "a".repeat(33)), "default");
    }

    #[test]
    fn basic_is_the_connector_and_its_token() {
        let sent = |pair: &str| format!("bAsIc {}", STANDARD.encode(pair));
        let read = token(&sent("okta:se:cret")).expect("a token");
        assert_eq!((read.connector(), read.digest()), ("okta", Token::new("", "se:cret", false).digest()));
        assert!(read.is_basic());
        for bad in [sent("no colon"), sent("Ann:secret"), "Basic %%".to_owned(), "Basic /w==".to_owned()] {
            assert!(matches!(Credentials::parse(Some(&bad)), Err(Error::UnknownBasic)), "{bad}");
        }
    }

    #[test]
    fn what_is_no_token_is_told_apart() {
        assert!(matches!(Credentials::parse(None), Err(Error::Missing)));
        assert!(matches!(Credentials::parse(Some("Bearer ")), Err(Error::Missing)));
        assert!(matches!(Credentials::parse(Some("Digest x")), Err(Error::Unknown)));
    }
}
