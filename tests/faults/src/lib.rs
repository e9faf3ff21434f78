//! What AWS does under load, in bad moments and by its limits, and a local engine does not.
//!
//! A [`Wire`] lies between the SDK and an engine. It remembers what was sent; [`Wire::fail`] lets single requests
//! fail; a [`Rule`] that is added looks at every request: the first that knows a [`Fault`] for it decides. Nothing
//! here knows the table's layout, only DynamoDB's protocol.
//!
//! ```
//! # fn example(http: aws_smithy_runtime_api::client::http::SharedHttpClient) {
//! use faults::{Fault, Odds, Pages, Random, Wire, cancelled, refused};
//!
//! let wire = Wire::new(http); // for `Config::builder().http_client(wire.clone())`
//! wire.fail("TransactWriteItems", 2, &cancelled(&["None", "TransactionConflict"]));
//! wire.fail("GetItem", 1, &refused("ThrottlingException"));
//! wire.fail("BatchWriteItem", 1, &Fault::Part(3));
//! wire.add(Pages::of(1).with_empty());
//! wire.add(Random::new(7, Odds { conflict: 0.1, answer_lost: 0.05, ..Odds::default() }));
//! wire.stop_after(5); // the process dies after its fifth request
//! # }
//! ```

mod answer;
mod fault;
mod gate;
mod request;
mod rule;
mod wire;

pub use fault::{Fault, cancelled, refused};
pub use gate::Gate;
pub use request::{Item, Request, Sent, Write};
pub use rule::{
    Rule,
    capacity::Capacity,
    delay::Delay,
    lag::Lag,
    pages::Pages,
    random::{Odds, Random},
};
pub use wire::Wire;
