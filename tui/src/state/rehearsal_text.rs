//! What is said of a rehearsal: how it ended, what breaks, what the linter found, and each statement.

use windlass_core::admin::protocol::{Ask, Outcome, Rehearsal, StatementReport};

use super::data::Data;
use super::document::Line;
use crate::theme::Tone;
use crate::widgets::text::{bytes, count, duration};

/// What was found for a migration last, with the others that ran before it; `None` if it was not rehearsed.
///
/// A rehearsal up to a later migration tells of the earlier ones, too.
#[must_use]
pub fn latest<'a>(data: &'a Data, name: &str) -> Option<(&'a [Rehearsal], i64)> {
    let names = data.migrations().into_iter().flatten();
    names
        .filter_map(|status| {
            let found = data.rehearsal(Some(&status.name))?;
            let at = data.answered_at(&asking(&status.name))?;
            let about = status.name == name || found.iter().any(|one| one.name == name);
            about.then_some((found, at))
        })
        .max_by_key(|(_, at)| *at)
}

/// The question for the rehearsal up to a migration.
#[must_use]
pub fn asking(name: &str) -> Ask {
    Ask::Rehearse {
        upto: Some(name.to_owned()),
    }
}

/// How the last rehearsal of one migration ended.
#[must_use]
pub fn of<'a>(data: &'a Data, name: &str) -> Option<&'a Rehearsal> {
    let (found, _) = latest(data, name)?;
    found.iter().find(|one| one.name == name)
}

/// A rehearsal in a few words, with their meaning.
#[must_use]
pub fn short(rehearsal: &Rehearsal) -> (Tone, String) {
    let breaking = rehearsal.routes.iter().filter(|change| change.breaking).count();
    let mut text = match &rehearsal.outcome {
        Outcome::Passed => "passed".to_owned(),
        Outcome::Failed { message } => return (Tone::Bad, format!("failed: {message}")),
        Outcome::NotRehearsed { reason } => return (Tone::Warning, format!("not rehearsed: {reason}")),
    };
    if breaking > 0 {
        text.push_str(&format!(", {}", counted(breaking, "breaking change")));
    }
    if !rehearsal.findings.is_empty() {
        text.push_str(&format!(", {}", counted(rehearsal.findings.len(), "finding")));
    }
    let tone = if breaking > 0 || !rehearsal.findings.is_empty() {
        Tone::Warning
    } else {
        Tone::Good
    };
    (tone, text)
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The part of a migration's detail.
#[must_use]
pub fn lines(data: &Data, name: &str) -> Vec<Line> {
    let ask = asking(name);
    let mut lines = Vec::new();
    if data.is_pending(&ask) {
        lines.extend([
            Line::text("rehearsing… it runs in a transaction that is rolled back").marked(Tone::Notice),
            Line::default(),
        ]);
    } else if let Some(refusal) = data.refusal(&ask) {
        lines.push(Line::text(refusal.sentence()).marked(Tone::Bad));
        lines.extend(refusal.details.as_ref().map(|details| Line::text(details).indented(2)));
        lines.push(Line::default());
    }
    match latest(data, name) {
        Some((found, at)) => {
            let time = jiff::Timestamp::from_millisecond(at).map(|at| at.strftime("%H:%M:%S").to_string());
            if let Ok(time) = time {
                let text = format!("Rehearsed at {time} UTC; c does it again");
                lines.extend([Line::text(text).tone(Tone::Dim), Line::default()]);
            }
            for one in found.iter().take_while(|one| one.name != name) {
                let (tone, text) = short(one);
                let line = Line::text(format!("before it, {}: {text}", one.name));
                lines.push(line.marked(tone));
            }
            match found.iter().find(|one| one.name == name) {
                Some(own) => lines.extend(whole(own)),
                None => lines.push(Line::text("It was not reached.").marked(Tone::Warning)),
            }
        }
        None if lines.is_empty() => {
            let text = "Not rehearsed yet: c runs it, and what is pending before it, in a transaction that is rolled \
                        back. Meanwhile it holds the locks that applying it would hold.";
            lines.push(Line::text(text).tone(Tone::Dim));
        }
        None => {}
    }
    lines
}

fn whole(rehearsal: &Rehearsal) -> Vec<Line> {
    let mut lines = Vec::new();
    let took = rehearsal.statements.iter().map(|statement| statement.duration_ms).sum();
    let statements = counted(rehearsal.statements.len(), "statement");
    lines.push(match &rehearsal.outcome {
        Outcome::Passed => {
            Line::text(format!("passed: {statements} in {}, rolled back", milliseconds(took))).marked(Tone::Good)
        }
        Outcome::Failed { message } => Line::text(format!("failed: {message}")).marked(Tone::Bad),
        Outcome::NotRehearsed { reason } => Line::text(format!("not rehearsed: {reason}")).marked(Tone::Warning),
    });
    if !rehearsal.routes.is_empty() {
        lines.extend([Line::default(), Line::heading("Contracts")]);
        let (breaking, others): (Vec<_>, Vec<_>) = rehearsal.routes.iter().partition(|change| change.breaking);
        lines.extend(
            breaking
                .iter()
                .map(|change| Line::text(format!("breaking: {} {}", change.at, change.what)).marked(Tone::Bad)),
        );
        lines.extend(
            others
                .iter()
                .map(|change| Line::text(format!("{} {}", change.at, change.what)).indented(2)),
        );
    }
    if !rehearsal.findings.is_empty() {
        lines.extend([Line::default(), Line::heading("Findings of the linter")]);
        for finding in &rehearsal.findings {
            let text = format!("line {}, {}: {}", finding.line, finding.rule, finding.message);
            lines.push(Line::text(text).marked(Tone::Warning));
            lines.extend(finding.help.as_ref().map(|help| Line::text(help).indented(2)));
        }
    }
    if !rehearsal.statements.is_empty() {
        lines.extend([Line::default(), Line::heading("Statements")]);
        lines.extend(rehearsal.statements.iter().flat_map(statement));
    }
    lines
}

fn milliseconds(ms: u64) -> String {
    match ms {
        // Finer than it was measured would be a lie.
        0..1000 => format!("{ms} ms"),
        ms => duration(ms.saturating_mul(1000)),
    }
}

fn statement(statement: &StatementReport) -> Vec<Line> {
    /// Signs of a statement that are shown; the rest stands in `up.sql`.
    const START: usize = 100;
    let text = statement.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let number = usize::try_from(statement.line).ok();
    let mut lines = vec![Line::sql(number, crate::widgets::text::cut(&text, START))];
    for lock in &statement.locks {
        let text = match lock.blocks.as_str() {
            "nobody" => format!("locks {}, nobody waits ({})", lock.table, lock.mode),
            who => format!("locks {}: {who} wait ({})", lock.table, lock.mode),
        };
        lines.push(match lock.blocks.as_str() {
            "nobody" => Line::text(text).tone(Tone::Dim).indented(8),
            "writes" => Line::text(text).marked(Tone::Notice).indented(6),
            _ => Line::text(text).marked(Tone::Warning).indented(6),
        });
    }
    for rewrite in &statement.rewrites {
        let text = format!(
            "rewrites {}: {} rows, {}",
            rewrite.table,
            count(rewrite.rows),
            bytes(rewrite.bytes)
        );
        lines.push(Line::text(text).marked(Tone::Warning).indented(6));
    }
    let rows = match statement.rows {
        Some(1) => "1 row, ".to_owned(),
        Some(rows) => format!("{} rows, ", count(rows)),
        None => String::new(),
    };
    lines.push(
        Line::text(format!("{rows}{}", milliseconds(statement.duration_ms)))
            .tone(Tone::Dim)
            .indented(8),
    );
    lines
}
