//! Ranges of an index: where in it the texts lie that may match, and which of them do.

use super::Indexed;
use crate::filter::{Operator, condition::strings};

/// A part of an index, and a test of the texts in it: a text is what the evaluator compares, folded unless the
/// attribute is case-exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    index: Indexed,
    /// What a text must be to all of these.
    tests: Vec<(Operator, String)>,
    decides: bool,
}

/// Where in an index the texts of a range lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bounds {
    /// Anywhere.
    Whole,
    /// Where texts begin like this, which is not empty.
    Prefix(String),
    /// From one text to another, both included.
    Between {
        /// The first, where there is one.
        from: Option<String>,
        /// The last, where there is one.
        to: Option<String>,
    },
}

/// What a leaf costs, the one that narrows most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cost {
    Lookup(Indexed),
    Prefix,
    Part,
    /// All of the index, and the resources of some of it.
    Tested,
    Whole,
}

impl Range {
    /// All of `index`.
    #[must_use]
    pub const fn whole(index: Indexed) -> Self {
        Self { index, tests: Vec::new(), decides: true }
    }

    /// The texts that compare so with `literal`, which is folded as they are.
    pub(super) fn of(index: Indexed, operator: Operator, literal: String) -> Self {
        Self { index, tests: vec![(operator, literal)], decides: true }
    }

    /// The index.
    #[must_use]
    pub const fn index(&self) -> Indexed {
        self.index
    }

    /// Whether it takes any text.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.tests.is_empty()
    }

    /// Whether every resource with a text that [passes](Self::accepts) matches the filter: none needs to be evaluated.
    #[must_use]
    pub const fn decides(&self) -> bool {
        self.decides
    }

    /// Whether `text` is as the filter asks.
    #[must_use]
    pub fn accepts(&self, text: &str) -> bool {
        self.tests.iter().all(|(operator, literal)| strings(*operator, text, literal))
    }

    /// Where the texts lie that [pass](Self::accepts).
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        let literals = |operators: &'static [Operator]| {
            let tests = self.tests.iter().filter(move |(operator, _)| operators.contains(operator));
            tests.map(|(_, literal)| literal)
        };
        let prefix = literals(&[Operator::Sw]).max_by_key(|prefix| prefix.len());
        if let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) {
            return Bounds::Prefix(prefix.clone());
        }
        let from = literals(&[Operator::Gt, Operator::Ge]).max().cloned();
        let to = literals(&[Operator::Lt, Operator::Le]).min().cloned();
        if from.is_none() && to.is_none() { Bounds::Whole } else { Bounds::Between { from, to } }
    }

    /// Only texts that are in `other` too.
    pub(super) fn narrow(&mut self, other: Self) {
        self.tests.extend(other.tests);
        self.decides &= other.decides;
    }

    /// The filter asks for more than this.
    pub(super) const fn leave_open(&mut self) {
        self.decides = false;
    }

    pub(super) fn cost(&self) -> Cost {
        match self.bounds() {
            Bounds::Prefix(_) => Cost::Prefix,
            Bounds::Between { .. } => Cost::Part,
            Bounds::Whole if self.tests.is_empty() => Cost::Whole,
            Bounds::Whole => Cost::Tested,
        }
    }
}
