//! Resources on their way in and out (RFC 7643 §3, RFC 7644 §3.3, §3.5.1).
//!
//! Inside, a resource is canonical: names in the schema's spelling, extension attributes under their URN, no
//! blank values, nothing read-only, no `schemas`. [`present`] adds what only an answer has.

use serde_json::{Value, json};

use crate::{
    Error, ErrorKind, Object, ResourceId, ResourceType,
    client::{self, Dialect},
    schema::{Attribute, Kept, Mutability, Schema},
    value::{self, Place, is_blank},
};

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
    complete(resource_type, &mut resource, ErrorKind::InvalidValue, &mut errors);
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
    let mentioned = Mentioned::of(resource_type, &body);
    let mut resource = read(resource_type, body, dialect, &mut errors);
    each(resource_type, |schema, attribute| {
        let before = get(stored, schema, &attribute.name);
        let after = get(&resource, schema, &attribute.name);
        if attribute.mutability == Mutability::Immutable
            && let (Some(before), Some(after)) = (before, after)
            && before != after
        {
            let path = full_name(schema, attribute);
            errors.push(immutable(&path));
        }
        let keeps = attribute.mutability == Mutability::Immutable
            || attribute.private.kept == Kept::Blank
            || (attribute.private.kept == Kept::Omitted && !mentioned.names(schema, &attribute.name));
        if let (Some(before), None, true) = (before, after, keeps) {
            set(&mut resource, schema, &attribute.name, before.clone());
        }
    });
    complete(resource_type, &mut resource, ErrorKind::InvalidValue, &mut errors);
    Error::all(errors).map_or(Ok(resource), Err)
}

/// What is told when an immutable value would change.
pub(crate) fn immutable(path: &str) -> Error {
    Error::new(
        ErrorKind::Mutability,
        format!("Attribute {path} is immutable: it has a value, which cannot change"),
    )
    .at(path)
}

/// The body's attributes as they are stored; faults are added to `errors`.
fn read(resource_type: &ResourceType, mut body: Object, dialect: Dialect, errors: &mut Vec<Error>) -> Object {
    check_schemas(resource_type, take(&mut body, "schemas"), dialect, errors);
    let mut resource = Object::new();
    for (key, value) in body {
        if let Some(attribute) = resource_type.core(&key) {
            if let Some(value) = value::read(attribute, value, Place::top(&attribute.name), dialect, errors) {
                resource.insert(attribute.name.clone(), value);
            }
        } else if let Some(extension) = resource_type.extension(&key) {
            if let Some(value) = read_extension(&extension.schema, value, dialect, errors) {
                resource.insert(extension.schema.id.clone(), Value::Object(value));
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
    let place = Place::top(&schema.id);
    let fields = match value {
        Value::Object(fields) => fields,
        blank if is_blank(&blank) => return None,
        other => {
            errors.push(
                Error::new(
                    ErrorKind::InvalidValue,
                    format!(
                        "Bad value type for attribute {place}: expected object, got {}",
                        value::json_type(&other)
                    ),
                )
                .at(&schema.id),
            );
            return None;
        }
    };
    let mut read = Object::new();
    for (key, value) in unfold(schema, fields, dialect) {
        match schema.attribute(key.trim()) {
            Some(attribute) => {
                if let Some(value) =
                    value::read(attribute, value, place.inner(&attribute.name), dialect, errors)
                {
                    read.insert(attribute.name.clone(), value);
                }
            }
            None if dialect.strict => errors.push(value::unknown(&place.inner(&key).to_string())),
            None => {}
        }
    }
    (!read.is_empty()).then_some(read)
}

/// Dotted names inside an extension, `"manager.value"`, as objects; the counterpart of [`client::keys`].
pub(crate) fn unfold(schema: &Schema, fields: Object, dialect: Dialect) -> Object {
    if dialect.strict {
        return fields;
    }
    let mut unfolded = Object::new();
    for (key, value) in fields {
        let split = key.split_once('.').filter(|(outer, _)| schema.attribute(outer.trim()).is_some());
        let Some((outer, inner)) = split else {
            unfolded.insert(key, value);
            continue;
        };
        let there = unfolded.entry(outer).or_insert_with(|| json!({}));
        if let Some(there) = there.as_object_mut() {
            there.insert(inner.to_owned(), value);
        }
    }
    unfolded
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

/// Defaults for what is blank, then a fault for every required attribute that still is.
pub(crate) fn complete(
    resource_type: &ResourceType,
    resource: &mut Object,
    missing: ErrorKind,
    errors: &mut Vec<Error>,
) {
    let faulty: Vec<String> = errors.iter().filter_map(|error| error.path().map(str::to_owned)).collect();
    let mut report = |path: String| {
        if !faulty.contains(&path) {
            errors.push(Error::new(missing, format!("Missing attribute {path}")).at(path));
        }
    };
    each(resource_type, |schema, attribute| {
        if get(resource, schema, &attribute.name).is_none() {
            match &attribute.private.default {
                Some(default) => set(resource, schema, &attribute.name, default.clone()),
                None if attribute.required
                    && attribute.mutability != Mutability::ReadOnly
                    && is_asked(resource_type, resource, schema) =>
                {
                    report(full_name(schema, attribute));
                }
                None => {}
            }
        }
        for sub in attribute
            .sub_attributes
            .iter()
            .filter(|sub| sub.required && sub.mutability != Mutability::ReadOnly)
        {
            let lacks = |element: &Value| element.get(&sub.name).is_none();
            let lacking = match get(resource, schema, &attribute.name) {
                Some(Value::Array(elements)) => elements.iter().any(lacks),
                Some(single) => lacks(single),
                None => false,
            };
            if lacking {
                report(format!("{}.{}", full_name(schema, attribute), sub.name));
            }
        }
    });
    for extension in &resource_type.extensions {
        if extension.required
            && !resource.contains_key(&extension.schema.id)
            && !extension.schema.attributes.iter().any(|a| a.required)
        {
            report(extension.schema.id.clone());
        }
    }
}

/// Whether an extension's required attributes are asked for: it is required itself, or present.
fn is_asked(resource_type: &ResourceType, resource: &Object, schema: Option<&Schema>) -> bool {
    schema.is_none_or(|schema| {
        resource.contains_key(&schema.id)
            || resource_type.extension(&schema.id).is_some_and(|extension| extension.required)
    })
}

/// Calls `visit` for every attribute, with the extension that defines it.
fn each<'a>(resource_type: &'a ResourceType, mut visit: impl FnMut(Option<&'a Schema>, &'a Attribute)) {
    let external_id = crate::schema::COMMON.attribute("externalId");
    for attribute in resource_type.schema.attributes.iter().chain(external_id) {
        visit(None, attribute);
    }
    for extension in &resource_type.extensions {
        for attribute in &extension.schema.attributes {
            visit(Some(&extension.schema), attribute);
        }
    }
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

/// The names a PUT's body mentions, blank or not.
struct Mentioned(Vec<(Option<String>, String)>);

impl Mentioned {
    fn of(resource_type: &ResourceType, body: &Object) -> Self {
        let mut names = Vec::new();
        for (key, value) in body {
            match resource_type.extension(key) {
                Some(extension) => {
                    let inner = value.as_object().into_iter().flat_map(Object::keys);
                    names.extend(
                        inner.map(|name| (Some(extension.schema.id.clone()), name.trim().to_owned())),
                    );
                }
                None => names.push((None, key.trim().to_owned())),
            }
        }
        Self(names)
    }

    fn names(&self, schema: Option<&Schema>, name: &str) -> bool {
        self.0.iter().any(|(urn, mentioned)| {
            urn.as_deref() == schema.map(|schema| schema.id.as_str()) && mentioned.eq_ignore_ascii_case(name)
        })
    }
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
