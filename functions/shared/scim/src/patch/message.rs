//! The `PatchOp` message (RFC 7644 §3.5.2).

use serde_json::Value;

use crate::{
    Error, ErrorKind, Object,
    client::Dialect,
    filter::{self, PatchPath},
    resource::take,
    value::{json_type, quoted},
};

/// URN of the PATCH message.
pub const PATCH_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// The most operations one request may carry.
const MOST_OPERATIONS: usize = 10_000;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are RFC 7644's own")]
pub enum Op {
    Add,
    Remove,
    Replace,
}

/// One operation of a PATCH.
#[derive(Debug, Clone)]
pub struct Operation {
    /// What to do.
    pub op: Op,
    /// Where; `None` for the whole resource.
    pub path: Option<PatchPath>,
    /// With what. `None` when the operation has no `value` at all.
    pub value: Option<Value>,
}

impl Op {
    /// The operation's name as the RFC writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Replace => "replace",
        }
    }

    /// Entra writes `Add`, `Remove` and `Replace`.
    fn parse(text: &str) -> Option<Self> {
        [Self::Add, Self::Remove, Self::Replace]
            .into_iter()
            .find(|op| op.name().eq_ignore_ascii_case(text.trim()))
    }
}

/// The operations of a PATCH body.
///
/// # Errors
///
/// [`ErrorKind::InvalidSyntax`] when the body is no `PatchOp` message, [`ErrorKind::InvalidPath`] for a path
/// that does not parse; both name the operation by its place, from 1.
pub fn read(mut body: Object, dialect: Dialect) -> Result<Vec<Operation>, Error> {
    let named = |urn: &Value| urn.as_str().is_some_and(|urn| urn.trim().eq_ignore_ascii_case(PATCH_SCHEMA));
    if !take(&mut body, "schemas")
        .is_some_and(|urns| urns.as_array().is_some_and(|urns| urns.iter().any(named)))
    {
        return Err(syntax(format!("Attribute schemas of a PATCH must name {PATCH_SCHEMA}")).at("schemas"));
    }
    let operations = match take(&mut body, "Operations") {
        Some(Value::Array(operations)) if !operations.is_empty() => operations,
        Some(Value::Array(_)) => {
            return Err(syntax("Attribute Operations is empty: expected at least one operation"));
        }
        Some(other) => {
            return Err(syntax(format!(
                "Bad value type for attribute Operations: expected array, got {}",
                json_type(&other)
            )));
        }
        None => return Err(syntax("Missing attribute Operations: expected an array of operations")),
    };
    if operations.len() > MOST_OPERATIONS {
        let detail = format!(
            "{} operations in one PATCH: at most {MOST_OPERATIONS} are taken, send several requests",
            operations.len()
        );
        return Err(Error::new(ErrorKind::TooMany, detail));
    }
    operations
        .into_iter()
        .enumerate()
        .map(|(at, operation)| {
            read_operation(operation, dialect).map_err(|error| error.within(&format!("operation {}", at + 1)))
        })
        .collect()
}

fn read_operation(operation: Value, dialect: Dialect) -> Result<Operation, Error> {
    let Value::Object(mut fields) = operation else {
        return Err(syntax(format!("expected an object, got {}", json_type(&operation))));
    };
    let op = match take(&mut fields, "op") {
        Some(Value::String(text)) => Op::parse(&text).ok_or_else(|| {
            syntax(format!("op is {}: expected add, remove or replace", quoted(&text))).at("op")
        })?,
        Some(other) => {
            return Err(syntax(format!(
                "Bad value type for attribute op: expected string, got {}",
                json_type(&other)
            )));
        }
        None => return Err(syntax("Missing attribute op: expected add, remove or replace").at("op")),
    };
    let path = match take(&mut fields, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.trim().is_empty() && !dialect.strict => None,
        Some(Value::String(text)) => {
            Some(filter::parse_path(if dialect.strict { &text } else { text.trim() })?)
        }
        Some(other) => {
            let detail =
                format!("Bad value type for attribute path: expected string, got {}", json_type(&other));
            return Err(Error::new(ErrorKind::InvalidPath, detail).at("path"));
        }
    };
    if path.is_none() && dialect.strict {
        return Err(syntax(
            "Missing attribute path: this connector is strict and takes no operation without one",
        )
        .at("path"));
    }
    let value = take(&mut fields, "value");
    if value.is_none() && op != Op::Remove {
        return Err(Error::new(
            ErrorKind::InvalidValue,
            format!("Missing attribute value: {} needs one", op.name()),
        )
        .at("value"));
    }
    if let Some(unknown) = fields.keys().next().filter(|_| dialect.strict) {
        return Err(syntax(format!("Unknown attribute {unknown} of an operation")));
    }
    Ok(Operation { op, path, value })
}

fn syntax(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidSyntax, detail)
}
