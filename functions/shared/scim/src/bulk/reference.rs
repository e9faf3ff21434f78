//! References to what a bulk job itself creates: `bulkId:` and the client's name for it (RFC 7644 §3.7.2).

use std::{collections::BTreeSet, ops::Range};

use serde_json::{Deserializer, Value};

use crate::Object;

const MARK: &str = "bulkId:";

/// What stands before the reference that `text` is, and the `bulkId` it names.
///
/// A reference is a whole value, or the last part of a URL: `bulkId:x`, `../Users/bulkId:x`.
pub(super) fn parse(text: &str) -> Option<(&str, &str)> {
    if let Some(name) = text.strip_prefix(MARK) {
        return (!name.is_empty()).then_some(("", name));
    }
    let at = text.rfind("/bulkId:")? + 1;
    let (place, name) = (&text[..at], &text[at + MARK.len()..]);
    let is_url = !name.is_empty() && !name.contains('/') && !text.contains(char::is_whitespace);
    is_url.then_some((place, name))
}

/// Every `bulkId` that `data` refers to; that of a PATCH refers in its paths too.
pub(super) fn find(data: &Value, is_patch: bool) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut note = |text: &str| names.extend(parse(text).map(|(_, name)| name.to_owned()));
    each_text(data, &mut note);
    if is_patch {
        for (_, text) in paths(data).flat_map(literals) {
            note(&text);
        }
    }
    names
}

/// Puts ids in the place of references, where `id_of` knows the `bulkId`.
pub(super) fn resolve<'a>(data: &mut Value, is_patch: bool, id_of: &impl Fn(&str) -> Option<&'a str>) {
    let resolved = |text: &str| {
        let (place, name) = parse(text)?;
        Some(format!("{place}{}", id_of(name)?))
    };
    each_text_mut(data, &mut |text| {
        if let Some(resolved) = resolved(text) {
            *text = resolved;
        }
    });
    if is_patch {
        for path in paths_mut(data) {
            // From the end, so that the places of earlier ones stay true.
            for (place, text) in literals(path).into_iter().rev() {
                if let Some(id) = resolved(&text) {
                    path.replace_range(place, &Value::String(id).to_string());
                }
            }
        }
    }
}

fn each_text(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, visit)),
        Value::Object(fields) => fields.values().for_each(|field| each_text(field, visit)),
        _ => {}
    }
}

fn each_text_mut(value: &mut Value, visit: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text_mut(item, visit)),
        Value::Object(fields) => fields.values_mut().for_each(|field| each_text_mut(field, visit)),
        _ => {}
    }
}

/// The paths of a PATCH message's operations.
fn paths(message: &Value) -> impl Iterator<Item = &str> {
    let operations = message.as_object().and_then(|message| field(message, "Operations"));
    let operations = operations.and_then(Value::as_array).into_iter().flatten();
    operations.filter_map(|operation| field(operation.as_object()?, "path")?.as_str())
}

fn paths_mut(message: &mut Value) -> impl Iterator<Item = &mut String> {
    let operations = message.as_object_mut().and_then(|message| field_mut(message, "Operations"));
    let operations = operations.and_then(Value::as_array_mut).into_iter().flatten();
    operations.filter_map(|operation| match field_mut(operation.as_object_mut()?, "path")? {
        Value::String(path) => Some(path),
        _ => None,
    })
}

fn field<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn field_mut<'a>(object: &'a mut Object, name: &str) -> Option<&'a mut Value> {
    object.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The strings in a path's filter, `"bulkId:x"` in `members[value eq "bulkId:x"]`, each with its place.
fn literals(path: &str) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = path[from..].find('"').map(|at| from + at) {
        let mut rest = Deserializer::from_str(&path[start..]).into_iter::<String>();
        // One that does not end is the filter's fault, which the operation will be told.
        let Some(Ok(text)) = rest.next() else { break };
        from = start + rest.byte_offset();
        found.push((start..from, text));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, expected: Option<(&str, &str)>) {
        assert_eq!(parse(text), expected, "{text}");
    }

    #[test]
    fn a_reference_is_a_whole_value_or_ends_a_url() {
        check("bulkId:qwerty", Some(("", "qwerty")));
        check("bulkId:a/b c:d", Some(("", "a/b c:d")));
        check("../Users/bulkId:x", Some(("../Users/", "x")));
        check("https://h/v2/Users/bulkId:x", Some(("https://h/v2/Users/", "x")));
        for text in ["", "bulkId:", "bulkid:x", "xbulkId:y", "/Users/bulkId:", "/bulkId:x/y", "see /bulkId:x"]
        {
            check(text, None);
        }
    }

    fn check_data(is_patch: bool, data: Value, names: &[&str], resolved: Value) {
        assert_eq!(find(&data, is_patch).iter().map(String::as_str).collect::<Vec<_>>(), names, "{data}");
        let mut got = data.clone();
        resolve(&mut got, is_patch, &|name| (name != "later").then_some("ID\""));
        assert_eq!(got, resolved, "{data}");
    }

    #[test]
    fn references_are_found_and_resolved_wherever_they_stand() {
        check_data(
            false,
            json!({"a": ["bulkId:x", {"$ref": "../Users/bulkId:y", "n": 1}], "b": {"value": "bulkId:later"}, "bulkId:z": "x"}),
            &["later", "x", "y"],
            json!({"a": ["ID\"", {"$ref": "../Users/ID\"", "n": 1}], "b": {"value": "bulkId:later"}, "bulkId:z": "x"}),
        );
        check_data(false, json!(null), &[], json!(null));
    }

    #[test]
    fn the_filter_of_a_patch_path_may_refer() {
        let path = r#"members[value eq "bulkId:x" or display eq "\"" or value eq "bulkId:later"]"#;
        let message = |path: &str| json!({"operations": [{"op": "remove", "PATH": path}, {"path": 1}, 2]});
        let resolved = r#"members[value eq "ID\"" or display eq "\"" or value eq "bulkId:later"]"#;
        check_data(true, message(path), &["later", "x"], message(resolved));
        check_data(false, message(path), &[], message(path));
        let open = r#"members[value eq "bulkId:x]"#;
        check_data(true, message(open), &[], message(open));
    }
}
