//! Passwords on their way in (RFC 7643 §4.1.1): thrown away, or hashed for good.

use argon2::{Argon2, PasswordHasher as _};
use scim::{Error, ErrorKind, Object, fold};
use serde_json::Value;

use crate::tenants::Passwords;

const PASSWORD: &str = "password";

/// Takes the password out of a resource; its hash, where the tenant keeps it.
///
/// # Errors
///
/// [`ErrorKind::InvalidValue`] for a password that cannot be one.
pub(super) fn take(resource: &mut Object, passwords: Passwords) -> Result<Option<String>, Error> {
    match (resource.remove(PASSWORD), passwords) {
        (Some(Value::String(password)), Passwords::Argon2id) => hash(&password).map(Some),
        _ => Ok(None),
    }
}

/// argon2id as RFC 9106 §4 has it for little memory, and OWASP at the least: 19 MiB, twice, one lane.
fn hash(password: &str) -> Result<String, Error> {
    let hashed = Argon2::default().hash_password(prepared(password)?.as_bytes());
    hashed.map(|hash| hash.to_string()).map_err(|error| {
        tracing::error!(%error, "a password cannot be hashed");
        Error::new(ErrorKind::Internal, "Internal error: the cause is in the log under this request's id")
    })
}

/// Whether the password is the one that was hashed.
///
/// # Errors
///
/// [`ErrorKind::InvalidValue`] for a password that cannot be one.
pub fn is_password(password: &str, hash: &str) -> Result<bool, Error> {
    use argon2::{PasswordVerifier as _, password_hash::phc::PasswordHash};
    let password = prepared(password)?;
    let unreadable = |_| Error::new(ErrorKind::Internal, "Internal error: the hash is not a PHC string");
    let hash = PasswordHash::new(hash).map_err(unreadable)?;
    Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// The password as the `OpaqueString` profile of PRECIS prepares it (RFC 8265 §4.2, which RFC 7643 §4.1.1 asks for): the
/// same whatever keyboard it was typed on.
fn prepared(password: &str) -> Result<String, Error> {
    if password.chars().any(char::is_control) {
        let detail =
            "Value in attribute password does not comply to a required format (no control characters)";
        return Err(Error::new(ErrorKind::InvalidValue, detail).at(PASSWORD));
    }
    let spaced: String = password.chars().map(|char| if char.is_whitespace() { ' ' } else { char }).collect();
    Ok(fold::composed(&spaced))
}

#[cfg(test)]
mod tests {
    use scim::Object;
    use serde_json::json;

    use super::*;

    fn taken(password: Value, passwords: Passwords) -> (Option<String>, Object) {
        let mut resource =
            Object::from_iter([(PASSWORD.to_owned(), password), ("title".to_owned(), json!("t"))]);
        (take(&mut resource, passwords).expect("a password"), resource)
    }

    #[test]
    fn a_password_leaves_the_document_and_is_hashed_where_it_is_kept() {
        let (discarded, resource) = taken(json!("t1meMa$heen"), Passwords::Discard);
        assert_eq!((discarded, resource.len()), (None, 1));
        let (kept, resource) = taken(json!("t1meMa$heen"), Passwords::Argon2id);
        let kept = kept.expect("a hash");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && resource.len() == 1, "{kept}");
        assert_eq!(is_password("t1meMa$heen", &kept).ok(), Some(true));
        assert_eq!(is_password("t1meMa$heem", &kept).ok(), Some(false));
        let (again, _) = taken(json!("t1meMa$heen"), Passwords::Argon2id);
        assert_ne!(again, Some(kept), "each has a salt of its own");
    }

    #[test]
    fn a_password_is_the_same_on_every_keyboard() {
        let (kept, _) = taken(json!("Ame\u{301}lie \u{3000}"), Passwords::Argon2id);
        assert_eq!(is_password("Am\u{e9}lie  ", &kept.expect("a hash")).ok(), Some(true));
        assert!(prepared("a\u{7}b").is_err_and(|error| error.path() == Some(PASSWORD)));
    }
}
