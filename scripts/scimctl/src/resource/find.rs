//! One resource, by whatever an operator knows of it.

use anyhow::{Result, bail};
use directory::Tombstone;
use scim::{Kind, Object, ResourceId};
use serde_json::Value;

use super::{Desk, matching::Match};
use crate::{clock::now, ending::written};

/// What is in front of an `externalId`.
const EXTERNAL_ID: &str = "externalId:";

impl Desk {
    /// The resource of this id, name, `externalId:…` or e-mail address.
    ///
    /// # Errors
    ///
    /// When there is none, or more than one.
    pub(crate) async fn find(&self, text: &str) -> Result<Object> {
        let resource_type = &self.resource_type;
        if let Some(id) = ResourceId::parse(text) {
            if id.kind() != resource_type.kind {
                bail!("{text} is not the id of a {}", self.noun());
            }
            return match self.by_id(text).await? {
                Some(resource) => Ok(resource),
                None => bail!("there is no {} {text}{}", self.noun(), self.trace(&id).await?),
            };
        }
        let mut found = match text.strip_prefix(EXTERNAL_ID) {
            Some(id) => self.having("externalId", &[id]).await?,
            None => self.having(self.naming(), &[text]).await?,
        };
        if found == Match::None && resource_type.kind == Kind::User && text.contains('@') {
            found = self.having("emails.value", &[text]).await?;
        }
        match found {
            Match::One { resource, .. } => Ok(resource),
            Match::Several { by, ids } => {
                bail!("{} {}s have this {by}, name one by its id: {}", ids.len(), self.noun(), ids.join(", "))
            }
            Match::None => bail!("there is no {} {text}", self.noun()),
        }
    }

    /// What is said of an id that is in use no more.
    async fn trace(&self, id: &ResourceId) -> Result<String> {
        Ok(match self.tombstone(id).await? {
            Some(Tombstone { deleted, until, .. }) => format!(
                ": it was deleted at {} and can be restored until {}: scimctl {} restore {id}",
                written(deleted),
                written(until),
                self.noun()
            ),
            None => String::new(),
        })
    }

    /// What is left of a deleted resource of this type.
    pub(crate) async fn tombstone(&self, id: &ResourceId) -> Result<Option<Tombstone>> {
        let scope = self.operator.scope().await?;
        let found = self.directory.tombstone(&scope, id, now()).await?;
        Ok(found.filter(|it| it.type_name == self.resource_type.name))
    }
}

/// A text of a resource.
pub(crate) fn text<'a>(resource: &'a Object, name: &str) -> &'a str {
    resource.get(name).and_then(Value::as_str).unwrap_or_default()
}
