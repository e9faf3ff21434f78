//! The single table: users, groups and further resources, their lookup items, memberships and counters.
//!
//! One rule holds it together: a document and the lookup items that find it change in one transaction, so
//! every read here is by key and none asks an index. `keys` lays the table out; the files named for what is
//! done to a record ([`Directory::create`], [`Directory::update`], …) put the items together; `table` is
//! the only one that talks to the service. Nothing here knows HTTP.

mod bookmark;
mod configuration;
mod counters;
mod create;
mod delete;
mod document;
mod error;
mod expression;
mod find;
mod keys;
mod lookup;
mod members;
mod read;
mod record;
mod retry;
mod scope;
mod table;
mod transaction;
mod update;
mod usage;
mod walk;

pub use bookmark::Bookmark;
pub use configuration::Setting;
pub use error::Error;
pub use lookup::Lookup;
pub use members::{Bump, GroupRef, Member, MemberChange};
pub use record::{Draft, Record};
pub use scope::{Policy, Scope};
pub use table::{Consistency, Directory};
pub use usage::Usage;
pub use walk::{Page, Position, Skipped};
