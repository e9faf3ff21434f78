//! For whom a call is made: part of every key.

use scim::Kind;

use crate::Usage;

/// For whom a call is made, and what it has cost so far.
///
/// Clones share the [`Usage`]: one scope a request is the intended use.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The tenant, `[a-z0-9-]{1,32}`: the beginning of every key.
    pub tenant: String,
    /// The connector, `[a-z0-9-]{1,32}`: whose `externalId` is read and written.
    pub connector: String,
    /// The request, unique: written to each item, so that a write is known again when its answer was lost.
    pub request_id: String,
    /// The tenant's settings.
    pub policy: Policy,
    /// What the calls of this scope have cost.
    pub usage: Usage,
}

impl Scope {
    /// A scope under the default [`Policy`], with nothing used yet.
    #[must_use]
    pub fn new(
        tenant: impl Into<String>,
        connector: impl Into<String>,
        request_id: impl Into<String>,
    ) -> Self {
        Self {
            tenant: tenant.into(),
            connector: connector.into(),
            request_id: request_id.into(),
            policy: Policy::default(),
            usage: Usage::default(),
        }
    }
}

/// The settings of a tenant that change keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Whether two users may not share an e-mail address.
    pub unique_email: bool,
    /// Whether two resources of one connector may not share an `externalId`.
    pub unique_external_id: bool,
    /// Whether two groups may not share a `displayName`.
    pub unique_group_display_name: bool,
    /// How many shards hold users, 1 to 8. It may be raised, never lowered.
    pub user_shards: u8,
    /// How many shards hold groups, 1 to 4. It may be raised, never lowered.
    pub group_shards: u8,
    /// How many shards hold each further resource type, 1 to 4. It may be raised, never lowered.
    pub other_shards: u8,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            unique_email: false,
            unique_external_id: false,
            unique_group_display_name: true,
            user_shards: 4,
            group_shards: 2,
            other_shards: 1,
        }
    }
}

impl Policy {
    /// How many shards hold resources of `kind`.
    #[must_use]
    pub const fn shards(&self, kind: Kind) -> u8 {
        match kind {
            Kind::User => self.user_shards,
            Kind::Group => self.group_shards,
            Kind::Other => self.other_shards,
        }
    }
}
