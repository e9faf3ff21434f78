//! What the service says of itself (RFC 7643 §5 to §7, RFC 7644 §4).

use serde_json::{Value, json};

use crate::{
    ResourceType, bulk,
    client::Dialect,
    list::{CURSOR_TIMEOUT, DEFAULT_COUNT, MOST_COUNT},
    schema::Schema,
};

/// URN of the service provider's configuration.
pub const SERVICE_PROVIDER_CONFIG_SCHEMA: &str =
    "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
/// URN of a resource type.
pub const RESOURCE_TYPE_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
/// URN of a schema.
pub const SCHEMA_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

/// `/ServiceProviderConfig` (RFC 7643 §5) for a connector of this dialect; `base` is the base URL.
#[must_use]
pub fn service_provider_config(base: &str, dialect: Dialect) -> Value {
    let mut config = json!({
        "schemas": [SERVICE_PROVIDER_CONFIG_SCHEMA],
        "patch": { "supported": true },
        "bulk": {
            "supported": true,
            "maxOperations": bulk::MOST_OPERATIONS,
            "maxPayloadSize": bulk::MOST_BYTES,
        },
        "filter": { "supported": true, "maxResults": MOST_COUNT },
        "changePassword": { "supported": false },
        "sort": { "supported": true },
        "etag": { "supported": true },
        // RFC 9865 §4. The identity providers page by index: what they get without asking stays that.
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": DEFAULT_COUNT,
            "maxPageSize": MOST_COUNT,
            "cursorTimeout": CURSOR_TIMEOUT.as_secs(),
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token in the Authorization header, with or without the word Bearer.",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base}/ServiceProviderConfig"),
        },
    });
    // Said where it is so: a client may refuse what RFC 7643 does not name.
    if dialect.strict {
        config["interopProfileConformant"] = true.into();
    }
    config
}

/// One of `/ResourceTypes` (RFC 7643 §6).
#[must_use]
pub fn resource_type(base: &str, resource_type: &ResourceType) -> Value {
    let extensions: Vec<_> = resource_type
        .extensions
        .iter()
        .map(|extension| json!({ "schema": extension.schema.id, "required": extension.required }))
        .collect();
    let mut body = json!({
        "schemas": [RESOURCE_TYPE_SCHEMA],
        "id": resource_type.name,
        "name": resource_type.name,
        "endpoint": resource_type.endpoint,
        "description": resource_type.description,
        "schema": resource_type.schema.id,
        "meta": {
            "resourceType": "ResourceType",
            "location": format!("{base}/ResourceTypes/{}", resource_type.name),
        },
    });
    if !extensions.is_empty() {
        body["schemaExtensions"] = extensions.into();
    }
    body
}

/// One of `/Schemas` (RFC 7643 §7).
#[must_use]
pub fn schema(base: &str, schema: &Schema) -> Value {
    let mut body = serde_json::to_value(schema).unwrap_or_default();
    body["schemas"] = json!([SCHEMA_SCHEMA]);
    body["meta"] = json!({
        "resourceType": "Schema",
        "location": format!("{base}/Schemas/{}", schema.id),
    });
    body
}

/// The schemas of some resource types, each once, base schemas first.
pub fn schemas<'a>(resource_types: impl Iterator<Item = &'a ResourceType> + Clone) -> Vec<&'a Schema> {
    let base = resource_types.clone().map(|resource_type| &*resource_type.schema);
    let extensions = resource_types
        .flat_map(|resource_type| &resource_type.extensions)
        .map(|extension| &*extension.schema);
    let mut schemas: Vec<&Schema> = Vec::new();
    for schema in base.chain(extensions) {
        if !schemas.iter().any(|there| there.id == schema.id) {
            schemas.push(schema);
        }
    }
    schemas
}
