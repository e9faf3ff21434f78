//! The single table: users, groups and further resources, their lookup items, memberships and counters.
//!
//! One rule holds it together: a document and the lookup items that find it change in one transaction, so
//! every look-up here is by key; only `index` asks an index, to walk along it. `keys` lays the table out; the
//! files named for what is done to a record ([`Directory::create`], [`Directory::update`], …) put the items
//! together; `table` and `index` are the ones that read from the service, `aws` says how. Nothing here knows of requests
//! to ours.

mod aws;
mod bookmark;
mod configuration;
mod counters;
mod create;
mod delete;
mod document;
mod erase;
mod error;
mod expression;
mod find;
pub mod fsck;
mod index;
mod keys;
mod lookup;
mod members;
mod names;
mod password;
mod people;
mod read;
mod reconfigure;
mod record;
mod restore;
mod retry;
mod route;
mod scan;
mod scope;
mod table;
mod tidy;
mod transaction;
mod update;
mod usage;
mod walk;

pub use aws::aws;
pub use bookmark::Bookmark;
pub use configuration::Setting;
pub use erase::{Erasure, Kept};
pub use error::Error;
pub use index::{Entries, Entry, Index, Mark};
pub use lookup::Lookup;
pub use members::{Claim, Finished, GroupChange, GroupRef, Member, MemberChange};
pub use people::UserRef;
pub use reconfigure::Revision;
pub use record::{Draft, Record};
pub use restore::Tombstone;
pub use route::Route;
pub use scope::{Policy, Scope};
pub use table::{Consistency, Directory};
pub use tidy::{Change, Image, Tidied};
pub use usage::Usage;
pub use walk::{Page, Position, Skipped};
