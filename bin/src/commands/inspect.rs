//! `windlass db activity|slow|locks|tables|indexes|cancel|terminate`: what the database does and has.

use std::path::Path;
use std::process::ExitCode;

use windlass_core::admin::Source;
use windlass_core::admin::protocol::{
    Act, Activity, Answer, Ask, IndexFigures, IndexProblem, LockNode, Session, SlowSource, SlowStatements, TableFigures,
};
use windlass_core::app::Project;
use windlass_core::error::{Code, Error, Result};

use super::{act, unexpected, with_database};
use crate::{figures, report};

/// Asks the service; without one the database, started for as long as that takes.
pub async fn run(directory: &Path, question: Ask, json: bool) -> Result<ExitCode> {
    let project = Project::open(directory)?;
    let source = Source::find(&project).await?;
    let answer = if source.is_live() {
        source.ask(question).await?
    } else {
        with_database(&project, async move |_database| source.ask(question).await).await?
    };
    match &answer {
        Answer::Activity(activity) => show(json, activity, print_activity),
        Answer::SlowStatements(slow) => show(json, slow, print_slow),
        Answer::Locks(nodes) => show(json, nodes, |nodes| print_locks(nodes)),
        Answer::Tables(tables) => show(json, tables, |tables| print_tables(tables)),
        Answer::Indexes(indexes) => show(json, indexes, |indexes| print_indexes(indexes)),
        _ => return Err(unexpected()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Cancels what a session runs, or ends the session.
pub async fn signal(directory: &Path, pid: i32, end: bool, json: bool) -> Result<ExitCode> {
    let source = Source::find(&Project::open(directory)?).await?;
    let Answer::Activity(activity) = source.ask(Ask::Activity).await? else {
        return Err(unexpected());
    };
    let session = activity.sessions.into_iter().find(|session| session.pid == pid);
    let Some(Session {
        started,
        statement_started,
        ..
    }) = session
    else {
        return Err(Error::new(Code::ActRefused, format!("there is no session {pid}"))
            .with_hint("`windlass db activity` lists the sessions there are."));
    };
    let done = if end {
        Act::TerminateSession { pid, started }
    } else {
        Act::CancelStatement {
            pid,
            started,
            statement_started,
        }
    };
    act(&source, done, json).await
}

fn show<T: serde::Serialize>(json: bool, value: &T, print: impl FnOnce(&T)) {
    if json {
        report::json(value);
    } else {
        print(value);
    }
}

fn print_activity(activity: &Activity) {
    let rows: Vec<Vec<String>> = activity
        .sessions
        .iter()
        .map(|session| {
            let blocked: Vec<String> = session.blocked_by.iter().map(ToString::to_string).collect();
            vec![
                session.pid.to_string(),
                session.role.clone(),
                session.application.clone(),
                session.client.clone(),
                session.state.clone(),
                figures::milliseconds(session.statement_ms),
                session.transaction_ms.map(figures::milliseconds).unwrap_or_default(),
                session.wait.clone().unwrap_or_default(),
                blocked.join(" "),
                figures::statement(&session.statement),
            ]
        })
        .collect();
    report::table(
        &[
            "pid",
            "role",
            "application",
            "client",
            "state",
            "for",
            "transaction",
            "waits for",
            "blocked by",
            "statement",
        ],
        &rows,
    );
    report::note(format_args!(
        "{} of {} connections",
        activity.sessions.len(),
        activity.max_connections
    ));
    if let Some(lanes) = activity.lanes {
        report::note(format_args!(
            "lanes: {} of {} shared, {} of {} exclusive ({} at work), {} requests refused for want of one",
            lanes.shared, lanes.shared_max, lanes.exclusive, lanes.exclusive_max, lanes.exclusive_busy, lanes.timeouts
        ));
    }
}

fn print_slow(slow: &SlowStatements) {
    let time = |milliseconds: f64| format!("{milliseconds:.1} ms");
    let rows: Vec<Vec<String>> = slow
        .statements
        .iter()
        .map(|one| {
            vec![
                time(one.total_ms),
                one.calls.to_string(),
                time(one.mean_ms),
                time(one.max_ms),
                one.rows.to_string(),
                figures::statement(&one.statement),
            ]
        })
        .collect();
    report::table(&["total", "calls", "mean", "max", "rows", "statement"], &rows);
    report::note(match slow.source {
        SlowSource::PgStatStatements => "measured by pg_stat_statements, over all programs",
        SlowSource::Lanes => "measured by Windlass's lanes, since the service started",
    });
}

fn print_locks(nodes: &[LockNode]) {
    if nodes.is_empty() {
        report::note("nobody waits for anybody");
        return;
    }
    let rows: Vec<Vec<String>> = nodes
        .iter()
        .map(|node| {
            vec![
                format!("{}{}", "  ".repeat(node.depth.into()), node.pid),
                node.state.clone(),
                figures::milliseconds(node.transaction_ms),
                node.waits_for.clone().unwrap_or_default(),
                figures::statement(&node.statement),
            ]
        })
        .collect();
    report::table(&["pid", "state", "transaction", "waits for", "statement"], &rows);
}

fn print_tables(tables: &[TableFigures]) {
    let rows: Vec<Vec<String>> = tables
        .iter()
        .map(|table| {
            vec![
                table.name.clone(),
                table.rows.map_or_else(|| "?".to_owned(), |rows| rows.to_string()),
                table.dead_rows.to_string(),
                figures::bytes(table.bytes),
                figures::bytes(table.index_bytes),
                table.sequential_scans.to_string(),
                table.index_scans.to_string(),
                table.vacuumed_at.clone().unwrap_or_else(|| "never".to_owned()),
            ]
        })
        .collect();
    report::table(
        &[
            "table",
            "rows",
            "dead",
            "size",
            "indexes",
            "full scans",
            "index scans",
            "vacuumed",
        ],
        &rows,
    );
}

fn print_indexes(indexes: &[IndexFigures]) {
    let rows: Vec<Vec<String>> = indexes
        .iter()
        .map(|index| {
            vec![
                index.name.clone(),
                index.table.clone(),
                figures::bytes(index.bytes),
                index.scans.to_string(),
                match &index.problem {
                    Some(IndexProblem::Invalid) => "invalid".to_owned(),
                    Some(IndexProblem::Duplicate { of }) => format!("same as {of}"),
                    Some(IndexProblem::Unused) => "unused".to_owned(),
                    None => String::new(),
                },
            ]
        })
        .collect();
    report::table(&["index", "table", "size", "scans", "problem"], &rows);
}
