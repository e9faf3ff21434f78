//! What users and groups are called.

use std::collections::HashMap;

use scim::ResourceId;

use crate::{
    Consistency, Directory, Error, Scope, keys,
    record::text,
    table::{Item, Projection},
};

impl Directory {
    /// The `userName` of each of these users and the `displayName` of each of these groups, of those that exist.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`]
    pub async fn names(
        &self,
        scope: &Scope,
        ids: &[ResourceId],
    ) -> Result<HashMap<ResourceId, String>, Error> {
        let keys = ids.iter().filter_map(|id| keys::member_record(&scope.tenant, id)).collect();
        let items = self.items(&scope.usage, keys, Projection::Names, Consistency::Eventual).await?;
        Ok(items
            .iter()
            .filter_map(|item| Some((ResourceId::parse(text(item, "sk")?)?, name(item)?)))
            .collect())
    }
}

fn name(item: &Item) -> Option<String> {
    let document = item.get("doc")?.as_m().ok()?;
    text(document, "userName").or_else(|| text(document, "displayName")).map(str::to_owned)
}
