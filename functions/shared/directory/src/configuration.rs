//! A tenant's configuration: its settings, its connectors' settings, its schemas and resource types.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use scim::Object;

use crate::{
    Consistency, Directory, Error, Usage,
    document::{from_map, to_map},
    keys,
    record::{kind, text},
    table::Query,
};

/// One document of a tenant's configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// What it is: `tenant`, `connector#<name>`, `trust#<connector>`, `schema#<URN>`, `type#<name>` or
    /// `values#<attribute path>`.
    pub name: String,
    /// The document.
    pub document: Object,
}

impl Directory {
    /// Everything that is configured for a tenant, in the order of the names; eventually consistent.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unreadable`]
    pub async fn configuration(&self, tenant: &str, usage: &Usage) -> Result<Vec<Setting>, Error> {
        let pk = keys::configuration(tenant);
        let query = Query { pk: &pk, after: None, limit: None, consistency: Consistency::Eventual };
        let items = self.query(usage, query).await?;
        items
            .into_iter()
            .map(|mut item| {
                let name = text(&item, "sk").unwrap_or_default().to_owned();
                match item.remove("doc") {
                    Some(AttributeValue::M(map)) => from_map(map),
                    _ => Err("there is no doc".to_owned()),
                }
                .map(|document| Setting { name: name.clone(), document })
                .map_err(|reason| Error::Unreadable { item: name, reason })
            })
            .collect()
    }

    /// Puts one document in place of the one of this name.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`], [`Error::Unstorable`]
    pub async fn configure(&self, tenant: &str, setting: &Setting) -> Result<(), Error> {
        let mut item = keys::Key::new(keys::configuration(tenant), setting.name.as_str()).attributes();
        item.extend(kind("Setting"));
        item.insert("doc".to_owned(), to_map(&setting.document)?);
        let put = self.client.put_item().table_name(&*self.table).set_item(Some(item));
        put.send().await.map_err(Error::from_sdk).map(drop)
    }

    /// Takes away the document of this name; whether there was one.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`]
    pub async fn unconfigure(&self, tenant: &str, name: &str) -> Result<bool, Error> {
        let key = keys::Key::new(keys::configuration(tenant), name).attributes();
        let delete = self.client.delete_item().table_name(&*self.table).set_key(Some(key));
        let deleted = delete.return_values(ReturnValue::AllOld).send().await.map_err(Error::from_sdk)?;
        Ok(deleted.attributes.is_some())
    }
}
