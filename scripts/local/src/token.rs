//! The bearer token of a local server.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::Error;

/// A bearer token; any text will do, a generated one has the shape that `scimctl` gives its tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A random token that names `connector`: `scim_<connector>_` and 256 bits as 43 characters of base64url.
    ///
    /// # Errors
    ///
    /// [`Error::Randomness`].
    pub fn generate(connector: &str) -> Result<Self, Error> {
        Ok(Self(format!("scim_{connector}_{}", random()?)))
    }

    /// The token as it stands after `Bearer`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 256 random bits as 43 characters of base64url.
///
/// # Errors
///
/// [`Error::Randomness`].
pub(crate) fn random() -> Result<String, Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(Error::Randomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

impl From<String> for Token {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// Keeps a token out of logs and test reports.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_token_names_its_connector_and_is_never_shown_by_debug() {
        let (one, other) = (Token::generate("default").unwrap(), Token::generate("default").unwrap());
        assert_ne!(one, other);
        assert_eq!(one.as_str().strip_prefix("scim_default_").unwrap().len(), 43);
        assert!(!format!("{one:?}").contains(one.as_str()));
    }
}
