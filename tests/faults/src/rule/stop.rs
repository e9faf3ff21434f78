//! The end of the process, after any of its requests.

use super::Rule;
use crate::{fault::Fault, request::Request};

/// Lets so many requests through; then the process is dead.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    left: Option<usize>,
    has_stopped: bool,
}

impl Stop {
    pub(crate) const fn after(requests: usize) -> Self {
        Self { left: Some(requests), has_stopped: false }
    }

    /// Whether a request has met the end.
    pub(crate) const fn has_stopped(&self) -> bool {
        self.has_stopped
    }
}

impl Rule for Stop {
    fn before(&mut self, _: &mut Request) -> Option<Fault> {
        match &mut self.left {
            None => None,
            Some(0) => {
                self.has_stopped = true;
                Some(Fault::Dead)
            }
            Some(left) => {
                *left -= 1;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn after_the_last_request_none_gets_through() {
        let mut stop = Stop::after(2);
        let ask = |stop: &mut Stop| stop.before(&mut Request::new("GetItem", &json!({})));
        assert_eq!([ask(&mut stop), ask(&mut stop)], [None, None]);
        assert!(!stop.has_stopped());
        assert_eq!([ask(&mut stop), ask(&mut stop)], [Some(Fault::Dead), Some(Fault::Dead)]);
        assert!(stop.has_stopped());
    }
}
