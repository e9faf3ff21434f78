//! The program against a local server, as an operator runs it.

#![expect(clippy::unwrap_used, reason = "a test ends where what it stands on is not there")]

mod connector;
mod doctor;
mod erase;
mod export;
mod fsck;
mod guide;
mod help;
mod import;
mod matching;
mod restore;
mod schema;
mod support;
mod tenant;
mod token;
mod user;
mod values;
