//! What decides over requests.

pub(crate) mod capacity;
pub(crate) mod delay;
pub(crate) mod lag;
pub(crate) mod pages;
pub(crate) mod random;
pub(crate) mod script;
pub(crate) mod stop;

use serde_json::Value;

use crate::{fault::Fault, request::Request};

/// Something that lets requests fail, or changes them or their answers.
pub trait Rule: Send {
    /// What goes wrong with the request; `None` leaves that to the rules after this one.
    ///
    /// It may change the request or hold it up, too.
    fn before(&mut self, request: &mut Request) -> Option<Fault> {
        let _ = request;
        None
    }

    /// Whether [`Self::after`] is for requests like this one.
    fn awaits(&self, request: &Request) -> bool {
        let _ = request;
        false
    }

    /// Sees, and may change, what the engine answers to a request that it has done.
    fn after(&mut self, request: &Request, answer: &mut Value) {
        let _ = (request, answer);
    }
}
