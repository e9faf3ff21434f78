//! The resource types of a tenant: User, Group, and what documents in RFC 7643's own formats add to them.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    Kind, Object, ResourceType,
    path::is_name,
    resource_type::{Extension, GROUPS, USERS},
    schema::{Attribute, ENTERPRISE_USER, Schema, Type},
};

mod characteristics;

use characteristics::Characteristics;

/// Endpoints that mean something else.
const RESERVED: [&str; 7] =
    ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig", "/Me", "/Bulk", "/health", "/.search"];

/// What is served to a tenant.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// User and Group first, then the others in the order of their documents.
    pub resource_types: Vec<Arc<ResourceType>>,
    /// Documents that were left out, and why: one bad document never fails a request.
    pub faults: Vec<Fault>,
}

/// A document that cannot be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its URN or name.
    pub document: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The `ResourceType` format (RFC 7643 §6), and what it asks of attributes beyond their schemas.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    name: String,
    endpoint: String,
    #[serde(default)]
    description: String,
    schema: String,
    #[serde(default)]
    schema_extensions: Vec<ExtensionDocument>,
    /// By path; discovery publishes them with the schemas, as far as the RFC has words for them.
    #[serde(default)]
    characteristics: BTreeMap<String, Characteristics>,
}

#[derive(Deserialize)]
struct ExtensionDocument {
    schema: String,
    #[serde(default)]
    required: bool,
}

impl Default for Catalog {
    fn default() -> Self {
        Self { resource_types: vec![Arc::clone(&USERS), Arc::clone(&GROUPS)], faults: Vec::new() }
    }
}

impl Catalog {
    /// The built-in types and those of some documents: Schemas (RFC 7643 §7) and `ResourceTypes` (§6) in any order.
    ///
    /// A `ResourceType` called User or Group adds its extensions to the built-in one. Any can ask more of attributes
    /// than their schemas do: `"characteristics": {"name.givenName": {"required": true}}`.
    #[must_use]
    pub fn new(documents: Vec<Object>) -> Self {
        let mut catalog = Self::default();
        if documents.is_empty() {
            return catalog;
        }
        let (types, schemas): (Vec<_>, Vec<_>) =
            documents.into_iter().partition(|document| document.contains_key("endpoint"));
        let mut known = vec![Arc::new(ENTERPRISE_USER.clone())];
        known.extend(catalog.resource_types.iter().map(|it| Arc::clone(&it.schema)));
        for document in schemas {
            let id = text(&document, "id");
            match read_schema(document) {
                Ok(schema) => known.push(Arc::new(schema)),
                Err(reason) => catalog.faults.push(Fault { document: id, reason }),
            }
        }
        for document in types {
            let name = text(&document, "name");
            if let Err(reason) = catalog.add(document, &known) {
                catalog.faults.push(Fault { document: name, reason });
            }
        }
        catalog
    }

    /// Lets the attribute at this path, `userType` or `urn:…:User:rolesString`, have these values and no others; its own
    /// schema's list does not count any more. What is stored stays until it is written.
    ///
    /// # Errors
    ///
    /// What is wrong: no resource type has such an attribute, or it is not one of strings.
    pub fn allow(&mut self, path: &str, values: &[String]) -> Result<(), String> {
        let mut refusal = format!("no resource type has an attribute {path}");
        let mut is_somewhere = false;
        for resource_type in &mut self.resource_types {
            // Changed aside, as above.
            let mut changed = (**resource_type).clone();
            match characteristics::allow(&mut changed, path, values) {
                Some(Ok(())) => {
                    *resource_type = Arc::new(changed);
                    is_somewhere = true;
                }
                Some(Err(reason)) => refusal = reason,
                None => {}
            }
        }
        if is_somewhere { Ok(()) } else { Err(refusal) }
    }

    /// The type served at this endpoint, `/Users`.
    #[must_use]
    pub fn at(&self, endpoint: &str) -> Option<&Arc<ResourceType>> {
        self.resource_types.iter().find(|it| it.endpoint == endpoint)
    }

    fn add(&mut self, document: Object, known: &[Arc<Schema>]) -> Result<(), String> {
        let document: Document = serde_json::from_value(Value::Object(document))
            .map_err(|error| format!("not a ResourceType: {error}"))?;
        let find = |urn: &str| {
            known
                .iter()
                .find(|schema| schema.id.eq_ignore_ascii_case(urn))
                .cloned()
                .ok_or_else(|| format!("no schema {urn} is known"))
        };
        let mut extensions = Vec::new();
        for ExtensionDocument { schema, required } in &document.schema_extensions {
            extensions.push(Extension { schema: find(schema)?, required: *required });
        }
        if let Some(built_in) = self.resource_types.iter_mut().find(|it| it.name == document.name) {
            if built_in.endpoint != document.endpoint
                || !built_in.schema.id.eq_ignore_ascii_case(&document.schema)
            {
                return Err(format!(
                    "{} is served at {} with schema {}",
                    built_in.name, built_in.endpoint, built_in.schema.id
                ));
            }
            // Changed aside: a document that turns out to be wrong is left out whole.
            let mut extended = (**built_in).clone();
            extended
                .extensions
                .retain(|there| !extensions.iter().any(|more| more.schema.id == there.schema.id));
            extended.extensions.extend(extensions);
            characteristics::apply(&mut extended, document.characteristics)?;
            *built_in = Arc::new(extended);
            return Ok(());
        }
        let is_one_segment = document.endpoint.strip_prefix('/').is_some_and(is_name);
        if !is_one_segment
            || RESERVED.contains(&document.endpoint.as_str())
            || self.at(&document.endpoint).is_some()
        {
            return Err(format!(
                "endpoint {} is not a free path of one segment, like /Devices",
                document.endpoint
            ));
        }
        if !is_name(&document.name) {
            return Err(format!("name {} is not a name as RFC 7643 section 2.1 has it", document.name));
        }
        let mut added = ResourceType {
            schema: find(&document.schema)?,
            name: document.name,
            endpoint: document.endpoint,
            description: document.description,
            kind: Kind::Other,
            extensions,
        };
        characteristics::apply(&mut added, document.characteristics)?;
        self.resource_types.push(Arc::new(added));
        Ok(())
    }
}

/// The Schema that a document is, if the engine can serve it.
///
/// # Errors
///
/// What is wrong with it: no URN, or an attribute whose name, type or sub-attributes are not as RFC 7643 has them.
pub fn read_schema(document: Object) -> Result<Schema, String> {
    let schema: Schema =
        serde_json::from_value(Value::Object(document)).map_err(|error| format!("not a Schema: {error}"))?;
    // Its last part must not be read as an attribute, nor the URN as a name.
    if !schema.id.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("urn:"))
        || schema.id.contains(char::is_whitespace)
    {
        return Err(format!("id {} is not a URN", schema.id));
    }
    check_attributes(&schema.attributes, None)?;
    Ok(schema)
}

fn check_attributes(attributes: &[Attribute], outer: Option<&str>) -> Result<(), String> {
    for (at, attribute) in attributes.iter().enumerate() {
        let Attribute { name, kind, sub_attributes, .. } = attribute;
        if !is_name(name) {
            let wrong = name.chars().find(|c| !c.is_ascii_alphanumeric() && !"-_$".contains(*c));
            let what = wrong.map_or_else(
                || "it does not begin with a letter".to_owned(),
                |c| format!("character {c:?} is not allowed"),
            );
            return Err(format!(
                "attribute name {name:?}: {what}; a name is a letter, then letters, digits, - and _"
            ));
        }
        if attributes.iter().take(at).any(|before| before.name.eq_ignore_ascii_case(name)) {
            return Err(format!("attribute {name} is defined twice"));
        }
        match (kind, outer) {
            (Type::Complex, Some(outer)) => {
                return Err(format!("attribute {outer}.{name}: a complex attribute cannot hold another"));
            }
            (Type::Complex, None) if sub_attributes.is_empty() => {
                return Err(format!("attribute {name} is complex and has no subAttributes"));
            }
            (Type::Complex, None) => check_attributes(sub_attributes, Some(name))?,
            _ if !sub_attributes.is_empty() => {
                return Err(format!("attribute {name} has subAttributes and is not complex"));
            }
            _ => {}
        }
        if outer.is_none()
            && ["id", "schemas", "meta", "externalId"].iter().any(|common| common.eq_ignore_ascii_case(name))
        {
            return Err(format!("attribute {name} is one of every resource and cannot be defined again"));
        }
    }
    Ok(())
}

fn text(document: &Object, name: &str) -> String {
    document.get(name).and_then(Value::as_str).unwrap_or("without a name").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn documents(values: Value) -> Vec<Object> {
        serde_json::from_value(values).expect("objects")
    }

    fn schema(name: &str) -> Value {
        json!({ "id": "urn:example:Thing", "name": "Thing", "attributes": [{ "name": name, "type": "string" }] })
    }

    fn check_schema(document: Value, expected: &str) {
        let catalog = Catalog::new(documents(json!([document])));
        assert_eq!(catalog.faults.len(), 1, "{expected}");
        assert!(catalog.faults[0].reason.contains(expected), "{}", catalog.faults[0].reason);
        assert_eq!(catalog.resource_types.len(), 2, "the built-in types are served all the same");
    }

    #[test]
    fn a_type_and_its_schema_may_come_in_any_order() {
        let thing = json!({ "name": "Thing", "endpoint": "/Things", "schema": "urn:example:Thing" });
        let catalog = Catalog::new(documents(json!([thing, schema("label")])));
        assert_eq!(catalog.faults, []);
        assert_eq!(catalog.at("/Things").map(|it| (it.name.as_str(), it.kind)), Some(("Thing", Kind::Other)));
    }

    #[test]
    fn a_built_in_type_takes_more_extensions() {
        let user = json!({ "name": "User", "endpoint": "/Users", "schema": "urn:ietf:params:scim:schemas:core:2.0:User",
            "schemaExtensions": [{ "schema": "urn:example:Thing", "required": true }] });
        let catalog = Catalog::new(documents(json!([schema("label"), user])));
        let extensions: Vec<_> = catalog.resource_types[0]
            .extensions
            .iter()
            .map(|it| (it.schema.id.as_str(), it.required))
            .collect();
        assert_eq!(extensions, [(ENTERPRISE_USER.id.as_str(), false), ("urn:example:Thing", true)]);
    }

    #[test]
    fn what_cannot_be_served_is_left_out_with_its_reason() {
        for (name, reason) in [
            ("fav?", "character '?'"),
            ("a b", "character ' '"),
            ("x.y", "character '.'"),
            ("é", "character 'é'"),
            ("1st", "begin with a letter"),
            ("meta", "one of every resource"),
        ] {
            check_schema(schema(name), reason);
        }
        check_schema(json!({ "id": "Thing", "name": "Thing", "attributes": [] }), "not a URN");
        check_schema(
            json!({ "id": "urn:x:y", "name": "y", "attributes": [{ "name": "a", "type": "blob" }] }),
            "not a Schema",
        );
        check_schema(
            json!({ "id": "urn:x:y", "name": "y", "attributes": [{ "name": "a", "type": "complex" }] }),
            "no subAttributes",
        );
        check_schema(
            json!({ "name": "T", "endpoint": "/Bulk", "schema": "urn:ietf:params:scim:schemas:core:2.0:User" }),
            "not a free path",
        );
        check_schema(
            json!({ "name": "T", "endpoint": "/a/b", "schema": "urn:ietf:params:scim:schemas:core:2.0:User" }),
            "not a free path",
        );
        check_schema(json!({ "name": "T", "endpoint": "/Ts", "schema": "urn:none" }), "no schema urn:none");
    }
}
