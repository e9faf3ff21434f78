//! Faults that a test asks for one by one.

use super::Rule;
use crate::{fault::Fault, request::Request};

/// Which requests a fault is for, beside their operation.
pub(crate) type Fits = Box<dyn Fn(&Request) -> bool + Send>;

/// Faults that wait for their requests: the first that fits is used up.
#[derive(Default)]
pub(crate) struct Script {
    faults: Vec<Entry>,
}

struct Entry {
    operation: String,
    fits: Option<Fits>,
    left: usize,
    fault: Fault,
}

impl Script {
    pub(crate) fn push(&mut self, operation: &str, fits: Option<Fits>, times: usize, fault: Fault) {
        self.faults.push(Entry { operation: operation.to_owned(), fits, left: times, fault });
    }

    /// How many requests are still to fail.
    pub(crate) fn left(&self) -> usize {
        self.faults.iter().map(|entry| entry.left).sum()
    }
}

impl Rule for Script {
    fn before(&mut self, request: &mut Request) -> Option<Fault> {
        let fits = |entry: &&mut Entry| {
            entry.left > 0
                && entry.operation == request.operation()
                && entry.fits.as_ref().is_none_or(|fits| fits(request))
        };
        let entry = self.faults.iter_mut().find(fits)?;
        entry.left -= 1;
        let fault = entry.fault.clone();
        self.faults.retain(|entry| entry.left > 0);
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_fault_that_fits_is_used_up() {
        let mut script = Script::default();
        let names_b: Fits = Box::new(|request| request.body()["Key"] == "b");
        script.push("GetItem", Some(names_b), 1, Fault::Down);
        script.push("GetItem", None, 2, Fault::AnswerLost);
        script.push("Query", None, 0, Fault::AnswerLost);
        let mut ask =
            |operation: &str, key: &str| script.before(&mut Request::new(operation, &json!({ "Key": key })));
        assert_eq!(ask("Query", "a"), None);
        assert_eq!(ask("GetItem", "a"), Some(Fault::AnswerLost));
        assert_eq!(ask("GetItem", "b"), Some(Fault::Down));
        assert_eq!(ask("GetItem", "b"), Some(Fault::AnswerLost));
        assert_eq!(ask("GetItem", "b"), None);
        assert_eq!(script.left(), 0);
    }
}
