//! The end of a tenant: every item that is its own, whatever it is.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};

use crate::{
    Directory, Error, Usage,
    fsck::patiently,
    keys::{self, Key},
    record::text,
    scan::Scan,
    table::Item,
};

/// What of a tenant stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Nothing.
    Nothing,
    /// Its configuration: settings, schemas, resource types, and to whom signed tokens belong.
    Configuration,
}

/// Which items of a tenant to find, or to delete.
#[derive(Debug, Clone, Copy)]
pub struct Erasure<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// What of it stays.
    pub kept: Kept,
    /// How many parts of the table are read at the same time.
    pub segments: u16,
}

impl Directory {
    /// How many items a tenant has, by kind: the whole table is read for it. `seen` is told how many items were looked at.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`]
    pub async fn inventory(
        &self,
        erasure: Erasure<'_>,
        seen: &(dyn Fn(u64) + Sync),
    ) -> Result<BTreeMap<String, u64>, Error> {
        self.own_items(erasure, seen, async |_| Ok(())).await
    }

    /// Deletes the items of a tenant and tells how many of each kind there were. Done again after it was cut off, it
    /// deletes what is left; a request that is answered meanwhile can leave items behind that come after it.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`]; a part may be deleted.
    pub async fn erase(
        &self,
        erasure: Erasure<'_>,
        seen: &(dyn Fn(u64) + Sync),
    ) -> Result<BTreeMap<String, u64>, Error> {
        self.own_items(erasure, seen, async |keys| {
            let requests = keys.iter().map(delete).collect::<Result<Vec<_>, _>>()?;
            patiently(async || self.write(&Usage::default(), requests.clone()).await).await
        })
        .await
    }

    /// The tenants that have an item of any kind, each with how many it has: the whole table is read for it.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Unavailable`]
    pub async fn tenants(
        &self,
        segments: u16,
        seen: &(dyn Fn(u64) + Sync),
    ) -> Result<BTreeMap<String, u64>, Error> {
        let (found, usage) = (Mutex::new(BTreeMap::new()), Usage::default());
        let scan = Scan {
            filter: "attribute_exists(pk)",
            values: &[],
            projection: Some("pk"),
            names: &[],
            segments,
            usage: &usage,
        };
        self.scan(scan, seen, async |items| {
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            let tenants = items.iter().filter_map(|item| text(item, "pk")?.split('#').next());
            for tenant in tenants.filter(|tenant| !tenant.is_empty()) {
                *found.entry(tenant.to_owned()).or_default() += 1;
            }
            Ok(())
        })
        .await?;
        Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    async fn own_items(
        &self,
        Erasure { tenant, kept, segments }: Erasure<'_>,
        seen: &(dyn Fn(u64) + Sync),
        take: impl AsyncFn(Vec<Key>) -> Result<(), Error>,
    ) -> Result<BTreeMap<String, u64>, Error> {
        let (counts, usage) = (Mutex::new(BTreeMap::new()), Usage::default());
        let configuration = keys::configuration(tenant);
        let scan = Scan {
            // A tenant's own items, and of those of all tenants the tasks that may name it and the routes to it.
            filter: "begins_with(pk, :own) OR (begins_with(pk, :tasks) AND contains(sk, :named)) OR \
                     (begins_with(pk, :routes) AND #tenant = :tenant)",
            values: &[
                (":own", &format!("{tenant}#")),
                (":tasks", keys::TASKS),
                (":named", &format!("#{tenant}#")),
                (":routes", keys::ROUTES),
                (":tenant", tenant),
            ],
            projection: Some("pk, sk, #kind"),
            names: &["kind", "tenant"],
            segments,
            usage: &usage,
        };
        let is_configuration = |key: &Key| key.pk == configuration || key.pk.starts_with(keys::ROUTES);
        self.scan(scan, seen, async |items| {
            let own: Vec<_> = items
                .iter()
                .filter_map(|item| Some((key(item)?, text(item, "kind").unwrap_or("without a kind"))))
                .filter(|(key, _)| {
                    !key.pk.starts_with(keys::TASKS) || keys::tenant_of_task(&key.sk) == Some(tenant)
                })
                .filter(|(key, _)| kept == Kept::Nothing || !is_configuration(key))
                .collect();
            for (_, kind) in &own {
                let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
                *counts.entry((*kind).to_owned()).or_default() += 1;
            }
            take(own.into_iter().map(|(key, _)| key).collect()).await
        })
        .await?;
        Ok(counts.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

fn key(item: &Item) -> Option<Key> {
    Some(Key::new(text(item, "pk")?.to_owned(), text(item, "sk")?))
}

fn delete(key: &Key) -> Result<WriteRequest, Error> {
    let delete = DeleteRequest::builder().set_key(Some(key.attributes())).build();
    delete
        .map(|delete| WriteRequest::builder().delete_request(delete).build())
        .map_err(|error| Error::Unavailable(Box::new(error)))
}
