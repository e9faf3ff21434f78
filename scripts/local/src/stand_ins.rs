//! What AWS brings in production, started here: the engine with the table, the secrets, a first connector.

use std::fs;
use std::path::PathBuf;

use connector::{Credentials, DEFAULT_CONNECTOR};
use directory::Directory;
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::secrets::Secrets;
use crate::{Error, Pack, Token, aws, documents, table, token};

/// The table's name.
pub const TABLE: &str = "scim";
/// What the names of the secrets begin with, as the stack's name does on AWS.
pub const PREFIX: &str = "scim";

/// How to start; also the options both commands share.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Bearer token that clients send [default: the one kept in --data, else a new random one]
    #[arg(long)]
    pub token: Option<String>,

    /// Keep the data, the token and the keys in this directory [default: in memory, gone at the end]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Use the DynamoDB engine at this URL, another local server's for instance, not an embedded one
    #[arg(long, value_name = "URL", conflicts_with = "serve_engine")]
    pub engine: Option<String>,

    /// Port on which the embedded engine answers, for a second server's --engine [default: any free one]
    #[arg(long, value_name = "PORT")]
    pub serve_engine: Option<u16>,

    /// Path in front of every route
    #[arg(long, value_name = "PATH", default_value = "/scim/v2", value_parser = base_path)]
    pub base_path: String,

    /// Also serve the resource types and schemas of this folder's JSON files
    #[arg(long, value_name = "DIR")]
    pub resource_types: Option<PathBuf>,

    /// Serve the users and groups of a product: its attributes, what it requires, its defaults
    #[arg(long, value_name = "PRODUCT")]
    pub pack: Option<Pack>,

    /// A setting of the default connector, as in strict=true; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = documents::parse_setting)]
    pub setting: Vec<(String, Value)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token: None,
            data: None,
            engine: None,
            serve_engine: None,
            base_path: "/scim/v2".to_owned(),
            resource_types: None,
            pack: None,
            setting: Vec::new(),
        }
    }
}

/// One slash in front, none at the end.
#[expect(clippy::unnecessary_wraps, reason = "the shape that clap asks of a value parser")]
fn base_path(text: &str) -> Result<String, String> {
    match text.trim_matches('/') {
        "" => Ok(String::new()),
        path => Ok(format!("/{path}")),
    }
}

/// The running stand-ins. They end when this is dropped.
#[derive(Debug)]
pub struct StandIns {
    /// DynamoDB; it has the table [`TABLE`].
    pub engine: Engine,
    /// Secrets Manager; it has the default connector's secret and the keys.
    pub secrets: Secrets,
    /// What a client of the default connector sends.
    pub token: Token,
}

impl StandIns {
    /// Starts what `options` ask for.
    ///
    /// # Errors
    ///
    /// Any [`Error`] of [`Engine`], [`table`], [`Secrets`] and [`Token`].
    pub async fn start(options: &Options) -> Result<Self, Error> {
        if let Some(directory) = &options.data {
            fs::create_dir_all(directory)
                .map_err(Error::io(format!("making the directory {}", directory.display())))?;
        }
        let port = options.serve_engine.unwrap_or(0);
        let engine = match (&options.engine, &options.data) {
            (Some(url), _) => Engine::at(url),
            (None, Some(directory)) => Engine::on_disk(directory, port).await?,
            (None, None) => Engine::in_memory(port).await?,
        };
        table::create(&aws::dynamodb(engine.url()), TABLE).await?;
        let mut settings = options.pack.map_or(Ok(Vec::new()), Pack::settings)?;
        // After the pack, whose documents a file may so replace.
        settings.extend(options.resource_types.as_deref().map_or(Ok(Vec::new()), documents::load)?);
        if !options.setting.is_empty() {
            settings.push(documents::connector(&options.setting));
        }
        let directory = Directory::new(aws::dynamodb(engine.url()), TABLE);
        for setting in settings {
            directory.configure(DEFAULT_CONNECTOR, &setting).await.map_err(Error::Configuration)?;
        }
        let secrets = Secrets::start(options.data.as_ref().map(|data| data.join("secrets.json"))).await?;
        let token = match (&options.token, document(&secrets, DEFAULT_CONNECTOR)["token"].as_str()) {
            (Some(given), _) => Token::from(given.clone()),
            (None, Some(kept)) => Token::from(kept.to_owned()),
            (None, None) => Token::generate(DEFAULT_CONNECTOR)?,
        };
        let named = match Credentials::parse(Some(token.as_str())).map_err(Error::Token)? {
            Credentials::Token(token) => token.connector().to_owned(),
            Credentials::Jwt(_) => return Err(Error::Token(connector::Error::Unknown)),
        };
        // A token that names another connector is looked up there; the default one keeps it for the next start.
        for connector in [DEFAULT_CONNECTOR, &named] {
            let mut document = document(&secrets, connector);
            document["token"] = token.as_str().into();
            secrets.set(&secret(connector), &document.to_string())?;
        }
        let keys = format!("{PREFIX}/keys");
        if secrets.value(&keys).is_none() {
            secrets.set(&keys, &json!({ "key": token::random()? }).to_string())?;
        }
        Ok(Self { engine, secrets, token })
    }
}

/// The name of a connector's secret.
fn secret(connector: &str) -> String {
    format!("{PREFIX}/connectors/{connector}")
}

/// What the secret of a connector says, or what a new one begins with.
fn document(secrets: &Secrets, connector: &str) -> Value {
    let kept = secrets.value(&secret(connector)).and_then(|value| serde_json::from_str(&value).ok());
    kept.filter(Value::is_object).unwrap_or_else(|| json!({"tenant": DEFAULT_CONNECTOR}))
}

#[cfg(test)]
mod tests {
    use directory::Usage;

    use super::*;

    #[test]
    fn a_base_path_has_one_slash_in_front_and_none_behind() {
        for (written, meant) in [("/scim/v2", "/scim/v2"), ("api/scim/", "/api/scim"), ("/", ""), ("", "")] {
            assert_eq!(base_path(written).unwrap(), meant);
        }
    }

    #[tokio::test]
    async fn a_data_directory_keeps_the_token_until_another_is_given() {
        let directory = tempfile::tempdir().unwrap();
        let options = |token: Option<&str>| Options {
            data: Some(directory.path().to_owned()),
            token: token.map(str::to_owned),
            ..Options::default()
        };
        let first = StandIns::start(&options(None)).await.unwrap().token;
        assert_eq!(StandIns::start(&options(None)).await.unwrap().token, first);
        StandIns::start(&options(Some("mine"))).await.unwrap();
        assert_eq!(StandIns::start(&options(None)).await.unwrap().token.as_str(), "mine");
    }

    #[tokio::test]
    async fn a_file_replaces_a_document_of_the_pack() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("user.json"), r#"{"name": "User", "endpoint": "/Mine"}"#).unwrap();
        let options = Options {
            pack: Some(Pack::Interact),
            resource_types: Some(folder.path().to_owned()),
            ..Options::default()
        };
        let engine = StandIns::start(&options).await.unwrap().engine;
        let directory = Directory::new(aws::dynamodb(engine.url()), TABLE);
        let settings = directory.configuration(DEFAULT_CONNECTOR, &Usage::default()).await.unwrap();
        let endpoint = |name: &str| {
            let found = settings.iter().find(|setting| setting.name == name);
            found.and_then(|setting| setting.document.get("endpoint")?.as_str())
        };
        assert_eq!((endpoint("type#User"), endpoint("type#Group")), (Some("/Mine"), Some("/Groups")));
    }

    #[tokio::test]
    async fn a_data_directory_has_one_engine_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let options = Options { data: Some(directory.path().to_owned()), ..Options::default() };
        let _first = StandIns::start(&options).await.unwrap();
        let second = StandIns::start(&options).await;
        assert!(matches!(second, Err(Error::DataInUse(_))), "{second:?}");
    }
}
