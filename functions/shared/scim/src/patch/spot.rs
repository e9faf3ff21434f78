//! Where an operation works: an attribute, and whether it may be written there at all.

use crate::{
    Error, ErrorKind,
    schema::{Attribute, Mutability, Schema},
    value::Place,
};

/// An attribute and the extension that defines it.
pub(super) struct Spot<'a> {
    pub(super) schema: Option<&'a Schema>,
    pub(super) attribute: &'a Attribute,
}

impl<'a> Spot<'a> {
    pub(super) fn place(&self) -> Place<'a> {
        Place::of(self.schema, &self.attribute.name)
    }

    pub(super) fn name(&self) -> String {
        self.place().to_string()
    }
}

pub(super) fn refuse_read_only(spot: &Spot<'_>, sub: Option<&Attribute>) -> Result<(), Error> {
    if spot.attribute.mutability == Mutability::ReadOnly {
        return Err(read_only(&spot.name()));
    }
    match sub {
        Some(sub) if sub.mutability == Mutability::ReadOnly => {
            Err(read_only(&format!("{}.{}", spot.name(), sub.name)))
        }
        _ => Ok(()),
    }
}

pub(super) fn read_only(path: &str) -> Error {
    Error::new(ErrorKind::Mutability, format!("Attribute {path} is read-only: the service sets it")).at(path)
}
