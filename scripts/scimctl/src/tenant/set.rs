//! `tenant show` and `tenant set`: the settings of a tenant.

use anyhow::Result;
use scim::Object;
use serde_json::json;

use crate::{
    aws::Target,
    configuration, name,
    print::Format,
    settings::{self, Assignment, TENANT, plain},
};

/// What the settings are called in the table.
const NAME: &str = "tenant";

/// Options of both.
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The tenant
    #[arg(value_parser = name::parse)]
    tenant: String,

    #[command(flatten)]
    target: Target,

    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(super) struct Set {
    #[command(flatten)]
    show: Show,

    /// Settings, as in uniqueEmail=true; nothing behind = gives the default again
    #[arg(required = true, value_name = "KEY=VALUE", value_parser = settings::parse)]
    settings: Vec<Assignment>,
}

impl Show {
    pub(super) async fn run(&self) -> Result<()> {
        let directory = self.target.open().await?.directory;
        let mut documents = configuration::read(&directory, &self.tenant).await?;
        self.print(&documents.remove(NAME).unwrap_or_default())
    }

    fn print(&self, settings: &Object) -> Result<()> {
        let pairs: Vec<_> = settings.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect();
        let text = if pairs.is_empty() { "as by default".to_owned() } else { pairs.join("\n") };
        self.format.print(&json!({ "tenant": self.tenant, "settings": settings }), &text)
    }
}

impl Set {
    pub(super) async fn run(&self) -> Result<()> {
        let Show { tenant, target, format } = &self.show;
        let directory = target.open().await?.directory;
        let changed = configuration::change(
            &directory,
            tenant,
            |name| name == NAME,
            |documents| {
                let mut settings = documents.remove(NAME).unwrap_or_default();
                for assignment in &self.settings {
                    TENANT.assign(&mut settings, assignment)?;
                }
                if !settings.is_empty() {
                    documents.insert(NAME.to_owned(), settings.clone());
                }
                Ok(settings)
            },
        );
        let settings = changed.await?;
        format.remark("Functions take it up within a minute.");
        if self.settings.iter().any(|(key, _)| key.starts_with("unique")) {
            format.remark(&format!(
                "Then give what is stored its new keys, and learn who shares a value that is to be one's alone:\n  scimctl \
                 fsck --tenant {tenant} --repair"
            ));
        }
        self.show.print(&settings)
    }
}
