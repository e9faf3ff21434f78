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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::samples::object;

    /// The operations of a body, each as `op path value`, or the refusal.
    fn check_in(dialect: Dialect, body: Value, expected: Result<&[&str], (ErrorKind, &str)>) {
        let operations = read(object(body.clone()), dialect);
        let written = operations.map(|operations| {
            let written = operations.into_iter().map(|Operation { op, path, value }| {
                let path = path.map_or("-".to_owned(), |path| path.to_string());
                let value = value.map_or("-".to_owned(), |value| value.to_string());
                format!("{} {path} {value}", op.name())
            });
            written.collect::<Vec<_>>()
        });
        match (written, expected) {
            (Ok(written), Ok(expected)) => assert_eq!(written, expected, "{body}"),
            (Err(error), Err(expected)) => assert_eq!((error.kind(), error.detail()), expected, "{body}"),
            (written, expected) => panic!("{body}: {written:?}, not {expected:?}"),
        }
    }

    /// The same of a body with this one operation.
    fn check(operation: Value, expected: Result<&str, (ErrorKind, &str)>) {
        let body = json!({"schemas": [PATCH_SCHEMA], "Operations": [operation]});
        check_in(
            Dialect::default(),
            body,
            expected.as_ref().map(std::slice::from_ref).map_err(|error| *error),
        );
    }

    #[test]
    fn operations_are_read_in_their_order() {
        check_in(
            Dialect::default(),
            json!({
                "SCHEMAS": ["urn:y", format!(" {} ", PATCH_SCHEMA.to_uppercase())],
                "operations": [
                    {"op": "add", "path": "title", "value": "a"},
                    {"OP": "Replace", "Path": "emails[type eq \"work\"].value", "Value": null},
                    {"op": " REMOVE ", "path": " title "},
                    {"op": "replace", "value": {"title": "b"}, "name": "x"},
                    {"op": "add", "path": "", "value": {}},
                    {"op": "add", "path": null, "value": []}
                ],
                "unknown": 1
            }),
            Ok(&[
                r#"add title "a""#,
                r#"replace emails[type eq "work"].value null"#,
                "remove title -",
                r#"replace - {"title":"b"}"#,
                "add - {}",
                "add - []",
            ]),
        );
    }

    #[test]
    fn a_body_that_is_no_message_is_refused() {
        let check = |body, detail: &str| {
            check_in(Dialect::default(), body, Err((ErrorKind::InvalidSyntax, detail)));
        };
        let schemas = format!("Attribute schemas of a PATCH must name {PATCH_SCHEMA}");
        for body in [
            json!({"Operations": [{"op": "remove", "path": "title"}]}),
            json!({"schemas": PATCH_SCHEMA, "Operations": [{"op": "remove", "path": "title"}]}),
            json!({"schemas": ["urn:y", 1], "Operations": [{"op": "remove", "path": "title"}]}),
        ] {
            check(body, &schemas);
        }
        let with = |operations: Value| json!({"schemas": [PATCH_SCHEMA], "Operations": operations});
        check(
            json!({"schemas": [PATCH_SCHEMA]}),
            "Missing attribute Operations: expected an array of operations",
        );
        check(with(json!([])), "Attribute Operations is empty: expected at least one operation");
        check(with(json!({})), "Bad value type for attribute Operations: expected array, got object");
    }

    #[test]
    fn a_faulty_operation_is_named_by_its_number() {
        let check = |operation: Value, kind, detail: &str| {
            check(operation.clone(), Err((kind, &format!("operation 1: {detail}"))));
            let fine = json!({"op": "remove", "path": "title"});
            let body = json!({"schemas": [PATCH_SCHEMA], "Operations": [fine, operation]});
            check_in(Dialect::default(), body, Err((kind, &format!("operation 2: {detail}"))));
        };
        let syntax = ErrorKind::InvalidSyntax;
        check(json!("add"), syntax, "expected an object, got string");
        check(json!({"path": "title"}), syntax, "Missing attribute op: expected add, remove or replace");
        check(json!({"op": "move"}), syntax, "op is \"move\": expected add, remove or replace");
        check(json!({"op": 1}), syntax, "Bad value type for attribute op: expected string, got number");
        check(
            json!({"op": "add", "path": ["title"], "value": 1}),
            ErrorKind::InvalidPath,
            "Bad value type for attribute path: expected string, got array",
        );
        check(
            json!({"op": "add", "path": "a b", "value": 1}),
            ErrorKind::InvalidPath,
            "Bad path at offset 2: expected the end of the path, got b",
        );
        for op in ["add", "replace"] {
            let detail = format!("Missing attribute value: {op} needs one");
            check(json!({"op": op, "path": "title"}), ErrorKind::InvalidValue, &detail);
        }
    }

    #[test]
    fn strict_clients_name_every_path_and_nothing_else() {
        let check = |operation: Value, kind, detail: &str| {
            let body = json!({"schemas": [PATCH_SCHEMA], "Operations": [operation]});
            check_in(Dialect::STRICT, body, Err((kind, detail)));
        };
        check(
            json!({"op": "add", "value": {"title": "a"}}),
            ErrorKind::InvalidSyntax,
            "operation 1: Missing attribute path: this connector is strict and takes no operation without one",
        );
        check(
            json!({"op": "add", "path": "", "value": {"title": "a"}}),
            ErrorKind::InvalidPath,
            "operation 1: Bad path at offset 0: expected an attribute name, got the end",
        );
        check(
            json!({"op": "remove", "path": "title", "name": "x"}),
            ErrorKind::InvalidSyntax,
            "operation 1: Unknown attribute name of an operation",
        );
    }

    #[test]
    fn there_is_a_limit_to_one_request() {
        let body = |count| {
            let operations = vec![json!({"op": "remove", "path": "title"}); count];
            object(json!({"schemas": [PATCH_SCHEMA], "Operations": operations}))
        };
        let read = |count| read(body(count), Dialect::default());
        assert_eq!(read(MOST_OPERATIONS).map(|operations| operations.len()), Ok(MOST_OPERATIONS));
        let error = read(MOST_OPERATIONS + 1).expect_err("too many");
        let detail = "10001 operations in one PATCH: at most 10000 are taken, send several requests";
        assert_eq!((error.kind(), error.detail()), (ErrorKind::TooMany, detail));
    }
}
