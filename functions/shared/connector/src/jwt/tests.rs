//! Tokens signed here, and one of RFC 7515, against the rules of RFC 8725.

use ::ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use axum::{Router, routing::get};
use serde_json::json;

use super::*;
use crate::Credentials;

/// The issuer of these tests, and its key.
struct Issuer {
    key: EcdsaKeyPair,
}

impl Issuer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random);
        Self { key: key.expect("a key") }
    }

    /// Its keys as it publishes them, under this name.
    fn published(&self, kid: &str) -> Value {
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid,
               "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)})
    }

    fn sign(&self, header: &Value, claims: &Value) -> Jwt {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.key.sign(&SystemRandom::new(), message.as_bytes()).expect("a signature");
        read(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))).expect("a token")
    }
}

fn read(text: &str) -> Result<Jwt, Error> {
    match Credentials::parse(Some(&format!("Bearer {text}")))? {
        Credentials::Jwt(jwt) => Ok(jwt),
        Credentials::Token(_) => Err(Error::Unknown),
    }
}

fn now() -> u64 {
    jsonwebtoken::get_current_timestamp()
}

fn header() -> Value {
    json!({"alg": "ES256", "kid": "1", "typ": "JWT"})
}

/// Claims as Entra writes them, with these in place of its own.
fn claims(others: Value) -> Value {
    let mut claims = json!({
        "iss": "https://issuer.example/v2.0", "aud": "api://scim", "exp": now() + 600, "nbf": now() - 10,
        "sub": "subject", "azp": "application", "roles": ["scim.write"]
    });
    for (name, value) in others.as_object().expect("claims") {
        claims[name] = value.clone();
    }
    claims.as_object_mut().expect("claims").retain(|_, value| !value.is_null());
    claims
}

fn trust() -> Trust {
    Trust {
        issuer: "https://issuer.example/v2.0".to_owned(),
        audience: "api://scim".to_owned(),
        jwks_url: "https://issuer.example/keys".to_owned(),
        subject: Some("application".to_owned()),
        scope: Some("scim.write".to_owned()),
    }
}

fn keys(keys: Value) -> JwkSet {
    serde_json::from_value(json!({ "keys": keys })).expect("keys")
}

fn verdict(jwt: &Jwt, trust: &Trust, keys: &JwkSet) -> Result<(), &'static str> {
    jwt.verify(trust, keys).map_err(|fault| match fault {
        Fault::NoKey => "no key",
        Fault::Refused(reason) => reason,
    })
}

fn check(others: Value, expected: Result<(), &str>) {
    let issuer = Issuer::new();
    let published = keys(json!([issuer.published("0"), issuer.published("1")]));
    let jwt = issuer.sign(&header(), &claims(others.clone()));
    let verdict = verdict(&jwt, &trust(), &published);
    match expected {
        Ok(()) => assert_eq!(verdict, Ok(()), "{others}"),
        Err(part) => assert!(verdict.is_err_and(|it| it.contains(part)), "{others}: {verdict:?}, not {part}"),
    }
}

#[test]
fn every_claim_that_says_who_when_and_for_whom_is_checked() {
    check(json!({}), Ok(()));
    check(json!({"exp": now() - 61}), Err("(exp)"));
    check(json!({"exp": now() - 30}), Ok(()));
    check(json!({"exp": null}), Err("(exp)"));
    check(json!({"nbf": now() + 90}), Err("(nbf)"));
    check(json!({"nbf": null}), Ok(()));
    check(json!({"iss": "https://issuer.example/v2.0/"}), Err("(iss)"));
    check(json!({"aud": "api://other"}), Err("(aud)"));
    check(json!({"aud": ["api://other", "api://scim"]}), Ok(()));
}

#[test]
fn the_application_may_be_written_in_four_ways() {
    for name in ["sub", "appid", "azp", "client_id"] {
        check(json!({"azp": null, "sub": "x", name: "application"}), Ok(()));
    }
    check(json!({"azp": "another"}), Err("application"));
    check(json!({"azp": null, "sub": null}), Err("application"));
}

#[test]
fn the_scope_may_be_written_in_three_ways() {
    for name in ["scope", "scp", "roles"] {
        check(json!({"roles": null, name: "openid scim.write"}), Ok(()));
        check(json!({"roles": null, name: ["openid", "scim.write"]}), Ok(()));
        check(json!({"roles": null, name: "scim.writer"}), Err("scope"));
    }
    check(json!({"roles": null}), Err("scope"));
}

#[test]
fn a_token_is_of_the_key_that_it_names() {
    let (issuer, other) = (Issuer::new(), Issuer::new());
    let jwt = issuer.sign(&header(), &claims(json!({})));
    let is_not = "its signature is not of the issuer's key";
    assert_eq!(verdict(&jwt, &trust(), &keys(json!([other.published("1")]))), Err(is_not));
    assert_eq!(verdict(&jwt, &trust(), &keys(json!([issuer.published("2")]))), Err("no key"));
    assert_eq!(verdict(&jwt, &trust(), &keys(json!([]))), Err("no key"));
    let unnamed = issuer.sign(&json!({"alg": "ES256"}), &claims(json!({})));
    assert_eq!(verdict(&unnamed, &trust(), &keys(json!([issuer.published("1")]))), Ok(()));
    let two = keys(json!([issuer.published("1"), other.published("2")]));
    assert_eq!(verdict(&unnamed, &trust(), &two), Err("no key"));
    let mut meant_for_another = issuer.published("1");
    meant_for_another["alg"] = "ES384".into();
    assert_eq!(verdict(&jwt, &trust(), &keys(json!([meant_for_another]))), Err("no key"));
}

/// What RFC 8725 §2.1 warns of: a token that says itself how it is to be checked.
#[test]
fn no_token_chooses_a_weaker_check() {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = |header: Value| format!("{}.{}.", part(header), part(claims(json!({}))));
    for header in [json!({"alg": "none"}), json!({"alg": "NONE"}), json!({}), json!({"alg": "RS1"})] {
        let refused = read(&text(header.clone())).expect_err("refused").to_string();
        assert!(refused.contains("(alg)"), "{header}: {refused}");
    }
    // The public key, taken for the secret of an HMAC.
    let issuer = Issuer::new();
    let message = text(json!({"alg": "HS256", "kid": "1"}));
    let secret = ::ring::hmac::Key::new(::ring::hmac::HMAC_SHA256, issuer.key.public_key().as_ref());
    let signature = ::ring::hmac::sign(&secret, message.trim_end_matches('.').as_bytes());
    let forged = read(&format!("{message}{}", URL_SAFE_NO_PAD.encode(signature.as_ref())));
    assert!(forged.expect_err("refused").to_string().contains("shared secret"));
    // A key of another kind under the same name.
    let rsa = json!({"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB"});
    let jwt = issuer.sign(&header(), &claims(json!({})));
    assert_eq!(verdict(&jwt, &trust(), &keys(json!([rsa]))), Err("no key"));
}

/// Where a token says that its keys are is no business of ours (RFC 8725 §3.10).
#[test]
fn a_token_brings_no_keys_of_its_own() {
    let (issuer, thief) = (Issuer::new(), Issuer::new());
    let header =
        json!({"alg": "ES256", "jwk": thief.published("1"), "jku": "https://thief.example/keys", "kid": "1"});
    let jwt = thief.sign(&header, &claims(json!({})));
    assert!(verdict(&jwt, &trust(), &keys(json!([issuer.published("1")]))).is_err());
}

/// RFC 7515 §A.2 and §A.3: signatures that others made.
#[test]
fn signatures_of_the_rfc_are_good() {
    super::ring::install();
    let rsa: jsonwebtoken::jwk::Jwk = serde_json::from_value(json!({"kty": "RSA", "e": "AQAB", "n": concat!(
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR",
        "T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXB",
        "dQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9ia",
        "GNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ")})).expect("a key");
    let message = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature = concat!(
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9",
        "uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB",
        "_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rq",
        "Vt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    );
    let key = DecodingKey::from_jwk(&rsa).expect("a key");
    let verify = |signature: &str, algorithm| {
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, algorithm).ok()
    };
    assert_eq!(verify(signature, Algorithm::RS256), Some(true));
    assert_eq!(verify(signature, Algorithm::PS256), Some(false));
    assert_eq!(verify(signature, Algorithm::RS384), Some(false));
    assert_eq!(verify(signature, Algorithm::ES256), None);
    assert_eq!(verify(signature, Algorithm::HS256), None);
}

#[test]
fn a_trust_names_more_than_an_issuer() {
    let with = |change: fn(&mut Trust)| {
        let mut trust = trust();
        change(&mut trust);
        trust.check()
    };
    assert_eq!(trust().check(), Ok(()));
    assert_eq!(with(|trust| trust.jwks_url = "http://127.0.0.1:9/keys".into()), Ok(()));
    assert!(with(|trust| trust.jwks_url = "http://issuer.example/keys".into()).is_err());
    for url in
        ["http://127.0.0.1.example:9/", "http://localhost:80@issuer.example/keys", "https://", "keys", ""]
    {
        assert!(Trust { jwks_url: url.to_owned(), ..trust() }.check().is_err(), "{url}");
    }
    assert!(with(|trust| (trust.subject, trust.scope) = (None, Some(String::new()))).is_err());
    assert!(with(|trust| trust.issuer = String::new()).is_err());
}

#[tokio::test]
async fn keys_are_read_once_and_again_for_a_key_that_is_new() {
    let (old, new) = (Issuer::new(), Issuer::new());
    let published = [json!([old.published("1")]), json!([old.published("1"), new.published("2")])];
    let reads = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&reads);
    let routes = Router::new().route(
        "/keys",
        get(async move || {
            let read = counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            json!({"keys": published[read.min(1)]}).to_string()
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/keys", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, routes).await });

    let sets = KeySets::default();
    let get = async |freshness, now| sets.get(&url, freshness, now).await.map(|found| found.value.keys.len());
    let start = OffsetDateTime::from_unix_timestamp(1_000_000).expect("a time");
    let fresh = keys::TIMES.fresh;
    assert_eq!(get(Freshness::Usual, start).await.expect("keys"), 1);
    assert_eq!(get(Freshness::Usual, start + fresh / 2).await.expect("keys"), 1);
    assert_eq!(reads.load(std::sync::atomic::Ordering::SeqCst), 1);
    for _ in 0..5 {
        assert_eq!(get(Freshness::Renewed, start + fresh / 2).await.expect("keys"), 2);
    }
    assert_eq!(reads.load(std::sync::atomic::Ordering::SeqCst), 3);
    assert_eq!(get(Freshness::Usual, start + fresh * 2).await.expect("keys"), 2);
    assert_eq!(reads.load(std::sync::atomic::Ordering::SeqCst), 4);
}
