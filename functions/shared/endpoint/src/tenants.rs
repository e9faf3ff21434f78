//! What is configured for a tenant and its connectors, read from the table once a minute.

use std::{collections::HashMap, sync::Arc, time::Duration};

use connector::Trust;
use directory::{Directory, Policy, Usage};
use scim::{
    Object,
    catalog::{Catalog, Fault},
    client::Dialect,
    path::AttributePath,
};
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::Mutex;

/// How long a configuration is used before it is read again.
const FRESH: Duration = Duration::from_mins(1);
/// The most tenants remembered at once.
const MOST_TENANTS: usize = 1000;

/// Everything that is configured for one tenant.
#[derive(Default)]
pub(crate) struct Tenant {
    pub(crate) policy: Policy,
    pub(crate) catalog: Catalog,
    pub(crate) passwords: Passwords,
    connectors: HashMap<String, Settings>,
    trusts: HashMap<String, Trust>,
}

/// The settings of a connector: what its client may do, and how much it is forgiven.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent switches")]
pub(crate) struct Settings {
    /// Only what the interoperability profile allows; the switches below then do not count.
    pub(crate) strict: bool,
    /// See [`Dialect::boolean_strings`].
    pub(crate) boolean_strings: bool,
    /// See [`Dialect::remove_value_as_filter`].
    pub(crate) remove_value_as_filter: bool,
    /// See [`Dialect::unmatched_replace_creates`].
    pub(crate) unmatched_replace: UnmatchedReplace,
    /// See [`Dialect::remove_keeps`].
    pub(crate) remove_keeps_active: bool,
    /// What a PATCH of a group is answered with.
    pub(crate) group_patch_answer: GroupPatchAnswer,
    /// Whether its client may only read.
    pub(crate) read_only: bool,
    /// Whether its client may send its token as the password of `Basic`, the connector as the user name.
    pub(crate) basic_authentication: bool,
    /// Paths of attributes that its client sets when it creates a resource, or while they have no value: what it writes
    /// there later is accepted and not applied.
    pub(crate) create_only: Vec<AttributePath>,
    /// Whether the groups of a user are shown without being asked for.
    pub(crate) groups_returned: GroupsReturned,
    /// The `userName` of the user that `/Me` is.
    pub(crate) subject: Option<String>,
}

/// What `replace` through a filter that matches nothing does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum UnmatchedReplace {
    #[default]
    Create,
    Error,
}

/// What a PATCH of a group is answered with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum GroupPatchAnswer {
    #[default]
    NoContent,
    Resource,
}

/// When the groups of a user are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum GroupsReturned {
    /// As the schema says: unless they are excluded.
    #[default]
    Default,
    /// Where a request names them: a list of users then reads no memberships.
    Request,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            strict: false,
            boolean_strings: true,
            remove_value_as_filter: true,
            unmatched_replace: UnmatchedReplace::Create,
            remove_keeps_active: true,
            group_patch_answer: GroupPatchAnswer::NoContent,
            read_only: false,
            basic_authentication: false,
            create_only: Vec::new(),
            groups_returned: GroupsReturned::Default,
            subject: None,
        }
    }
}

impl Settings {
    /// How much the client is forgiven.
    pub(crate) fn dialect(&self) -> Dialect {
        if self.strict {
            return Dialect::STRICT;
        }
        Dialect {
            strict: false,
            boolean_strings: self.boolean_strings,
            remove_value_as_filter: self.remove_value_as_filter,
            unmatched_replace_creates: self.unmatched_replace == UnmatchedReplace::Create,
            remove_keeps: self.remove_keeps_active,
        }
    }
}

/// What becomes of the passwords that clients send (Okta's "Sync Password" does).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Passwords {
    /// They are forgotten at once.
    #[default]
    Discard,
    /// Their hashes are kept, for another program to check a sign-in with.
    Argon2id,
}

/// The list of the values that an attribute may have, kept beside its schema.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowed {
    values: Vec<String>,
}

/// The switches of a tenant; most change keys, so that turning one on needs a look at what is stored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct TenantSettings {
    unique_email: bool,
    unique_external_id: bool,
    unique_group_display_name: bool,
    password: Passwords,
}

impl Default for TenantSettings {
    fn default() -> Self {
        let Policy { unique_email, unique_external_id, unique_group_display_name, .. } = Policy::default();
        Self { unique_email, unique_external_id, unique_group_display_name, password: Passwords::Discard }
    }
}

impl Tenant {
    fn new(settings: Vec<directory::Setting>) -> Self {
        let (mut tenant, mut documents, mut faults) = (Self::default(), Vec::new(), Vec::new());
        let mut allowed = Vec::new();
        for directory::Setting { name, document } in settings {
            let outcome = match name.split_once('#') {
                Some(("schema" | "type", _)) => {
                    documents.push(document);
                    Ok(())
                }
                Some(("connector", connector)) => read(document)
                    .map(|settings| drop(tenant.connectors.insert(connector.to_owned(), settings))),
                Some(("trust", connector)) => read(document)
                    .and_then(|trust: Trust| trust.check().map(|()| trust))
                    .map(|trust| drop(tenant.trusts.insert(connector.to_owned(), trust))),
                Some(("values", path)) => read(document)
                    .map(|Allowed { values }| allowed.push((name.clone(), path.to_owned(), values))),
                _ if name == "tenant" => read(document).map(|settings: TenantSettings| {
                    tenant.passwords = settings.password;
                    tenant.policy = Policy {
                        unique_email: settings.unique_email,
                        unique_external_id: settings.unique_external_id,
                        unique_group_display_name: settings.unique_group_display_name,
                        ..Policy::default()
                    };
                }),
                _ => Err("no such setting is known".to_owned()),
            };
            faults.extend(outcome.err().map(|reason| Fault { document: name, reason }));
        }
        tenant.catalog = Catalog::new(documents);
        for (document, path, values) in allowed {
            let outcome = tenant.catalog.allow(&path, &values);
            faults.extend(outcome.err().map(|reason| Fault { document, reason }));
        }
        tenant.catalog.faults.extend(faults);
        tenant
    }

    /// The settings of a connector.
    pub(crate) fn settings(&self, connector: &str) -> Settings {
        self.connectors.get(connector).cloned().unwrap_or_default()
    }

    /// Whose tokens a connector takes beside its own.
    pub(crate) fn trust(&self, connector: &str) -> Option<&Trust> {
        self.trusts.get(connector)
    }
}

fn read<T: serde::de::DeserializeOwned>(document: Object) -> Result<T, String> {
    serde_json::from_value(Value::Object(document)).map_err(|error| error.to_string())
}

/// Whether a document holds settings of a connector and nothing else.
///
/// # Errors
///
/// What is wrong, in words.
pub fn check_settings(document: &Object) -> Result<(), String> {
    read::<Settings>(document.clone()).map(drop)
}

/// Whether a document holds settings of a tenant and nothing else.
///
/// # Errors
///
/// What is wrong, in words.
pub fn check_tenant_settings(document: &Object) -> Result<(), String> {
    read::<TenantSettings>(document.clone()).map(drop)
}

/// What is served of a tenant's configuration, and the documents that requests do without, each with the reason.
#[must_use]
pub fn catalog(settings: Vec<directory::Setting>) -> Catalog {
    Tenant::new(settings).catalog
}

/// What of a tenant's configuration decides over its items; as for requests, what cannot be used is left out.
#[must_use]
pub fn profile(settings: Vec<directory::Setting>) -> directory::fsck::Profile {
    let Tenant { policy, catalog, .. } = Tenant::new(settings);
    directory::fsck::Profile { policy, resource_types: catalog.resource_types }
}

/// Tenants by name.
#[derive(Default)]
pub(crate) struct Tenants {
    entries: Mutex<HashMap<String, (OffsetDateTime, Arc<Tenant>)>>,
}

impl Tenants {
    /// What is configured for a tenant, no older than a minute.
    ///
    /// A document that cannot be used is left out and logged: it never fails a request. While the table does not
    /// answer, what was read before holds on.
    pub(crate) async fn get(
        &self,
        directory: &Directory,
        name: &str,
        now: OffsetDateTime,
    ) -> Result<Arc<Tenant>, directory::Error> {
        let mut entries = self.entries.lock().await;
        let known = entries.get(name).cloned();
        if let Some((read, tenant)) = &known
            && now - *read < FRESH
        {
            return Ok(Arc::clone(tenant));
        }
        let settings = match (directory.configuration(name, &Usage::default()).await, known) {
            (Ok(settings), _) => settings,
            (Err(error), Some((_, tenant))) => {
                tracing::warn!(tenant = name, cause = %error, "using a configuration past its time");
                return Ok(tenant);
            }
            (Err(error), None) => return Err(error),
        };
        let tenant = Arc::new(Tenant::new(settings));
        for Fault { document, reason } in &tenant.catalog.faults {
            tracing::error!(tenant = name, document, reason, "a document of the configuration is left out");
        }
        if entries.len() >= MOST_TENANTS {
            entries.clear();
        }
        entries.insert(name.to_owned(), (now, Arc::clone(&tenant)));
        Ok(tenant)
    }
}
