//! `get`: one resource.

use anyhow::{Result, ensure};
use http::{Method, StatusCode};
use serde_json::Value;

use super::{
    Whose,
    column::{cell, flatten},
    find::text,
    refusal,
};
use crate::print::columns;

/// Options of `get`.
#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    /// Its id, its userName or displayName, externalId:… or, of a user, an e-mail address
    #[arg(value_name = "ID_OR_NAME")]
    which: String,

    #[command(flatten)]
    whose: Whose,
}

impl Get {
    pub(crate) async fn run(&self, endpoint: &str) -> Result<()> {
        let desk = self.whose.open(endpoint).await?;
        let found = desk.find(&self.which).await?;
        // Whole: with the groups of a user, the members of a group.
        let path = format!("{endpoint}/{}", text(&found, "id"));
        let reply = desk.ask(Method::GET, &path, None).await?;
        ensure!(reply.status == StatusCode::OK, "{}", refusal(&reply));
        let cells = reply.body.as_object().map(|it| flatten(it, &desk.resource_type)).unwrap_or_default();
        let rows = cells.iter().map(|(path, value)| vec![path.clone(), line(value)]);
        self.whose.format.print(&reply.body, &columns(&rows.collect::<Vec<_>>()))
    }
}

fn line(value: &Value) -> String {
    cell(value).replace('\n', ", ")
}
