//! The statements that took most time.

use windlass_core::admin::protocol::{SlowSource, SlowStatements};

use super::super::figure::Figure;
use super::super::list::{Cell, Column, Row, Width};
use super::super::sheet::{Sheet, field, headed, hint, sql};
use crate::widgets::text::{count, duration, one_line};

pub(super) const COLUMNS: &[Column] = &[
    Column::number("Total", 7, 0),
    Column::number("Share", 5, 2),
    Column::number("Calls", 7, 0),
    Column::number("Mean", 7, 0),
    Column::number("Max", 7, 3),
    Column::number("Rows", 7, 4),
    Column::text("Statement", Width::Fill(24), 0),
];

/// Milliseconds with a fraction, as people read them.
fn time(ms: f64) -> String {
    duration((ms * 1000.0).max(0.0) as u64)
}

fn total(slow: &SlowStatements) -> f64 {
    slow.statements.iter().map(|statement| statement.total_ms).sum()
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole * 100.0 } else { 0.0 }
}

pub(super) fn rows(slow: &SlowStatements) -> Vec<Row> {
    let whole = total(slow);
    slow.statements
        .iter()
        .map(|statement| {
            let share = percent(statement.total_ms, whole);
            Row {
                key: statement.statement.clone(),
                cells: vec![
                    Cell::number(statement.total_ms, time(statement.total_ms)),
                    Cell::number(share, format!("{share:.0} %")),
                    Cell::number(statement.calls as f64, count(statement.calls)),
                    Cell::number(statement.mean_ms, time(statement.mean_ms)),
                    Cell::number(statement.max_ms, time(statement.max_ms)),
                    Cell::number(statement.rows as f64, count(statement.rows)),
                    Cell::text(one_line(&statement.statement)),
                ],
            }
        })
        .collect()
}

pub(super) fn figures(slow: &SlowStatements) -> Vec<Figure> {
    vec![
        Figure::plain(match slow.source {
            SlowSource::PgStatStatements => "measured by pg_stat_statements, over all programs",
            SlowSource::Lanes => "measured by Windlass's lanes, since the service started",
        }),
        Figure::plain(format!("{} statements", slow.statements.len())),
        Figure::plain(format!("{} in all", time(total(slow)))),
    ]
}

pub(super) fn sheet(slow: &SlowStatements, index: usize) -> Option<Sheet> {
    let statement = slow.statements.get(index)?;
    let each = if statement.calls > 0 {
        format!("{:.1} each", statement.rows as f64 / statement.calls as f64)
    } else {
        String::new()
    };
    let mut lines = vec![
        field(
            "Total",
            format!(
                "{}, {:.0} % of all that were measured",
                time(statement.total_ms),
                percent(statement.total_ms, total(slow))
            ),
        ),
        field("Calls", statement.calls.to_string()),
        field("Mean", time(statement.mean_ms)),
        field("Longest", time(statement.max_ms)),
        field("Rows", format!("{}, {each}", statement.rows)),
    ];
    lines.extend(headed("Statement"));
    lines.push(sql(&statement.statement));
    lines.extend(hint("y copies the statement"));
    Some(Sheet {
        title: "Slow statement".to_owned(),
        state: None,
        lines,
        copy: statement.statement.clone(),
    })
}
