//! The names that a fixture's requests and answers may use: `${base}`, `${token}` and what earlier steps saved.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Map, Value};

/// Values by name.
#[derive(Debug, Default)]
pub(crate) struct Values(BTreeMap<String, Value>);

impl Values {
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// `text` with every `${name}` replaced.
    pub(crate) fn text(&self, text: &str) -> Result<String> {
        self.replace(text, &str::to_owned)
    }

    /// `json` with every `${name}` in its strings replaced; a string that is one name alone becomes the value itself.
    pub(crate) fn json(&self, json: &Value) -> Result<Value> {
        Ok(match json {
            Value::String(text) => match alone(text) {
                Some(name) => self.get(name)?.clone(),
                None => Value::String(self.text(text)?),
            },
            Value::Array(elements) => {
                Value::Array(elements.iter().map(|element| self.json(element)).collect::<Result<_>>()?)
            }
            Value::Object(entries) => {
                let mut replaced = Map::new();
                for (key, value) in entries {
                    let value = match value {
                        // What is put into a regular expression stands for itself there.
                        Value::String(text) if key == "$match" => self.replace(text, &regex::escape)?.into(),
                        value => self.json(value)?,
                    };
                    replaced.insert(self.text(key)?, value);
                }
                Value::Object(replaced)
            }
            other => other.clone(),
        })
    }

    fn get(&self, name: &str) -> Result<&Value> {
        self.0.get(name).with_context(|| format!("nothing is saved as ${{{name}}}"))
    }

    fn replace(&self, text: &str, quote: &dyn Fn(&str) -> String) -> Result<String> {
        let mut parts = text.split("${");
        let mut replaced = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').with_context(|| format!("{text}: ${{ without its }}"))?;
            let value = self.get(name)?;
            replaced += &quote(value.as_str().unwrap_or(&value.to_string()));
            replaced += rest;
        }
        Ok(replaced)
    }
}

fn alone(text: &str) -> Option<&str> {
    text.strip_prefix("${")?.strip_suffix('}').filter(|name| !name.contains('}'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_replaced_in_strings_and_keep_their_type_when_alone() {
        let mut values = Values::default();
        values.set("id", "a.b");
        values.set("count", 3);
        let written =
            json!({"${id}": ["/Users/${id}?count=${count}", "${count}", 1], "x": {"$match": "^${id}$"}});
        let meant = json!({"a.b": ["/Users/a.b?count=3", 3, 1], "x": {"$match": "^a\\.b$"}});
        assert_eq!(values.json(&written).unwrap(), meant);
        assert!(values.text("${other}").unwrap_err().to_string().contains("${other}"));
    }
}
