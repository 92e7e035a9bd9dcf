//! `windlass migrate check`: what pending migrations would do.

use std::path::Path;
use std::process::ExitCode;

use windlass_core::app::{self, Project};
use windlass_core::db::migrate::State;
use windlass_core::db::migrate::rehearsal::{Outcome, Rehearsal, StatementReport};
use windlass_core::error::Result;

use super::with_database;
use crate::report;

/// Rehearses the project in `directory`. Fails if a migration does, and if `strict` on findings and breaking changes.
pub async fn run(directory: &Path, upto: Option<&str>, strict: bool, json: bool) -> Result<ExitCode> {
    let project = Project::open(directory)?;
    let (rehearsals, drifted) = with_database(&project, async |database| {
        let status = project.migrator(database).await?.status().await?;
        let drifted = status.into_iter().filter(|line| line.state == State::Drifted);
        let drifted: Vec<String> = drifted.map(|line| line.name).collect();
        Ok((app::rehearse(&project, database, upto).await?, drifted))
    })
    .await?;
    for name in drifted {
        report::note(format_args!("note: {name} was edited after it was applied"));
    }
    if json {
        report::json(&rehearsals);
    } else if rehearsals.is_empty() {
        report::note("nothing is pending");
    } else {
        rehearsals.iter().for_each(print);
        let rehearsed = rehearsals
            .iter()
            .filter(|one| !matches!(one.outcome, Outcome::NotRehearsed { .. }));
        match (rehearsed.count(), rehearsals.len()) {
            (0, _) => report::note("nothing was rehearsed, and nothing was changed"),
            (some, all) if some < all => report::note(format_args!(
                "{some} of {all} were rehearsed, and rolled back; the others were not"
            )),
            _ => report::note("everything was rolled back"),
        }
    }
    let failed = |rehearsal: &Rehearsal| matches!(rehearsal.outcome, Outcome::Failed { .. });
    let doubtful =
        |rehearsal: &Rehearsal| !rehearsal.findings.is_empty() || rehearsal.routes.iter().any(|change| change.breaking);
    // Who asks for certainty is not told that all is well where nobody knows.
    let unknown = |rehearsal: &Rehearsal| matches!(rehearsal.outcome, Outcome::NotRehearsed { .. });
    if strict && rehearsals.iter().any(unknown) {
        return Ok(ExitCode::FAILURE);
    }
    if rehearsals.iter().any(failed) || (strict && rehearsals.iter().any(doubtful)) {
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(rehearsal: &Rehearsal) {
    let name = &rehearsal.name;
    match &rehearsal.outcome {
        Outcome::Passed => report::line(format_args!("{name}: passed")),
        Outcome::Failed { message } => {
            report::line(format_args!("{name}: failed"));
            message.lines().for_each(|line| report::line(format_args!("  {line}")));
        }
        Outcome::NotRehearsed { reason } => report::line(format_args!("{name}: not rehearsed, as {reason}")),
    }
    let rehearsed = !matches!(rehearsal.outcome, Outcome::NotRehearsed { .. });
    for each in &rehearsal.statements {
        statement(each, rehearsed);
    }
    if !rehearsal.findings.is_empty() {
        report::line("  findings:");
    }
    for finding in &rehearsal.findings {
        report::line(format_args!(
            "    line {}: {} [{}]",
            finding.line, finding.message, finding.rule
        ));
        if let Some(help) = &finding.help {
            report::line(format_args!("      help: {help}"));
        }
    }
    if !rehearsal.routes.is_empty() {
        report::line("  routes:");
    }
    for change in &rehearsal.routes {
        let mark = if change.breaking { "breaking" } else { "change" };
        report::line(format_args!("    {mark:<8}  {}: {}", change.at, change.what));
    }
}

fn statement(statement: &StatementReport, timed: bool) {
    let time = if timed {
        format!("  ({} ms)", statement.duration_ms)
    } else {
        String::new()
    };
    report::line(format_args!(
        "  line {}: {}{time}",
        statement.line,
        shortened(&statement.text)
    ));
    for lock in &statement.locks {
        let waits = match lock.blocks.as_str() {
            "nobody" => "nobody waits".to_owned(),
            who => format!("{who} wait"),
        };
        report::line(format_args!("    locks {}: {}, {waits}", lock.table, lock.mode));
    }
    for rewrite in &statement.rewrites {
        report::line(format_args!(
            "    rewrites {}: about {} rows, {}",
            rewrite.table,
            rewrite.rows,
            size(rewrite.bytes)
        ));
    }
    if let Some(rows) = statement.rows {
        report::line(format_args!("    changes {rows} rows"));
    }
}

/// One line of at most 80 characters.
fn shortened(text: &str) -> String {
    const WIDTH: usize = 80;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= WIDTH {
        return line;
    }
    line.chars().take(WIDTH - 2).chain(" …".chars()).collect()
}

/// `4.1 MiB`
fn size(bytes: u64) -> String {
    let mut whole = bytes;
    let mut rest = 0;
    let mut unit = "B";
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if whole < 1024 {
            break;
        }
        (whole, rest, unit) = (whole / 1024, whole % 1024 * 10 / 1024, next);
    }
    if unit == "B" {
        format!("{whole} B")
    } else {
        format!("{whole}.{rest} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_down_to_one_digit() {
        for (bytes, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (8192, "8.0 KiB"),
            (1_625_292, "1.5 MiB"),
            (5 << 40, "5.0 TiB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }
}
