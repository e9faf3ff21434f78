//! What is asked of each resource, and what has to be read of it to answer.

use std::collections::BTreeSet;

use directory::Record;
use futures::{StreamExt, TryStreamExt, stream};
use scim::{Error, Kind, ResourceId, filter::BoundFilter, list::ListQuery, members::MEMBERS, sort::Key};

use super::{CONCURRENT, found::Match};
use crate::{
    answer::from_directory,
    resources::{Call, read::Beside},
};

/// What is asked of each resource.
pub(in crate::resources) struct Question<'a> {
    filter: Option<BoundFilter<'a>>,
    /// What to rank those by that match.
    pub(super) key: Option<Key<'a>>,
    reads_groups: bool,
    members: Members,
}

/// Which members of a group the answer depends on.
enum Members {
    None,
    /// These, if they are members.
    Among(Vec<ResourceId>),
    All,
}

impl Question<'_> {
    /// The attributes of a document that the answer depends on; `None` when it may depend on all.
    pub(super) fn names(&self) -> Option<BTreeSet<&str>> {
        let mut names = self.filter.as_ref().map(BoundFilter::names).unwrap_or_default();
        names.extend(self.key.as_ref().map(Key::name));
        // Which schemas a resource names follows from what it has.
        (!names.contains("schemas")).then_some(names)
    }
}

impl Call {
    /// What `query` asks, and `key` along with it.
    pub(in crate::resources) fn question<'a>(
        &'a self,
        query: &ListQuery,
        key: Option<Key<'a>>,
    ) -> Result<Question<'a>, Error> {
        let resource_type = self.resource_type();
        let filter = query.filter.as_ref().map(|filter| filter.bind(resource_type)).transpose()?;
        let filter_reads = |name: &str| filter.as_ref().is_some_and(|filter| filter.reads(name));
        let key_reads = |name: &str| key.as_ref().is_some_and(|key| key.reads(name));
        let compared = query.filter.as_ref().and_then(|filter| filter.compared_members(resource_type));
        let members = match compared {
            _ if resource_type.kind != Kind::Group => Members::None,
            _ if key_reads(MEMBERS) => Members::All,
            _ if !filter_reads(MEMBERS) => Members::None,
            None => Members::All,
            Some(values) => {
                Members::Among(values.iter().filter_map(|value| ResourceId::parse(value)).collect())
            }
        };
        let reads_groups =
            resource_type.kind == Kind::User && (filter_reads("groups") || key_reads("groups"));
        Ok(Question { filter, key, reads_groups, members })
    }

    /// The records that match, in their order.
    pub(in crate::resources) async fn matching(
        &self,
        records: Vec<Record>,
        question: &Question<'_>,
    ) -> Result<Vec<Match>, Error> {
        let looked_at: Vec<Option<Match>> = stream::iter(records)
            .map(async |record| {
                let beside = self.beside_for(&record, question).await?;
                let whole = self.whole(&record, &beside);
                let matches = question.filter.as_ref().is_none_or(|filter| filter.matches(&whole));
                let rank = question.key.as_ref().map(|key| key.rank(&whole));
                Ok::<_, Error>(matches.then(|| Match { id: record.id.clone(), rank, record: Some(record) }))
            })
            .buffered(CONCURRENT)
            .try_collect()
            .await?;
        Ok(looked_at.into_iter().flatten().collect())
    }

    async fn beside_for(&self, record: &Record, question: &Question<'_>) -> Result<Beside, Error> {
        let groups = if question.reads_groups { self.groups(&record.id).await? } else { Vec::new() };
        let members = match &question.members {
            Members::None => Vec::new(),
            Members::Among(ids) if ids.is_empty() => Vec::new(),
            Members::Among(ids) => {
                let among = self.directory().members_among(self.scope(), record, ids).await;
                among.map_err(from_directory)?
            }
            Members::All => self.members(record).await?,
        };
        Ok(Beside { groups, members, ..Beside::default() })
    }
}
