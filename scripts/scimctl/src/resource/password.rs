//! `verify-password`: whether what somebody types is what was stored.

use std::io::{self, IsTerminal as _};

use anyhow::{Context, Result, anyhow, bail, ensure};
use scim::{ResourceId, resource_type::USERS};
use serde_json::json;

use super::{Whose, find::text};

/// Options of `verify-password`.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyPassword {
    /// Its id, its userName, externalId:… or an e-mail address
    #[arg(value_name = "ID_OR_NAME")]
    which: String,

    #[command(flatten)]
    whose: Whose,
}

impl VerifyPassword {
    /// Whether the password is the user's.
    pub(crate) async fn run(&self) -> Result<bool> {
        let input = io::stdin();
        ensure!(!input.is_terminal(), "the password would be seen: pipe it in, as --help shows");
        let mut line = String::new();
        input.read_line(&mut line).context("reading the password")?;
        let password = line.trim_end_matches(['\r', '\n']);
        ensure!(!password.is_empty(), "there is no password on standard input");
        let desk = self.whose.open(&USERS.endpoint).await?;
        let user = desk.find(&self.which).await?;
        let id = ResourceId::parse(text(&user, "id")).context("a user's id")?;
        let scope = desk.operator.scope().await?;
        let kept = desk.directory.password(&scope, &id).await.context("reading the password's hash")?;
        let Some(hash) = kept else {
            bail!("no password of user {id} is kept: the tenant's setting password says whether they are");
        };
        // What is wrong with it may be said, not what it is.
        let is_it = endpoint::is_password(password, &hash).map_err(|error| anyhow!("{}", error.detail()))?;
        let told = if is_it { "It is the password of" } else { "It is not the password of" };
        let value = json!({ "id": id.as_str(), "matches": is_it });
        self.whose.format.print(&value, &format!("{told} user {} ({id})", text(&user, "userName")))?;
        Ok(is_it)
    }
}
