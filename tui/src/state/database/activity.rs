//! Sessions: who does what, and who waits.

use windlass_core::admin::protocol::{Activity, LanesState, Session};

use super::super::figure::Figure;
use super::super::list::{Cell, Column, Row, Width};
use super::super::sheet::{Sheet, field, headed, hint, sql};
use crate::theme::Tone;
use crate::widgets::text::{milliseconds, one_line};

pub(super) const COLUMNS: &[Column] = &[
    Column::number("PID", 7, 0),
    Column::text("State", Width::Fixed(12), 0),
    Column::number("Time", 7, 0),
    Column::text("Application", Width::Fixed(14), 2),
    Column::text("Role", Width::Fixed(14), 4),
    Column::text("Client", Width::Fixed(14), 5),
    Column::text("Waits for", Width::Fixed(18), 3),
    Column::text("Statement", Width::Fill(28), 0),
];

/// A transaction that is open so long and does nothing holds up others, in milliseconds.
const IDLE_TOO_LONG: u64 = 60_000;

/// A session's state in a word or two, and what it means.
pub(super) fn state(state: &str, waits: bool, transaction_ms: Option<u64>) -> (Tone, &str) {
    let long = transaction_ms.is_some_and(|ms| ms > IDLE_TOO_LONG);
    match state {
        _ if waits => (Tone::Warning, "blocked"),
        "idle in transaction" if long => (Tone::Warning, "idle in tx"),
        "idle in transaction" => (Tone::Plain, "idle in tx"),
        "idle in transaction (aborted)" => (Tone::Warning, "failed tx"),
        "active" => (Tone::Good, "active"),
        "fastpath function call" => (Tone::Good, "fastpath"),
        "" => (Tone::Dim, "hidden"),
        other => (Tone::Plain, other),
    }
}

fn of(session: &Session) -> (Tone, &str) {
    state(&session.state, !session.blocked_by.is_empty(), session.transaction_ms)
}

/// How long it has been as it is: what is idle in a transaction counts from the transaction's beginning.
fn time(session: &Session) -> u64 {
    match session.transaction_ms {
        Some(ms) if session.state.starts_with("idle") => ms,
        _ => session.statement_ms,
    }
}

pub(super) fn rows(activity: &Activity) -> Vec<Row> {
    activity
        .sessions
        .iter()
        .map(|session| {
            let (tone, word) = of(session);
            let idle = session.state == "idle";
            let rest = if idle { Tone::Dim } else { Tone::Plain };
            Row {
                key: key(session.pid, &session.started),
                cells: vec![
                    Cell::number(f64::from(session.pid), session.pid.to_string()),
                    Cell::text(word).marked(tone),
                    Cell::number(time(session) as f64, milliseconds(time(session))).tone(rest),
                    Cell::text(&session.application).tone(rest),
                    Cell::text(&session.role).tone(rest),
                    Cell::text(&session.client).tone(rest),
                    Cell::text(session.wait.clone().unwrap_or_default()).tone(rest),
                    Cell::text(one_line(&session.statement)).tone(rest),
                ],
            }
        })
        .collect()
}

/// Names a session for good.
pub(super) fn key(pid: i32, started: &str) -> String {
    format!("{pid} {started}")
}

/// The lanes in short facts.
pub(crate) fn lanes(lanes: &LanesState) -> Vec<Figure> {
    let mut figures = vec![
        Figure::plain(format!("shared {}/{}", lanes.shared, lanes.shared_max)),
        Figure::plain(format!(
            "exclusive {} busy of {} open, at most {}",
            lanes.exclusive_busy, lanes.exclusive, lanes.exclusive_max
        )),
    ];
    figures.push(match lanes.timeouts {
        0 => Figure::plain("no timeouts"),
        1 => Figure::new(Tone::Warning, "1 timeout"),
        count => Figure::new(Tone::Warning, format!("{count} timeouts")),
    });
    figures
}

pub(super) fn figures(activity: &Activity) -> Vec<Figure> {
    let sessions = &activity.sessions;
    let count = |with: fn(&Session) -> bool| sessions.iter().filter(|session| with(session)).count();
    let max = usize::try_from(activity.max_connections).unwrap_or(usize::MAX);
    let total = format!("{} of {max} sessions", sessions.len());
    let mut figures = vec![if sessions.len() * 10 >= max.saturating_mul(9) {
        Figure::new(Tone::Warning, total)
    } else {
        Figure::plain(total)
    }];
    figures.extend(Figure::counted(
        Tone::Warning,
        count(|session| !session.blocked_by.is_empty()),
        "blocked",
    ));
    figures.extend(Figure::counted(
        Tone::Warning,
        count(|session| session.state.starts_with("idle in") && of(session).0 == Tone::Warning),
        "idle in a transaction",
    ));
    figures.push(Figure::plain(format!(
        "{} active",
        count(|session| session.state == "active")
    )));
    match &activity.lanes {
        Some(found) => figures.extend(lanes(found)),
        None => figures.push(Figure::plain("no lanes without a service")),
    }
    figures
}

pub(super) fn sheet(activity: &Activity, index: usize) -> Option<Sheet> {
    let session = activity.sessions.get(index)?;
    let (tone, word) = of(session);
    let mut lines = vec![
        field("State", &session.state),
        field(
            if session.state == "active" { "Runs for" } else { "Since" },
            milliseconds(session.statement_ms),
        ),
        field(
            "Transaction",
            session.transaction_ms.map_or_else(String::new, milliseconds),
        ),
        field("Waits for", session.wait.clone().unwrap_or_default()),
        field("Application", &session.application),
        field("Role", &session.role),
        field("Client", &session.client),
        field("Connected", &session.started),
    ];
    lines.extend(headed(if session.state.starts_with("idle") {
        "Last statement"
    } else {
        "Statement"
    }));
    lines.push(sql(&session.statement));
    for pid in &session.blocked_by {
        let other = activity.sessions.iter().find(|other| other.pid == *pid);
        lines.extend(headed(&match other {
            Some(other) => format!("Held up by {pid}: {}, {}", other.state, milliseconds(time(other))),
            None => format!("Held up by {pid}"),
        }));
        lines.extend(other.map(|other| sql(&other.statement)));
    }
    lines.extend(hint(
        "y copies the statement · x cancels it · X ends the session (both after W)",
    ));
    Some(Sheet {
        title: format!("Session {}", session.pid),
        state: Some((tone, word.to_owned())),
        lines,
        copy: session.statement.clone(),
    })
}
