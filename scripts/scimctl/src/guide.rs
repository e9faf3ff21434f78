//! `scimctl guide`: how an identity provider is connected to this tenant, step by step.

mod page;
mod provider;
mod row;

use anyhow::{Context, Result, ensure};
use directory::{Setting, Usage};
use scim::{Object, ResourceType, catalog::Catalog};
use serde_json::{Value, json};

pub(crate) use self::provider::Provider;
use self::row::{Row, rows};
use crate::{aws::Target, name, print::Format, vault::Place};

/// How an identity provider is connected: every step in order, and tables of the attributes to map, made of what this
/// tenant serves. As Markdown, or the tables as JSON.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The identity provider
    provider: Provider,

    /// Name of the connector that it is to use
    #[arg(default_value = "default", value_parser = name::parse)]
    connector: String,

    /// The SCIM base URL, as the stack prints it; with --local by default that of scripts/dev
    #[arg(long, value_name = "URL", required_unless_present_any = ["local", "document"])]
    url: Option<String>,

    /// The tenant, where the connector's secret is not to be read for it
    #[arg(long, value_parser = name::parse)]
    tenant: Option<String>,

    /// Print the page of this repository's documentation: any stack's, with the built-in schemas and the packs
    #[arg(long, hide = true, conflicts_with = "json")]
    document: bool,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    target: Target,

    #[command(flatten)]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  scimctl guide okta --url https://scim.example.com/scim/v2 --table scim-Table-1A2B3C
                                                 of the connector default; table also by TABLE_NAME
  scimctl guide entra entra --url https://… > entra.md
                                                 of the connector entra, to a file
  scimctl guide okta --tenant acme --url https://…
                                                 reads the table only, no secret
  scimctl guide entra --json --url https://… | jq .users
                                                 the tables, for programs
  scimctl guide okta --local --tenant default    of a local server: scripts/dev --serve-engine 8123";

/// Where a local server answers, unless it is told otherwise.
pub(crate) const LOCAL_URL: &str = "http://127.0.0.1:8080/scim/v2";

/// Packs that the documentation has tables of.
const PACKS: [(&str, &str); 2] = [
    ("Interact", include_str!("../../../infra/schemas/interact.json")),
    ("Talkdesk", include_str!("../../../infra/schemas/talkdesk.json")),
];

/// What a tenant serves, and how a connector is let in.
struct Facts {
    tenant: String,
    settings: Object,
    /// Whose signed tokens are taken beside its own.
    trust: Object,
    catalog: Catalog,
}

/// Prints the guide.
pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { provider, connector, format, .. } = arguments;
    if arguments.document {
        return format.print(&Value::Null, document(*provider)?.trim_end());
    }
    let url = url(arguments.url.as_deref().unwrap_or(LOCAL_URL))?;
    let Facts { tenant, settings, trust, catalog } = arguments.facts().await?;
    let [users, groups] = ["/Users", "/Groups"].map(|endpoint| table(&catalog, endpoint, *provider));
    let gaps = gaps(*provider, &groups);
    let is_read_only = settings.get("readOnly") == Some(&true.into());
    let has_basic = settings.get("basicAuthentication") == Some(&true.into());
    let facts = json!({
        "provider": provider.name(), "connector": connector, "tenant": tenant, "url": url,
        "users": users, "groups": groups, "gaps": gaps, "trust": trust, "hasBasic": has_basic, "isReadOnly": is_read_only,
        "isLocal": arguments.target.is_local(), "leftOut": catalog.faults.len(),
    });
    format.print(&facts, page::render(*provider, &facts)?.trim_end())
}

impl Arguments {
    async fn facts(&self) -> Result<Facts> {
        let tenant = match &self.tenant {
            Some(tenant) => tenant.clone(),
            None => self.place.beside(&self.target).await?.read(&self.connector).await?.secret.tenant,
        };
        let directory = self.target.open().await?.directory;
        let all = directory.configuration(&tenant, &Usage::default()).await.context("reading the schemas")?;
        let own = |kind: &str| {
            let name = format!("{kind}#{}", self.connector);
            all.iter().find(|setting| setting.name == name).map(|it| it.document.clone()).unwrap_or_default()
        };
        let (settings, trust) = (own("connector"), own("trust"));
        Ok(Facts { tenant, settings, trust, catalog: endpoint::catalog(all) })
    }
}

/// A base URL as it is pasted: without a slash at its end.
pub(crate) fn url(text: &str) -> Result<String> {
    let uri: http::Uri = text.parse().with_context(|| format!("{text} is no URL"))?;
    ensure!(uri.scheme().is_some() && uri.host().is_some(), "{text} is no URL: it begins with https://");
    ensure!(uri.query().is_none(), "{text}: a base URL has no ?");
    Ok(text.trim_end_matches('/').to_owned())
}

fn table(catalog: &Catalog, endpoint: &str, provider: Provider) -> Vec<Row> {
    let found: Option<&ResourceType> = catalog.at(endpoint).map(|it| &**it);
    found.map(|resource_type| rows(resource_type, provider)).unwrap_or_default()
}

/// Attributes that every group must have and that this identity provider has no way to send.
fn gaps(provider: Provider, groups: &[Row]) -> Vec<String> {
    if provider != Provider::Okta {
        return Vec::new();
    }
    // A pushed group has a name and members, nothing else.
    let is_gap = |row: &&Row| row.required && row.default.is_none() && row.target != "displayName";
    groups.iter().filter(is_gap).map(|row| row.target.clone()).collect()
}

/// The same for a tenant's configuration, and for Okta.
pub(crate) fn gaps_of(configuration: Vec<Setting>) -> Vec<String> {
    gaps(Provider::Okta, &table(&endpoint::catalog(configuration), "/Groups", Provider::Okta))
}

/// The page for readers without this program.
fn document(provider: Provider) -> Result<String> {
    let built_in = Catalog::default();
    let [users, groups] = ["/Users", "/Groups"].map(|endpoint| table(&built_in, endpoint, provider));
    let mut packs = Vec::new();
    for (name, documents) in PACKS {
        let documents: Vec<Object> = serde_json::from_str(documents).context("the documents of a pack")?;
        let catalog = Catalog::new(documents);
        let differs = |all: Vec<Row>, known: &[Row]| -> Vec<Row> {
            let is_known = |row: &Row| {
                known.iter().any(|it| {
                    let same = |it: &Row| (it.allowed.clone(), it.required, it.default.clone());
                    it.target == row.target && same(it) == same(row)
                })
            };
            all.into_iter().filter(|row| !is_known(row)).collect()
        };
        let more_users = differs(table(&catalog, "/Users", provider), &users);
        let all_groups = table(&catalog, "/Groups", provider);
        let gaps = gaps(provider, &all_groups);
        let more_groups = differs(all_groups, &groups);
        packs.push(json!({ "name": name, "users": more_users, "groups": more_groups, "gaps": gaps }));
    }
    let facts =
        json!({ "document": true, "url": "BaseUrl", "users": users, "groups": groups, "packs": packs });
    page::render(provider, &facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_taken_as_it_is_pasted() {
        assert_eq!(url("https://a.example/scim/v2/").ok().as_deref(), Some("https://a.example/scim/v2"));
        for wrong in ["", "a.example/scim", "https://a.example/scim?x", "/scim/v2"] {
            assert!(url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_documentation_is_what_this_program_prints() {
        for (provider, file) in [
            (Provider::Okta, include_str!("../../../infra/docs/okta.md")),
            (Provider::Entra, include_str!("../../../infra/docs/entra.md")),
        ] {
            let page = document(provider).expect("a page");
            let name = provider.name();
            assert!(
                page.trim_end() == file.trim_end(),
                "infra/docs/{name}.md is older than its text: scimctl guide {name} --document > infra/docs/{name}.md"
            );
        }
    }
}
