//! Indexes: what is wrong with them, and the statement that would mend it.

use windlass_core::admin::protocol::{IndexFigures, IndexProblem};

use super::super::document::Line;
use super::super::figure::Figure;
use super::super::list::{Cell, Column, Row, Width};
use super::super::sheet::{Sheet, field, headed, hint, sql};
use crate::theme::Tone;
use crate::widgets::text::{bytes, count};

pub(super) const COLUMNS: &[Column] = &[
    Column::text("Index", Width::Fill(26), 0),
    Column::text("Problem", Width::Fill(14), 0),
    Column::number("Size", 9, 0),
    Column::number("Scans", 7, 0),
    Column::text("Table", Width::Fixed(20), 3),
    Column::text("Keeps", Width::Fixed(6), 2),
];

fn problem(index: &IndexFigures) -> Option<(Tone, String)> {
    Some(match index.problem.as_ref()? {
        IndexProblem::Invalid => (Tone::Bad, "invalid".to_owned()),
        IndexProblem::Duplicate { of } => (Tone::Warning, format!("duplicate of {of}")),
        IndexProblem::Unused => (Tone::Notice, "unused".to_owned()),
    })
}

pub(super) fn rows(indexes: &[IndexFigures]) -> Vec<Row> {
    indexes
        .iter()
        .map(|index| Row {
            key: index.name.clone(),
            cells: vec![
                Cell::text(&index.name),
                problem(index).map_or_else(|| Cell::text(""), |(tone, text)| Cell::text(text).marked(tone)),
                Cell::number(index.bytes as f64, bytes(index.bytes)),
                Cell::number(index.scans as f64, count(index.scans)),
                Cell::text(&index.table),
                Cell::text(if index.constraint { "a key" } else { "" }),
            ],
        })
        .collect()
}

pub(super) fn figures(indexes: &[IndexFigures]) -> Vec<Figure> {
    let size = |with: fn(&IndexFigures) -> bool| {
        let found = indexes.iter().filter(|index| with(index));
        found.map(|index| index.bytes).fold(0, u64::saturating_add)
    };
    let count = |with: fn(&IndexProblem) -> bool| {
        let found = indexes.iter().filter_map(|index| index.problem.as_ref());
        found.filter(|problem| with(problem)).count()
    };
    let mut figures = vec![Figure::plain(format!(
        "{} {} of {}",
        indexes.len(),
        if indexes.len() == 1 { "index" } else { "indexes" },
        bytes(size(|_| true))
    ))];
    figures.extend(Figure::counted(
        Tone::Bad,
        count(|problem| *problem == IndexProblem::Invalid),
        "invalid",
    ));
    figures.extend(Figure::counted(
        Tone::Warning,
        count(|problem| matches!(problem, IndexProblem::Duplicate { .. })),
        "duplicate",
    ));
    figures.extend(Figure::counted(
        Tone::Notice,
        count(|problem| *problem == IndexProblem::Unused),
        "unused",
    ));
    if figures.len() > 1 {
        let gain = size(|index| index.problem.is_some());
        figures.push(Figure::plain(format!("{} could be saved", bytes(gain))));
    }
    figures
}

/// A name with its schema, as SQL spells it.
pub(super) fn quoted(name: &str) -> String {
    let part = |part: &str| {
        let plain = part.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if plain {
            part.to_owned()
        } else {
            format!("\"{}\"", part.replace('"', "\"\""))
        }
    };
    match name.split_once('.') {
        Some((schema, name)) => format!("{}.{}", part(schema), part(name)),
        None => part(name),
    }
}

/// Why it should go or be made again, and the statements that do so; never run from here.
fn mending(index: &IndexFigures) -> Option<(&'static str, Vec<String>)> {
    let name = quoted(&index.name);
    let drop = format!("drop index concurrently {name};");
    Some(match index.problem.as_ref()? {
        // What a failed REINDEX CONCURRENTLY leaves behind; the index itself is still there.
        IndexProblem::Invalid if index.name.contains("_ccnew") || index.name.contains("_ccold") => {
            ("A failed REINDEX CONCURRENTLY left it behind. To mend it:", vec![drop])
        }
        // Without its definition it cannot be made anew: it may be locked at the moment.
        IndexProblem::Invalid if index.constraint || !index.definition.starts_with("CREATE") => (
            "Its creation failed. To mend it, make it again in its place:",
            vec![format!("reindex index concurrently {name};")],
        ),
        IndexProblem::Invalid => {
            let again = index.definition.trim_end_matches(';');
            let again = again.replacen("INDEX ", "INDEX CONCURRENTLY ", 1);
            (
                "Its creation failed: it costs writes and serves no read. To mend it, make it again:",
                vec![drop, format!("{again};")],
            )
        }
        IndexProblem::Duplicate { .. } => (
            "Another index has the same columns, so that this one only costs writes. To mend it:",
            vec![drop],
        ),
        IndexProblem::Unused => (
            "It was never scanned since the statistics began, though its table was. If no rare query needs it:",
            vec![drop],
        ),
    })
}

pub(super) fn sheet(index: &IndexFigures) -> Sheet {
    let mut lines = vec![
        field("Table", &index.table),
        field("Size", bytes(index.bytes)),
        field("Scans", format!("{} since the statistics began", index.scans)),
        field(
            "Keeps",
            if index.constraint {
                "a primary or unique key, or an exclusion constraint"
            } else {
                "no constraint"
            },
        ),
    ];
    let mut copy = index.definition.clone();
    lines.extend(headed("Definition"));
    lines.push(sql(&index.definition));
    match mending(index) {
        Some((why, statements)) => {
            lines.extend(headed("What is wrong"));
            lines.push(Line::text(why).indented(2));
            lines.extend(statements.iter().map(|statement| sql(statement)));
            copy = statements.join("\n");
            lines.extend(hint("y copies what would mend it; it is never run from here"));
        }
        None => lines.extend(hint("y copies the definition")),
    }
    Sheet {
        title: index.name.clone(),
        state: problem(index),
        lines,
        copy,
    }
}
