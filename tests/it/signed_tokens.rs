//! JSON Web Tokens at the door: as Entra's client credentials and workload identities send them.

use std::time::{Duration, Instant, UNIX_EPOCH};

use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use directory::Route;
use http::Method;
use local::{Options, Stack};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

use crate::client::{Client, configure, directory};
use crate::endpoint::USER;

const ISSUER: &str = "https://login.example/tenant/v2.0";
const AUDIENCE: &str = "api://scim";

/// An identity provider with a key, and where it publishes that.
struct Issuer {
    key: EcdsaKeyPair,
    url: String,
}

impl Issuer {
    async fn start() -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        let keys = json!({"keys": [
            {"kty": "unheard of", "kid": "0"},
            {"kty": "EC", "crv": "P-256", "kid": "1", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)},
        ]});
        let routes = Router::new().route("/keys", get(async move || keys.to_string()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { key, url }
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

fn header() -> Value {
    json!({"alg": "ES256", "kid": "1", "typ": "JWT"})
}

fn claims(change: Value) -> Value {
    let now = UNIX_EPOCH.elapsed().unwrap().as_secs();
    let mut claims = json!({"iss": ISSUER, "aud": AUDIENCE, "exp": now + 600, "azp": "app-1", "sub": "x"});
    claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    claims
}

/// Has a connector take the issuer's tokens.
async fn trust(stack: &Stack, tenant: &str, connector: &str, audience: &str, keys: &str) {
    let trust = json!({"issuer": ISSUER, "audience": audience, "jwksUrl": keys, "subject": "app-1"});
    configure(stack, tenant, &format!("trust#{connector}"), trust).await;
    let route = Route { tenant: tenant.to_owned(), connector: connector.to_owned() };
    assert!(directory(stack).add_route(ISSUER, audience, &route).await.unwrap());
}

async fn check(stack: &Stack, token: &str, expected: u16, word: &str) {
    for authorization in [format!("Bearer {token}"), token.to_owned()] {
        let (status, body) =
            Client::with(stack, &authorization).send(Method::GET, "/Users?count=2", &Value::Null).await;
        assert_eq!(status, expected, "{body}");
        assert!(body["detail"].as_str().unwrap_or_default().contains(word), "{body} says nothing of {word}");
    }
}

#[tokio::test]
async fn a_signed_token_is_let_in_for_its_connector() {
    let stack = Stack::start(&Options::default()).await.unwrap();
    let issuer = Issuer::start().await;
    trust(&stack, "acme", "entra", AUDIENCE, &issuer.url).await;
    let token = issuer.token(&header(), &claims(json!({})));
    check(&stack, &token, 200, "").await;
    // It is a connector like any other: its tenant, its externalIds.
    let okta = Client::of(&stack, "acme", "okta");
    let entra = Client::with(&stack, &format!("Bearer {token}"));
    let ann = entra.create("/Users", &json!({"schemas": [USER], "userName": "ann", "externalId": "1"})).await;
    assert_eq!(okta.get(&format!("/Users/{ann}")).await["externalId"], Value::Null);
    assert_eq!(entra.count("/Users", r#"externalId eq "1""#).await, 1);
}

#[tokio::test]
async fn a_signed_token_that_fails_a_check_is_told_which() {
    let stack = Stack::start(&Options::default()).await.unwrap();
    let (issuer, thief) = (Issuer::start().await, Issuer::start().await);
    trust(&stack, "acme", "entra", AUDIENCE, &issuer.url).await;
    let now = UNIX_EPOCH.elapsed().unwrap().as_secs();
    for (header, change, word) in [
        (header(), json!({"exp": now - 100}), "expired (exp)"),
        (header(), json!({"exp": "soon"}), "Web Token"),
        (header(), json!({"nbf": now + 100}), "(nbf)"),
        (header(), json!({"aud": "api://another"}), "audience (aud)"),
        (header(), json!({"iss": "https://login.example/another/v2.0"}), "issuer (iss)"),
        (header(), json!({"iss": 5}), "(iss)"),
        (header(), json!({"azp": "app-2"}), "application"),
        (json!({"alg": "none"}), json!({}), "algorithm (alg)"),
        (json!({"alg": "HS256", "kid": "1"}), json!({}), "shared secret"),
        (json!({"alg": "RS256", "kid": "1"}), json!({}), "key (kid, alg)"),
        (json!({"alg": "ES256", "kid": "2"}), json!({}), "key (kid, alg)"),
    ] {
        check(&stack, &issuer.token(&header, &claims(change)), 401, word).await;
    }
    check(&stack, &thief.token(&header(), &claims(json!({}))), 401, "signature").await;
    let good = issuer.token(&header(), &claims(json!({})));
    let (rest, signature) = good.rsplit_once('.').unwrap();
    check(&stack, &format!("{rest}."), 401, "signature").await;
    let (head, _) = rest.split_once('.').unwrap();
    check(&stack, &format!("{head}.%%.{signature}"), 401, "(iss)").await;
    check(&stack, &good, 200, "").await;
}

#[tokio::test]
async fn a_route_leads_to_one_connector_and_no_further_than_its_trust() {
    let stack = Stack::start(&Options::default()).await.unwrap();
    let issuer = Issuer::start().await;
    trust(&stack, "acme", "entra", AUDIENCE, &issuer.url).await;
    // Another tenant cannot take the tokens over.
    let thief = Route { tenant: "thief".to_owned(), connector: "entra".to_owned() };
    assert!(!directory(&stack).add_route(ISSUER, AUDIENCE, &thief).await.unwrap());
    directory(&stack).remove_route(ISSUER, AUDIENCE, &thief).await.unwrap();
    check(&stack, &issuer.token(&header(), &claims(json!({}))), 200, "").await;
    // A route whose trust is not there, or is of another audience, leads nowhere.
    let bare = Route { tenant: "bare".to_owned(), connector: "entra".to_owned() };
    assert!(directory(&stack).add_route(ISSUER, "api://bare", &bare).await.unwrap());
    check(&stack, &issuer.token(&header(), &claims(json!({"aud": "api://bare"}))), 401, "(aud)").await;
    // A trust that would let anybody of the issuer in is left out.
    let open = json!({"issuer": ISSUER, "audience": "api://open", "jwksUrl": issuer.url});
    configure(&stack, "open", "trust#entra", open).await;
    let route = Route { tenant: "open".to_owned(), connector: "entra".to_owned() };
    assert!(directory(&stack).add_route(ISSUER, "api://open", &route).await.unwrap());
    check(&stack, &issuer.token(&header(), &claims(json!({"aud": "api://open"}))), 401, "(aud)").await;
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_no_reason_to_refuse() {
    let stack = Stack::start(&Options::default()).await.unwrap();
    let issuer = Issuer::start().await;
    // Nothing listens there: the port was free a moment ago.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    trust(&stack, "acme", "entra", AUDIENCE, &format!("http://{free}/keys")).await;
    check(&stack, &issuer.token(&header(), &claims(json!({}))), 503, "issuer").await;
}

#[tokio::test]
async fn an_issuer_that_hangs_is_not_waited_for_by_every_token() {
    let stack = Stack::start(&Options::default()).await.unwrap();
    let issuer = Issuer::start().await;
    // Connections stand, and nobody reads from them.
    let hangs = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    trust(&stack, "acme", "entra", AUDIENCE, &format!("http://{}/keys", hangs.local_addr().unwrap())).await;
    let token = issuer.token(&header(), &claims(json!({})));
    check(&stack, &token, 503, "issuer").await;
    let began = Instant::now();
    check(&stack, &token, 503, "issuer").await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}
