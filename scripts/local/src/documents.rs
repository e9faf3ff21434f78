//! What is configured of a tenant, as it stands in the table: schemas and resource types from files, settings.

use std::fs;
use std::path::Path;

use connector::DEFAULT_CONNECTOR;
use directory::Setting;
use serde_json::Value;

use crate::Error;

/// The documents of every `.json` file of a folder; a file holds one document, or several in an array.
///
/// # Errors
///
/// [`Error::Io`] when a file cannot be read, [`Error::Document`] when it holds something else.
pub fn load(folder: &Path) -> Result<Vec<Setting>, Error> {
    let reading = || Error::io(format!("reading {}", folder.display()));
    let mut paths: Vec<_> = fs::read_dir(folder)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(reading())?
        .iter()
        .map(fs::DirEntry::path)
        .collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    let mut settings = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(Error::io(format!("reading {}", path.display())))?;
        settings.extend(parse(&text).map_err(|reason| Error::Document(path, reason))?);
    }
    Ok(settings)
}

/// The settings of the default connector.
#[must_use]
pub fn connector(settings: &[(String, Value)]) -> Setting {
    let document = settings.iter().cloned().collect();
    Setting { name: format!("connector#{DEFAULT_CONNECTOR}"), document }
}

/// One setting, as in `strict=true`: a value that is no JSON is text.
///
/// # Errors
///
/// What is wrong, in words.
pub fn parse_setting(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("a setting is NAME=VALUE, as in strict=true")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((name.to_owned(), value))
}

/// The documents of one file.
///
/// # Errors
///
/// What is wrong, in words.
pub fn parse(text: &str) -> Result<Vec<Setting>, String> {
    let documents = match serde_json::from_str(text).map_err(|error| error.to_string())? {
        Value::Array(documents) => documents,
        document => vec![document],
    };
    documents.into_iter().map(setting).collect()
}

/// A `ResourceType` has an endpoint and goes by its name, a Schema by its URN.
fn setting(document: Value) -> Result<Setting, String> {
    let Value::Object(document) = document else { return Err("a document is a JSON object".to_owned()) };
    let text = |name: &str| {
        document.get(name).and_then(Value::as_str).ok_or_else(|| format!("a document has no {name}"))
    };
    let name = if document.contains_key("endpoint") {
        format!("type#{}", text("name")?)
    } else {
        format!("schema#{}", text("id")?)
    };
    Ok(Setting { name, document })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_named_by_what_they_define() {
        let text = r#"[{"endpoint": "/Devices", "name": "Device"}, {"id": "urn:x:Device"}]"#;
        let names: Vec<_> = parse(text).unwrap().into_iter().map(|setting| setting.name).collect();
        assert_eq!(names, ["type#Device", "schema#urn:x:Device"]);
        assert_eq!(parse("{}").unwrap_err(), "a document has no id");
        assert_eq!(parse("[1]").unwrap_err(), "a document is a JSON object");
    }

    #[test]
    fn a_setting_has_a_name_and_a_value() {
        assert_eq!(parse_setting("strict=true").unwrap(), ("strict".to_owned(), Value::Bool(true)));
        assert_eq!(parse_setting("subject=ann").unwrap(), ("subject".to_owned(), Value::from("ann")));
        assert!(parse_setting("strict").unwrap_err().contains("NAME=VALUE"));
        let setting = connector(&[parse_setting("strict=true").unwrap()]);
        assert_eq!(
            (setting.name.as_str(), &setting.document["strict"]),
            ("connector#default", &Value::Bool(true))
        );
    }
}
