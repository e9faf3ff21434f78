//! The program against a local server, as an operator runs it.

#![expect(clippy::unwrap_used, reason = "a test ends where what it stands on is not there")]

mod connector;
mod doctor;
mod fsck;
mod guide;
mod schema;
mod support;
mod token;
