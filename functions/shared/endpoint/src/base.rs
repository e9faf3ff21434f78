//! The base URL a client used, and what of its path is behind it.

use axum::http::{HeaderMap, Uri, header, request::Parts};
use lambda_http::{RequestExt, request::RequestContext};

use crate::Config;

/// The base URL of a request's answer: `Location` and `meta.location` start with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base(pub(crate) String);

/// A request's path in two: the base URL it was sent to, and the resource's path behind.
///
/// Runs of `/` count as one: an administrator pastes the base URL with a trailing slash, and a client adds its
/// own. The stage that API Gateway puts in front and the configured base path both belong to the base. So does the path of
/// the public URL: where a path of a domain is mapped to the stage, API Gateway leaves it in the event.
pub(crate) fn split(parts: &Parts, config: &Config) -> (Base, String) {
    let path: String =
        parts.uri.path().split('/').filter(|part| !part.is_empty()).flat_map(|part| ["/", part]).collect();
    // Of the public URL it may be a part although the path that came here has lost it.
    let stage = stage(parts).unwrap_or_default();
    let rest = strip(&path, &stage).unwrap_or(&path);
    let (base_path, rest) = match strip(rest, &config.base_path) {
        Some(behind) => (config.base_path.as_str(), behind),
        None => ("", strip(rest, public_path(config)).unwrap_or(rest)),
    };
    let base =
        config.public_base_url.clone().unwrap_or_else(|| format!("{}{stage}{base_path}", origin(parts)));
    (Base(base), if rest.is_empty() { "/".to_owned() } else { rest.to_owned() })
}

/// The base URL to paste into an identity provider, whatever path came.
pub(crate) fn canonical(parts: &Parts, config: &Config) -> String {
    config.public_base_url.clone().unwrap_or_else(|| {
        format!("{}{}{}", origin(parts), stage(parts).unwrap_or_default(), config.base_path)
    })
}

fn public_path(config: &Config) -> &str {
    let behind_scheme = config.public_base_url.as_deref().and_then(|url| url.split_once("://"));
    behind_scheme.and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or_default()
}

/// `path` without `prefix`, where that ends at the end of a segment.
fn strip<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The stage in the public path, with its slash. A custom domain's path has none.
fn stage(parts: &Parts) -> Option<String> {
    match parts.request_context_ref()? {
        RequestContext::ApiGatewayV1(context) => {
            let stage = format!("/{}", context.stage.as_deref()?);
            context.path.as_deref().is_none_or(|path| strip(path, &stage).is_some()).then_some(stage)
        }
        RequestContext::ApiGatewayV2(context) => {
            let stage = format!("/{}", context.stage.as_deref().filter(|stage| *stage != "$default")?);
            context.http.path.as_deref().is_none_or(|path| strip(path, &stage).is_some()).then_some(stage)
        }
        _ => None,
    }
}

fn origin(parts: &Parts) -> String {
    let header = |name: &str| text(&parts.headers, name);
    let host = header(header::HOST.as_str()).or_else(|| parts.uri.host().map(str::to_owned));
    // Only a server on this machine is spoken to without TLS; it is also the only one without this header.
    let scheme = header("x-forwarded-proto").unwrap_or_else(|| "http".to_owned());
    format!("{scheme}://{}", host.as_deref().unwrap_or("localhost"))
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    value.split(',').next().map(|first| first.trim().to_owned()).filter(|first| !first.is_empty())
}

/// The URI with another path; the query stays.
pub(crate) fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let path_and_query = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    Uri::builder().path_and_query(path_and_query).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyRequestContext;

    fn check(url: &str, base_path: &str, expected: (&str, &str)) {
        check_behind(None, url, base_path, expected);
    }

    /// `public` is the path that API Gateway was asked for, in front of its stage `v1`.
    fn check_behind(public: Option<&str>, url: &str, base_path: &str, expected: (&str, &str)) {
        let (mut parts, ()) = Request::get(url).header("host", "h").body(()).expect("a request").into_parts();
        if let Some(public) = public {
            let mut context = ApiGatewayProxyRequestContext::default();
            (context.stage, context.path) = (Some("v1".to_owned()), Some(public.to_owned()));
            parts.extensions.insert(RequestContext::ApiGatewayV1(context));
        }
        let config = Config::new("t", "s").with_base_path(base_path);
        let (base, rest) = split(&parts, &config);
        assert_eq!((base.0.as_str(), rest.as_str()), expected, "{url}");
    }

    #[test]
    fn the_base_path_is_optional_and_slashes_do_not_count() {
        check("/scim/v2/Users/1", "/scim/v2", ("http://h/scim/v2", "/Users/1"));
        check("/scim/v2//Users/", "/scim/v2/", ("http://h/scim/v2", "/Users"));
        check("/Users", "/scim/v2", ("http://h", "/Users"));
        check("/scim/v2", "/scim/v2", ("http://h/scim/v2", "/"));
        check("/scim/v20/Users", "/scim/v2", ("http://h", "/scim/v20/Users"));
        check("/api/v2/scim/v2/Users", "/api/v2/scim/v2", ("http://h/api/v2/scim/v2", "/Users"));
        check("/a%2Fb", "", ("http://h", "/a%2Fb"));
    }

    #[test]
    fn the_path_of_the_public_url_belongs_to_the_base_url() {
        let check = |public: &str, url: &str, rest: &str| {
            let (parts, ()) = Request::get(url).header("host", "h").body(()).expect("a request").into_parts();
            let mut config = Config::new("t", "s");
            config.public_base_url = Some(public.to_owned());
            assert_eq!(split(&parts, &config), (Base(public.to_owned()), rest.to_owned()), "{url}");
        };
        check("https://p/identity/scim/v2", "/identity/scim/v2/Users/1", "/Users/1");
        check("https://p/identity/scim/v2", "/scim/v2/Users/1", "/Users/1");
        check("https://p/identity", "/identities/Users", "/identities/Users");
        check("https://p", "/Users", "/Users");
        check("https://p/scim", "/scim/v2/Users", "/Users");
    }

    #[test]
    fn the_stage_belongs_to_the_base_url_where_the_client_has_to_send_it() {
        let check = |public, url, expected| check_behind(Some(public), url, "/scim/v2", expected);
        // As the function is told to see it, and as it would see it otherwise.
        check("/v1/scim/v2/Users/1", "/scim/v2/Users/1", ("http://h/v1/scim/v2", "/Users/1"));
        check("/v1/scim/v2/Users/1", "/v1/scim/v2/Users/1", ("http://h/v1/scim/v2", "/Users/1"));
        check("/v1/Users", "/Users", ("http://h/v1", "/Users"));
        // Behind a custom domain.
        check("/scim/v2/Users/1", "/scim/v2/Users/1", ("http://h/scim/v2", "/Users/1"));
    }
}
