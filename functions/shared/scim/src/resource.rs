//! Resources on their way in and out (RFC 7643 §3, RFC 7644 §3.3, §3.5.1).
//!
//! Inside, a resource is canonical: names in the schema's spelling, extension attributes under their URN, no
//! blank values, nothing read-only, no `schemas`. [`present`] adds what only an answer has.

use serde_json::{Value, json};

use crate::{
    Error, ErrorKind, Object, ResourceId, ResourceType,
    client::{self, Dialect},
    schema::{Attribute, COMMON, Kept, Mutability, Returned, Schema},
    value::{self, Place, is_blank},
};

pub(crate) mod immutable;

/// A new resource from the body of a POST.
///
/// # Errors
///
/// Every fault of the body in one error: [`ErrorKind::InvalidValue`] for missing, mistyped or ill-formed
/// values, [`ErrorKind::InvalidSyntax`] for what is no resource at all.
pub fn create(resource_type: &ResourceType, body: Object, dialect: Dialect) -> Result<Object, Error> {
    let mut errors = Vec::new();
    let body = client::keys(resource_type, body, dialect);
    let mut resource = read(resource_type, body, dialect, &mut errors);
    complete(resource_type, &mut resource, Defaults::All, ErrorKind::InvalidValue, &mut errors);
    Error::all(errors).map_or(Ok(resource), Err)
}

/// The state after a PUT of `body` over `stored` (RFC 7644 §3.5.1).
///
/// # Errors
///
/// As [`create`]; [`ErrorKind::Mutability`] when an immutable value would change.
pub fn replace(
    resource_type: &ResourceType,
    stored: &Object,
    body: Object,
    dialect: Dialect,
) -> Result<Object, Error> {
    let mut errors = Vec::new();
    let body = client::keys(resource_type, body, dialect);
    let omitted: Vec<_> = attributes(resource_type)
        .filter(|(schema, attribute)| outlives_omission(attribute) && !mentions(&body, *schema, attribute))
        .collect();
    let mut body = body;
    let repeated: Vec<_> = attributes(resource_type)
        .filter(|(schema, attribute)| attribute.private.closed && repeats(&body, stored, *schema, attribute))
        .collect();
    for (schema, attribute) in &repeated {
        unset(&mut body, *schema, &attribute.name);
    }
    let mut resource = read(resource_type, body, dialect, &mut errors);
    for (schema, attribute) in omitted.into_iter().chain(repeated) {
        restore(&mut resource, stored, schema, attribute);
    }
    for (schema, attribute) in attributes(resource_type) {
        if attribute.private.kept == Kept::Blank {
            restore(&mut resource, stored, schema, attribute);
        }
        immutable::restore(&mut resource, stored, schema, attribute);
        let after = get(&resource, schema, &attribute.name);
        errors.extend(immutable::check(schema, attribute, get(stored, schema, &attribute.name), after).err());
    }
    complete(resource_type, &mut resource, Defaults::OfChange, ErrorKind::InvalidValue, &mut errors);
    Error::all(errors).map_or(Ok(resource), Err)
}

/// Whether a PUT that does not mention the attribute leaves it: RFC 7644 §3.5.1 has only what can be both read
/// and written cleared, since a client cannot repeat what it is never shown.
fn outlives_omission(attribute: &Attribute) -> bool {
    attribute.private.kept == Kept::Omitted
        || attribute.mutability == Mutability::WriteOnly
        || attribute.returned == Returned::Never
}

/// Whether a body says what is stored: a value that is allowed no more is not written by that, and stays.
fn repeats(body: &Object, stored: &Object, schema: Option<&Schema>, attribute: &Attribute) -> bool {
    let before = get(stored, schema, &attribute.name);
    before.is_some() && get(body, schema, &attribute.name) == before
}

/// Whether a body, its keys in the schema's spelling, says anything about the attribute, if only that it is blank.
fn mentions(body: &Object, schema: Option<&Schema>, attribute: &Attribute) -> bool {
    match schema.map(|schema| body.get(&schema.id)) {
        Some(Some(Value::Object(fields))) => fields.contains_key(&attribute.name),
        Some(extension) => extension.is_some(),
        None => body.contains_key(&attribute.name),
    }
}

/// Gives the resource the stored value where it has none.
fn restore(resource: &mut Object, stored: &Object, schema: Option<&Schema>, attribute: &Attribute) {
    if let (None, Some(before)) =
        (get(resource, schema, &attribute.name), get(stored, schema, &attribute.name))
    {
        set(resource, schema, &attribute.name, before.clone());
    }
}

/// The body's attributes as they are stored; faults are added to `errors`.
fn read(resource_type: &ResourceType, mut body: Object, dialect: Dialect, errors: &mut Vec<Error>) -> Object {
    check_schemas(resource_type, take(&mut body, "schemas"), dialect, errors);
    let mut resource = Object::new();
    for (key, value) in body {
        if let Some(attribute) = resource_type.core(&key) {
            if let Some(value) = value::read(attribute, value, Place::top(&attribute.name), dialect, errors) {
                resource.insert(key, value);
            }
        } else if let Some(extension) = resource_type.extension(&key) {
            if let Some(value) = read_extension(&extension.schema, value, dialect, errors) {
                resource.insert(key, Value::Object(value));
            }
        } else if dialect.strict {
            errors.push(value::unknown(&key));
        }
    }
    resource
}

fn read_extension(
    schema: &Schema,
    value: Value,
    dialect: Dialect,
    errors: &mut Vec<Error>,
) -> Option<Object> {
    let fields = match value {
        Value::Object(fields) => fields,
        blank if is_blank(&blank) => return None,
        other => {
            errors.push(
                Error::new(
                    ErrorKind::InvalidValue,
                    format!(
                        "Bad value type for attribute {}: expected object, got {}",
                        schema.id,
                        value::json_type(&other)
                    ),
                )
                .at(&schema.id),
            );
            return None;
        }
    };
    let mut read = Object::new();
    for (key, value) in fields {
        match schema.attribute(&key) {
            Some(attribute) => {
                let place = Place::of(Some(schema), &attribute.name);
                if let Some(value) = value::read(attribute, value, place, dialect, errors) {
                    read.insert(key, value);
                }
            }
            None if dialect.strict => {
                errors.push(value::unknown(&Place::of(Some(schema), &key).to_string()));
            }
            None => {}
        }
    }
    (!read.is_empty()).then_some(read)
}

/// `schemas` must name the base schema (RFC 7643 §3); further URNs are the client's affair unless strict.
fn check_schemas(
    resource_type: &ResourceType,
    schemas: Option<Value>,
    dialect: Dialect,
    errors: &mut Vec<Error>,
) {
    let base = &resource_type.schema.id;
    let Some(Value::Array(urns)) = schemas.filter(|value| !is_blank(value)) else {
        let detail = format!("Missing attribute schemas: expected an array with {base}");
        errors.push(Error::new(ErrorKind::InvalidValue, detail).at("schemas"));
        return;
    };
    let urns: Vec<_> = urns.iter().map(|urn| urn.as_str().unwrap_or_default().trim()).collect();
    if urns.iter().any(|urn| urn.starts_with("urn:scim:schemas:core:1.")) {
        let detail = format!("SCIM 2.0 only: schemas names SCIM 1.1, expected {base}");
        errors.push(Error::new(ErrorKind::InvalidVersion, detail).at("schemas"));
        return;
    }
    if !urns.iter().any(|urn| urn.eq_ignore_ascii_case(base)) {
        let detail = format!(
            "Value in attribute schemas does not name the schema of {}: expected {base}",
            resource_type.name
        );
        errors.push(Error::new(ErrorKind::InvalidValue, detail).at("schemas"));
    }
    if dialect.strict {
        for urn in urns {
            if !urn.eq_ignore_ascii_case(base) && resource_type.extension(urn).is_none() {
                let detail =
                    format!("Unknown schema {}: not one of this resource type's", value::quoted(urn));
                errors.push(Error::new(ErrorKind::InvalidSyntax, detail).at("schemas"));
            }
        }
    }
}

/// Which attributes that have a default and no value get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defaults {
    /// All of them: the resource is new.
    All,
    /// Those that a blank clears. One that is kept when blank has no value because it was taken away: a user
    /// that is not `active` does not become so by the next change of a title.
    OfChange,
}

/// Defaults for what is blank, then a fault for every required attribute that still is.
pub(crate) fn complete(
    resource_type: &ResourceType,
    resource: &mut Object,
    defaults: Defaults,
    missing: ErrorKind,
    errors: &mut Vec<Error>,
) {
    let faulty: Vec<String> = errors.iter().filter_map(|error| error.path().map(str::to_owned)).collect();
    let mut report = |path: String| {
        if !faulty.contains(&path) {
            errors.push(Error::new(missing, format!("Missing attribute {path}")).at(path));
        }
    };
    for (schema, attribute) in attributes(resource_type) {
        let required_parts: Vec<_> = attribute
            .sub_attributes
            .iter()
            .filter(|sub| sub.required && sub.mutability != Mutability::ReadOnly)
            .collect();
        let mut is_missing = false;
        if get(resource, schema, &attribute.name).is_none() && is_asked(resource_type, resource, schema) {
            match &attribute.private.default {
                Some(_) if defaults == Defaults::OfChange && attribute.private.kept == Kept::Blank => {}
                Some(default) => set(resource, schema, &attribute.name, default.clone()),
                None => is_missing = attribute.required && attribute.mutability != Mutability::ReadOnly,
            }
        }
        if !is_missing && required_parts.is_empty() {
            continue;
        }
        let name = full_name(schema, attribute);
        if is_missing && (attribute.multi_valued || required_parts.is_empty()) {
            report(name);
            continue;
        }
        for sub in required_parts {
            let lacks = |element: &Value| element.get(&sub.name).is_none();
            let lacking = match get(resource, schema, &attribute.name) {
                Some(Value::Array(elements)) => elements.iter().any(lacks),
                Some(single) => lacks(single),
                // Who lacks a whole name is told its parts: those are what has to be sent.
                None => is_missing && !faulty.contains(&name),
            };
            if lacking {
                report(format!("{name}.{}", sub.name));
            }
        }
    }
    for extension in &resource_type.extensions {
        if extension.required
            && !resource.contains_key(&extension.schema.id)
            && !extension.schema.attributes.iter().any(|a| a.required)
        {
            report(extension.schema.id.clone());
        }
    }
}

/// Whether an extension's defaults and required attributes matter: it is required itself, or present, or complete by
/// its defaults alone. A default never brings in an extension that then lacks what it requires.
fn is_asked(resource_type: &ResourceType, resource: &Object, schema: Option<&Schema>) -> bool {
    schema.is_none_or(|schema| {
        resource.contains_key(&schema.id)
            || resource_type.extension(&schema.id).is_some_and(|extension| extension.required)
            || schema
                .attributes
                .iter()
                .all(|attribute| !attribute.required || attribute.private.default.is_some())
    })
}

/// Every attribute that is stored, with the extension that defines it.
pub(crate) fn attributes(
    resource_type: &ResourceType,
) -> impl Iterator<Item = (Option<&Schema>, &Attribute)> {
    let core = resource_type.schema.attributes.iter().chain(COMMON.attribute("externalId"));
    let extensions = resource_type.extensions.iter().flat_map(|extension| {
        extension.schema.attributes.iter().map(|attribute| (Some(&*extension.schema), attribute))
    });
    core.map(|attribute| (None, attribute)).chain(extensions)
}

/// An attribute's full name, as error texts and attribute mappings write it.
pub(crate) fn full_name(schema: Option<&Schema>, attribute: &Attribute) -> String {
    schema.map_or_else(|| attribute.name.clone(), |schema| format!("{}:{}", schema.id, attribute.name))
}

/// The value of a top-level or extension attribute.
#[must_use]
pub fn get<'a>(resource: &'a Object, schema: Option<&Schema>, name: &str) -> Option<&'a Value> {
    match schema {
        None => resource.get(name),
        Some(schema) => resource.get(&schema.id)?.get(name),
    }
}

/// Sets a top-level or extension attribute.
pub fn set(resource: &mut Object, schema: Option<&Schema>, name: &str, value: Value) {
    let fields = match schema {
        None => Some(resource),
        Some(schema) => resource.entry(schema.id.clone()).or_insert_with(|| json!({})).as_object_mut(),
    };
    if let Some(fields) = fields {
        fields.insert(name.to_owned(), value);
    }
}

/// Removes a top-level or extension attribute, and the extension when nothing is left of it.
pub fn unset(resource: &mut Object, schema: Option<&Schema>, name: &str) -> Option<Value> {
    let Some(schema) = schema else { return resource.remove(name) };
    let fields = resource.get_mut(&schema.id)?.as_object_mut()?;
    let removed = fields.remove(name);
    if fields.is_empty() {
        resource.remove(&schema.id);
    }
    removed
}

/// Removes the entry of this name in any case.
pub(crate) fn take(object: &mut Object, name: &str) -> Option<Value> {
    let key = object.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
    object.remove(&key)
}

/// What an answer adds to a stored resource (RFC 7643 §3.1).
#[derive(Debug, Clone)]
pub struct Meta {
    /// When it was created, as `dateTime`.
    pub created: String,
    /// When it last changed, as `dateTime`.
    pub last_modified: String,
    /// Its URL.
    pub location: String,
    /// Its entity tag, `W/"…"`.
    pub version: String,
}

/// The resource as an answer shows it, before projection.
#[must_use]
pub fn present(resource_type: &ResourceType, mut resource: Object, id: &ResourceId, meta: &Meta) -> Object {
    let extensions = resource_type.extensions.iter().map(|extension| &extension.schema.id);
    let schemas: Vec<_> = std::iter::once(&resource_type.schema.id)
        .chain(extensions.filter(|urn| resource.contains_key(*urn)))
        .cloned()
        .collect();
    resource.insert("schemas".to_owned(), schemas.into());
    resource.insert("id".to_owned(), id.as_str().into());
    resource.insert(
        "meta".to_owned(),
        json!({
            "resourceType": resource_type.name,
            "created": meta.created,
            "lastModified": meta.last_modified,
            "location": meta.location,
            "version": meta.version,
        }),
    );
    resource
}

#[cfg(test)]
mod tests;
