//! What an answer is compared with: JSON in which an object may leave keys out, and a few marks for what varies.
//!
//! | mark | matches |
//! |---|---|
//! | `{"$any": true}` | anything that is there |
//! | `{"$absent": true}` | nothing: the key must be missing |
//! | `{"$match": "regex"}` | a string |
//! | `{"$length": n}` | an array, object or string of that many elements, keys or characters |
//! | `{"$set": […]}` | an array of exactly these elements in any order |

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use regex::Regex;
use serde_json::{Map, Value};

/// A pattern for a JSON value.
#[derive(Debug)]
pub enum Pattern {
    /// Anything.
    Any,
    /// Nothing.
    Absent,
    /// A string that the regular expression finds itself in.
    Match(Regex),
    /// So many elements, keys or characters.
    Length(usize),
    /// These elements in any order.
    Set(Vec<Pattern>),
    /// These elements in this order.
    Array(Vec<Pattern>),
    /// These keys, and any others.
    Object(BTreeMap<String, Pattern>),
    /// This value.
    Exactly(Value),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// When a mark is unknown or misused, and for `null`, which no answer may hold.
    pub fn parse(json: &Value) -> Result<Self> {
        Ok(match json {
            Value::Null => bail!("no answer holds null: use {{\"$absent\": true}}"),
            Value::Array(elements) => Self::Array(list(elements)?),
            Value::Object(entries) => match mark(entries) {
                Some(_) if entries.len() > 1 => bail!("a mark stands alone in its object: {json}"),
                Some((name, argument)) => {
                    Self::marked(name, argument).with_context(|| format!("the mark {name}: {argument}"))?
                }
                None => {
                    let parsed = entries.iter().map(|(key, value)| Ok((key.clone(), Self::parse(value)?)));
                    Self::Object(parsed.collect::<Result<_>>()?)
                }
            },
            scalar => Self::Exactly(scalar.clone()),
        })
    }

    fn marked(name: &str, argument: &Value) -> Result<Self> {
        Ok(match (name, argument) {
            ("$any", Value::Bool(true)) => Self::Any,
            ("$absent", Value::Bool(true)) => Self::Absent,
            ("$match", Value::String(regex)) => Self::Match(Regex::new(regex)?),
            ("$length", Value::Number(length)) => {
                Self::Length(length.as_u64().context("not a length")?.try_into()?)
            }
            ("$set", Value::Array(elements)) => Self::Set(list(elements)?),
            _ => bail!("unknown, or not with this argument"),
        })
    }

    /// Every difference between this and `got`, each with the JSON pointer to where it is; `at` goes in front.
    #[must_use]
    pub fn differences(&self, at: &str, got: Option<&Value>) -> Vec<String> {
        match (self, got) {
            (Self::Absent, None) => vec![],
            (Self::Absent, Some(got)) => vec![format!("{at}: expected nothing, got {}", short(got))],
            (_, None) => vec![format!("{at}: expected {}, got nothing", short(self))],
            (Self::Array(patterns), Some(Value::Array(got))) if patterns.len() == got.len() => patterns
                .iter()
                .zip(got)
                .enumerate()
                .flat_map(|(index, (pattern, got))| pattern.differences(&format!("{at}/{index}"), Some(got)))
                .collect(),
            (Self::Object(patterns), Some(Value::Object(got))) => patterns
                .iter()
                .flat_map(|(key, pattern)| {
                    pattern.differences(&format!("{at}/{}", escape(key)), got.get(key))
                })
                .collect(),
            (_, Some(got)) if self.matches(got) => vec![],
            (Self::Set(patterns), Some(Value::Array(got))) => unpaired(at, patterns, got),
            (_, Some(got)) => vec![format!("{at}: expected {}, got {}", short(self), short(got))],
        }
    }

    fn matches(&self, got: &Value) -> bool {
        match self {
            Self::Any => !got.is_null(),
            Self::Match(regex) => got.as_str().is_some_and(|text| regex.is_match(text)),
            Self::Length(length) => size(got) == Some(*length),
            Self::Set(patterns) => got.as_array().is_some_and(|got| pairs_up(patterns, got)),
            Self::Exactly(value) => value == got,
            Self::Absent => false,
            Self::Array(patterns) => got.as_array().is_some_and(|got| {
                patterns.len() == got.len()
                    && patterns.iter().zip(got).all(|(pattern, got)| pattern.matches(got))
            }),
            Self::Object(_) => got.is_object() && self.differences("", Some(got)).is_empty(),
        }
    }
}

fn list(elements: &[Value]) -> Result<Vec<Pattern>> {
    elements.iter().map(Pattern::parse).collect()
}

/// The one key of an object when it begins with `$`; `$ref` is an attribute of SCIM's own.
fn mark(entries: &Map<String, Value>) -> Option<(&String, &Value)> {
    entries.iter().find(|(key, _)| key.starts_with('$') && *key != "$ref")
}

fn size(value: &Value) -> Option<usize> {
    match value {
        Value::Array(elements) => Some(elements.len()),
        Value::Object(entries) => Some(entries.len()),
        Value::String(text) => Some(text.chars().count()),
        _ => None,
    }
}

/// Whether the patterns and the elements can be paired so that each pattern matches its element.
fn pairs_up(patterns: &[Pattern], got: &[Value]) -> bool {
    let Some((first, rest)) = patterns.split_first() else { return got.is_empty() };
    (0..got.len()).any(|index| {
        first.matches(&got[index]) && pairs_up(rest, &[&got[..index], &got[index + 1..]].concat())
    })
}

/// Why a set does not pair up: how each pattern without an element differs from the element most like it.
fn unpaired(at: &str, patterns: &[Pattern], got: &[Value]) -> Vec<String> {
    let mut differences = Vec::new();
    if patterns.len() != got.len() {
        differences.push(format!("{at}: expected {} elements, got {}", patterns.len(), got.len()));
    }
    for pattern in patterns.iter().filter(|pattern| !got.iter().any(|got| pattern.matches(got))) {
        let closest = got
            .iter()
            .enumerate()
            .map(|(index, got)| pattern.differences(&format!("{at}/{index}"), Some(got)))
            .min_by_key(Vec::len);
        differences.extend(closest.unwrap_or_else(|| vec![format!("{at}: expected {}", short(pattern))]));
    }
    if differences.is_empty() {
        differences.push(format!("{at}: two of the patterns match the same element only"));
    }
    differences
}

/// The beginning of what is long.
fn short(value: &impl ToString) -> String {
    const LONGEST: usize = 300;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A key as a part of a JSON pointer (RFC 6901 §3).
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("any value"),
            Self::Absent => f.write_str("nothing"),
            Self::Match(regex) => write!(f, "a string like /{regex}/"),
            Self::Length(length) => write!(f, "a length of {length}"),
            Self::Exactly(value) => write!(f, "{value}"),
            Self::Set(patterns) => {
                f.write_str("in any order ")?;
                show(f, patterns)
            }
            Self::Array(patterns) => show(f, patterns),
            Self::Object(patterns) => {
                f.write_str("{")?;
                for (key, pattern) in patterns {
                    write!(f, "{key:?}: {pattern}, ")?;
                }
                f.write_str("…}")
            }
        }
    }
}

fn show(f: &mut std::fmt::Formatter<'_>, patterns: &[Pattern]) -> std::fmt::Result {
    f.write_str("[")?;
    for (index, pattern) in patterns.iter().enumerate() {
        write!(f, "{}{pattern}", if index == 0 { "" } else { ", " })?;
    }
    f.write_str("]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(pattern: Value, got: Value, differences: &[&str]) {
        assert_eq!(
            Pattern::parse(&pattern).unwrap().differences("", Some(&got)),
            differences,
            "{pattern} {got}"
        );
    }

    #[test]
    fn an_object_is_partial_and_an_array_exact() {
        check(json!({"a": 1}), json!({"a": 1, "b": 2}), &[]);
        check(json!({"a": {"b": "x"}}), json!({"a": {"b": "y"}}), &[r#"/a/b: expected "x", got "y""#]);
        check(json!({"a": 1}), json!({}), &["/a: expected 1, got nothing"]);
        check(json!([1, {"a": 2}]), json!([1, {"a": 2, "b": 3}]), &[]);
        check(json!([1, 2]), json!([2, 1]), &["/0: expected 1, got 2", "/1: expected 2, got 1"]);
        check(json!([1]), json!([1, 2]), &[": expected [1], got [1,2]"]);
        check(json!({"a": 1}), json!([]), &[r#": expected {"a": 1, …}, got []"#]);
        check(json!({"$ref": "x"}), json!({"$ref": "x", "value": "y"}), &[]);
    }

    #[test]
    fn marks_match_what_varies() {
        check(json!({"a": {"$any": true}}), json!({"a": 0}), &[]);
        check(json!({"a": {"$any": true}}), json!({"b": 0}), &["/a: expected any value, got nothing"]);
        check(json!({"a": {"$any": true}}), json!({"a": null}), &["/a: expected any value, got null"]);
        check(json!({"a": {"$absent": true}}), json!({}), &[]);
        check(json!({"a": {"$absent": true}}), json!({"a": 1}), &["/a: expected nothing, got 1"]);
        check(json!({"$match": "^a+$"}), json!("aa"), &[]);
        check(json!({"$match": "^a+$"}), json!("ab"), &[r#": expected a string like /^a+$/, got "ab""#]);
        check(json!({"$length": 2}), json!([1, 2]), &[]);
        check(json!({"$length": 2}), json!("ä"), &[r#": expected a length of 2, got "ä""#]);
    }

    #[test]
    fn a_set_is_paired_up_whatever_the_order() {
        let set = |patterns: Value| json!({ "$set": patterns });
        check(set(json!([{"$any": true}, 1])), json!([1, 2]), &[]);
        check(set(json!([1, 2, 2])), json!([2, 1, 2]), &[]);
        check(set(json!([1])), json!([1, 1]), &[": expected 1 elements, got 2"]);
        check(set(json!([1, 1])), json!([1, 2]), &[": two of the patterns match the same element only"]);
        check(
            set(json!([{"a": 1, "b": 2}, {"a": 2, "b": 3}])),
            json!([{"a": 2, "b": 4}, {"a": 1, "b": 2}]),
            &["/0/b: expected 3, got 4"],
        );
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in [
            json!(null),
            json!({"$mtch": "x"}),
            json!({"$any": true, "a": 1}),
            json!({"$match": "("}),
            json!({"$any": false}),
            json!({"$length": -1}),
            json!({"a": {"$set": 1}}),
        ] {
            assert!(Pattern::parse(&pattern).is_err(), "{pattern}");
        }
    }
}
