//! What holds for every document that the service publishes about itself (RFC 7643 §5 to §7).

use std::collections::BTreeSet;

use regex::Regex;
use scim::catalog::read_schema;
use serde_json::{Value, json};

use crate::endpoint::Endpoint;

/// Characteristics that every attribute states (RFC 7643 §7).
const STATED: [&str; 9] = [
    "name",
    "type",
    "multiValued",
    "description",
    "required",
    "caseExact",
    "mutability",
    "returned",
    "uniqueness",
];
/// Data types (RFC 7643 §2.3).
const TYPES: [&str; 8] =
    ["string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"];

async fn resources(path: &str) -> Vec<Value> {
    let resources = Endpoint::start().await.get(path).await["Resources"].as_array().unwrap().clone();
    assert!(!resources.is_empty(), "{path}");
    resources
}

/// Calls `visit` for every attribute of every schema, with the path to it and the attribute it is inside of.
fn each(schemas: &[Value], visit: &mut dyn FnMut(&str, &Value, Option<&Value>)) {
    fn inside(
        at: &str,
        outer: Option<&Value>,
        list: &Value,
        visit: &mut dyn FnMut(&str, &Value, Option<&Value>),
    ) {
        for attribute in list.as_array().into_iter().flatten() {
            let path = format!("{at} {}", attribute["name"]);
            visit(&path, attribute, outer);
            inside(&path, Some(attribute), &attribute["subAttributes"], visit);
        }
    }
    for schema in schemas {
        inside(schema["id"].as_str().unwrap(), None, &schema["attributes"], visit);
    }
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

#[tokio::test]
async fn every_attribute_states_its_characteristics() {
    each(&resources("/Schemas").await, &mut |path, attribute, _| {
        for name in STATED {
            assert!(attribute.get(name).is_some(), "{path} does not state {name}");
        }
        assert!(TYPES.contains(&attribute["type"].as_str().unwrap()), "{path}: {}", attribute["type"]);
        assert!(is_text(&attribute["description"]), "{path} is not described");
        let is_complex = attribute["type"] == "complex";
        assert_eq!(attribute.get("subAttributes").is_some(), is_complex, "{path}");
        let is_reference = attribute["type"] == "reference";
        assert_eq!(attribute.get("referenceTypes").is_some(), is_reference, "{path}");
    });
}

#[tokio::test]
async fn every_attribute_name_is_legal() {
    let name = Regex::new(r"^(\$ref|[A-Za-z][$A-Za-z0-9_-]*)$").unwrap();
    each(&resources("/Schemas").await, &mut |path, attribute, _| {
        assert!(name.is_match(attribute["name"].as_str().unwrap()), "{path}");
    });
}

#[tokio::test]
async fn nothing_complex_is_inside_what_is_complex() {
    each(&resources("/Schemas").await, &mut |path, attribute, outer| {
        assert!(outer.is_none() || attribute["type"] != "complex", "{path}");
    });
}

#[test]
fn a_document_with_something_complex_inside_is_not_served() {
    let inner = json!({"name": "b", "type": "complex", "subAttributes": [{"name": "c", "type": "string"}]});
    let outer = json!({"name": "a", "type": "complex", "subAttributes": [inner]});
    let schema = json!({"id": "urn:example:A", "name": "A", "attributes": [outer]});
    let refusal = read_schema(schema.as_object().unwrap().clone()).unwrap_err();
    assert!(refusal.contains("a.b"), "{refusal}");
}

#[tokio::test]
async fn predefined_sub_attributes_mean_what_they_always_mean() {
    each(&resources("/Schemas").await, &mut |path, attribute, outer| {
        if outer.is_none_or(|outer| outer["multiValued"] != true) {
            return;
        }
        let expected = match attribute["name"].as_str().unwrap() {
            "type" | "display" => "string",
            "primary" => "boolean",
            "$ref" => "reference",
            _ => return,
        };
        assert_eq!(attribute["type"], expected, "{path}");
        assert_eq!(attribute["multiValued"], false, "{path}");
    });
}

#[tokio::test]
async fn every_schema_says_who_it_is() {
    let message = "urn:ietf:params:scim:api:";
    for schema in resources("/Schemas").await {
        assert!(is_text(&schema["name"]) && is_text(&schema["description"]), "{}", schema["id"]);
        let id = schema["id"].as_str().unwrap();
        assert!(id.starts_with("urn:") && !id.starts_with(message), "{id}");
        assert!(schema["meta"]["location"].as_str().unwrap().ends_with(id), "{}", schema["meta"]);
    }
}

#[tokio::test]
async fn every_resource_type_leads_to_its_schemas() {
    let schemas: BTreeSet<_> =
        resources("/Schemas").await.iter().map(|schema| schema["id"].clone().to_string()).collect();
    for resource_type in resources("/ResourceTypes").await {
        for name in ["name", "description", "endpoint", "schema"] {
            assert!(is_text(&resource_type[name]), "{name} of {resource_type}");
        }
        assert!(schemas.contains(&resource_type["schema"].to_string()), "{resource_type}");
        for extension in resource_type["schemaExtensions"].as_array().into_iter().flatten() {
            assert!(schemas.contains(&extension["schema"].to_string()), "{extension}");
            assert!(extension["required"].is_boolean(), "{extension}");
        }
    }
}
