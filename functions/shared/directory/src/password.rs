//! Passwords, where a tenant keeps them: hashes in items of their own, never in a document.
//!
//! A record lists the key of its password's item with those of its lookup items, so that the two go together.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use scim::{ResourceId, ResourceType};

use crate::{
    Consistency, Directory, Error, Record, Scope,
    expression::Condition,
    keys::{self, Key},
    record::{kind, text},
};

impl Record {
    /// Lists the password's item, where there is one or will be.
    pub(crate) fn keep_password(&mut self, scope: &Scope, stored: Option<&Self>, is_new: bool) {
        let key = self.password_key(scope).encode();
        if is_new || stored.is_some_and(|stored| stored.keys.contains(&key)) {
            self.keys.insert(key);
        }
    }

    pub(crate) fn password_key(&self, scope: &Scope) -> Key {
        keys::password(&scope.tenant, &self.id)
    }
}

impl Directory {
    /// Puts the hash of a password, in place of the one before.
    pub(crate) fn put_password(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        record: &Record,
        hash: &str,
    ) -> Result<TransactWriteItem, Error> {
        let mut item = record.password_key(scope).attributes();
        item.extend(kind("Password"));
        item.extend([
            ("id".to_owned(), AttributeValue::S(record.id.to_string())),
            ("type".to_owned(), AttributeValue::S(resource_type.name.clone())),
            ("hash".to_owned(), AttributeValue::S(hash.to_owned())),
        ]);
        self.put(item, Condition::None)
    }

    /// The hash of a user's password, as it was stored; `None` where none is kept.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`]
    pub async fn password(&self, scope: &Scope, id: &ResourceId) -> Result<Option<String>, Error> {
        let key = keys::password(&scope.tenant, id);
        let item = self.item(&scope.usage, &key, Consistency::Strong).await?;
        Ok(item.and_then(|item| text(&item, "hash").map(str::to_owned)))
    }
}
