//! A fixture: requests in order, and what each must be answered.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use local::Pack;
use serde::Deserialize;
use serde_json::Value;

/// The folder that holds the fixtures, by topic.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// One file of `tests/fixtures`.
#[derive(Debug)]
pub struct Fixture {
    /// `topic/behavior`, the path below the fixtures' folder without its ending.
    pub name: String,
    /// The behavior, as a sentence.
    pub about: String,
    /// Where the request's shape comes from: an RFC section, a client's documentation.
    pub source: String,
    /// What must be configured before, for the tenant and the connector that send it.
    pub configuration: Configuration,
    /// What is sent, in order.
    pub steps: Vec<Step>,
}

/// What is not as a new tenant has it.
#[derive(Debug, Default)]
pub struct Configuration {
    /// The connector's settings.
    pub settings: Option<scim::Object>,
    /// The product whose users and groups are served.
    pub pack: Option<Pack>,
    /// Documents of the tenant by name: `tenant`, `values#<attribute path>`.
    pub documents: BTreeMap<String, scim::Object>,
    /// Files of `tests/resource_types`, without their ending; they replace documents of the pack.
    pub resource_types: Vec<String>,
}

/// The file itself; one step needs no list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    about: String,
    source: String,
    steps: Option<Vec<Step>>,
    request: Option<Request>,
    response: Option<Response>,
    settings: Option<scim::Object>,
    pack: Option<Pack>,
    #[serde(default)]
    documents: BTreeMap<String, scim::Object>,
    #[serde(default)]
    resource_types: Vec<String>,
}

/// A request and its answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is sent.
    pub request: Request,
    /// What must come.
    pub response: Response,
    /// Names for parts of the answer, each with the JSON pointer to it; `${name}` stands for it from there on.
    #[serde(default)]
    pub save: BTreeMap<String, String>,
}

/// What is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The HTTP method.
    pub method: String,
    /// The path and query below the base URL, sent as they are written; or a whole URL of the same server.
    pub path: String,
    /// Headers beside the usual ones; `null` leaves a usual one out.
    #[serde(default)]
    pub headers: BTreeMap<String, Option<String>>,
    /// A JSON body.
    pub body: Option<Value>,
    /// A body as it is, where it is not to be JSON.
    pub text: Option<String>,
}

/// What must come.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Headers by name, each a pattern; `null` where there must be none.
    #[serde(default)]
    pub headers: BTreeMap<String, Value>,
    /// The body, as a pattern.
    pub body: Option<Value>,
    /// JSON pointers to what must not be in the body.
    #[serde(default)]
    pub absent: Vec<String>,
    /// Whether there must be no body.
    #[serde(default)]
    pub empty: bool,
}

impl Fixture {
    /// Reads one fixture.
    ///
    /// # Errors
    ///
    /// When the file is not a fixture, for instance because of a key that none has.
    pub fn load(path: &Path) -> Result<Self> {
        let name = path.strip_prefix(folder()).unwrap_or(path).with_extension("").display().to_string();
        let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        Self::parse(name, &text).with_context(|| format!("{} is no fixture", path.display()))
    }

    fn parse(name: String, text: &str) -> Result<Self> {
        let Document { about, source, steps, request, response, settings, pack, documents, resource_types } =
            serde_json::from_str(text)?;
        let steps = match (steps, request, response) {
            (Some(steps), None, None) => steps,
            (None, Some(request), Some(response)) => vec![Step { request, response, save: BTreeMap::new() }],
            _ => bail!("it has either `steps`, or `request` and `response`"),
        };
        ensure!(!steps.is_empty(), "it has no steps");
        for Step { request, response, .. } in &steps {
            ensure!(request.body.is_none() || request.text.is_none(), "a request has `body` or `text`");
            ensure!(!response.empty || response.body.is_none(), "an empty response has no `body`");
        }
        let configuration = Configuration { settings, pack, documents, resource_types };
        Ok(Self { name, about, source, configuration, steps })
    }

    /// Reads every fixture, in the order of their names.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read, or a file in it is no fixture.
    pub fn all() -> Result<Vec<Self>> {
        let mut paths = Vec::new();
        find(&folder(), &mut paths)?;
        paths.sort();
        ensure!(!paths.is_empty(), "there are no fixtures");
        paths.iter().map(|path| Self::load(path)).collect()
    }
}

fn find(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, paths)?;
        } else if path.extension().is_some_and(|ending| ending == "json") {
            paths.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = r#""request": {"method": "GET", "path": "/Users"}, "response": {"status": 200}"#;

    fn refused(text: &str, reason: &str) {
        let error = format!("{:#}", Fixture::parse("x".into(), text).unwrap_err());
        assert!(error.contains(reason), "{text}: {error}");
    }

    #[test]
    fn one_step_needs_no_list() {
        let text = format!(r#"{{"about": "a", "source": "s", {REQUEST}}}"#);
        assert_eq!(Fixture::parse("x".into(), &text).unwrap().steps.len(), 1);
    }

    #[test]
    fn a_key_that_no_fixture_has_is_refused() {
        refused(
            &format!(r#"{{"about": "a", "source": "s", {REQUEST}, "sve": {{}}}}"#),
            "unknown field `sve`",
        );
        refused(r#"{"about": "a", "source": "s", "steps": [], "request": {}}"#, "missing field `method`");
        refused(r#"{"about": "a", "source": "s", "steps": []}"#, "it has no steps");
        refused(&format!(r#"{{"about": "a", "source": "s", "steps": [], {REQUEST}}}"#), "either `steps`");
        refused(&format!(r#"{{"source": "s", {REQUEST}}}"#), "missing field `about`");
    }
}
