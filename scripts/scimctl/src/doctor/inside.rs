//! What only the operator can see: when tokens end, what of the configuration is left out, what suits nobody.

use directory::Setting;
use scim::{Object, catalog::Fault};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::report::Report;
use crate::{
    ending::written,
    guide::{self, Provider},
    secret::Known,
};

/// Days before the end of the last token at which somebody should know.
const SOON_DAYS: i64 = 30;
/// Days before it at which somebody must act.
const VERY_SOON_DAYS: i64 = 7;

/// When the tokens end by which a connector's client is let in.
pub(super) fn tokens(connector: &str, known: &[Known], now: OffsetDateTime, report: &mut Report) {
    let issue =
        format!("scimctl token issue {connector} --expires 365d, and paste it into the identity provider");
    let live: Vec<_> = known.iter().filter(|token| token.is_live(now)).collect();
    if live.is_empty() {
        return report.fail("tokens", format!("connector {connector} has no token that is good"), issue);
    }
    if let Some(clear) = live.iter().find(|token| token.is_clear) {
        let advice = format!("scimctl token rotate {connector} --overlap 24h puts a digest in its place");
        report.warn("clear-token", format!("token {} is readable in the secret", clear.id), advice);
    }
    let mut is_well = true;
    for token in &live {
        let Some(end) = token.not_after.filter(|end| *end - now < Duration::days(SOON_DAYS)) else {
            continue;
        };
        is_well = false;
        let detail = format!("token {} ends at {}", token.id, written(end));
        if end - now < Duration::days(VERY_SOON_DAYS) {
            report.warn(
                "tokens",
                format!("{detail}, in less than {VERY_SOON_DAYS} days"),
                format!("Now: {issue}"),
            );
        } else {
            report.warn("tokens", format!("{detail}, in less than {SOON_DAYS} days"), issue.clone());
        }
    }
    if is_well {
        let count = live.len();
        report.ok("tokens", format!("{count} good, none ends within {SOON_DAYS} days"));
    }
}

/// Documents of the configuration that requests do without.
pub(super) fn documents(tenant: &str, settings: Vec<Setting>, report: &mut Report) {
    let count = settings.len();
    let faults = endpoint::catalog(settings).faults;
    if faults.is_empty() {
        return report.ok("documents", format!("all {count} of tenant {tenant} are in use"));
    }
    for Fault { document, reason } in faults {
        let advice = if document.starts_with("connector#") {
            "Until it is mended this connector has the default settings: scimctl connector set NAME KEY= takes a setting away"
        } else {
            "It is left out until it is mended: correct the file and scimctl schema add it, or scimctl schema remove it"
        };
        report.fail("documents", format!("{document} of tenant {tenant} is left out: {reason}"), advice);
    }
}

/// Settings that an identity provider does not go well with.
pub(super) fn settings(connector: &str, settings: &Object, provider: Option<Provider>, report: &mut Report) {
    let (okta, entra) = (provider != Some(Provider::Entra), provider != Some(Provider::Okta));
    let off = |key: &str| settings.get(key) == Some(&Value::Bool(false));
    let on = |key: &str| settings.get(key) == Some(&Value::Bool(true));
    let unmatched = settings.get("unmatchedReplace").and_then(Value::as_str) == Some("error");
    // A strict connector forgives nothing, whatever its other settings say.
    let is_strict = on("strict");
    let mut is_well = true;
    for (is_wrong, what, key) in [
        (
            is_strict,
            "strict refuses changes without a path, which Okta sends, and much of what Entra sends",
            "strict",
        ),
        (on("readOnly"), "readOnly refuses every change", "readOnly"),
        (
            !is_strict && entra && off("booleanStrings"),
            "booleanStrings=false refuses \"False\", by which Entra disables people",
            "booleanStrings",
        ),
        (
            !is_strict && entra && off("removeValueAsFilter"),
            "removeValueAsFilter=false empties a group where Entra takes one member away",
            "removeValueAsFilter",
        ),
        (
            !is_strict && entra && unmatched,
            "unmatchedReplace=error refuses a first e-mail address or phone number that Entra sends as a replacement",
            "unmatchedReplace",
        ),
        (
            !is_strict && (okta || entra) && off("removeKeepsActive"),
            "removeKeepsActive=false has a removed active take a person out of every filter on active",
            "removeKeepsActive",
        ),
    ] {
        if is_wrong {
            is_well = false;
            report.warn(
                "settings",
                what,
                format!("scimctl connector set {connector} {key}= gives the default again"),
            );
        }
    }
    if is_well {
        report.ok("settings", format!("those of connector {connector} suit Okta and Entra"));
    }
}

/// Attributes that groups must have and that Okta does not send.
pub(super) fn gaps(configuration: Vec<Setting>, provider: Option<Provider>, report: &mut Report) {
    if provider == Some(Provider::Entra) {
        return;
    }
    let gaps = guide::gaps_of(configuration);
    if !gaps.is_empty() {
        report.warn(
            "groups",
            format!("groups require {}, which Okta cannot send with a pushed group", gaps.join(", ")),
            "Give it a default in the schema document and scimctl schema add it, or push no groups from Okta",
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;
    use crate::doctor::report::Outcome;

    const NOW: OffsetDateTime = datetime!(2026-11-22 06:00 UTC);

    fn check_tokens(ends: &[Option<OffsetDateTime>], expected: &[(&'static str, Outcome)]) {
        let known: Vec<_> =
            ends.iter().map(|end| Known { id: "a".to_owned(), not_after: *end, is_clear: false }).collect();
        let mut report = Report::default();
        tokens("okta", &known, NOW, &mut report);
        assert_eq!(report.outcomes(), expected, "{ends:?}");
    }

    #[test]
    fn ends_of_tokens_are_told_in_time() {
        check_tokens(&[], &[("tokens", Outcome::Fail)]);
        check_tokens(&[Some(NOW)], &[("tokens", Outcome::Fail)]);
        check_tokens(&[None, Some(NOW)], &[("tokens", Outcome::Ok)]);
        check_tokens(&[Some(NOW + Duration::days(31))], &[("tokens", Outcome::Ok)]);
        for days in [6, 29] {
            let mut report = Report::default();
            let known =
                Known { id: "a".to_owned(), not_after: Some(NOW + Duration::days(days)), is_clear: false };
            tokens("okta", &[known], NOW, &mut report);
            assert_eq!(report.outcomes(), [("tokens", Outcome::Warn)]);
            let words = if days < VERY_SOON_DAYS { "less than 7 days" } else { "less than 30 days" };
            assert!(report.text().contains(words), "{}", report.text());
        }
    }

    fn check_settings(document: Value, provider: Option<Provider>, expected: &[&str]) {
        let Value::Object(document) = document else { unreachable!() };
        assert_eq!(endpoint::check_settings(&document), Ok(()), "it must be one that the endpoint knows");
        let mut report = Report::default();
        settings("okta", &document, provider, &mut report);
        let warned: Vec<_> =
            report.outcomes().iter().filter(|it| it.1 == Outcome::Warn).map(|it| it.0).collect();
        assert_eq!(warned.len(), expected.len(), "{document:?}");
        for word in expected {
            assert!(report.text().contains(word), "{}", report.text());
        }
    }

    #[test]
    fn settings_are_judged_by_who_is_to_use_them() {
        check_settings(json!({}), None, &[]);
        check_settings(
            json!({ "strict": true, "booleanStrings": false }),
            Some(Provider::Entra),
            &["strict="],
        );
        check_settings(json!({ "booleanStrings": false }), Some(Provider::Entra), &["booleanStrings="]);
        check_settings(
            json!({ "booleanStrings": false, "removeValueAsFilter": false }),
            Some(Provider::Okta),
            &[],
        );
        check_settings(
            json!({ "unmatchedReplace": "error", "readOnly": true }),
            None,
            &["unmatchedReplace=", "readOnly="],
        );
    }
}
