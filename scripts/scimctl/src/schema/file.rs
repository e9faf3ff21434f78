//! Schemas and resource types in files, and whether an endpoint could serve them.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail, ensure};
use scim::{
    Object,
    catalog::{Catalog, Fault},
    schema::{COMMON, ENTERPRISE_USER, GROUP, USER},
};
use serde_json::Value;

use crate::configuration::Documents;

/// The documents of a file, which holds one or, in an array, several.
pub(crate) fn read(path: &Path) -> Result<Documents> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    parse(&text).with_context(|| path.display().to_string())
}

fn parse(text: &str) -> Result<Documents> {
    let documents = match serde_json::from_str(text)? {
        Value::Array(documents) => documents,
        document => vec![document],
    };
    let mut named = Documents::new();
    for document in documents {
        let Value::Object(document) = document else { bail!("a document is a JSON object") };
        let name = name(&document)?;
        let is_new = !named.keys().any(|there| there.eq_ignore_ascii_case(&name));
        ensure!(is_new, "{} is there twice", id(&name));
        named.insert(name, document);
    }
    ensure!(!named.is_empty(), "there is no document in it");
    Ok(named)
}

/// Whether a document of a tenant's configuration is a schema or a resource type.
pub(crate) fn is_one(name: &str) -> bool {
    name.starts_with("schema#") || name.starts_with("type#")
}

/// What is served of some documents, and what is not.
pub(crate) fn catalog(documents: &Documents) -> Catalog {
    Catalog::new(documents.values().cloned().collect())
}

/// Puts documents in the place of those of the same names, in whatever case.
///
/// # Errors
///
/// Those of `more` that could not be served then, and those that could not be served any more.
pub(crate) fn add(documents: &mut Documents, more: &Documents) -> Result<(), Vec<Fault>> {
    let before = catalog(documents).faults;
    documents.retain(|there, _| !more.keys().any(|name| name.eq_ignore_ascii_case(there)));
    documents.extend(more.clone());
    let mut faults = catalog(documents).faults;
    // What was left out before is no reason to refuse what is well.
    faults.retain(|fault| !before.contains(fault) || more.keys().any(|name| id(name) == fault.document));
    faults.extend(more.keys().filter(|name| is_built_in(id(name))).map(|name| Fault {
        document: id(name).to_owned(),
        reason: "this schema is built in: an extension adds attributes to it".to_owned(),
    }));
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Takes a document away, by its URN or name; what it was called in the table.
///
/// # Errors
///
/// When there is none, or when others could not be served without it.
pub(crate) fn remove(documents: &mut Documents, wanted: &str) -> Result<String> {
    let found = documents.keys().find(|name| id(name).eq_ignore_ascii_case(wanted)).cloned();
    let name = found.with_context(|| format!("there is no schema and no resource type {wanted}"))?;
    let before = catalog(documents).faults;
    documents.remove(&name);
    let left_out = catalog(documents).faults.into_iter().find(|fault| !before.contains(fault));
    if let Some(Fault { document, reason }) = left_out {
        bail!("{document} could not be served any more: {reason}");
    }
    Ok(name)
}

/// Schemas of which no resource type makes use: they are stored, and serve nobody.
pub(crate) fn unused<'a>(documents: &'a Documents, catalog: &Catalog) -> Vec<&'a str> {
    let schemas = documents.keys().filter_map(|name| name.strip_prefix("schema#"));
    schemas.filter(|urn| users(urn, catalog).is_empty()).collect()
}

/// The resource types that make use of a schema.
pub(crate) fn users(urn: &str, catalog: &Catalog) -> Vec<String> {
    let uses = catalog
        .resource_types
        .iter()
        .filter(|it| it.schema.id.eq_ignore_ascii_case(urn) || it.extension(urn).is_some());
    uses.map(|it| it.name.clone()).collect()
}

/// The URN of a schema or the name of a resource type, from its name in the table.
pub(crate) fn id(name: &str) -> &str {
    name.split_once('#').map_or(name, |(_, id)| id)
}

/// A `ResourceType` has an endpoint and goes by its name, a Schema by its URN.
fn name(document: &Object) -> Result<String> {
    let text = |key: &str| {
        let text = document.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.with_context(|| format!("a document has no {key}"))
    };
    if document.contains_key("endpoint") {
        Ok(format!("type#{}", text("name")?))
    } else {
        Ok(format!("schema#{}", text("id")?))
    }
}

fn is_built_in(urn: &str) -> bool {
    [&COMMON, &USER, &ENTERPRISE_USER, &GROUP].iter().any(|schema| schema.id.eq_ignore_ascii_case(urn))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(urn: &str, attribute: &str) -> Value {
        json!({ "id": urn, "name": "Thing", "attributes": [{ "name": attribute, "type": "string" }] })
    }

    fn thing(urn: &str) -> Value {
        json!({ "name": "Thing", "endpoint": "/Things", "schema": urn })
    }

    fn documents(values: Value) -> Documents {
        parse(&values.to_string()).expect("documents")
    }

    fn check_adding(there: &mut Documents, more: Value, expected: &[&str]) {
        let faults = add(there, &documents(more)).err().unwrap_or_default();
        assert_eq!(faults.len(), expected.len(), "{faults:?}");
        for (fault, expected) in faults.iter().zip(expected) {
            assert!(fault.reason.contains(expected), "{fault:?}");
        }
    }

    #[test]
    fn a_file_is_refused_for_what_would_be_left_out_because_of_it() {
        let well = json!([schema("urn:x:a", "label"), thing("urn:x:a")]);
        check_adding(&mut Documents::new(), well.clone(), &[]);
        check_adding(&mut Documents::new(), json!(thing("urn:x:a")), &["no schema urn:x:a"]);
        check_adding(&mut Documents::new(), json!(schema("urn:x:a", "fav?")), &["character '?'"]);
        check_adding(&mut Documents::new(), json!(schema(&USER.id, "label")), &["built in"]);
        let broken = json!(schema("URN:X:A", "a b"));
        check_adding(&mut documents(well), broken, &["character ' '", "no schema urn:x:a"]);
    }

    #[test]
    fn what_was_left_out_before_is_no_reason_and_can_be_mended() {
        let mut there = documents(json!([schema("urn:x:a", "fav?"), thing("urn:x:a")]));
        check_adding(&mut there.clone(), json!(schema("urn:x:b", "label")), &[]);
        check_adding(&mut there.clone(), json!(schema("urn:x:a", "fav?")), &["character '?'"]);
        check_adding(&mut there, json!(schema("URN:x:A", "fav")), &[]);
        assert_eq!(there.keys().collect::<Vec<_>>(), ["schema#URN:x:A", "type#Thing"], "in its place");
        assert_eq!(catalog(&there).faults, []);
    }

    #[test]
    fn what_others_need_is_not_removed() {
        let mut there =
            documents(json!([schema("urn:x:a", "label"), schema("urn:x:b", "label"), thing("urn:x:a")]));
        assert_eq!(unused(&there, &catalog(&there)), ["urn:x:b"]);
        let kept = remove(&mut there.clone(), "urn:x:a").expect_err("Thing needs it").to_string();
        assert_eq!(kept, "Thing could not be served any more: no schema urn:x:a is known");
        assert!(remove(&mut there, "urn:x:c").is_err());
        for (wanted, name) in
            [("urn:x:B", "schema#urn:x:b"), ("Thing", "type#Thing"), ("urn:x:a", "schema#urn:x:a")]
        {
            assert_eq!(remove(&mut there, wanted).expect("it is there"), name);
        }
    }

    #[test]
    fn a_file_holds_documents_and_each_once() {
        for (text, reason) in [
            ("[]", "no document"),
            ("[1]", "JSON object"),
            ("{}", "no id"),
            (r#"{"endpoint":"/Things"}"#, "no name"),
            (r#"[{"id":"urn:x:a"},{"id":"URN:x:a"}]"#, "URN:x:a is there twice"),
            ("{", "EOF"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
