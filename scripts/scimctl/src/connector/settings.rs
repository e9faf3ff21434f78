//! Settings of a connector, as they are written on the command line.

use anyhow::{Result, bail};
use scim::Object;
use serde_json::Value;

/// What there is to set; a test sees that the endpoint knows each of them.
pub(crate) const SETTINGS: &str = "\
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

/// A setting and its new value; without one, its default.
pub(crate) type Assignment = (String, Option<String>);

/// Reads `strict=true`, or `strict=`.
pub(crate) fn parse(text: &str) -> Result<Assignment, String> {
    let (key, value) = text.split_once('=').ok_or("a setting is KEY=VALUE, as in strict=true")?;
    Ok((key.to_owned(), (!value.is_empty()).then(|| value.to_owned())))
}

/// Changes one of the settings, if the endpoint understands it then.
pub(crate) fn assign(settings: &mut Object, (key, value): &Assignment) -> Result<()> {
    let Some(value) = value else {
        // One that is stored and not known can be taken away: because of it the others do not count.
        if settings.remove(key).is_none()
            && let Err(reason) = check(key, &Value::Null)
            && reason.starts_with("unknown field")
        {
            return Err(refusal(key, &reason));
        }
        return Ok(());
    };
    // A switch is true or false; a name is text, be it 1234 or true; what is no single text is several.
    let switch = value.parse().map(Value::Bool).ok().filter(|switch| check(key, switch).is_ok());
    let list: Value = value.split(',').map(str::trim).collect();
    let list = Some(list).filter(|list| check(key, list).is_ok());
    let value = switch.or(list).unwrap_or_else(|| value.as_str().into());
    if let Err(reason) = check(key, &value) {
        return Err(refusal(key, &reason));
    }
    settings.insert(key.clone(), value);
    // What was stored before must be good as well: the endpoint takes all of it, or nothing.
    if let Err(reason) = endpoint::check_settings(settings) {
        bail!("what is stored already is not understood: {reason}\n\n{SETTINGS}");
    }
    Ok(())
}

fn check(key: &str, value: &Value) -> Result<(), String> {
    endpoint::check_settings(&Object::from_iter([(key.to_owned(), value.clone())]))
}

fn refusal(key: &str, reason: &str) -> anyhow::Error {
    anyhow::anyhow!("{key}: {reason}\n\n{SETTINGS}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check_assigning(text: &str, expected: Result<Value, &str>) {
        let mut settings = Object::from_iter([("readOnly".to_owned(), json!(true))]);
        let outcome = parse(text).map_err(anyhow::Error::msg).and_then(|it| assign(&mut settings, &it));
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
        let unknown = check("?", &Value::Null).expect_err("no such setting");
        let known = unknown.split('`').skip(3).step_by(2).collect::<Vec<_>>();
        let told: Vec<_> = SETTINGS.lines().skip(1).filter_map(|line| line.trim().split_once('=')).collect();
        assert_eq!(told.iter().map(|(key, _)| *key).collect::<Vec<_>>(), known);
        for (key, rest) in told {
            let default = rest.split(' ').next().map(str::to_owned);
            let assignment = (key.to_owned(), default.filter(|text| !text.is_empty()));
            assert!(assign(&mut Object::new(), &assignment).is_ok(), "{key}");
        }
    }
}
