//! Filters (RFC 7644 §3.4.2.2): parsed once, checked against a resource type, evaluated on many resources.

use std::fmt;

use serde_json::Value;

use crate::path::AttributePath;

mod bind;
mod condition;
mod cursor;
mod evaluate;
mod lexer;
mod parse;
mod patch_path;
pub mod plan;
#[cfg(test)]
mod properties;
pub(crate) mod source;

pub use bind::BoundFilter;
pub use cursor::MAX_LENGTH_BYTES;
pub use parse::{MAX_DEPTH, parse};
pub use patch_path::{PatchPath, parse_path};

/// A filter, its names in the client's spelling.
///
/// [`Display`](fmt::Display) prints the canonical form, which [`parse()`] reads back as the same filter, as
/// long as it is within the limits.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All of two or more.
    And(Vec<Filter>),
    /// Any of two or more.
    Or(Vec<Filter>),
    /// The opposite.
    Not(Box<Filter>),
    /// A value compared with a literal.
    Compare {
        /// The attribute.
        path: AttributePath,
        /// How they are compared.
        operator: Operator,
        /// A string, number, boolean or null.
        value: Value,
    },
    /// The attribute has a value that is not empty (`pr`).
    Present(AttributePath),
    /// One value of a complex attribute matches all of a filter: `emails[type eq "work" and value co "@x"]`.
    ///
    /// `emails[type eq "work"].value co "@x"` is this very filter, written differently.
    ValuePath {
        /// The complex attribute.
        path: AttributePath,
        /// Its names are sub-attributes; it holds no value path.
        filter: Box<Filter>,
    },
}

/// Comparison operators (RFC 7644 §3.4.2.2, table 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are RFC 7644's own")]
pub enum Operator {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 9] =
        [Self::Eq, Self::Ne, Self::Co, Self::Sw, Self::Ew, Self::Gt, Self::Ge, Self::Lt, Self::Le];

    /// The operator's name in a filter.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }

    /// The operator of this name, in any case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.name().eq_ignore_ascii_case(name))
    }
}

impl Filter {
    /// The same filter with its names in lower case, which changes nothing of what it means. What it compares with
    /// stays as it is.
    #[must_use]
    pub fn with_names_in_lowercase(&self) -> Self {
        let all = |operands: &[Self]| operands.iter().map(Self::with_names_in_lowercase).collect();
        match self {
            Self::And(operands) => Self::And(all(operands)),
            Self::Or(operands) => Self::Or(all(operands)),
            Self::Not(filter) => Self::Not(Box::new(filter.with_names_in_lowercase())),
            Self::Compare { path, operator, value } => {
                Self::Compare { path: path.to_lowercase(), operator: *operator, value: value.clone() }
            }
            Self::Present(path) => Self::Present(path.to_lowercase()),
            Self::ValuePath { path, filter } => Self::ValuePath {
                path: path.to_lowercase(),
                filter: Box::new(filter.with_names_in_lowercase()),
            },
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(operands) => {
                join(f, " and ", operands, |operand| matches!(operand, Self::And(_) | Self::Or(_)))
            }
            Self::Or(operands) => join(f, " or ", operands, |operand| matches!(operand, Self::Or(_))),
            Self::Not(filter) => write!(f, "not ({filter})"),
            Self::Compare { path, operator, value } => write!(f, "{path} {operator} {value}"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::ValuePath { path, filter } => write!(f, "{path}[{filter}]"),
        }
    }
}

fn join(
    f: &mut fmt::Formatter<'_>,
    separator: &str,
    operands: &[Filter],
    grouped: fn(&Filter) -> bool,
) -> fmt::Result {
    for (index, operand) in operands.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        if grouped(operand) {
            write!(f, "({operand})")?;
        } else {
            write!(f, "{operand}")?;
        }
    }
    Ok(())
}
