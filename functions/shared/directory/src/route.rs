//! To whom signed tokens belong: issuer and audience lead to a connector, before any tenant is known.

use aws_sdk_dynamodb::{
    operation::{delete_item::DeleteItemError, put_item::PutItemError},
    types::AttributeValue,
};

use crate::{
    Consistency, Directory, Error, Usage, keys,
    record::{kind, text},
    table::Item,
};

/// The connector that the tokens of an issuer for an audience belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The tenant.
    pub tenant: String,
    /// The connector.
    pub connector: String,
}

impl Route {
    fn from_item(item: &Item) -> Option<Self> {
        let text = |name| text(item, name).map(str::to_owned);
        Some(Self { tenant: text("tenant")?, connector: text("connector")? })
    }
}

impl Directory {
    /// The connector that tokens of `issuer` for `audience` belong to; eventually consistent.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`]
    pub async fn route(&self, issuer: &str, audience: &str) -> Result<Option<Route>, Error> {
        let key = keys::route(issuer, audience);
        let item = self.item(&Usage::default(), &key, Consistency::Eventual).await?;
        Ok(item.as_ref().and_then(Route::from_item))
    }

    /// Leads tokens of `issuer` for `audience` to a connector; `false` where they belong to another.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`]
    pub async fn add_route(&self, issuer: &str, audience: &str, route: &Route) -> Result<bool, Error> {
        let mut item = keys::route(issuer, audience).attributes();
        item.extend(kind("Route"));
        item.insert("tenant".to_owned(), AttributeValue::S(route.tenant.clone()));
        item.insert("connector".to_owned(), AttributeValue::S(route.connector.clone()));
        let put = self.client.put_item().table_name(&*self.table).set_item(Some(item));
        let put = put
            .condition_expression("attribute_not_exists(pk) OR (tenant = :tenant AND connector = :connector)")
            .expression_attribute_values(":tenant", AttributeValue::S(route.tenant.clone()))
            .expression_attribute_values(":connector", AttributeValue::S(route.connector.clone()));
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(Error::from_sdk(error)),
            },
        }
    }

    /// Leads tokens of `issuer` for `audience` nowhere, where they belong to this connector.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`]
    pub async fn remove_route(&self, issuer: &str, audience: &str, route: &Route) -> Result<(), Error> {
        let key = keys::route(issuer, audience).attributes();
        let delete = self.client.delete_item().table_name(&*self.table).set_key(Some(key));
        let delete = delete
            .condition_expression("tenant = :tenant AND connector = :connector")
            .expression_attribute_values(":tenant", AttributeValue::S(route.tenant.clone()))
            .expression_attribute_values(":connector", AttributeValue::S(route.connector.clone()));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(Error::from_sdk(error)),
            },
        }
    }
}
