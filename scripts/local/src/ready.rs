//! What a command prints once it serves: for a person, or as one line of JSON for a program.

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

use crate::{Error, StandIns};

/// Where everything answers.
#[derive(Debug, Serialize)]
pub(crate) struct Ready<'a> {
    base_url: String,
    token: &'a str,
    engine_url: &'a str,
    secrets_url: &'a str,
    pid: u32,
}

impl<'a> Ready<'a> {
    pub(crate) fn new(base_url: String, stand_ins: &'a StandIns) -> Self {
        Self {
            base_url,
            token: stand_ins.token.as_str(),
            engine_url: stand_ins.engine.url(),
            secrets_url: stand_ins.secrets.url(),
            pid: std::process::id(),
        }
    }

    /// Prints itself on standard output, as JSON where `json` is set.
    pub(crate) fn announce(&self, json: bool) -> Result<(), Error> {
        let text = if json { serde_json::to_string(self).unwrap_or_default() } else { self.to_string() };
        let mut out = io::stdout().lock();
        writeln!(out, "{text}").and_then(|()| out.flush()).map_err(Error::io("writing to standard output"))
    }
}

impl fmt::Display for Ready<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { base_url, token, engine_url, secrets_url, .. } = self;
        writeln!(f, "SCIM base URL    {base_url}")?;
        writeln!(f, "Bearer token     {token}")?;
        writeln!(f, "DynamoDB         {engine_url}")?;
        writeln!(f, "Secrets Manager  {secrets_url}")?;
        writeln!(f)?;
        writeln!(f, "Try:  curl -H 'Authorization: Bearer {token}' {base_url}/Users")?;
        write!(f, "End:  Ctrl-C")
    }
}
