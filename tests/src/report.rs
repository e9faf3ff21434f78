//! What is said of a step that went wrong: enough to see why without running it again.

use std::fmt::Write;

use crate::fixture::Fixture;
use crate::target::Answer;

/// The request as it was sent; the token is left out.
pub(crate) fn request(method: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> String {
    let mut text = format!("{method} {path}\n");
    for (name, value) in headers {
        let shown = if name.eq_ignore_ascii_case("authorization") { "…" } else { value };
        let _ = writeln!(text, "{name}: {shown}");
    }
    text + &pretty(body)
}

/// The answer as it came.
pub(crate) fn answer(answer: &Answer) -> String {
    let mut text = format!("{}\n", answer.status);
    for (name, value) in &answer.headers {
        let _ = writeln!(text, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    text + &pretty(&answer.body)
}

/// Everything about one step that went wrong.
pub(crate) fn step(fixture: &Fixture, step: usize, request: &str, faults: &[String], got: &str) -> String {
    let Fixture { name, about, source, steps, .. } = fixture;
    let faults = faults.join("\n  - ");
    format!(
        "{name}\n{about}\nSource: {source}\n\nStep {step} of {}:\n{}\nGot:\n{}\nWrong:\n  - {faults}\n",
        steps.len(),
        indent(request),
        indent(got),
    )
}

fn indent(text: &str) -> String {
    text.lines().flat_map(|line| ["  ", line, "\n"]).collect()
}

/// JSON over several lines, anything else as it is; only the beginning of what is long.
fn pretty(body: &[u8]) -> String {
    const LONGEST: usize = 4000;
    let text = match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(json) => format!("{json:#}"),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], body.len()),
        None => text,
    }
}
