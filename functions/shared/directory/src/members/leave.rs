//! The end of a member, and of a group: whoever is deleted leaves all memberships.

use aws_sdk_dynamodb::types::ReturnValue;
use futures::{StreamExt as _, stream};
use scim::ResourceId;
use time::OffsetDateTime;

use super::{edge::deletes, few::bump, intent::Watch, other_end};
use crate::{
    Consistency, Directory, Error, Scope, keys,
    record::text,
    table::{CONCURRENT_CALLS, Query},
    update::Written,
};

/// Memberships of a deleted group that are taken away at a time.
const DISBANDED_AT_ONCE: u64 = 1000;

impl Directory {
    /// Takes a deleted resource out of the groups it was in.
    pub(crate) async fn leave_groups(
        &self,
        scope: &Scope,
        member: &ResourceId,
        groups: &[ResourceId],
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let watch = Watch::start(now);
        let mut requests = Vec::with_capacity(2 * groups.len());
        for group in groups {
            requests.extend(deletes(scope, group, member)?);
        }
        let written = self.write(&scope.usage, requests).await;
        let bumped: Vec<_> = stream::iter(groups.to_vec())
            .map(|group| async move {
                let bump = bump(scope, &group, now, watch.now())?.if_present();
                self.write_one(scope, bump, ReturnValue::None).await
            })
            .buffer_unordered(CONCURRENT_CALLS)
            .collect()
            .await;
        written?;
        bumped.into_iter().try_for_each(|outcome| match outcome {
            // Refused, the group has been deleted too.
            Ok(Written::Done(_) | Written::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        })
    }

    /// Takes all members out of a deleted group, and away what is left of a change that was under way.
    pub(crate) async fn disband(&self, scope: &Scope, group: &ResourceId) -> Result<(), Error> {
        let pk = keys::members(&scope.tenant, group);
        let mut after: Option<String> = None;
        loop {
            let (limit, consistency) = (Some(DISBANDED_AT_ONCE), Consistency::Strong);
            let items = self.query(&scope.usage, Query { pk: &pk, after, limit, consistency }).await?;
            let Some(last) = items.last() else { return Ok(()) };
            after = text(last, "sk").map(str::to_owned);
            let mut requests = Vec::with_capacity(2 * items.len());
            for item in &items {
                requests.extend(deletes(scope, group, &other_end(item)?)?);
            }
            self.write(&scope.usage, requests).await?;
            if (items.len() as u64) < DISBANDED_AT_ONCE {
                return Ok(());
            }
        }
    }
}
