//! How many resources there are: sixteen counters a type, moved by the transactions that create and delete.

use aws_sdk_dynamodb::types::TransactWriteItem;
use scim::{ResourceId, ResourceType};

use crate::{
    Consistency, Directory, Error, Scope,
    expression::Change,
    keys::{self, Key},
    record::{kind, number},
    table::Query,
};

impl Directory {
    /// How many resources of this type the tenant has, exactly.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`]
    pub async fn total(&self, scope: &Scope, resource_type: &ResourceType) -> Result<u64, Error> {
        let pk = keys::counters(&scope.tenant, resource_type);
        let query = Query { pk: &pk, after: None, limit: None, consistency: Consistency::Strong };
        let counters = self.query(&scope.usage, query).await?;
        Ok(counters.iter().filter_map(|counter| number(counter, "count")).sum())
    }

    /// One resource more, or one less: `by` is 1 or -1.
    pub(crate) fn count_one(
        &self,
        scope: &Scope,
        resource_type: &ResourceType,
        id: &ResourceId,
        by: i8,
    ) -> Result<TransactWriteItem, Error> {
        let key = Key::new(keys::counters(&scope.tenant, resource_type), id.counter());
        self.change(Change::new(key).set(kind("Counter")).add("count", by))
    }
}
