//! What anybody can see of an endpoint: that it is there, and that it lets in nobody.

use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use super::{client::Client, report::Report};

/// Seconds by which two clocks may differ.
const SMALL_SKEW: u64 = 60;
/// Seconds from which on tokens and signatures are judged wrongly.
const LARGE_SKEW: u64 = 300;

/// Whether the endpoint can be reached; without that there is nothing more to ask.
pub(super) async fn check(client: &Client, now: OffsetDateTime, report: &mut Report) -> bool {
    url(client.base(), report);
    let health = match client.get_openly("/health").await {
        Ok(health) => health,
        Err(error) => {
            // DNS, TLS and the connection each say so somewhere in the chain of causes.
            report.fail("reach", format!("{}: {error:#}", client.base()), advice(&format!("{error:#}")));
            return false;
        }
    };
    report.ok("reach", format!("{} answers after {} ms", client.base(), health.elapsed.as_millis()));
    let parts = ["/table", "/secret"].map(|part| health.text_at(part).to_owned());
    if health.status == 200 && health.text_at("/status") == "ok" {
        report.ok("health", "table and secret answer");
    } else if health.status == 503 && parts.iter().any(|part| part == "unavailable") {
        let [table, secret] = parts;
        report.fail(
            "health",
            format!("503: table {table}, secret {secret}"),
            "The log of the health function says why: look for its errors in CloudWatch Logs",
        );
    } else {
        report.fail(
            "health",
            format!("/health is answered {}", health.summary()),
            "This is not the base URL, or something stands in front of the service: the base URL is the stack's output BaseUrl",
        );
    }
    clock(health.header("date"), now, report);
    match client.get_openly("/Users?startIndex=1&count=1").await {
        Ok(answer) => report.judge(
            "no-token",
            "without a token 401, as a SCIM error",
            answer.error_fault(401),
            "Every answer has to come from the service: look for a proxy, an authorizer or a firewall in front of it",
        ),
        Err(error) => report.fail("no-token", format!("{error:#}"), "Repeat this; look at the logs of the users function"),
    }
    true
}

fn url(base: &str, report: &mut Report) {
    let uri: Option<http::Uri> = base.parse().ok();
    let host = uri.as_ref().and_then(|uri| uri.host()).unwrap_or_default().to_owned();
    let is_open = uri.as_ref().and_then(|uri| uri.scheme_str()) != Some("https");
    let is_here = ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str());
    if is_open && is_here {
        report.ok("url", "on this machine, without TLS");
    } else if is_open {
        report.fail(
            "url",
            format!("{base} is not https: tokens go in clear"),
            "Give the https URL; identity providers take no other",
        );
    } else if host.contains('_') {
        report.warn(
            "url",
            format!("the host {host} has an underscore"),
            "Okta takes no underscore: use a custom domain without one",
        );
    } else {
        report.ok("url", "https");
    }
}

/// What is to be done where no connection comes about.
fn advice(error: &str) -> &'static str {
    let error = error.to_lowercase();
    if error.contains("dns") || error.contains("lookup") {
        "The host's name is not known: compare with the stack's output BaseUrl; a custom domain needs its DNS record"
    } else if error.contains("certificate") || error.contains("tls") || error.contains("handshake") {
        "The certificate is not accepted: it needs the host's name, and a chain to a public authority"
    } else if error.contains("refused") {
        "Nobody listens there: compare host and port; a local server has to run (scripts/dev)"
    } else {
        "Compare with the stack's output BaseUrl; look for a firewall or a proxy on the way"
    }
}

fn clock(date: Option<&str>, now: OffsetDateTime, report: &mut Report) {
    let Some(theirs) = date.and_then(|date| OffsetDateTime::parse(date, &Rfc2822).ok()) else {
        return report.skip(
            "clock",
            "the answer has no Date",
            "A proxy takes it away; nothing depends on it",
        );
    };
    let skew = (theirs - now).whole_seconds();
    let detail = format!("the clocks differ by {} s", skew.unsigned_abs());
    let advice = "Set this machine's clock (NTP): ends of tokens and signatures are judged by it";
    match skew.unsigned_abs() {
        0..=SMALL_SKEW => report.ok("clock", detail),
        seconds if seconds < LARGE_SKEW => report.warn("clock", detail, advice),
        _ => report.fail("clock", detail, advice),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use time::macros::datetime;

    use super::*;
    use crate::doctor::report::Outcome;

    fn check_clock(date: Option<&str>, expected: Outcome) {
        let mut report = Report::default();
        clock(date, datetime!(2026-11-22 06:00 UTC), &mut report);
        assert_eq!(report.outcomes(), [("clock", expected)], "{date:?}");
    }

    #[test]
    fn clocks_may_differ_a_little() {
        check_clock(Some("Sun, 22 Nov 2026 06:00:30 GMT"), Outcome::Ok);
        check_clock(Some("Sun, 22 Nov 2026 05:58:00 GMT"), Outcome::Warn);
        check_clock(Some("Sun, 22 Nov 2026 07:00:00 GMT"), Outcome::Fail);
        check_clock(Some("yesterday"), Outcome::Skip);
        check_clock(None, Outcome::Skip);
    }

    #[test]
    fn tokens_go_in_clear_on_this_machine_only() {
        for (base, expected) in [
            ("https://a.example/scim/v2", Outcome::Ok),
            ("http://127.0.0.1:8080/scim/v2", Outcome::Ok),
            ("http://a.example/scim/v2", Outcome::Fail),
            ("https://my_scim.example/scim/v2", Outcome::Warn),
        ] {
            let mut report = Report::default();
            url(base, &mut report);
            assert_eq!(report.outcomes(), [("url", expected)], "{base}");
        }
        assert_eq!(json!(Outcome::Fail), Value::from("fail"));
    }

    #[test]
    fn what_keeps_a_connection_from_coming_about_is_told_apart() {
        assert!(advice("client error: dns error: failed to lookup address").contains("name is not known"));
        assert!(advice("invalid peer certificate: Expired").contains("certificate is not accepted"));
        assert!(advice("tcp connect error: Connection refused").contains("Nobody listens"));
        assert!(advice("no answer within 35 seconds").contains("firewall"));
    }
}
