//! A function's start, its first answer and those after it.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use runtime::{Answer, Format, Function, Outcome};
use serde::Serialize;

use crate::cases::Case;

/// What a request costs: times in milliseconds, the median of all starts where nothing else is said.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Row {
    pub(crate) case: &'static str,
    /// From the making of the process until it asks for an event.
    pub(crate) ready_ms: f64,
    /// Of that, processor time.
    pub(crate) ready_cpu_ms: f64,
    /// From the event until the answer, the first time.
    pub(crate) first_ms: f64,
    pub(crate) first_cpu_ms: f64,
    /// From the making of the process until the first answer.
    pub(crate) start_ms: f64,
    /// The same, at best.
    pub(crate) start_least_ms: f64,
    /// Processor time of both.
    pub(crate) start_cpu_ms: f64,
    pub(crate) warm_p50_ms: f64,
    pub(crate) warm_p99_ms: f64,
    pub(crate) warm_cpu_ms: f64,
    /// The most memory that was resident, in MB.
    pub(crate) memory_mb: f64,
    /// Of the program, in MB.
    pub(crate) program_mb: f64,
}

pub(crate) async fn measure(case: &Case, starts: u32, requests: u32) -> Result<Row> {
    let [mut ready, mut ready_cpu, mut first, mut first_cpu, mut start, mut start_cpu] =
        [const { Vec::new() }; 6];
    let mut last = None;
    for _ in 0..starts {
        let function = Function::start(&case.program, &case.target).await?;
        let readied = millis(function.ready() - function.spawned());
        let cpu = processor(&function)?;
        let answered = ask(&function, case).await?;
        function.idle().await?;
        let all_cpu = processor(&function)?;
        ready.push(readied);
        ready_cpu.push(cpu);
        first.push(answered);
        first_cpu.push(all_cpu - cpu);
        start.push(readied + answered);
        start_cpu.push(all_cpu);
        last = Some(function);
    }
    let function = last.context("no start was asked for")?;
    let before = processor(&function)?;
    let mut warm = Vec::new();
    for _ in 0..requests {
        warm.push(ask(&function, case).await?);
    }
    function.idle().await?;
    let warm_cpu_ms = (processor(&function)? - before) / f64::from(requests);
    let size = fs::metadata(&case.program)?.len();
    Ok(Row {
        case: case.name,
        ready_ms: quantile(&mut ready, 0.5),
        ready_cpu_ms: quantile(&mut ready_cpu, 0.5),
        first_ms: quantile(&mut first, 0.5),
        first_cpu_ms: quantile(&mut first_cpu, 0.5),
        start_ms: quantile(&mut start, 0.5),
        start_least_ms: quantile(&mut start, 0.0),
        start_cpu_ms: quantile(&mut start_cpu, 0.5),
        warm_p50_ms: quantile(&mut warm, 0.5),
        warm_p99_ms: quantile(&mut warm, 0.99),
        warm_cpu_ms,
        memory_mb: memory(&function)?,
        program_mb: f64::from(u32::try_from(size)?) / 1e6,
    })
}

/// How long an answer takes.
async fn ask(function: &Function, case: &Case) -> Result<f64> {
    let event = case.request.event(Format::Rest);
    let asked = Instant::now();
    let (at, outcome) = function.invoke(&event, Duration::from_secs(29)).await?;
    let Outcome::Response(answer) = outcome else {
        anyhow::bail!("{}: there is no answer: {outcome:?}", case.name)
    };
    let answer = Answer::read(answer)?;
    ensure!(answer.status == case.status, "{}: {} {}", case.name, answer.status, answer.body);
    Ok(millis(at - asked))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The value below which this part of all lies.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a place in a short list"
)]
fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = ((values.len().saturating_sub(1)) as f64 * part).round() as usize;
    values.get(at).copied().unwrap_or_default()
}

/// Processor time so far, in milliseconds: of all threads, those that have ended as well.
#[cfg(target_os = "linux")]
fn processor(function: &Function) -> Result<f64> {
    use nix::{time, unistd::Pid};

    let clock = time::clock_getcpuclockid(Pid::from_raw(function.pid()?))?;
    Ok(millis(Duration::from(time::clock_gettime(clock)?)))
}

#[cfg(not(target_os = "linux"))]
fn processor(_: &Function) -> Result<f64> {
    anyhow::bail!("only Linux tells the processor time of another process")
}

/// The most memory that was resident, in MB.
fn memory(function: &Function) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", function.pid()?))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let mut values = [3.0, 1.0, 2.0];
        for (part, expected) in [(0.0, 1.0), (0.5, 2.0), (1.0, 3.0)] {
            assert!((quantile(&mut values, part) - expected).abs() < f64::EPSILON, "{part}");
        }
        assert!(quantile(&mut [], 0.5).abs() < f64::EPSILON);
    }
}
