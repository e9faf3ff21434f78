//! Settings of a connector and of a tenant, as they are written on the command line.

use anyhow::{Result, bail};
use scim::Object;
use serde_json::Value;

/// What there is to set of one of the two.
pub(crate) struct Known {
    /// Each setting with its default, in words; a test sees that the endpoint knows each of them.
    help: &'static str,
    /// Whether the endpoint understands all of a document.
    check: fn(&Object) -> Result<(), String>,
}

pub(crate) const CONNECTOR: Known = Known { help: OF_CONNECTOR, check: endpoint::check_settings };
pub(crate) const TENANT: Known = Known { help: OF_TENANT, check: endpoint::check_tenant_settings };

pub(crate) const OF_CONNECTOR: &str = "\
Settings, with their defaults:
  strict=false               nothing is forgiven: what the interoperability profile asks
  booleanStrings=true        \"True\" and \"False\" are booleans
  removeValueAsFilter=true   remove with a path and a value removes those values only
  unmatchedReplace=create    what replace does through a filter that matches nothing: create or error
  removeKeepsActive=true     remove of active leaves it as it is
  groupPatchAnswer=noContent what a group's PATCH is answered with: noContent or resource
  readOnly=false             the client may only read
  basicAuthentication=false  the token may come as the password of Basic, the connector's name as the user name
  createOnly=                attributes, separated by commas, that this client sets on create or while they are empty
  groupsReturned=default     a user's groups in answers: default, or request, where a request names them
  subject=                   the userName of the user that /Me is";

pub(crate) const OF_TENANT: &str = "\
Settings, with their defaults:
  uniqueEmail=false              two users may not share an e-mail address
  uniqueExternalId=false         two resources of a type may not share an externalId of one connector
  uniqueGroupDisplayName=true    two groups may not share a displayName
  password=discard               what becomes of passwords: discard, or argon2id, whose hash is kept";

/// A setting and its new value; without one, its default.
pub(crate) type Assignment = (String, Option<String>);

/// Reads `strict=true`, or `strict=`.
pub(crate) fn parse(text: &str) -> Result<Assignment, String> {
    let (key, value) = text.split_once('=').ok_or("a setting is KEY=VALUE, as in strict=true")?;
    Ok((key.to_owned(), (!value.is_empty()).then(|| value.to_owned())))
}

impl Known {
    /// Changes one of the settings, if the endpoint understands it then.
    pub(crate) fn assign(&self, settings: &mut Object, (key, value): &Assignment) -> Result<()> {
        let Some(value) = value else {
            // One that is stored and not known can be taken away: because of it the others do not count.
            if settings.remove(key).is_none()
                && let Err(reason) = self.check_one(key, &Value::Null)
                && reason.starts_with("unknown field")
            {
                return Err(self.refusal(key, &reason));
            }
            return Ok(());
        };
        // A switch is true or false; a name is text, be it 1234 or true; what is no single text is several.
        let switch = value.parse().map(Value::Bool).ok().filter(|switch| self.check_one(key, switch).is_ok());
        let list: Value = value.split(',').map(str::trim).collect();
        let list = Some(list).filter(|list| self.check_one(key, list).is_ok());
        let value = switch.or(list).unwrap_or_else(|| value.as_str().into());
        if let Err(reason) = self.check_one(key, &value) {
            return Err(self.refusal(key, &reason));
        }
        settings.insert(key.clone(), value);
        // What was stored before must be good as well: the endpoint takes all of it, or nothing.
        if let Err(reason) = (self.check)(settings) {
            bail!("what is stored already is not understood: {reason}\n\n{}", self.help);
        }
        Ok(())
    }

    fn check_one(&self, key: &str, value: &Value) -> Result<(), String> {
        (self.check)(&Object::from_iter([(key.to_owned(), value.clone())]))
    }

    fn refusal(&self, key: &str, reason: &str) -> anyhow::Error {
        anyhow::anyhow!("{key}: {reason}\n\n{}", self.help)
    }
}

/// A setting's value as it is written on the command line.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(","),
        value => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check_assigning(text: &str, expected: Result<Value, &str>) {
        let mut settings = Object::from_iter([("readOnly".to_owned(), json!(true))]);
        let outcome =
            parse(text).map_err(anyhow::Error::msg).and_then(|it| CONNECTOR.assign(&mut settings, &it));
        match (outcome, expected) {
            (Ok(()), Ok(expected)) => assert_eq!(Value::Object(settings), expected, "{text}"),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{text}: {error}"),
            (outcome, _) => panic!("{text}: {outcome:?}"),
        }
    }

    #[test]
    fn a_setting_is_taken_as_the_endpoint_reads_it() {
        check_assigning("strict=true", Ok(json!({ "readOnly": true, "strict": true })));
        check_assigning(
            "unmatchedReplace=error",
            Ok(json!({ "readOnly": true, "unmatchedReplace": "error" })),
        );
        check_assigning("subject=true", Ok(json!({ "readOnly": true, "subject": "true" })));
        check_assigning("subject=12", Ok(json!({ "readOnly": true, "subject": "12" })));
        check_assigning(
            "createOnly=title, name.givenName",
            Ok(json!({ "readOnly": true, "createOnly": ["title", "name.givenName"] })),
        );
        check_assigning("readOnly=", Ok(json!({})));
        check_assigning("strict=", Ok(json!({ "readOnly": true })));
    }

    #[test]
    fn what_the_endpoint_does_not_know_is_refused_with_what_it_does() {
        check_assigning("strikt=true", Err("strikt: unknown field"));
        check_assigning("strikt=", Err("groupPatchAnswer=noContent"));
        check_assigning("strict=perhaps", Err("strict: invalid type"));
        check_assigning("createOnly=a b", Err("createOnly: "));
        check_assigning("unmatchedReplace=maybe", Err("unmatchedReplace: unknown variant"));
        check_assigning("strict", Err("KEY=VALUE"));
    }

    #[test]
    fn every_setting_that_help_names_is_one_and_none_is_missing() {
        for of in [CONNECTOR, TENANT] {
            let unknown = of.check_one("?", &Value::Null).expect_err("no such setting");
            let known = unknown.split('`').skip(3).step_by(2).collect::<Vec<_>>();
            let told: Vec<_> =
                of.help.lines().skip(1).filter_map(|line| line.trim().split_once('=')).collect();
            assert_eq!(told.iter().map(|(key, _)| *key).collect::<Vec<_>>(), known);
            for (key, rest) in told {
                let default = rest.split(' ').next().map(str::to_owned);
                let assignment = (key.to_owned(), default.filter(|text| !text.is_empty()));
                assert!(of.assign(&mut Object::new(), &assignment).is_ok(), "{key}");
            }
        }
    }
}
