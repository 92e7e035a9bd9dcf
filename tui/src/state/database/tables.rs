//! Tables: what they hold, how they are read, and whether they are kept clean.

use windlass_core::admin::protocol::TableFigures;

use super::super::figure::Figure;
use super::super::list::{Cell, Column, Row, Width};
use super::super::sheet::{Sheet, field, hint};
use crate::theme::Tone;
use crate::widgets::text::{bytes, count, moment};

pub(super) const COLUMNS: &[Column] = &[
    Column::text("Table", Width::Fill(16), 0),
    Column::number("Rows", 7, 0),
    Column::number("Dead", 9, 1),
    Column::number("Size", 9, 0),
    Column::number("Indexes", 9, 2),
    Column::number("Seq scans", 9, 3),
    Column::number("Idx scans", 9, 4),
    Column::text("Vacuumed", Width::Fixed(16), 5),
    Column::text("Analyzed", Width::Fixed(16), 6),
];

/// So many dead rows, being a fifth of the table, are waste.
const MANY: u64 = 1_000;

fn wasteful(table: &TableFigures) -> bool {
    table.dead_rows >= MANY && table.dead_rows >= table.rows.unwrap_or_default() / 5
}

pub(super) fn rows(tables: &[TableFigures]) -> Vec<Row> {
    tables
        .iter()
        .map(|table| {
            let dead = Cell::number(table.dead_rows as f64, count(table.dead_rows));
            let date = |at: &Option<String>| match at {
                Some(at) => Cell::text(moment(at)),
                None => Cell::text("never").tone(Tone::Dim),
            };
            Row {
                key: table.name.clone(),
                cells: vec![
                    Cell::text(&table.name),
                    match table.rows {
                        Some(rows) => Cell::number(rows as f64, count(rows)),
                        None => Cell::number(-1.0, "?").tone(Tone::Dim),
                    },
                    if wasteful(table) {
                        dead.marked(Tone::Warning)
                    } else {
                        dead
                    },
                    Cell::number(table.bytes as f64, bytes(table.bytes)),
                    Cell::number(table.index_bytes as f64, bytes(table.index_bytes)),
                    Cell::number(table.sequential_scans as f64, count(table.sequential_scans)),
                    Cell::number(table.index_scans as f64, count(table.index_scans)),
                    date(&table.vacuumed_at),
                    date(&table.analyzed_at),
                ],
            }
        })
        .collect()
}

pub(super) fn figures(tables: &[TableFigures]) -> Vec<Figure> {
    let sum = |of: fn(&TableFigures) -> u64| tables.iter().map(of).fold(0, u64::saturating_add);
    let mut figures = vec![
        Figure::plain(match tables.len() {
            1 => "1 table".to_owned(),
            count => format!("{count} tables"),
        }),
        Figure::plain(format!("{} of rows", bytes(sum(|table| table.bytes)))),
        Figure::plain(format!("{} of indexes", bytes(sum(|table| table.index_bytes)))),
    ];
    let wasted = tables.iter().filter(|table| wasteful(table)).count();
    figures.extend(Figure::counted(Tone::Warning, wasted, "with many dead rows"));
    figures
}

pub(super) fn sheet(table: &TableFigures) -> Sheet {
    let at = |at: &Option<String>| at.clone().unwrap_or_else(|| "never".to_owned());
    let analyze = format!("vacuum (analyze) {};", super::indexes::quoted(&table.name));
    let mut lines = vec![
        field(
            "Rows",
            match table.rows {
                Some(rows) => format!("{rows}, as Postgres estimates them"),
                None => "not known before the first ANALYZE".to_owned(),
            },
        ),
        field("Dead rows", table.dead_rows.to_string()),
        field("Size", bytes(table.bytes)),
        field("Indexes", bytes(table.index_bytes)),
        field("Read whole", format!("{} times", table.sequential_scans)),
        field("By index", format!("{} times", table.index_scans)),
        field("Vacuumed", at(&table.vacuumed_at)),
        field("Analyzed", at(&table.analyzed_at)),
    ];
    let mut copy = table.name.clone();
    if wasteful(table) {
        lines.extend(super::super::sheet::headed(
            "To clean it: autovacuum has not come by, or a transaction holds it up",
        ));
        lines.push(super::super::sheet::sql(&analyze));
        lines.extend(hint("y copies the statement; it is never run from here"));
        copy = analyze;
    } else {
        lines.extend(hint("y copies the name"));
    }
    Sheet {
        title: table.name.clone(),
        state: wasteful(table).then(|| (Tone::Warning, "many dead rows".to_owned())),
        lines,
        copy,
    }
}
