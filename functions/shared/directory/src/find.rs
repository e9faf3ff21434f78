//! Resources by a value that has lookup items.

use scim::{Kind, ResourceId, ResourceType};

use crate::{
    Consistency, Directory, Error, Lookup, Scope,
    keys::{self, ALONE, Key},
    lookup::is_unique,
    record::text,
    table::Query,
};

impl Directory {
    /// The resources of this type with this value, as of all writes answered before.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unreadable`]
    pub async fn find(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        lookup: &Lookup,
    ) -> Result<Vec<ResourceId>, Error> {
        if let Lookup::Member(member) = lookup {
            let is_group = resource_type.kind == Kind::Group;
            return if is_group {
                self.group_ids(scope, member, Consistency::Strong).await
            } else {
                Ok(vec![])
            };
        }
        let Some(place) = place(scope, resource_type, lookup) else { return Ok(Vec::new()) };
        let items = match place {
            Place::One(pk) => {
                let key = Key::new(pk, ALONE);
                self.item(&scope.usage, &key, Consistency::Strong).await?.into_iter().collect()
            }
            // Unique or not is a setting: a query sees the items of either, while one turns into the other.
            Place::Several(pk) => {
                let query = Query { pk: &pk, after: None, limit: None, consistency: Consistency::Strong };
                self.query(&scope.usage, query).await?
            }
        };
        let mut ids = Vec::with_capacity(items.len());
        for item in items.iter().filter(|item| text(item, "type") == Some(&resource_type.name)) {
            let id = text(item, "id").and_then(ResourceId::parse);
            ids.push(id.ok_or_else(|| Error::Unreadable {
                item: text(item, "sk").unwrap_or_default().to_owned(),
                reason: "no id".to_owned(),
            })?);
        }
        ids.dedup();
        Ok(ids)
    }
}

/// Where the lookup items of a value lie.
enum Place {
    One(String),
    Several(String),
}

fn place(scope: &Scope, resource_type: &ResourceType, lookup: &Lookup) -> Option<Place> {
    let tenant = &scope.tenant;
    match (lookup, resource_type.kind) {
        (Lookup::UserName(value), Kind::User) => keys::user_name(tenant, value).map(Place::One),
        (Lookup::Email(value), Kind::User) => keys::email(tenant, value).map(Place::Several),
        (Lookup::DisplayName(value), Kind::Group) => keys::display_name(tenant, value).map(Place::Several),
        (Lookup::ExternalId(value), _) => {
            keys::external_id(tenant, &scope.connector, value).map(Place::Several)
        }
        (Lookup::Unique { attribute, value }, Kind::Other) => {
            let attribute = resource_type.schema.attribute(attribute).filter(|found| is_unique(found))?;
            keys::unique(tenant, resource_type, attribute, value).map(Place::One)
        }
        _ => None,
    }
}
