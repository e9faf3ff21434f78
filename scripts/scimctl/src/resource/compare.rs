//! `match`: which resources a file's rows mean, and what would change.

use std::collections::HashSet;

use anyhow::Result;
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::{
    Desk,
    column::{Column, cell},
    import::Input,
    matching::Match,
    members::Names,
    plan::{Plan, Rules, Verdict},
    rows::Row,
};
use crate::progress::Progress;

/// Rows that are looked at at the same time.
const AT_ONCE: usize = 8;

/// Options of `match`.
#[derive(Debug, clap::Args)]
pub(crate) struct Compare {
    #[command(flatten)]
    input: Input,
}

/// What is said of a row.
struct Said {
    by: Option<&'static str>,
    ids: Vec<String>,
    plan: Option<Box<Plan>>,
    problem: Option<String>,
}

impl Compare {
    pub(crate) async fn run(&self, endpoint: &str) -> Result<()> {
        let source = self.input.source()?;
        let desk = self.input.whose.open(endpoint).await?;
        let mut rows = source.rows(&desk.resource_type)?;
        let progress = Progress::new("Matching", Some(rows.bytes()));
        let names = Names::default();
        let each = std::iter::from_fn(|| {
            let next = rows.next()?;
            Some((next, rows.position()))
        });
        let mut said = stream::iter(each)
            .map(async |((line, row), position)| {
                let said = match row {
                    Ok(row) => say(&desk, &row, &names).await,
                    Err(error) => Ok(Said::problem(format!("{error:#}"))),
                };
                (line, said, position)
            })
            .buffered(AT_ONCE);
        let (mut matched, mut none, mut several, mut problems) = (0, 0, 0, 0);
        while let Some((line, said, position)) = said.next().await {
            let said = said?;
            match (said.ids.len(), &said.problem) {
                (_, Some(_)) if said.ids.len() < 2 => problems += 1,
                (0, _) => none += 1,
                (1, _) => matched += 1,
                _ => several += 1,
            }
            let told = if self.input.whose.format.is_json() {
                said.value(line, &desk).to_string()
            } else {
                said.text(line)
            };
            progress.line(&told)?;
            progress.set(position);
        }
        progress.end();
        let value = json!({ "summary": {
            "matched": matched, "new": none, "several": several, "unreadable": problems
        }});
        let text =
            format!("matched {matched}, new {none}, several matches {several}, cannot be taken {problems}");
        self.input.whose.format.print(&value, &text)
    }
}

async fn say(desk: &Desk, row: &Row, names: &Names) -> Result<Said> {
    let mut rules = Rules { updates: true, later: HashSet::new() };
    loop {
        match desk.plan(row, names, &rules).await? {
            Verdict::Planned(plan) => {
                let id = plan.stored.as_ref().and_then(|it| it.get("id")?.as_str()).map(str::to_owned);
                let ids = id.into_iter().collect();
                return Ok(Said { by: plan.by, ids, plan: Some(plan), problem: None });
            }
            // An import makes them first, where the file has them.
            Verdict::Waits(groups) => rules.later.extend(groups),
            Verdict::Refused(problem) => {
                let found = desk.match_row(row).await?;
                let (by, ids) = match &found {
                    Match::None => (None, Vec::new()),
                    Match::One { by, .. } => (Some(*by), found.id().map(str::to_owned).into_iter().collect()),
                    Match::Several { by, ids } => (Some(*by), ids.clone()),
                };
                return Ok(Said { by, ids, plan: None, problem: Some(problem) });
            }
        }
    }
}

impl Said {
    fn problem(problem: String) -> Self {
        Self { by: None, ids: Vec::new(), plan: None, problem: Some(problem) }
    }

    fn text(&self, line: u64) -> String {
        let which = match (self.by, self.ids.as_slice()) {
            (Some(by), [id]) => format!("{id} by {by}"),
            (_, []) if self.problem.is_some() => "cannot be taken".to_owned(),
            (_, []) => "new".to_owned(),
            (by, ids) => format!("{} match by {}: {}", ids.len(), by.unwrap_or_default(), ids.join(", ")),
        };
        let paths: Vec<_> = self.changes().map(|change| change.path.clone()).chain(self.members()).collect();
        let rest = match (&self.problem, &self.plan, self.ids.len()) {
            (Some(_), _, 2..) | (None, _, 0) => String::new(),
            (Some(problem), ..) => format!(": {problem}"),
            (None, ..) if paths.is_empty() => ", is so already".to_owned(),
            (None, ..) => format!(", would change {}", paths.join(", ")),
        };
        format!("line {line}: {which}{rest}")
    }

    fn changes(&self) -> impl Iterator<Item = &super::rows::Change> {
        self.plan.iter().flat_map(|plan| &plan.changes)
    }

    fn members(&self) -> Option<String> {
        let plan = self.plan.as_ref().filter(|plan| plan.stored.is_some())?;
        let (joining, leaving) = (plan.joining.len(), plan.leaving.len());
        (joining + leaving > 0).then(|| format!("members (+{joining} -{leaving})"))
    }

    fn value(&self, line: u64, desk: &Desk) -> Value {
        let stored = self.plan.as_ref().and_then(|plan| plan.stored.as_ref());
        let changes: Vec<_> = self
            .changes()
            .map(|change| {
                let column = Column::parse(&change.path, &desk.resource_type).ok();
                let from = column.and_then(|column| column.get(stored?).cloned());
                json!({ "path": change.path, "from": from.as_ref().map(cell), "to": change.value.as_ref().map(cell) })
            })
            .collect();
        let count = |of: fn(&Plan) -> usize| self.plan.as_deref().map_or(0, of);
        json!({
            "line": line, "by": self.by, "ids": self.ids, "changes": changes, "problem": self.problem,
            "joining": count(|plan| plan.joining.len()), "leaving": count(|plan| plan.leaving.len()),
        })
    }
}
