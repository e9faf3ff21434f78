//! The table as `template.yaml` declares it, read from there: no second copy of its keys exists.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Error;

const TEMPLATE: &str = include_str!("../../../template.yaml");
const TABLE_TYPE: &str = "AWS::DynamoDB::Table";
const MAPPING_TYPE: &str = "AWS::Lambda::EventSourceMapping";

/// What the table resource's properties say about its shape.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Table {
    pub(crate) attribute_definitions: Vec<Attribute>,
    pub(crate) key_schema: Vec<Key>,
    #[serde(default)]
    pub(crate) global_secondary_indexes: Vec<Index>,
    pub(crate) billing_mode: String,
    pub(crate) stream_specification: Option<Stream>,
    pub(crate) time_to_live_specification: Option<TimeToLive>,
}

/// An attribute that is part of a key.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Attribute {
    pub(crate) attribute_name: String,
    pub(crate) attribute_type: String,
}

/// An attribute's part in a key: `HASH` or `RANGE`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Key {
    pub(crate) attribute_name: String,
    pub(crate) key_type: String,
}

/// A global secondary index.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Index {
    #[serde(rename = "IndexName")]
    pub(crate) name: String,
    pub(crate) key_schema: Vec<Key>,
    pub(crate) projection: Projection,
}

/// What an index carries beside the keys.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Projection {
    pub(crate) projection_type: String,
    pub(crate) non_key_attributes: Option<Vec<String>>,
}

/// What the table's stream shows.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Stream {
    pub(crate) stream_view_type: String,
}

/// Which attribute says when an item ends.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TimeToLive {
    pub(crate) attribute_name: String,
    pub(crate) enabled: bool,
}

/// The table of this project's template.
///
/// # Errors
///
/// [`Error::Template`] where the template has no table, more than one, or one whose shape depends on parameters.
pub(crate) fn table() -> Result<Table, Error> {
    read(TEMPLATE).map_err(Error::Template)
}

/// The patterns of the event source mapping that hands the table's changes to the worker.
///
/// # Errors
///
/// [`Error::Template`] where the template has no such mapping, more than one, or one without patterns.
pub(crate) fn filters() -> Result<Vec<String>, Error> {
    let resources = resources(TEMPLATE).map_err(Error::Template)?;
    let mappings: Vec<_> = resources.values().filter(|resource| resource["Type"] == MAPPING_TYPE).collect();
    let [mapping] = mappings[..] else {
        return Err(Error::Template(format!("it has {} {MAPPING_TYPE}, not one", mappings.len())));
    };
    let filters = mapping["Properties"]["FilterCriteria"]["Filters"].as_array();
    let patterns =
        filters.map(|filters| filters.iter().map(|filter| filter["Pattern"].as_str().map(str::to_owned)));
    patterns
        .and_then(Iterator::collect)
        .ok_or_else(|| Error::Template(format!("the {MAPPING_TYPE} has no filters")))
}

fn read(template: &str) -> Result<Table, String> {
    let resources = resources(template)?;
    let mut tables = resources.values().filter(|resource| resource["Type"] == TABLE_TYPE);
    let table = tables.next().ok_or_else(|| format!("it has no {TABLE_TYPE}"))?;
    if tables.next().is_some() {
        return Err(format!("it has more than one {TABLE_TYPE}"));
    }
    Table::deserialize(&table["Properties"]).map_err(|error| format!("the {TABLE_TYPE}: {error}"))
}

fn resources(template: &str) -> Result<Map<String, Value>, String> {
    let documents = Yaml::load_from_str(template).map_err(|error| error.to_string())?;
    match documents.first().map(|template| to_json(template)["Resources"].take()) {
        Some(Value::Object(resources)) => Ok(resources),
        _ => Err("it has no Resources".to_owned()),
    }
}

/// YAML as `CloudFormation` understands it: a short tag such as `!Sub` is the long form `{"Fn::Sub": …}`.
fn to_json(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(scalar) => scalar_to_json(scalar),
        Yaml::Sequence(elements) => elements.iter().map(to_json).collect(),
        Yaml::Mapping(entries) => entries
            .iter()
            .filter_map(|(key, value)| Some((key.as_str()?.to_owned(), to_json(value))))
            .collect(),
        Yaml::Tagged(tag, value) => {
            let name = match tag.suffix.as_str() {
                "Ref" | "Condition" => tag.suffix.clone(),
                function => format!("Fn::{function}"),
            };
            Value::Object(Map::from_iter([(name, to_json(value))]))
        }
        Yaml::Representation(text, ..) => Value::from(text.as_ref()),
        Yaml::Alias(_) | Yaml::BadValue => Value::Null,
    }
}

fn scalar_to_json(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::from(*value),
        Scalar::Integer(value) => Value::from(*value),
        Scalar::FloatingPoint(value) => Value::from(value.into_inner()),
        Scalar::String(value) => Value::from(value.as_ref()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tags_become_long_forms() {
        let documents = Yaml::load_from_str("{a: !Ref X, b: !Sub '${X}-y', c: !If [On, 1, !Ref Y]}").unwrap();
        assert_eq!(
            to_json(&documents[0]),
            serde_json::json!({
                "a": {"Ref": "X"},
                "b": {"Fn::Sub": "${X}-y"},
                "c": {"Fn::If": ["On", 1, {"Ref": "Y"}]},
            })
        );
    }

    #[test]
    fn a_shape_that_depends_on_parameters_is_refused() {
        let template = "Resources: {T: {Type: 'AWS::DynamoDB::Table', Properties: {KeySchema: !Ref Keys}}}";
        let error = read(template).unwrap_err();
        assert!(error.contains("invalid type"), "{error}");
    }

    #[test]
    fn a_template_has_exactly_one_table() {
        assert_eq!(read("Resources: {}").unwrap_err(), "it has no AWS::DynamoDB::Table");
        let table = "{Type: 'AWS::DynamoDB::Table'}";
        let error = read(&format!("Resources: {{A: {table}, B: {table}}}")).unwrap_err();
        assert_eq!(error, "it has more than one AWS::DynamoDB::Table");
    }

    #[test]
    fn the_routes_of_the_template_are_those_of_cargo_lambda_watch() {
        let mut declared = std::collections::BTreeMap::new();
        for function in resources(TEMPLATE).unwrap().values() {
            let Some(events) = function["Properties"]["Events"].as_object() else { continue };
            let package =
                function["Properties"]["CodeUri"].as_str().unwrap().trim_start_matches("functions/");
            for route in events.values().filter(|event| event["Type"] == "Api") {
                let path = route["Properties"]["Path"].as_str().unwrap().replace("{proxy+}", "{*proxy}");
                declared.insert(path, toml::Value::from(package));
            }
        }
        let workspace: toml::Table = include_str!("../../../Cargo.toml").parse().unwrap();
        let watched = &workspace["workspace"]["metadata"]["lambda"]["watch"]["router"];
        assert_eq!(
            watched.as_table().unwrap().clone().into_iter().collect::<std::collections::BTreeMap<_, _>>(),
            declared
        );
    }
}
