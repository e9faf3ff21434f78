//! `import`: what a file says becomes so.

use std::{
    collections::{BTreeSet, HashSet},
    path::PathBuf,
};

use anyhow::Result;
use futures::{StreamExt as _, stream};
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    Desk, Whose,
    members::Names,
    plan::{Plan, Rules, Step, Verdict},
    rows::{Form, Row, Source},
};
use crate::progress::Progress;

/// Rows that are under way at the same time.
const AT_ONCE: usize = 8;

/// Which file, and how it is read.
#[derive(Debug, clap::Args)]
pub(crate) struct Input {
    /// CSV whose columns are SCIM paths, or one JSON resource a line
    pub(crate) file: PathBuf,

    /// What the file holds [default: by its ending, .csv, .jsonl or .ndjson]
    #[arg(long)]
    pub(crate) format: Option<Form>,

    /// An empty cell of a CSV takes the attribute away; else it says nothing
    #[arg(long)]
    pub(crate) clear_blank: bool,

    #[command(flatten)]
    pub(crate) whose: Whose,
}

/// Options of `import`.
#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    #[command(flatten)]
    input: Input,

    /// Change what is there already and differs; else it is left as it is
    #[arg(long)]
    update: bool,

    /// Say what would happen, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// What became of rows.
#[derive(Debug, Default)]
struct Tally {
    created: u64,
    updated: u64,
    unchanged: u64,
    left: u64,
    refused: u64,
}

/// One import on its way.
struct Job<'a> {
    desk: &'a Desk,
    names: Names,
    progress: Progress,
    import: &'a Import,
    tally: Tally,
    /// Of a dry run: the groups that would be there by now.
    imagined: HashSet<String>,
}

/// How a row ended.
enum Ended {
    Done(Box<Plan>, String),
    Waits(Box<Row>, BTreeSet<String>),
    Refused(String),
}

impl Input {
    pub(crate) fn source(&self) -> Result<Source> {
        let form = Form::of(self.format, Some(&self.file))?;
        Ok(Source { path: self.file.clone(), form, clears: self.clear_blank })
    }
}

impl Import {
    /// Whether nothing was refused.
    pub(crate) async fn run(&self, endpoint: &str) -> Result<bool> {
        let source = self.input.source()?;
        let desk = self.input.whose.open(endpoint).await?;
        let rows = source.rows(&desk.resource_type)?;
        let what = if self.dry_run { "Looking" } else { "Importing" };
        let progress = Progress::new(what, Some(rows.bytes()));
        let (names, tally) = (Names::default(), Tally::default());
        let imagined = HashSet::new();
        let mut job = Job { desk: &desk, names, progress, import: self, tally, imagined };
        job.all(rows).await?;
        job.end()
    }

    fn rules(&self) -> Rules {
        Rules { updates: self.update, later: HashSet::new() }
    }
}

impl Job<'_> {
    async fn all(&mut self, mut rows: super::rows::Rows<'_>) -> Result<()> {
        let rules = self.import.rules();
        let mut waiting = Vec::new();
        let (desk, names, is_dry) = (self.desk, std::mem::take(&mut self.names), self.import.dry_run);
        let each = std::iter::from_fn(|| {
            let next = rows.next()?;
            Some((next, rows.position()))
        });
        let mut ended = stream::iter(each)
            .map(async |((line, row), position)| {
                let name = row.as_ref().ok().and_then(|row| row.text("displayName")).map(str::to_owned);
                let ended = match row {
                    Ok(row) => see_to(desk, &names, row, &rules, is_dry).await,
                    Err(error) => Ok(Ended::Refused(format!("{error:#}"))),
                };
                (line, ended, name, position)
            })
            .buffered(AT_ONCE);
        while let Some((line, ended, name, position)) = ended.next().await {
            match ended? {
                Ended::Waits(row, groups) => waiting.push((row, groups)),
                ended => {
                    self.imagine(&ended, name);
                    self.tell(line, ended)?;
                }
            }
            self.progress.set(position);
        }
        drop(ended);
        self.names = names;
        self.waiting(waiting).await
    }

    /// Groups that are members of others come first, whatever the order of the file; those of a circle are made
    /// without each other, and then joined.
    async fn waiting(&mut self, mut waiting: Vec<(Box<Row>, BTreeSet<String>)>) -> Result<()> {
        let mut rules = self.import.rules();
        loop {
            let before = waiting.len();
            let mut still = Vec::new();
            for (row, _) in waiting {
                rules.later.clone_from(&self.imagined);
                let (line, name) = (row.line, row.text("displayName").map(str::to_owned));
                match see_to(self.desk, &self.names, *row, &rules, self.import.dry_run).await? {
                    Ended::Waits(row, groups) => still.push((row, groups)),
                    ended => {
                        self.imagine(&ended, name);
                        self.tell(line, ended)?;
                    }
                }
            }
            waiting = still;
            if waiting.is_empty() || waiting.len() == before {
                break;
            }
        }
        let coming = waiting.iter().filter_map(|(row, _)| Some(row.text("displayName")?.to_owned()));
        let coming: HashSet<_> = coming.collect();
        let (mut circle, mut lost) = (Vec::new(), Vec::new());
        for (row, groups) in waiting {
            let missing: Vec<_> = groups.iter().filter(|name| !coming.contains(*name)).cloned().collect();
            if missing.is_empty() { circle.push(row) } else { lost.push((row.line, missing)) }
        }
        for (line, missing) in lost {
            let detail = format!("members: there is no group {}", missing.join(", "));
            self.tell(line, Ended::Refused(detail))?;
        }
        if self.import.dry_run {
            for row in circle {
                let plan = Plan {
                    step: Step::Create,
                    by: None,
                    changes: Vec::new(),
                    joining: Vec::new(),
                    leaving: Vec::new(),
                    stored: None,
                };
                self.tell(row.line, Ended::Done(Box::new(plan), String::new()))?;
            }
            return Ok(());
        }
        let later = Rules { later: coming, ..rules };
        let mut made = Vec::new();
        for row in circle {
            match see_to(self.desk, &self.names, (*row).clone(), &later, false).await? {
                Ended::Done(plan, id) => made.push((row, plan, id)),
                ended => self.tell(row.line, ended)?,
            }
        }
        for (row, plan, id) in made {
            let whole = Rules { updates: true, later: HashSet::new() };
            let line = row.line;
            let ended = see_to(self.desk, &self.names, *row, &whole, false).await?;
            self.tell(line, if matches!(ended, Ended::Done(..)) { Ended::Done(plan, id) } else { ended })?;
        }
        Ok(())
    }

    /// Notes a group that a dry run would have made.
    fn imagine(&mut self, ended: &Ended, name: Option<String>) {
        if let Ended::Done(plan, _) = ended
            && self.import.dry_run
            && plan.step == Step::Create
        {
            self.imagined.extend(name);
        }
    }

    fn tell(&mut self, line: u64, ended: Ended) -> Result<()> {
        let is_json = self.import.input.whose.format.is_json();
        let (word, value, text) = match ended {
            Ended::Refused(detail) => {
                self.tally.refused += 1;
                ("refused", json!({ "detail": detail }), detail)
            }
            Ended::Waits(_, groups) => {
                self.tally.refused += 1;
                let groups: Vec<_> = groups.into_iter().collect();
                let detail = format!("members: there is no group {}", groups.join(", "));
                ("refused", json!({ "detail": detail }), detail)
            }
            Ended::Done(plan, id) => {
                let (word, count) = match plan.step {
                    Step::Create => ("created", &mut self.tally.created),
                    Step::Update(_) => ("updated", &mut self.tally.updated),
                    Step::Nothing(_) => ("unchanged", &mut self.tally.unchanged),
                    Step::Leave(_) => ("left", &mut self.tally.left),
                };
                *count += 1;
                let changes: Vec<_> = plan.changes.iter().map(|change| change.path.as_str()).collect();
                let (joining, leaving) = (plan.joining.len(), plan.leaving.len());
                let mut told = changes.clone();
                let members = format!("members (+{joining} -{leaving})");
                if joining + leaving > 0 {
                    told.push(&members);
                }
                let by = plan.by.map(|by| format!(" by {by}")).unwrap_or_default();
                let text = format!("{id}{by} {}", told.join(", "));
                let value = json!({
                    "id": Some(&id).filter(|id| !id.is_empty()), "by": plan.by, "changes": changes,
                    "joining": joining, "leaving": leaving,
                });
                (word, value, text)
            }
        };
        if is_json {
            let mut told = json!({ "line": line, "outcome": word });
            if let (Value::Object(told), Value::Object(more)) = (&mut told, value) {
                told.extend(more);
            }
            return self.progress.line(&told.to_string());
        }
        // A person is told what was refused, or what would be done.
        let is_news = word == "refused" || self.import.dry_run && ["created", "updated"].contains(&word);
        if is_news {
            self.progress.line(format!("line {line}: {}{word} {text}", self.would()).trim_end())?;
        }
        Ok(())
    }

    fn would(&self) -> &'static str {
        if self.import.dry_run { "would be " } else { "" }
    }

    fn end(&self) -> Result<bool> {
        self.progress.end();
        let Tally { created, updated, unchanged, left, refused } = self.tally;
        let value = json!({ "summary": {
            "created": created, "updated": updated, "unchanged": unchanged, "left": left, "refused": refused,
            "dryRun": self.import.dry_run,
        }});
        let hint = if left > 0 { " (--update changes them)" } else { "" };
        let would = self.would();
        let text = format!(
            "{would}created {created}, {would}updated {updated}, unchanged {unchanged}, there already and left \
             {left}{hint}, {would}refused {refused}"
        );
        self.import.input.whose.format.print(&value, &text)?;
        Ok(refused == 0)
    }
}

/// Plans a row and, unless it is only asked what would be, does it.
async fn see_to(desk: &Desk, names: &Names, row: Row, rules: &Rules, is_dry: bool) -> Result<Ended> {
    let mut attempt = 1;
    loop {
        let plan = match desk.plan(&row, names, rules).await? {
            Verdict::Planned(plan) => plan,
            Verdict::Waits(groups) => return Ok(Ended::Waits(Box::new(row), groups)),
            Verdict::Refused(detail) => return Ok(Ended::Refused(detail)),
        };
        if is_dry {
            let id = match &plan.step {
                Step::Create => String::new(),
                Step::Update(id) | Step::Nothing(id) | Step::Leave(id) => id.clone(),
            };
            return Ok(Ended::Done(plan, id));
        }
        match desk.carry_out(&row, &plan).await? {
            Ok(id) => return Ok(Ended::Done(plan, id)),
            // Another row, or somebody else, has made it in this moment: now it is there.
            Err((StatusCode::CONFLICT, _)) if plan.step == Step::Create && attempt == 1 => attempt += 1,
            Err((_, detail)) => return Ok(Ended::Refused(detail)),
        }
    }
}
