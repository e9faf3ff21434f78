//! Slow answers.

use std::time::Duration;

use super::Rule;
use crate::{fault::Fault, request::Request};

/// Holds up every request, or those of one operation.
#[derive(Debug)]
pub struct Delay {
    operation: Option<String>,
    by: Duration,
}

impl Delay {
    /// Holds up every request.
    #[must_use]
    pub const fn all(by: Duration) -> Self {
        Self { operation: None, by }
    }

    /// Holds up the requests of this operation.
    #[must_use]
    pub fn of(operation: &str, by: Duration) -> Self {
        Self { operation: Some(operation.to_owned()), by }
    }
}

impl Rule for Delay {
    fn before(&mut self, request: &mut Request) -> Option<Fault> {
        if self.operation.as_deref().is_none_or(|operation| operation == request.operation()) {
            request.delay += self.by;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_operation_or_all_are_held_up() {
        let mut rules = [Delay::all(Duration::from_secs(1)), Delay::of("Query", Duration::from_secs(2))];
        for (operation, seconds) in [("Query", 3), ("GetItem", 1)] {
            let mut request = Request::new(operation, &json!({}));
            for rule in &mut rules {
                assert_eq!(rule.before(&mut request), None);
            }
            assert_eq!(request.delay, Duration::from_secs(seconds), "{operation}");
        }
    }
}
