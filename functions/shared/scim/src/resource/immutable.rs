//! What is immutable: given once, by whatever request, and never changed (RFC 7643 §7).

use serde_json::{Value, json};

use super::{full_name, get, set};
use crate::{
    Error, ErrorKind, Object,
    schema::{Attribute, Mutability, Schema},
};

/// What is told when an immutable value would change.
pub(crate) fn refusal(path: &str) -> Error {
    Error::new(
        ErrorKind::Mutability,
        format!("Attribute {path} is immutable: it has a value, which cannot change"),
    )
    .at(path)
}

/// Whether the attribute may be `after` where it was `before`.
///
/// Which elements a multi-valued attribute has may change, unless it is immutable itself: what is immutable
/// inside makes them what they are.
///
/// # Errors
///
/// [`ErrorKind::Mutability`], naming the attribute or sub-attribute that would change or be lost.
pub(crate) fn check(
    schema: Option<&Schema>,
    attribute: &Attribute,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Result<(), Error> {
    if attribute.mutability == Mutability::Immutable {
        return if before.is_some() && before != after {
            Err(refusal(&full_name(schema, attribute)))
        } else {
            Ok(())
        };
    }
    for sub in inside(attribute) {
        let before = before.and_then(|before| before.get(&sub.name));
        if before.is_some() && before != after.and_then(|after| after.get(&sub.name)) {
            return Err(refusal(&format!("{}.{}", full_name(schema, attribute), sub.name)));
        }
    }
    Ok(())
}

/// Gives the resource the stored value of what is immutable, where it has none.
pub(crate) fn restore(
    resource: &mut Object,
    stored: &Object,
    schema: Option<&Schema>,
    attribute: &Attribute,
) {
    let Some(before) = get(stored, schema, &attribute.name) else { return };
    if attribute.mutability == Mutability::Immutable {
        if get(resource, schema, &attribute.name).is_none() {
            set(resource, schema, &attribute.name, before.clone());
        }
        return;
    }
    for sub in inside(attribute) {
        let Some(before) = before.get(&sub.name) else { continue };
        let mut after = get(resource, schema, &attribute.name).cloned().unwrap_or_else(|| json!({}));
        if let Some(fields) = after.as_object_mut() {
            fields.entry(&sub.name).or_insert_with(|| before.clone());
            set(resource, schema, &attribute.name, after);
        }
    }
}

/// The immutable sub-attributes of a singular attribute.
fn inside(attribute: &Attribute) -> impl Iterator<Item = &Attribute> {
    attribute
        .sub_attributes
        .iter()
        .filter(|sub| !attribute.multi_valued && sub.mutability == Mutability::Immutable)
}
