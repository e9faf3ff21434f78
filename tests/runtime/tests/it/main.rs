//! The compiled functions in a sandbox as Lambda's: what comes in goes wrong, and what they call goes wrong.
#![cfg(test)]

mod bases;
mod deadlines;
mod events;
mod faults;
mod functions;
mod network;
mod queries;
mod runtime_api;
mod sandbox;
mod sandboxes;
mod signals;
mod sizes;
