//! What the stand-in knows: secrets, their versions and the stages that name them.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Error;

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";
const ARN_PREFIX: &str = "arn:aws:secretsmanager:us-east-1:000000000000:secret:";
/// Secrets Manager ends an ARN with six random characters; here they are always these.
const ARN_SUFFIX: &str = "-local0";

/// An error of the service: its type's name and a sentence.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) kind: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(kind: &'static str, message: &str) -> Self {
        Self { kind, message: message.to_owned() }
    }
}

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
struct Secret {
    versions: Vec<Version>,
    deleted: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Version {
    id: String,
    value: String,
    stages: Vec<String>,
}

/// All secrets by name, and the file that keeps them.
#[derive(Debug)]
pub(super) struct Store {
    secrets: Mutex<BTreeMap<String, Secret>>,
    file: Option<PathBuf>,
}

impl Store {
    pub(super) fn open(file: Option<PathBuf>) -> Result<Self, Error> {
        let secrets = match file.as_deref().map(fs::read) {
            None => BTreeMap::new(),
            Some(Err(error)) if error.kind() == ErrorKind::NotFound => BTreeMap::new(),
            Some(read) => {
                let file = file.clone().unwrap_or_default();
                let bytes = read.map_err(Error::io(format!("reading {}", file.display())))?;
                serde_json::from_slice(&bytes).map_err(|error| Error::Secrets(file, error))?
            }
        };
        Ok(Self { secrets: Mutex::new(secrets), file })
    }

    /// Answers one operation of the service.
    pub(super) fn answer(&self, action: &str, request: &Value) -> Result<Value, Refusal> {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = match action {
            "GetSecretValue" => return get(&secrets, request),
            "DescribeSecret" => return describe(&secrets, request),
            "ListSecrets" => return list(&secrets, request),
            "CreateSecret" => create(&mut secrets, request),
            "PutSecretValue" => put(&mut secrets, request),
            "UpdateSecretVersionStage" => stage(&mut secrets, request),
            "DeleteSecret" => delete(&mut secrets, request),
            _ => Err(Refusal::new("UnknownOperationException", action)),
        }?;
        self.keep(&secrets).map_err(|error| Refusal::new("InternalServiceError", &error.to_string()))?;
        Ok(answer)
    }

    pub(super) fn set(&self, name: &str, value: &str) -> Result<(), Error> {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let secret = secrets.entry(name.to_owned()).or_default();
        if !secret.deleted && secret.current().is_some_and(|version| version.value == value) {
            return Ok(());
        }
        let id = format!("local-{}", secret.versions.len());
        secret.deleted = false;
        secret.put(&id, value);
        self.keep(&secrets)
    }

    fn keep(&self, secrets: &BTreeMap<String, Secret>) -> Result<(), Error> {
        match &self.file {
            Some(file) => replace(file, secrets).map_err(Error::io(format!("writing {}", file.display()))),
            None => Ok(()),
        }
    }
}

impl Secret {
    fn current(&self) -> Option<&Version> {
        self.versions.iter().find(|version| version.stages.iter().any(|stage| stage == CURRENT))
    }

    fn put(&mut self, id: &str, value: &str) {
        self.versions.push(Version { id: id.to_owned(), value: value.to_owned(), stages: Vec::new() });
        self.make_current(id);
    }

    fn make_current(&mut self, id: &str) {
        for version in &mut self.versions {
            version.stages.retain(|stage| stage != PREVIOUS);
            if let Some(stage) = version.stages.iter_mut().find(|stage| *stage == CURRENT) {
                PREVIOUS.clone_into(stage);
            }
        }
        if let Some(version) = self.versions.iter_mut().find(|version| version.id == id) {
            version.stages.push(CURRENT.to_owned());
        }
    }
}

/// Writes beside the file first, so that an interrupted write leaves the old one whole.
fn replace(file: &Path, secrets: &BTreeMap<String, Secret>) -> std::io::Result<()> {
    let new = file.with_extension("new");
    let mut open = OpenOptions::new();
    let mut written = open.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    written.write_all(&serde_json::to_vec_pretty(secrets)?)?;
    fs::rename(new, file)
}

fn create(secrets: &mut BTreeMap<String, Secret>, request: &Value) -> Result<Value, Refusal> {
    let name = text(request, "Name")?;
    if secrets.contains_key(name) {
        return Err(Refusal::new("ResourceExistsException", &format!("there is a secret {name} already")));
    }
    let (id, value) = (text(request, "ClientRequestToken")?, text(request, "SecretString")?);
    secrets.entry(name.to_owned()).or_default().put(id, value);
    Ok(json!({"ARN": arn(name), "Name": name, "VersionId": id}))
}

fn put(secrets: &mut BTreeMap<String, Secret>, request: &Value) -> Result<Value, Refusal> {
    let name = name(request)?;
    let (id, value) = (text(request, "ClientRequestToken")?, text(request, "SecretString")?);
    let secret = secrets.get_mut(name).ok_or_else(missing)?;
    alive(secret)?;
    let stages = request["VersionStages"].as_array().cloned().unwrap_or_else(|| vec![json!(CURRENT)]);
    let is_current = stages.iter().any(|stage| stage == CURRENT);
    // The same token again is the same request again.
    match secret.versions.iter().find(|version| version.id == id) {
        None if is_current => secret.put(id, value),
        None => {
            let stages: Vec<String> = stages.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect();
            for version in &mut secret.versions {
                version.stages.retain(|stage| !stages.contains(stage));
            }
            secret.versions.push(Version { id: id.to_owned(), value: value.to_owned(), stages });
        }
        Some(version) if version.value == value => {}
        Some(_) => return Err(Refusal::new("ResourceExistsException", "this version has another value")),
    }
    Ok(json!({"ARN": arn(name), "Name": name, "VersionId": id, "VersionStages": stages}))
}

/// Moves the current stage to another version, only from the one that the request says it is at.
fn stage(secrets: &mut BTreeMap<String, Secret>, request: &Value) -> Result<Value, Refusal> {
    let refuse = |message| Err(Refusal::new("InvalidParameterException", message));
    let name = name(request)?;
    let (to, from) = (text(request, "MoveToVersionId")?, text(request, "RemoveFromVersionId")?);
    let secret = secrets.get_mut(name).ok_or_else(missing)?;
    alive(secret)?;
    if text(request, "VersionStage")? != CURRENT {
        return refuse("only AWSCURRENT is moved here");
    }
    if secret.current().is_none_or(|version| version.id != from) {
        return refuse("RemoveFromVersionId is not the version that has the stage");
    }
    if secret.versions.iter().all(|version| version.id != to) {
        return Err(missing());
    }
    secret.make_current(to);
    Ok(json!({"ARN": arn(name), "Name": name}))
}

fn delete(secrets: &mut BTreeMap<String, Secret>, request: &Value) -> Result<Value, Refusal> {
    let name = name(request)?;
    let secret = secrets.get_mut(name).ok_or_else(missing)?;
    secret.deleted = true;
    if request["ForceDeleteWithoutRecovery"] == true {
        secrets.remove(name);
    }
    Ok(json!({"ARN": arn(name), "Name": name}))
}

fn get(secrets: &BTreeMap<String, Secret>, request: &Value) -> Result<Value, Refusal> {
    let name = name(request)?;
    let secret = secrets.get(name).ok_or_else(missing)?;
    alive(secret)?;
    let stage = request["VersionStage"].as_str().unwrap_or(CURRENT);
    let version = secret.versions.iter().find(|version| match request["VersionId"].as_str() {
        Some(id) => version.id == id,
        None => version.stages.iter().any(|named| named == stage),
    });
    let Version { id, value, stages } = version.ok_or_else(missing)?;
    Ok(json!({
        "ARN": arn(name), "Name": name, "VersionId": id, "VersionStages": stages, "SecretString": value,
    }))
}

fn describe(secrets: &BTreeMap<String, Secret>, request: &Value) -> Result<Value, Refusal> {
    let name = name(request)?;
    let secret = secrets.get(name).ok_or_else(missing)?;
    let current = secret.versions.iter().filter(|version| !version.stages.is_empty());
    let stages: Value = current.map(|version| (version.id.clone(), json!(version.stages))).collect();
    Ok(json!({"ARN": arn(name), "Name": name, "VersionIdsToStages": stages}))
}

fn list(secrets: &BTreeMap<String, Secret>, request: &Value) -> Result<Value, Refusal> {
    let limit = request["MaxResults"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(100);
    let after = request["NextToken"].as_str().unwrap_or_default();
    let mut prefixes = Vec::new();
    for filter in request["Filters"].as_array().into_iter().flatten() {
        if filter["Key"] != "name" {
            return Err(Refusal::new("InvalidParameterException", "secrets are filtered by name only"));
        }
        prefixes.push(filter["Values"].as_array().cloned().unwrap_or_default());
    }
    let begins = |name: &str, value: &Value| value.as_str().is_some_and(|value| name.starts_with(value));
    let mut found = secrets
        .iter()
        .filter(|(name, secret)| !secret.deleted && name.as_str() > after)
        .filter(|(name, _)| prefixes.iter().all(|any| any.iter().any(|value| begins(name, value))))
        .map(|(name, _)| name)
        .peekable();
    let page: Vec<&String> = found.by_ref().take(limit).collect();
    let entries: Value = page.iter().map(|name| json!({"ARN": arn(name), "Name": name})).collect();
    let mut answer = json!({"SecretList": entries});
    if found.peek().is_some() {
        answer["NextToken"] = json!(page.last());
    }
    Ok(answer)
}

fn arn(name: &str) -> String {
    format!("{ARN_PREFIX}{name}{ARN_SUFFIX}")
}

/// The secret asked for, by its name or its ARN.
fn name(request: &Value) -> Result<&str, Refusal> {
    let id = text(request, "SecretId")?;
    let named = id.strip_prefix(ARN_PREFIX).map(|name| name.strip_suffix(ARN_SUFFIX).unwrap_or(name));
    Ok(named.unwrap_or(id))
}

fn text<'a>(request: &'a Value, parameter: &str) -> Result<&'a str, Refusal> {
    request[parameter]
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Refusal::new("InvalidParameterException", &format!("{parameter} is missing")))
}

fn alive(secret: &Secret) -> Result<(), Refusal> {
    if secret.deleted {
        return Err(Refusal::new("InvalidRequestException", "the secret is marked for deletion"));
    }
    Ok(())
}

fn missing() -> Refusal {
    Refusal::new("ResourceNotFoundException", "there is no such secret, or no such version of it")
}
