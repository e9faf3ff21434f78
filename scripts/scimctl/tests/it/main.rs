//! The program against an engine, as an operator runs it.

#![expect(clippy::unwrap_used, reason = "a test ends where what it stands on is not there")]

mod fsck;
