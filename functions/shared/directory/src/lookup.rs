//! Lookup items: by which values a record is found, and which of them it has to itself.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use scim::{
    Kind, Object, ResourceId, ResourceType,
    schema::{Attribute, Type, Uniqueness},
};
use serde_json::Value;

use crate::{
    Error, Record, Scope,
    keys::{self, ALONE, Key},
    record::kind,
    table::Item,
};

/// A transaction holds 100 items: beside the lookup items a document, a password, a counter and a tombstone.
const MOST_LOOKUPS: usize = 96;
/// Distinct e-mail addresses of a user: a change of all of them still fits one transaction.
const MOST_EMAILS: usize = 40;

/// A value to find resources by, as the client wrote it. A blank one finds nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// `userName` of users, without case.
    UserName(String),
    /// `displayName` of groups, without case.
    DisplayName(String),
    /// `value` of one of a user's `emails`, without case.
    Email(String),
    /// `externalId` that the scope's connector has given, case-exact.
    ExternalId(String),
    /// The groups that this user or group is a direct member of, some of which may be gone.
    Member(ResourceId),
    /// A unique attribute of a further resource type.
    Unique {
        /// The attribute's name, in any case.
        attribute: String,
        /// Its value.
        value: String,
    },
}

/// One lookup item that a record owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LookupItem {
    pub(crate) key: Key,
    /// The attribute, for messages.
    pub(crate) attribute: String,
    /// The value as the client wrote it, for messages.
    pub(crate) value: String,
    index: Option<Index>,
}

/// The attributes by which an index holds a lookup item.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Index {
    /// `n`, `e` or `x`: the beginning of the attributes' names.
    name: char,
    pk: String,
    sk: String,
}

impl LookupItem {
    /// Whether no other record may own the same.
    pub(crate) fn is_unique(&self) -> bool {
        self.key.sk.starts_with(ALONE)
    }

    pub(crate) fn to_item(&self, resource_type: &ResourceType, id: &ResourceId) -> Item {
        let mut item = self.key.attributes();
        item.extend(kind("Lookup"));
        item.insert("id".to_owned(), AttributeValue::S(id.to_string()));
        item.insert("type".to_owned(), AttributeValue::S(resource_type.name.clone()));
        if let Some(Index { name, pk, sk }) = &self.index {
            item.insert(format!("{name}_pk"), AttributeValue::S(pk.clone()));
            item.insert(format!("{name}_sk"), AttributeValue::S(sk.clone()));
        }
        item
    }
}

/// Every lookup item that `record` must own.
///
/// # Errors
///
/// [`Error::TooManyEmails`], [`Error::TooManyLookups`]
pub(crate) fn of_record(
    scope: &Scope,
    resource_type: &ResourceType,
    record: &Record,
) -> Result<Vec<LookupItem>, Error> {
    let (tenant, policy, attributes) = (&scope.tenant, scope.policy, &record.attributes);
    let sort_key = |unique: bool| if unique { ALONE } else { record.id.as_str() };
    let item = |pk: Option<String>, unique: bool, attribute: &str, value: &str, index: Option<Index>| {
        let key = Key::new(pk?, sort_key(unique));
        Some(LookupItem { key, attribute: attribute.to_owned(), value: value.to_owned(), index })
    };
    let mut items = Vec::new();
    match resource_type.kind {
        Kind::User => {
            if let Some(name) = string(attributes, "userName") {
                let index = index('n', keys::index_of_user_names(tenant), keys::folded(name));
                items.extend(item(keys::user_name(tenant, name), true, "userName", name, index));
            }
            for (fold, email) in emails(attributes)? {
                let index = index('e', keys::index_of_emails(tenant), Some(fold));
                let unique = policy.unique_email;
                items.extend(item(keys::email(tenant, email), unique, "emails.value", email, index));
            }
        }
        Kind::Group => {
            if let Some(name) = string(attributes, "displayName") {
                let index = index('n', keys::index_of_display_names(tenant), keys::folded(name));
                let unique = policy.unique_group_display_name;
                items.extend(item(keys::display_name(tenant, name), unique, "displayName", name, index));
            }
        }
        Kind::Other => {
            for attribute in resource_type.schema.attributes.iter().filter(|a| is_unique(a)) {
                let Some(value) = attributes.get(&attribute.name).and_then(as_text) else { continue };
                let pk = keys::unique(tenant, resource_type, attribute, &value);
                items.extend(item(pk, true, &attribute.name, &value, None));
            }
        }
    }
    // A user and a group may have the same: they are found apart.
    let alone = format!("{ALONE}{}", resource_type.name);
    let external_id_key = if policy.unique_external_id { alone.as_str() } else { record.id.as_str() };
    for (connector, id) in &record.external_ids {
        let sk = keys::exact(id).map(std::borrow::Cow::into_owned);
        let index = index('x', keys::index_of_external_ids(tenant, connector), sk);
        let pk = keys::external_id(tenant, connector, id);
        items.extend(pk.map(|pk| LookupItem {
            key: Key::new(pk, external_id_key),
            attribute: "externalId".to_owned(),
            value: id.clone(),
            index,
        }));
    }
    if items.len() > MOST_LOOKUPS {
        return Err(Error::TooManyLookups { count: items.len(), limit: MOST_LOOKUPS });
    }
    Ok(items)
}

fn index(name: char, pk: String, sk: Option<String>) -> Option<Index> {
    sk.map(|sk| Index { name, pk, sk })
}

fn string<'a>(attributes: &'a Object, name: &str) -> Option<&'a str> {
    attributes.get(name).and_then(Value::as_str)
}

/// The distinct addresses: as compared → as first written.
fn emails(attributes: &Object) -> Result<BTreeMap<String, &str>, Error> {
    let mut distinct = BTreeMap::new();
    let values = attributes.get("emails").and_then(Value::as_array);
    for email in values.into_iter().flatten().filter_map(|email| email.get("value")?.as_str()) {
        if let Some(fold) = keys::folded(email) {
            distinct.entry(fold).or_insert(email);
        }
    }
    if distinct.len() > MOST_EMAILS {
        return Err(Error::TooManyEmails { count: distinct.len(), limit: MOST_EMAILS });
    }
    Ok(distinct)
}

/// Whether values of an attribute of a further type are found by key.
pub(crate) fn is_unique(attribute: &Attribute) -> bool {
    attribute.uniqueness != Uniqueness::None && !attribute.multi_valued && attribute.kind != Type::Complex
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
