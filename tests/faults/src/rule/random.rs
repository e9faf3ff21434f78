//! Faults by chance, the same ones for the same seed and requests.

use std::time::Duration;

use fastrand::Rng;

use super::Rule;
use crate::{
    fault::{Fault, cancelled, refused},
    request::Request,
};

/// How probable each fault is for a request that it can meet, 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Odds {
    /// A write meets a transaction on one of its items.
    pub conflict: f64,
    /// It is too much at once.
    pub throttle: f64,
    /// A batch is done in part.
    pub part: f64,
    /// It is done, and the answer is lost.
    pub answer_lost: f64,
    /// It is lost, and not done.
    pub request_lost: f64,
    /// It is held up, by up to [`Self::longest_delay`].
    pub delay: f64,
    /// See [`Self::delay`].
    pub longest_delay: Duration,
}

/// Lets requests fail by chance.
#[derive(Debug)]
pub struct Random {
    rng: Rng,
    odds: Odds,
}

impl Random {
    /// Faults of these odds, drawn from `seed`.
    #[must_use]
    pub fn new(seed: u64, odds: Odds) -> Self {
        Self { rng: Rng::with_seed(seed), odds }
    }

    fn conflict(&mut self, request: &Request) -> Option<Fault> {
        match request.operation() {
            "TransactWriteItems" => Some(self.cancelled(request, "TransactionConflict")),
            "PutItem" | "UpdateItem" | "DeleteItem" => Some(refused("TransactionConflictException")),
            _ => None,
        }
    }

    fn throttle(&mut self, request: &Request) -> Fault {
        if request.is_transaction() {
            self.cancelled(request, "ThrottlingError")
        } else {
            refused("ThrottlingException")
        }
    }

    /// One of a transaction's actions has met `code`.
    fn cancelled(&mut self, request: &Request, code: &str) -> Fault {
        let actions = request.writes().len().max(1);
        let mut codes = vec!["None"; actions];
        codes[self.rng.usize(..actions)] = code;
        cancelled(&codes)
    }
}

impl Rule for Random {
    fn before(&mut self, request: &mut Request) -> Option<Fault> {
        let odds = self.odds;
        // All are drawn for every request, so that one fault less does not shift those that follow.
        let [conflict, throttle, part, answer_lost, request_lost, delay] =
            [odds.conflict, odds.throttle, odds.part, odds.answer_lost, odds.request_lost, odds.delay]
                .map(|chance| self.rng.f64() < chance);
        let (share, of_longest) = (self.rng.f64(), self.rng.f64());
        if delay {
            request.delay += odds.longest_delay.mul_f64(of_longest);
        }
        if conflict && let Some(fault) = self.conflict(request) {
            return Some(fault);
        }
        if throttle {
            return Some(self.throttle(request));
        }
        if part && request.operation().starts_with("Batch") {
            let places = 0..100;
            return Some(Fault::Without(places.filter(|_| self.rng.f64() < share).collect()));
        }
        if answer_lost {
            return Some(Fault::AnswerLost);
        }
        request_lost.then_some(Fault::RequestLost)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(seed: u64, odds: Odds, operation: &str) -> Vec<Option<Fault>> {
        let mut random = Random::new(seed, odds);
        let action = json!({ "Put": { "Item": { "pk": { "S": "a" } } } });
        let body = json!({ "TransactItems": [action, action, action] });
        (0..200).map(|_| random.before(&mut Request::new(operation, &body))).collect()
    }

    #[test]
    fn a_seed_always_draws_the_same() {
        let odds = Odds { conflict: 0.3, throttle: 0.2, answer_lost: 0.2, ..Odds::default() };
        assert_eq!(faults(1, odds, "TransactWriteItems"), faults(1, odds, "TransactWriteItems"));
        assert_ne!(faults(1, odds, "TransactWriteItems"), faults(2, odds, "TransactWriteItems"));
    }

    #[test]
    fn each_fault_meets_only_what_it_can() {
        let conflict = Odds { conflict: 0.5, ..Odds::default() };
        let met = |odds, operation| faults(3, odds, operation).iter().flatten().count();
        assert_eq!((met(conflict, "GetItem"), met(conflict, "BatchWriteItem")), (0, 0));
        assert!((60..140).contains(&met(conflict, "UpdateItem")));
        let part = Odds { part: 0.5, ..Odds::default() };
        assert_eq!(met(part, "Query"), 0);
        assert!((60..140).contains(&met(part, "BatchGetItem")));
        assert_eq!(met(Odds::default(), "TransactWriteItems"), 0);
    }

    #[test]
    fn a_transaction_is_cancelled_with_a_reason_for_each_action() {
        let odds = Odds { conflict: 1.0, ..Odds::default() };
        for fault in faults(4, odds, "TransactWriteItems").into_iter().flatten() {
            let Fault::Refused(body) = fault else { panic!("{fault:?}") };
            assert_eq!(body.matches("\"Code\"").count(), 3, "{body}");
            assert_eq!(body.matches("TransactionConflict").count(), 1, "{body}");
        }
    }
}
