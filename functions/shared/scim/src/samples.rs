//! Schemas and resources that tests make up.

use serde_json::Value;

use crate::{
    Object, ResourceType,
    resource_type::{Extension, USERS},
    schema::{Attribute, Schema},
};

/// The attribute that a schema document describes so.
pub(crate) fn attribute(document: Value) -> Attribute {
    serde_json::from_value(document).expect("an attribute")
}

/// Users with one more extension, `urn:x:User`, of these attributes.
pub(crate) fn users_with(attributes: Value, required: bool) -> ResourceType {
    let attributes = serde_json::from_value(attributes).expect("attributes");
    let schema =
        Schema { id: "urn:x:User".to_owned(), name: "X".to_owned(), description: String::new(), attributes };
    let mut users = (**USERS).clone();
    users.extensions.push(Extension { schema: schema.into(), required });
    users
}

pub(crate) fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}
