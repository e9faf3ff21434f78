//! What an export has gathered so far: one resource a line, below a line that says what is exported.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use scim::Object;
use serde_json::Value;

/// The gathered resources.
pub(super) struct Spool {
    file: File,
    /// Where it is, if it is to outlive this program.
    path: Option<PathBuf>,
    /// Where the resources begin, in bytes.
    begin: u64,
    count: u64,
    last: Option<String>,
}

impl Spool {
    /// Beside the file that it will be: one that is there already is taken up where it ends.
    ///
    /// # Errors
    ///
    /// When it is there and holds what is gathered for another question.
    pub(super) fn beside(file: &Path, question: &Value) -> Result<Self> {
        let mut name = file.as_os_str().to_owned();
        name.push(".partial");
        let path = PathBuf::from(name);
        let named = || format!("opening {}", path.display());
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        // What is in it is personal.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).with_context(named)?;
        let mut spool = Self { file, path: Some(path.clone()), begin: 0, count: 0, last: None };
        spool.take_up(question).with_context(|| path.display().to_string())?;
        Ok(spool)
    }

    /// In a file that ends with this program.
    pub(super) fn aside(question: &Value) -> Result<Self> {
        let file = tempfile::tempfile().context("making a temporary file")?;
        let mut spool = Self { file, path: None, begin: 0, count: 0, last: None };
        spool.take_up(question)?;
        Ok(spool)
    }

    /// Reads what is there, up to the last whole line, and cuts off what is behind it.
    fn take_up(&mut self, question: &Value) -> Result<()> {
        let question = format!("{question}\n");
        let mut reader = BufReader::new(&self.file);
        let (mut line, mut end) = (String::new(), 0);
        reader.read_line(&mut line)?;
        if line.ends_with('\n') {
            ensure!(
                line == question,
                "it is what is left of another export: delete it, or ask as then, {}",
                line.trim_end()
            );
            end = line.len() as u64;
            self.begin = end;
            loop {
                line.clear();
                reader.read_line(&mut line)?;
                let resource: Option<Object> = Some(&line)
                    .filter(|line| line.ends_with('\n'))
                    .and_then(|line| serde_json::from_str(line).ok());
                let Some(id) = resource.as_ref().and_then(|it| it.get("id")?.as_str()) else { break };
                self.last = Some(id.to_owned());
                self.count += 1;
                end += line.len() as u64;
            }
        }
        self.file.set_len(end)?;
        self.file.seek(SeekFrom::Start(end))?;
        if end == 0 {
            self.file.write_all(question.as_bytes())?;
            self.begin = question.len() as u64;
        }
        Ok(())
    }

    /// How many resources there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The id of the last one that an earlier export has gathered.
    pub(super) fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// These follow.
    pub(super) fn add(&mut self, resources: &[Object]) -> Result<()> {
        let mut lines = Vec::new();
        for resource in resources {
            serde_json::to_writer(&mut lines, resource)?;
            lines.push(b'\n');
        }
        self.file.write_all(&lines).context("writing what is gathered")
    }

    /// Hands all of them over, in their order.
    pub(super) fn each(&mut self, mut take: impl FnMut(Object) -> Result<()>) -> Result<()> {
        self.file.seek(SeekFrom::Start(self.begin))?;
        for line in BufReader::new(&self.file).lines() {
            take(serde_json::from_str(&line?)?)?;
        }
        Ok(())
    }

    /// Copies the lines.
    pub(super) fn copy(&mut self, out: &mut impl Write) -> Result<()> {
        self.file.seek(SeekFrom::Start(self.begin))?;
        std::io::copy(&mut self.file, out).context("writing the file")?;
        Ok(())
    }

    /// It is not needed any more.
    pub(super) fn remove(self) -> Result<()> {
        match &self.path {
            Some(path) => std::fs::remove_file(path).with_context(|| format!("deleting {}", path.display())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(id: &str) -> Object {
        Object::from_iter([("id".to_owned(), json!(id))])
    }

    #[test]
    fn what_was_cut_off_anywhere_goes_on_after_the_last_whole_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, question) = (folder.path().join("users.csv"), json!({ "export": 1 }));
        let partial = folder.path().join("users.csv.partial");
        let mut spool = Spool::beside(&file, &question).expect("a spool");
        spool.add(&[user("1"), user("2"), user("3")]).expect("written");
        drop(spool);
        let whole = std::fs::read(&partial).expect("bytes");
        for cut in 0..=whole.len() {
            std::fs::write(&partial, &whole[..cut]).expect("written");
            let mut spool = Spool::beside(&file, &question).expect("a spool");
            let kept = spool.count();
            assert_eq!(spool.last().map(str::to_owned), (kept > 0).then(|| kept.to_string()), "{cut}");
            let rest: Vec<_> = (kept + 1..=3).map(|id| user(&id.to_string())).collect();
            spool.add(&rest).expect("written");
            drop(spool);
            assert_eq!(std::fs::read(&partial).expect("bytes"), whole, "{cut}");
        }
        let other = Spool::beside(&file, &json!({ "export": 2 })).err().expect("another question");
        assert!(format!("{other:#}").contains("another export"), "{other:#}");
    }
}
