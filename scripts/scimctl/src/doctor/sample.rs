//! A user and a group that have what this tenant requires, and no more.

use serde_json::{Map, Value, json};

use super::{
    client::Client,
    protocol::{ask, resources},
};

/// A new user and a new group of this name, by what discovery says.
pub(super) async fn both(client: &Client, name: &str) -> Result<[Value; 2], String> {
    let (types, schemas) = (ask(client, "/ResourceTypes").await?, ask(client, "/Schemas").await?);
    let one = |id: &str, naming: &str| {
        let found = resources(&types).iter().find(|it| it["id"] == id);
        let found = found.ok_or_else(|| format!("there is no resource type {id}"))?;
        Ok::<_, String>(resource(found, resources(&schemas), naming, name))
    };
    Ok([one("User", "userName")?, one("Group", "displayName")?])
}

fn resource(resource_type: &Value, schemas: &[Value], naming: &str, name: &str) -> Value {
    let schema = |urn: &Value| schemas.iter().find(|schema| schema["id"] == *urn);
    let mut urns = vec![resource_type["schema"].clone()];
    let mut resource =
        schema(&resource_type["schema"]).map(|schema| required(&schema["attributes"])).unwrap_or_default();
    for extension in array(&resource_type["schemaExtensions"]).iter().filter(|it| it["required"] == true) {
        let Some(urn) = extension["schema"].as_str() else { continue };
        let values =
            schema(&extension["schema"]).map(|schema| required(&schema["attributes"])).unwrap_or_default();
        if !values.is_empty() {
            urns.push(urn.into());
            resource.insert(urn.to_owned(), values.into());
        }
    }
    resource.insert("schemas".to_owned(), urns.into());
    resource.insert(naming.to_owned(), name.into());
    Value::Object(resource)
}

/// A value for each attribute that must be there.
fn required(attributes: &Value) -> Map<String, Value> {
    let needed =
        array(attributes).iter().filter(|it| it["required"] == true && it["mutability"] != "readOnly");
    needed.filter_map(|it| Some((it["name"].as_str()?.to_owned(), value(it)))).collect()
}

fn value(attribute: &Value) -> Value {
    let one = match (attribute["canonicalValues"].get(0), attribute["type"].as_str()) {
        (Some(first), _) => first.clone(),
        (None, Some("boolean")) => true.into(),
        (None, Some("integer")) => 1.into(),
        (None, Some("decimal")) => json!(1.5),
        (None, Some("dateTime")) => "2026-01-01T00:00:00Z".into(),
        (None, Some("binary")) => "AA==".into(),
        (None, Some("reference")) => "https://example.com/".into(),
        (None, Some("complex")) => required(&attribute["subAttributes"]).into(),
        (None, _) => "scimctl doctor".into(),
    };
    if attribute["multiValued"] == true { json!([one]) } else { one }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_what_is_required_and_nothing_else() {
        let attribute = |name: &str, kind: &str, required: bool| json!({ "name": name, "type": kind, "required": required });
        let mut name = attribute("name", "complex", true);
        name["subAttributes"] =
            json!([attribute("givenName", "string", true), attribute("middleName", "string", false)]);
        let mut grade = attribute("grade", "string", true);
        grade["canonicalValues"] = json!(["A", "B"]);
        let schemas = [
            json!({ "id": "urn:u", "attributes": [attribute("userName", "string", true), name] }),
            json!({ "id": "urn:x", "attributes": [grade, attribute("since", "dateTime", true)] }),
            json!({ "id": "urn:y", "attributes": [attribute("code", "string", true)] }),
        ];
        let user = json!({ "schema": "urn:u", "schemaExtensions": [
            { "schema": "urn:x", "required": true }, { "schema": "urn:y", "required": false },
        ]});
        assert_eq!(
            resource(&user, &schemas, "userName", "n"),
            json!({
                "schemas": ["urn:u", "urn:x"], "userName": "n", "name": { "givenName": "scimctl doctor" },
                "urn:x": { "grade": "A", "since": "2026-01-01T00:00:00Z" },
            })
        );
    }
}
