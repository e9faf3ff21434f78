//! `purge`: users that were switched off long ago, and that nobody came back to, are deleted.

use std::time::Duration;

use anyhow::{Context, Result};
use endpoint::operator::Listing;
use futures::{StreamExt as _, stream};
use http::{Method, StatusCode};
use scim::{Object, resource_type::USERS};
use serde_json::{Value, json};

use super::{Desk, Whose, find::text, refusal};
use crate::{clock::now, ending::written, progress::Progress};

/// Users that are deleted at the same time.
const AT_ONCE: usize = 8;

/// Options of `purge`.
#[derive(Debug, clap::Args)]
pub(crate) struct Purge {
    /// How long a user must have been as it is, with active false, as in 30d
    #[arg(long, value_name = "SPAN", value_parser = humantime::parse_duration)]
    inactive_for: Duration,

    /// Delete them; else they are only listed
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,

    /// List them, and delete nobody: so it is without --yes
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    whose: Whose,
}

/// What became of a user.
enum Ended {
    Deleted,
    /// It was changed, or deleted, since it was found.
    Overtaken,
    Refused(String),
}

impl Purge {
    /// Whether nobody is left that should be gone.
    pub(crate) async fn run(&self) -> Result<bool> {
        let desk = self.whose.open(&USERS.endpoint).await?;
        let span = time::Duration::try_from(self.inactive_for).ok();
        let before = span.and_then(|span| now().checked_sub(span)).context("that is too long ago")?;
        let filter = format!("active eq false and meta.lastModified lt \"{}\"", written(before));
        let listing = Listing {
            filter: Some(filter),
            attributes: Some("id,userName,meta.lastModified,meta.version".to_owned()),
            excluded_attributes: None,
        };
        let total = desk.total().await.ok();
        let progress = Progress::new(if self.yes { "Deleting" } else { "Looking" }, total);
        let (mut found, mut deleted, mut left, mut after) = (0_u64, 0_u64, 0_u64, None);
        loop {
            let page = desk.page(&listing, after.as_deref()).await?;
            let ended = stream::iter(page.resources)
                .map(async |user| {
                    let ended = if self.yes { delete(&desk, &user).await.map(Some) } else { Ok(None) };
                    (user, ended)
                })
                .buffered(AT_ONCE);
            let mut ended = std::pin::pin!(ended);
            while let Some((user, ended)) = ended.next().await {
                found += 1;
                let ended = ended?;
                match &ended {
                    Some(Ended::Deleted) => deleted += 1,
                    Some(Ended::Refused(_)) => left += 1,
                    _ => {}
                }
                self.tell(&progress, &user, ended.as_ref())?;
                progress.set(found);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        progress.end();
        let value = json!({ "summary": {
            "found": found, "deleted": deleted, "refused": left, "dryRun": !self.yes, "before": written(before),
        }});
        let text = if self.yes {
            format!("{deleted} of {found} users deleted; for 30 days scimctl user restore brings one back")
        } else {
            format!("{found} users are inactive since before {}: --yes deletes them", written(before))
        };
        self.whose.format.print(&value, &text)?;
        Ok(left == 0)
    }

    fn tell(&self, progress: &Progress, user: &Object, ended: Option<&Ended>) -> Result<()> {
        let (id, name) = (text(user, "id"), text(user, "userName"));
        let modified = user.get("meta").and_then(|meta| meta["lastModified"].as_str()).unwrap_or_default();
        let (word, detail) = match ended {
            None => ("found", None),
            Some(Ended::Deleted) => ("deleted", None),
            Some(Ended::Overtaken) => ("overtaken", None),
            Some(Ended::Refused(detail)) => ("refused", Some(detail.as_str())),
        };
        progress.line(&if self.whose.format.is_json() {
            let modified = Value::from(modified);
            json!({ "id": id, "userName": name, "lastModified": modified, "outcome": word, "detail": detail })
                .to_string()
        } else {
            let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
            format!("{id}  {modified}  {name}  {word}{detail}")
        })
    }
}

/// Deletes a user that is still as it was found: one that was switched on meanwhile stays.
async fn delete(desk: &Desk, user: &Object) -> Result<Ended> {
    let version = user.get("meta").and_then(|meta| meta["version"].as_str());
    let path = format!("{}/{}", USERS.endpoint, text(user, "id"));
    let reply = desk.ask_at(Method::DELETE, &path, None, version).await?;
    Ok(match reply.status {
        StatusCode::NO_CONTENT => Ended::Deleted,
        StatusCode::PRECONDITION_FAILED | StatusCode::NOT_FOUND => Ended::Overtaken,
        _ => Ended::Refused(refusal(&reply)),
    })
}
