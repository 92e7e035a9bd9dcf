//! What is said of a migration, part by part, and the SQL that is confirmed.

use windlass_core::admin::protocol::{Ask, MigrationFiles, MigrationState, MigrationStatus, Outcome};

use super::data::Data;
use super::document::{self, Line};
use super::rehearsal_text;
use crate::theme::Tone;

/// The parts of a migration's detail, in their order.
pub const PARTS: &[&str] = &["Overview", "up.sql", "down.sql", "Rehearsal"];

/// The part with `up.sql`.
pub const UP: usize = 1;

/// The part with `down.sql`.
pub const DOWN: usize = 2;

/// The part with the rehearsal.
pub const REHEARSAL: usize = 3;

/// What names a migration: its directory, or its version where the directory is unknown.
#[must_use]
pub fn name(status: &MigrationStatus) -> &str {
    if status.name.is_empty() {
        &status.version
    } else {
        &status.name
    }
}

/// A state with its meaning.
#[must_use]
pub const fn state(state: MigrationState) -> (Tone, &'static str) {
    match state {
        MigrationState::Pending => (Tone::Notice, "pending"),
        MigrationState::Failed => (Tone::Bad, "failed"),
        MigrationState::Drifted => (Tone::Warning, "drifted"),
        MigrationState::Gone => (Tone::Warning, "gone"),
        MigrationState::Applied => (Tone::Good, "applied"),
    }
}

/// Whether it is still to be applied.
#[must_use]
pub const fn is_open(state: MigrationState) -> bool {
    matches!(state, MigrationState::Pending | MigrationState::Failed)
}

/// A time as `2026-11-24 09:30`, in UTC.
#[must_use]
pub fn minute(time: &str) -> String {
    time.parse::<jiff::Timestamp>()
        .map_or_else(|_| time.to_owned(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}

/// What is worth a look, in a few words.
#[must_use]
pub fn note(data: &Data, status: &MigrationStatus) -> (Tone, String) {
    if is_open(status.state)
        && let Some(rehearsal) = rehearsal_text::of(data, &status.name)
    {
        let (tone, text) = rehearsal_text::short(rehearsal);
        return match rehearsal.outcome {
            Outcome::NotRehearsed { .. } => (tone, text),
            _ => (tone, format!("rehearsal {text}")),
        };
    }
    match status.state {
        MigrationState::Failed => (Tone::Bad, status.error.clone().unwrap_or_default()),
        MigrationState::Drifted => (Tone::Warning, "up.sql is another one now".to_owned()),
        MigrationState::Gone => (Tone::Warning, "its directory is gone".to_owned()),
        MigrationState::Pending => (Tone::Dim, "not rehearsed yet".to_owned()),
        MigrationState::Applied => (Tone::Plain, String::new()),
    }
}

/// A part of a migration, with what is known of it.
#[must_use]
pub fn part(data: &Data, key: &str, part: usize) -> Vec<Line> {
    let listed = data
        .migrations()
        .into_iter()
        .flatten()
        .find(|status| name(status) == key);
    let files = data.migration(key);
    let Some(status) = listed.or(files.map(|files| &files.status)) else {
        return vec![Line::text("This migration is not there any more; Esc goes back.").marked(Tone::Warning)];
    };
    let mut lines = match part {
        0 => overview(data, status, files),
        REHEARSAL if !is_open(status.state) => {
            return vec![Line::text("It is applied: there is nothing to rehearse.").tone(Tone::Dim)];
        }
        REHEARSAL => return rehearsal_text::lines(data, key),
        _ => Vec::new(),
    };
    if status.name.is_empty() {
        // Nobody knows its directory, so that no file can be asked for.
        lines.push(Line::text("Its files are not known.").tone(Tone::Dim));
        return lines;
    }
    let ask = Ask::Migration { name: key.to_owned() };
    match (files, data.refusal(&ask)) {
        (Some(files), _) if part > 0 => lines.extend(file(files, part)),
        (Some(_), _) => {}
        (None, Some(refusal)) => lines.push(Line::text(refusal.sentence()).marked(Tone::Warning)),
        (None, None) => lines.push(Line::text("asking…").tone(Tone::Dim)),
    }
    lines
}

fn file(files: &MigrationFiles, part: usize) -> Vec<Line> {
    let sql = if part == UP {
        Some(files.up.as_str())
    } else {
        files.down.as_deref()
    };
    match sql {
        Some(sql) if !sql.trim().is_empty() => document::numbered(sql).collect(),
        _ if files.status.state == MigrationState::Gone => {
            vec![Line::text("Its directory is gone.").marked(Tone::Warning)]
        }
        Some(_) => vec![Line::text("The file is empty.").tone(Tone::Dim)],
        None => vec![Line::text("It has no down.sql, so that it cannot be undone.").tone(Tone::Dim)],
    }
}

fn overview(data: &Data, status: &MigrationStatus, files: Option<&MigrationFiles>) -> Vec<Line> {
    const LABEL: usize = 11;
    let field = |label: &str, text: String| Line::field(label, LABEL, text);
    let (tone, _) = state(status.state);
    let meaning = match status.state {
        MigrationState::Pending => "not applied yet",
        MigrationState::Failed => "not applied: the last try failed",
        MigrationState::Drifted => "applied, but up.sql is another one now",
        MigrationState::Gone => "applied, but its directory is gone",
        MigrationState::Applied => "applied, and unchanged since",
    };
    let mut lines = vec![field("State", meaning.to_owned()).tone(tone)];
    if let Some(error) = &status.error {
        lines.push(field("Error", error.clone()).tone(Tone::Bad));
    }
    if let Some(at) = &status.applied_at {
        lines.push(field("Applied", format!("{} UTC", minute(at))));
    }
    if let Some(files) = files {
        if is_open(status.state) {
            let transaction = if files.in_transaction {
                "yes: when it fails, nothing of it stays"
            } else {
                "no: when it fails, a part of it may stay, and it cannot be rehearsed"
            };
            lines.push(field("Transaction", transaction.to_owned()));
        }
        let down = match &files.down {
            Some(down) => format!("down.sql {}", counted(down)),
            None => "no down.sql, so that it cannot be undone".to_owned(),
        };
        if !files.up.is_empty() {
            lines.push(field("Files", format!("up.sql {}, {down}", counted(&files.up))));
        }
    }
    if is_open(status.state) {
        let (tone, text) = match rehearsal_text::of(data, &status.name) {
            _ if data.is_pending(&rehearsal_text::asking(&status.name)) => (Tone::Notice, "under way…".to_owned()),
            Some(rehearsal) => rehearsal_text::short(rehearsal),
            None => (Tone::Dim, "not yet".to_owned()),
        };
        lines.push(field("Rehearsal", text).tone(tone));
    }
    let next = match status.state {
        MigrationState::Pending => "c rehearses it, a applies what is pending (after W)",
        MigrationState::Failed => "mend up.sql, rehearse it with c, then apply it with a (after W)",
        MigrationState::Drifted => "restore up.sql as it was, and put the change into a new migration",
        MigrationState::Gone => "restore its directory, so that other databases get the same",
        MigrationState::Applied => "u undoes the last applied one (after W)",
    };
    lines.push(field("Next", next.to_owned()));
    lines
}

fn counted(sql: &str) -> String {
    match sql.lines().count() {
        1 => "1 line".to_owned(),
        lines => format!("{lines} lines"),
    }
}

/// What is run to apply these, as far as their files are known.
#[must_use]
pub fn confirmed_up(data: &Data, names: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    for name in names {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        match data.migration(name) {
            Some(files) => {
                let outside = if files.in_transaction {
                    ""
                } else {
                    ", outside of a transaction"
                };
                let rehearsal = match rehearsal_text::of(data, name).map(|one| (&one.outcome, one)) {
                    None | Some((Outcome::NotRehearsed { .. }, _)) => "not rehearsed".to_owned(),
                    Some((_, one)) => format!("rehearsal {}", rehearsal_text::short(one).1),
                };
                lines.push(format!("-- {name} ({}{outside}; {rehearsal})", counted(&files.up)));
                lines.extend(files.up.lines().map(ToOwned::to_owned));
            }
            None => lines.push(format!("-- {name} (its SQL is not known here)")),
        }
    }
    lines
}
