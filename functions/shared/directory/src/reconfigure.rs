//! Changes of a tenant's configuration that lose nothing which others change meanwhile.

use scim::Object;

use crate::{
    Directory, Error, Usage,
    configuration::item,
    document::to_map,
    expression::Condition,
    keys::{self, Key},
    transaction::{MOST_ACTIONS, Outcome},
};

/// What becomes of one document: where both are the same it is only looked whether it still is so.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// The document's name, as in [`Setting::name`](crate::Setting::name).
    pub name: String,
    /// What it was when the change was decided; `None` where there was none.
    pub before: Option<Object>,
    /// What it is to be; `None` takes it away.
    pub after: Option<Object>,
}

impl Directory {
    /// Changes documents of a tenant's configuration, all of them or none: only while each is what it was.
    ///
    /// Whether they were. If not, the change is to be decided anew on what there is now.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unstorable`], and [`Error::TooManyLookups`] for more documents
    /// than one transaction holds.
    pub async fn reconfigure(&self, tenant: &str, revisions: &[Revision]) -> Result<bool, Error> {
        if revisions.len() > MOST_ACTIONS {
            return Err(Error::TooManyLookups { count: revisions.len(), limit: MOST_ACTIONS });
        }
        let mut actions = Vec::with_capacity(revisions.len());
        for Revision { name, before, after } in revisions {
            let there = before.as_ref().map(to_map).transpose()?;
            let condition = there.as_ref().map_or(Condition::Absent, Condition::Document);
            let key = Key::new(keys::configuration(tenant), name.as_str());
            actions.push(match after {
                _ if before == after => self.require(&key, condition)?,
                Some(document) => self.put(item(tenant, name, document)?, condition)?,
                None => self.remove(&key, condition)?,
            });
        }
        if actions.is_empty() {
            return Ok(true);
        }
        let outcome = self.transact(&Usage::default(), actions).await?;
        Ok(matches!(outcome, Outcome::Committed))
    }
}
