//! What a doctor finds, and how it is told.

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use crate::print::Format;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    /// As it should be.
    Ok,
    /// It works; somebody should look at it.
    Warn,
    /// It does not work.
    Fail,
    /// Nobody could look.
    Skip,
}

/// One check.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) outcome: Outcome,
    /// What was seen.
    pub(super) detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<String>,
}

/// All checks, in their order.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Finding>);

impl Report {
    pub(super) fn ok(&mut self, check: &'static str, detail: impl Into<String>) {
        self.0.push(Finding { check, outcome: Outcome::Ok, detail: detail.into(), advice: None });
    }

    pub(super) fn warn(&mut self, check: &'static str, detail: impl Into<String>, advice: impl Into<String>) {
        self.add(Outcome::Warn, check, detail.into(), advice.into());
    }

    pub(super) fn fail(&mut self, check: &'static str, detail: impl Into<String>, advice: impl Into<String>) {
        self.add(Outcome::Fail, check, detail.into(), advice.into());
    }

    pub(super) fn skip(&mut self, check: &'static str, detail: impl Into<String>, advice: impl Into<String>) {
        self.add(Outcome::Skip, check, detail.into(), advice.into());
    }

    /// A check that ends well without a reason against it.
    pub(super) fn judge(
        &mut self,
        check: &'static str,
        detail: impl Into<String>,
        fault: Option<String>,
        advice: impl Into<String>,
    ) {
        match fault {
            None => self.ok(check, detail),
            Some(fault) => self.fail(check, fault, advice),
        }
    }

    fn add(&mut self, outcome: Outcome, check: &'static str, detail: String, advice: String) {
        self.0.push(Finding { check, outcome, detail, advice: Some(advice) });
    }

    /// Prints everything; whether nothing failed.
    pub(super) fn print(&self, format: Format) -> Result<bool> {
        let count = |outcome| self.0.iter().filter(|finding| finding.outcome == outcome).count();
        let [ok, warn, fail, skip] = [Outcome::Ok, Outcome::Warn, Outcome::Fail, Outcome::Skip].map(count);
        let value = json!({ "checks": self.0, "ok": ok, "warn": warn, "fail": fail, "skip": skip });
        let mut lines: Vec<String> = self.0.iter().map(line).collect();
        lines.push(format!("{ok} ok, {warn} to look at, {fail} failed, {skip} not checked"));
        format.print(&value, &lines.join("\n"))?;
        Ok(fail == 0)
    }
}

fn line(Finding { check, outcome, detail, advice }: &Finding) -> String {
    let word = match outcome {
        Outcome::Ok => "ok",
        Outcome::Warn => "warn",
        Outcome::Fail => "FAIL",
        Outcome::Skip => "-",
    };
    let advice = advice.as_ref().map(|advice| format!("\n{:19}→ {advice}", "")).unwrap_or_default();
    format!("{word:4}  {check:12} {detail}{advice}")
}

#[cfg(test)]
impl Report {
    /// Each check, and how it ended.
    pub(super) fn outcomes(&self) -> Vec<(&'static str, Outcome)> {
        self.0.iter().map(|finding| (finding.check, finding.outcome)).collect()
    }

    /// All lines.
    pub(super) fn text(&self) -> String {
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
