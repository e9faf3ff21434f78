//! Operations applied to a resource, in order (RFC 7644 §3.5.2.1 to §3.5.2.3).

use serde_json::{Value, json};

use super::{
    element,
    message::{Op, Operation},
    spot::{Spot, read_only, refuse_read_only},
};
use crate::{
    Error, ErrorKind, Object, ResourceType,
    client::{self, Dialect},
    filter::{Filter, PatchPath},
    members,
    resource::{self, Defaults, complete, immutable},
    resource_type::Target,
    schema::{Attribute, Kept, Mutability, Schema},
    value::{self, identity::without_repetition, is_blank, json_type},
};

/// The state after all operations on `stored`, or none; the same state when they change nothing.
///
/// Operations on a group's members are passed over: [`member_changes`](super::member_changes) has them.
///
/// # Errors
///
/// The first operation that cannot be applied, by its place from 1: [`ErrorKind::InvalidPath`],
/// [`ErrorKind::NoTarget`], [`ErrorKind::Mutability`] or [`ErrorKind::InvalidValue`]; after the last one,
/// whatever is required and missing.
pub fn apply(
    resource_type: &ResourceType,
    stored: &Object,
    operations: Vec<Operation>,
    dialect: Dialect,
) -> Result<Object, Error> {
    let mut engine = Engine { resource_type, dialect, resource: stored.clone(), removed: false };
    for (at, operation) in operations.into_iter().enumerate() {
        let (place, op) = (at + 1, operation.op.name());
        engine.operation(operation).map_err(|error| error.within(&format!("operation {place} ({op})")))?;
    }
    let Engine { mut resource, removed, .. } = engine;
    let mut errors = Vec::new();
    // RFC 7644 §3.5.2.2: a required attribute that was removed is a matter of mutability.
    let missing = if removed { ErrorKind::Mutability } else { ErrorKind::InvalidValue };
    complete(resource_type, &mut resource, Defaults::OfChange, missing, &mut errors);
    Error::all(errors).map_or(Ok(resource), Err)
}

struct Engine<'a> {
    resource_type: &'a ResourceType,
    dialect: Dialect,
    resource: Object,
    removed: bool,
}

impl<'a> Engine<'a> {
    fn operation(&mut self, operation: Operation) -> Result<(), Error> {
        let Operation { op, path, value } = operation;
        let Some(path) = path else {
            return match (op, value) {
                (Op::Remove, _) => {
                    Err(Error::new(ErrorKind::NoTarget, "Missing attribute path: remove needs one")
                        .at("path"))
                }
                (_, Some(Value::Object(fields))) => self.whole(op, fields),
                (_, value) => {
                    let got = value.as_ref().map_or("nothing", json_type);
                    let detail = format!(
                        "Bad value type for attribute value: expected object where path is absent, got {got}"
                    );
                    Err(Error::new(ErrorKind::InvalidValue, detail).at("value"))
                }
            };
        };
        let unknown = || {
            let detail = format!(
                "Unknown attribute in path {path}: no schema of {} defines it",
                self.resource_type.name
            );
            Error::new(ErrorKind::InvalidPath, detail).at(path.to_string())
        };
        match self.resource_type.resolve(&path.attribute).ok_or_else(unknown)? {
            Target::Extension(schema) if path.filter.is_none() => self.extension(op, schema, value),
            Target::Extension(_) => Err(unknown()),
            Target::Attribute { extension, attribute, sub_attribute } => {
                let PatchPath { filter, sub_attribute: behind, .. } = &path;
                let sub = match (sub_attribute, behind) {
                    (None, Some(name)) => Some(attribute.sub_attribute(name).ok_or_else(unknown)?),
                    (Some(_), Some(_)) => return Err(unknown()),
                    (sub, None) => sub,
                };
                let spot = Spot { schema: extension, attribute };
                refuse_read_only(&spot, sub)?;
                if members::is_detached(self.resource_type, attribute) || attribute.name == "schemas" {
                    return Ok(());
                }
                match (filter, sub) {
                    (None, None) => self.attribute(op, &spot, value),
                    (filter, sub) => self.inside(op, &spot, filter.as_ref(), sub, value),
                }
            }
        }
    }

    /// An operation without path: its value is a partial resource.
    fn whole(&mut self, op: Op, fields: Object) -> Result<(), Error> {
        for (key, value) in client::keys(self.resource_type, fields, self.dialect) {
            if let Some(attribute) = self.resource_type.core(&key) {
                let spot = Spot { schema: None, attribute };
                if attribute.mutability == Mutability::ReadOnly || attribute.name == "schemas" {
                    // Okta and authentik repeat id, schemas and meta; only another id would mean something.
                    if attribute.name == "id" && self.resource.get("id").is_some_and(|id| *id != value) {
                        return Err(read_only("id"));
                    }
                } else if !members::is_detached(self.resource_type, attribute) {
                    self.attribute(op, &spot, Some(value))?;
                }
            } else if let Some(extension) = self.resource_type.extension(&key) {
                self.extension(op, &extension.schema, Some(value))?;
            } else if self.dialect.strict {
                return Err(value::unknown(&key));
            }
        }
        Ok(())
    }

    /// All attributes of an extension at once.
    fn extension(&mut self, op: Op, schema: &'a Schema, value: Option<Value>) -> Result<(), Error> {
        let fields = match (op, value) {
            (Op::Remove, _) => None,
            (_, Some(Value::Object(fields))) => Some(fields),
            (_, value) if value.as_ref().is_none_or(is_blank) => None,
            (_, value) => {
                let got = value.as_ref().map_or("nothing", json_type);
                let detail =
                    format!("Bad value type for attribute {}: expected object, got {got}", schema.id);
                return Err(Error::new(ErrorKind::InvalidValue, detail).at(&schema.id));
            }
        };
        let Some(fields) = fields else {
            for attribute in &schema.attributes {
                self.clear(&Spot { schema: Some(schema), attribute })?;
            }
            return Ok(());
        };
        for (key, value) in client::extension_keys(schema, fields, self.dialect) {
            match schema.attribute(&key) {
                Some(attribute) if attribute.mutability == Mutability::ReadOnly => {}
                Some(attribute) => {
                    self.attribute(op, &Spot { schema: Some(schema), attribute }, Some(value))?;
                }
                None if self.dialect.strict => return Err(value::unknown(&format!("{}:{key}", schema.id))),
                None => {}
            }
        }
        Ok(())
    }

    /// A whole attribute.
    fn attribute(&mut self, op: Op, spot: &Spot<'a>, value: Option<Value>) -> Result<(), Error> {
        let attribute = spot.attribute;
        let Some(value) = value else { return self.clear(spot) };
        if op == Op::Remove {
            let by_value = self.dialect.remove_value_as_filter && attribute.multi_valued;
            // A list that came empty names no value: that is not to remove them all.
            let names_some = !value.is_null() && value != "";
            return if by_value && names_some { self.remove_values(spot, value) } else { self.clear(spot) };
        }
        let value = client::value(attribute, value, self.dialect);
        let is_nothing = is_blank(&value);
        let is_partial = value.is_object() && !is_nothing;
        let blanked = element::blank_sub_attributes(attribute, &value);
        let given = self.read(spot, value)?;
        let after = match (resource::get(&self.resource, spot.schema, &attribute.name), given) {
            // Adding no value to many changes nothing.
            (_, None) if op == Op::Add && attribute.multi_valued => return Ok(()),
            (Some(Value::Array(before)), Some(Value::Array(more))) if op == Op::Add => {
                Some(Value::Array(element::united(attribute, before, more)))
            }
            (None, None) if !is_nothing => return Ok(()),
            (before, given) if is_partial => {
                let before = before.cloned().unwrap_or_else(|| json!({}));
                element::merged(attribute, before, given, &blanked)
            }
            (_, given) => given,
        };
        self.put(spot, after)
    }

    /// Removes those elements that are the ones given, as Entra without its compatibility flag means it.
    fn remove_values(&mut self, spot: &Spot<'a>, value: Value) -> Result<(), Error> {
        let attribute = spot.attribute;
        let Some(Value::Array(unwanted)) = self.read(spot, value)? else { return Ok(()) };
        let Some(Value::Array(elements)) = resource::get(&self.resource, spot.schema, &attribute.name) else {
            return Ok(());
        };
        let left = element::without(attribute, elements, &unwanted);
        self.put(spot, Some(Value::Array(left)))
    }

    /// A sub-attribute, or the elements that a filter selects, or a sub-attribute of those.
    fn inside(
        &mut self,
        op: Op,
        spot: &Spot<'a>,
        filter: Option<&Filter>,
        sub: Option<&'a Attribute>,
        value: Option<Value>,
    ) -> Result<(), Error> {
        let attribute = spot.attribute;
        let selector = filter.map(|filter| element::selector(attribute, filter)).transpose()?;
        let selects = |element: &Value| match &selector {
            Some(selector) => element.as_object().is_some_and(|element| selector.matches(element)),
            None => true,
        };
        let mut elements = match resource::get(&self.resource, spot.schema, &attribute.name) {
            Some(Value::Array(elements)) => elements.clone(),
            Some(single) => vec![single.clone()],
            None => Vec::new(),
        };
        let mut touched: Vec<usize> = (0..elements.len()).filter(|at| selects(&elements[*at])).collect();
        if touched.is_empty() {
            let described = match filter {
                None => Some(Object::new()),
                Some(filter) => element::described(attribute, filter, self.dialect),
            };
            let customary = self.dialect.unmatched_replace_creates
                && described.as_ref().is_some_and(|element| element::is_customary(attribute, element));
            match described {
                Some(_) if op == Op::Remove && (filter.is_none() || customary) => return Ok(()),
                Some(element) if op == Op::Add || (op == Op::Replace && (filter.is_none() || customary)) => {
                    touched.push(elements.len());
                    elements.push(Value::Object(element));
                }
                _ => {
                    let path =
                        filter.map_or_else(|| spot.name(), |filter| format!("{}[{filter}]", spot.name()));
                    return Err(Error::new(
                        ErrorKind::NoTarget,
                        format!("No value of the resource matches {path}"),
                    )
                    .at(path));
                }
            }
        }
        let given = match (op, value) {
            (Op::Remove, _) => None,
            (_, value) => value.filter(|value| !is_blank(value)),
        };
        self.removed |= given.is_none();
        match (sub, given) {
            (Some(sub), given) => self.write_sub(op, spot, sub, given, &mut elements, &touched)?,
            (None, Some(given)) => self.write_elements(op, spot, given, &mut elements, &touched)?,
            (None, None) => element::erase(&mut elements, &touched),
        }
        element::hand_over_primary(&mut elements, &touched);
        elements.retain(|element| !element.is_null());
        let after = if attribute.multi_valued {
            Some(Value::Array(without_repetition(attribute, elements)))
        } else {
            elements.pop()
        };
        self.put(spot, after)
    }

    /// Writes or removes a sub-attribute of the touched elements; one that says nothing any more becomes null.
    fn write_sub(
        &self,
        op: Op,
        spot: &Spot<'a>,
        sub: &'a Attribute,
        given: Option<Value>,
        elements: &mut [Value],
        touched: &[usize],
    ) -> Result<(), Error> {
        let place = spot.place();
        let place = place.inner(&sub.name);
        let mut errors = Vec::new();
        let value = given.and_then(|given| value::read(sub, given, place, self.dialect, &mut errors));
        if let Some(error) = Error::all(errors) {
            return Err(error);
        }
        for at in touched {
            let Some(fields) = elements[*at].as_object_mut() else { continue };
            let is_set = fields.get(&sub.name).is_some_and(|before| Some(before) != value.as_ref());
            if sub.mutability == Mutability::Immutable && is_set {
                return Err(immutable::refusal(&place.to_string()));
            }
            let before = fields.remove(&sub.name);
            let after = match (before, &value) {
                (Some(Value::Array(before)), Some(Value::Array(more))) if op == Op::Add => {
                    Some(Value::Array(element::united(sub, &before, more.clone())))
                }
                (_, value) => value.clone(),
            };
            match after {
                Some(after) => {
                    fields.insert(sub.name.clone(), after);
                }
                // Without its value an element, or a reference, is none.
                None if sub.name == "value" || element::is_hollow(spot.attribute, fields) => {
                    elements[*at] = Value::Null;
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Replaces the touched elements, or adds to them; one that says nothing any more becomes null.
    fn write_elements(
        &self,
        op: Op,
        spot: &Spot<'a>,
        given: Value,
        elements: &mut [Value],
        touched: &[usize],
    ) -> Result<(), Error> {
        let attribute = spot.attribute;
        let given = if attribute.multi_valued && !given.is_array() { json!([given]) } else { given };
        let given = client::value(attribute, given, self.dialect);
        let blanked = element::blank_sub_attributes(attribute, &given);
        let given = match self.read(spot, given)? {
            Some(Value::Array(mut values)) if values.len() == 1 => values.pop(),
            Some(Value::Array(values)) => {
                let detail = format!(
                    "Bad value for attribute {}: expected one element to put in place, got {}",
                    spot.place(),
                    values.len()
                );
                return Err(Error::new(ErrorKind::InvalidValue, detail).at(spot.name()));
            }
            single => single,
        };
        for at in touched {
            let before = elements[*at].take();
            let after = match op {
                Op::Add => element::merged(attribute, before, given.clone(), &blanked),
                Op::Replace | Op::Remove => given.clone(),
            };
            elements[*at] = after.unwrap_or_default();
        }
        Ok(())
    }

    fn read(&self, spot: &Spot<'a>, value: Value) -> Result<Option<Value>, Error> {
        let mut errors = Vec::new();
        let read = value::read(spot.attribute, value, spot.place(), self.dialect, &mut errors);
        Error::all(errors).map_or(Ok(read), Err)
    }

    /// Sets the attribute, or clears it where nothing is left of it.
    fn put(&mut self, spot: &Spot<'a>, value: Option<Value>) -> Result<(), Error> {
        let Some(value) = value.filter(|value| !is_blank(value)) else { return self.clear(spot) };
        let before = resource::get(&self.resource, spot.schema, &spot.attribute.name);
        immutable::check(spot.schema, spot.attribute, before, Some(&value))?;
        resource::set(&mut self.resource, spot.schema, &spot.attribute.name, value);
        Ok(())
    }

    fn clear(&mut self, spot: &Spot<'a>) -> Result<(), Error> {
        let attribute = spot.attribute;
        let is_kept = attribute.private.kept == Kept::Blank && self.dialect.remove_keeps;
        if is_kept || attribute.mutability == Mutability::ReadOnly {
            return Ok(());
        }
        let before = resource::get(&self.resource, spot.schema, &attribute.name);
        immutable::check(spot.schema, attribute, before, None)?;
        resource::unset(&mut self.resource, spot.schema, &attribute.name);
        self.removed = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
