//! The X-Ray trace that a request is a part of.

use http::request::Parts;
use lambda_http::RequestExt;

/// The id of the request's trace: what `Root` is in the header that Lambda was called with.
pub(crate) fn id(parts: &Parts) -> Option<&str> {
    root(parts.lambda_context_ref()?.xray_trace_id.as_deref()?)
}

/// `Root` of a tracing header. A client may send that header: what is not an id stays out of the log.
fn root(header: &str) -> Option<&str> {
    const LENGTH: usize = "1-5759e988-bd862e3fe1be46a994272793".len();
    let root = header.split(';').find_map(|part| part.trim().strip_prefix("Root="))?;
    let is_id = root.len() == LENGTH && root.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_id.then_some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_an_id_or_nothing() {
        let id = "1-5759e988-bd862e3fe1be46a994272793";
        assert_eq!(root(&format!("Root={id};Parent=53995c3f42cd8ad8;Sampled=1")), Some(id));
        assert_eq!(root(&format!("Self=1-67891234-12456789abcdef012345678;Root={id}")), Some(id));
        for other in ["", "Root=", "Root=bjensen@example.com", "Parent=53995c3f42cd8ad8;Sampled=0"] {
            assert_eq!(root(other), None, "{other}");
        }
        assert_eq!(root(&format!("Root={}", "x".repeat(id.len()))), None);
    }
}
