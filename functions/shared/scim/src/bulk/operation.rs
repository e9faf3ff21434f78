//! One operation of a bulk job, as the client wrote it (RFC 7644 §3.7).

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::reference;
use crate::{
    Error, ErrorKind, Object, ResourceType,
    client::Dialect,
    patch::PATCH_SCHEMA,
    resource::take,
    value::{json_type, quoted},
};

/// An operation, and what is wrong with it where something is.
#[derive(Debug)]
pub(super) struct Operation {
    /// The method as the client wrote it, for the report.
    pub(super) method: Option<String>,
    /// The client's name for what the operation creates.
    pub(super) bulk_id: Option<String>,
    /// The single request that it stands for.
    pub(super) single: Result<Single, Error>,
}

/// The single request that an operation stands for, its references not yet resolved.
#[derive(Debug)]
pub(super) struct Single {
    pub(super) method: Method,
    pub(super) resource_type: Arc<ResourceType>,
    /// The last part of the path: the resource's id, or a reference. A POST has none.
    pub(super) id: Option<String>,
    /// The version that the resource must have, as an entity tag.
    pub(super) version: Option<String>,
    /// The body; null for a DELETE.
    pub(super) data: Value,
}

/// Where a job's paths may lead, and how much its client is forgiven.
pub(super) struct Door<'a> {
    pub(super) resource_types: &'a [Arc<ResourceType>],
    /// The base URL: a path may also be the whole URL of a resource.
    pub(super) base: &'a str,
    pub(super) dialect: Dialect,
}

impl Operation {
    /// Reads one operation.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSyntax`] for what is no object: whose operation it is cannot be told then.
    pub(super) fn read(value: Value, door: &Door<'_>) -> Result<Self, Error> {
        /// No method is longer; a text that is need not be repeated whole.
        const MOST_CHARACTERS: usize = 10;
        let Value::Object(mut fields) = value else {
            return Err(syntax(format!("expected an object, got {}", json_type(&value))));
        };
        let method = text(&mut fields, "method");
        let bulk_id = text(&mut fields, "bulkId");
        let echo = |text: &String| text.chars().take(MOST_CHARACTERS).collect();
        Ok(Self {
            method: method.as_ref().ok().and_then(Option::as_ref).map(echo),
            bulk_id: bulk_id.as_ref().ok().cloned().flatten(),
            single: bulk_id.and_then(|bulk_id| single(method?, bulk_id.as_deref(), fields, door)),
        })
    }

    /// Whether it defines a `bulkId` that others may refer to.
    pub(super) fn creates(&self) -> Option<&str> {
        let creates = self.single.as_ref().is_ok_and(|single| single.method == Method::POST);
        self.bulk_id.as_deref().filter(|_| creates)
    }
}

fn single(
    method: Option<String>,
    bulk_id: Option<&str>,
    mut fields: Object,
    door: &Door<'_>,
) -> Result<Single, Error> {
    let method = read_method(method)?;
    let path = text(&mut fields, "path")?.ok_or_else(|| {
        syntax("Missing attribute path: expected the endpoint of a resource type or the path of a resource")
            .at("path")
    })?;
    let version = text(&mut fields, "version")?;
    let data = take(&mut fields, "data").unwrap_or_default();
    if let Some(unknown) = fields.keys().next().filter(|_| door.dialect.strict) {
        return Err(syntax(format!("Unknown attribute {unknown} of an operation")));
    }
    let (resource_type, id) = read_path(&path, &method, door)?;
    if method == Method::POST && bulk_id.is_none() {
        return Err(syntax("Missing attribute bulkId: POST needs one").at("bulkId"));
    }
    let data = if method == Method::DELETE { Value::Null } else { read_data(data, &method, door.dialect)? };
    Ok(Single { method, resource_type, id, version, data })
}

fn read_method(method: Option<String>) -> Result<Method, Error> {
    const EXPECTED: &str = "expected POST, PUT, PATCH or DELETE";
    let method =
        method.ok_or_else(|| syntax(format!("Missing attribute method: {EXPECTED}")).at("method"))?;
    [Method::POST, Method::PUT, Method::PATCH, Method::DELETE]
        .into_iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(method.trim()))
        .ok_or_else(|| syntax(format!("method is {}: {EXPECTED}", quoted(&method))).at("method"))
}

/// The resource type at whose endpoint a path is, and what follows it.
fn read_path(
    path: &str,
    method: &Method,
    door: &Door<'_>,
) -> Result<(Arc<ResourceType>, Option<String>), Error> {
    let relative = path.trim();
    let relative = relative.strip_prefix(door.base).unwrap_or(relative).trim_matches('/');
    let found = door.resource_types.iter().find_map(|resource_type| {
        let rest = relative.strip_prefix(resource_type.endpoint.trim_start_matches('/'))?;
        match rest.strip_prefix('/') {
            None => rest.is_empty().then_some((resource_type, None)),
            // A bulkId is the client's own: any character may be in it.
            Some(id) if reference::parse(id).is_some() => Some((resource_type, Some(id.to_owned()))),
            Some(id) => (!id.contains(['/', '?', '#'])).then(|| (resource_type, Some(id.to_owned()))),
        }
    });
    let (resource_type, id) = found.ok_or_else(|| {
        let endpoints: Vec<_> = door.resource_types.iter().map(|it| it.endpoint.as_str()).collect();
        let detail = format!(
            "Nothing is served at {} in a bulk job: its paths begin with {}",
            quoted(path),
            endpoints.join(" or ")
        );
        Error::new(ErrorKind::NotFound, detail).at("path")
    })?;
    let expected = match (method, &id) {
        (&Method::POST, Some(_)) => resource_type.endpoint.clone(),
        (&Method::POST, None) | (_, Some(_)) => return Ok((Arc::clone(resource_type), id)),
        (_, None) => format!("{}/{{id}}", resource_type.endpoint),
    };
    let detail = format!("Method {method} is not served at {}: use {expected}", quoted(path));
    Err(Error::new(ErrorKind::MethodNotAllowed, detail).at("path"))
}

fn read_data(data: Value, method: &Method, dialect: Dialect) -> Result<Value, Error> {
    let data = if *method == Method::PATCH && !dialect.strict { patch_message(data) } else { data };
    match data {
        Value::Object(_) => Ok(data),
        Value::Null => Err(syntax(format!("Missing attribute data: {method} needs it")).at("data")),
        other => {
            let got = json_type(&other);
            Err(syntax(format!("Bad value type for attribute data: expected object, got {got}")).at("data"))
        }
    }
}

/// Clients that follow the example of RFC 7644 §3.7.3 write the operations of a PATCH without the message
/// around them.
fn patch_message(data: Value) -> Value {
    match data {
        Value::Array(operations) => json!({ "schemas": [PATCH_SCHEMA], "Operations": operations }),
        Value::Object(mut message) if !message.keys().any(|key| key.eq_ignore_ascii_case("schemas")) => {
            message.insert("schemas".to_owned(), json!([PATCH_SCHEMA]));
            Value::Object(message)
        }
        data => data,
    }
}

/// A string that may be missing; an empty one is.
fn text(fields: &mut Object, name: &str) -> Result<Option<String>, Error> {
    match take(fields, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.trim().is_empty())),
        Some(other) => {
            let got = json_type(&other);
            Err(syntax(format!("Bad value type for attribute {name}: expected string, got {got}")).at(name))
        }
    }
}

pub(super) fn syntax(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidSyntax, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource_type::{GROUPS, USERS};

    fn read(operation: Value, dialect: Dialect) -> Operation {
        let resource_types = [Arc::clone(&USERS), Arc::clone(&GROUPS)];
        let door = Door { resource_types: &resource_types, base: "https://h/scim/v2", dialect };
        Operation::read(operation, &door).expect("an operation")
    }

    fn check(operation: Value, method: &Method, endpoint: &str, id: Option<&str>) {
        let single = read(operation.clone(), Dialect::default()).single.expect("a sound operation");
        assert_eq!(
            (&single.method, single.resource_type.endpoint.as_str(), single.id.as_deref()),
            (method, endpoint, id),
            "{operation}"
        );
    }

    fn check_error(operation: Value, kind: ErrorKind, detail: &str) {
        let error = read(operation.clone(), Dialect::default()).single.expect_err("a fault");
        assert_eq!((error.kind(), error.detail()), (kind, detail), "{operation}");
    }

    #[test]
    fn methods_names_and_slashes_are_read_as_clients_write_them() {
        let post = json!({"Method": "post", "BULKID": "x", "PATH": "/Users/", "Data": {}});
        check(post, &Method::POST, "/Users", None);
        for path in ["/Groups/1", "Groups/1", " /Groups/1/ ", "https://h/scim/v2/Groups/1"] {
            let delete = json!({"method": "Delete", "path": path});
            check(delete, &Method::DELETE, "/Groups", Some("1"));
        }
        let put = json!({"method": "PUT", "path": "/Users/bulkId:a/b?c", "data": {}});
        check(put, &Method::PUT, "/Users", Some("bulkId:a/b?c"));
    }

    #[test]
    fn the_operations_of_a_patch_may_stand_alone() {
        let operations = json!([{"op": "remove", "path": "title"}]);
        let whole = json!({"schemas": [PATCH_SCHEMA], "Operations": operations});
        for data in [operations.clone(), json!({ "Operations": operations }), whole.clone()] {
            let patch = json!({"method": "PATCH", "path": "/Users/1", "data": data});
            assert_eq!(read(patch.clone(), Dialect::default()).single.expect("sound").data, whole);
            assert_eq!(read(patch, Dialect::STRICT).single.is_ok(), data.is_object(), "{data}");
        }
    }

    #[test]
    fn what_is_missing_or_of_another_type_is_told() {
        let syntax = ErrorKind::InvalidSyntax;
        let method = "expected POST, PUT, PATCH or DELETE";
        check_error(json!({}), syntax, &format!("Missing attribute method: {method}"));
        check_error(json!({"method": "GET"}), syntax, &format!("method is \"GET\": {method}"));
        check_error(
            json!({"method": 1}),
            syntax,
            "Bad value type for attribute method: expected string, got number",
        );
        check_error(
            json!({"method": "PUT", "path": " "}),
            syntax,
            "Missing attribute path: expected the endpoint of a resource type or the path of a resource",
        );
        let post = |more: Value| {
            let mut post = json!({"method": "POST", "path": "/Users"});
            post.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
            post
        };
        check_error(post(json!({"data": {}})), syntax, "Missing attribute bulkId: POST needs one");
        check_error(post(json!({"bulkId": "x"})), syntax, "Missing attribute data: POST needs it");
        check_error(
            post(json!({"bulkId": "x", "data": []})),
            syntax,
            "Bad value type for attribute data: expected object, got array",
        );
        check_error(
            post(json!({"bulkId": ["x"], "data": {}})),
            syntax,
            "Bad value type for attribute bulkId: expected string, got array",
        );
    }

    #[test]
    fn paths_lead_to_resource_types_only() {
        for path in ["/Bulk", "/", "/Users/1/x", "/Users/1?x", "/Me", "/User", "/Usersx", "https://i/Users/1"]
        {
            let detail = format!(
                "Nothing is served at \"{path}\" in a bulk job: its paths begin with /Users or /Groups"
            );
            check_error(json!({"method": "PATCH", "path": path}), ErrorKind::NotFound, &detail);
        }
        check_error(
            json!({"method": "POST", "path": "/Users/.search"}),
            ErrorKind::MethodNotAllowed,
            "Method POST is not served at \"/Users/.search\": use /Users",
        );
        check_error(
            json!({"method": "delete", "path": "/Groups"}),
            ErrorKind::MethodNotAllowed,
            "Method DELETE is not served at \"/Groups\": use /Groups/{id}",
        );
    }

    #[test]
    fn unknown_attributes_are_refused_when_strict() {
        let delete = json!({"method": "DELETE", "path": "/Users/1", "x": 1});
        assert!(read(delete.clone(), Dialect::default()).single.is_ok());
        let error = read(delete, Dialect::STRICT).single.expect_err("a fault");
        assert_eq!(error.detail(), "Unknown attribute x of an operation");
    }
}
