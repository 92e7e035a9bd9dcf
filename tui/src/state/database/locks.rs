//! Who waits for whom, as a tree.

use windlass_core::admin::protocol::LockNode;

use super::super::figure::Figure;
use super::super::list::{Cell, Column, Row, Width};
use super::super::sheet::{Sheet, field, headed, hint, sql};
use super::activity::{key, state};
use crate::theme::Tone;
use crate::widgets::text::{milliseconds, one_line};

pub(super) const COLUMNS: &[Column] = &[
    Column::text("Session", Width::Fixed(15), 0),
    Column::text("State", Width::Fixed(12), 0),
    Column::number("In tx", 7, 0),
    Column::text("Waits for", Width::Fill(20), 0),
    Column::text("Statement", Width::Fill(20), 1),
];

/// The sessions below this one, those further down included.
fn below(nodes: &[LockNode], index: usize) -> &[LockNode] {
    let Some((node, after)) = nodes.get(index..).and_then(<[_]>::split_first) else {
        return &[];
    };
    let count = after.iter().take_while(|other| other.depth > node.depth).count();
    after.get(..count).unwrap_or_default()
}

/// The session right above this one.
fn above(nodes: &[LockNode], index: usize) -> Option<&LockNode> {
    let depth = nodes.get(index)?.depth;
    nodes.get(..index)?.iter().rev().find(|other| other.depth < depth)
}

/// Whether another one hangs on the same branch at `depth`, below this one.
fn goes_on(nodes: &[LockNode], index: usize, depth: u16) -> bool {
    nodes
        .get(index + 1..)
        .unwrap_or_default()
        .iter()
        .take_while(|other| other.depth >= depth)
        .any(|other| other.depth == depth)
}

/// The lines before a session that show what it hangs on.
fn branches(nodes: &[LockNode], index: usize, depth: u16) -> String {
    // Deeper than that, the number would be pushed out.
    let from = depth.saturating_sub(3).max(1);
    (from..=depth)
        .map(|level| match (level == depth, goes_on(nodes, index, level)) {
            (true, true) => "├─",
            (true, false) => "└─",
            (false, true) => "│ ",
            (false, false) => "  ",
        })
        .collect()
}

/// Sorted or filtered there is no tree to draw.
pub(super) fn rows(nodes: &[LockNode], tree: bool) -> Vec<Row> {
    nodes
        .iter()
        .enumerate()
        .map(|(index, node)| {
            let branch = if tree {
                branches(nodes, index, node.depth)
            } else {
                String::new()
            };
            let (tone, word) = of(node);
            let waits = match &node.waits_for {
                Some(lock) => Cell::text(lock),
                None => Cell::text(holds_up(below(nodes, index).len())).tone(Tone::Warning),
            };
            Row {
                key: key(node.pid, &node.started),
                cells: vec![
                    Cell::text(format!("{branch}{}", node.pid)),
                    Cell::text(word).marked(tone),
                    Cell::number(node.transaction_ms as f64, milliseconds(node.transaction_ms)),
                    waits,
                    Cell::text(one_line(&node.statement)),
                ],
            }
        })
        .collect()
}

fn of(node: &LockNode) -> (Tone, &str) {
    state(&node.state, node.waits_for.is_some(), Some(node.transaction_ms))
}

fn holds_up(count: usize) -> String {
    match count {
        1 => "holds up 1 session".to_owned(),
        count => format!("holds up {count} sessions"),
    }
}

pub(super) fn figures(nodes: &[LockNode]) -> Vec<Figure> {
    if nodes.is_empty() {
        return vec![Figure::new(Tone::Good, "nobody waits for a lock")];
    }
    let waiting = nodes.iter().filter(|node| node.waits_for.is_some());
    let longest = nodes.iter().map(|node| node.transaction_ms).max().unwrap_or_default();
    let count = waiting.count();
    vec![
        Figure::new(
            Tone::Warning,
            if count == 1 {
                "1 session waits".to_owned()
            } else {
                format!("{count} sessions wait")
            },
        ),
        Figure::plain(format!("the longest transaction {}", milliseconds(longest))),
        Figure::plain("who holds up the others stands at the root"),
    ]
}

pub(super) fn sheet(nodes: &[LockNode], index: usize) -> Option<Sheet> {
    let node = nodes.get(index)?;
    let (tone, word) = of(node);
    let mut lines = vec![
        field("State", &node.state),
        field("Waits for", node.waits_for.clone().unwrap_or_default()),
        field("Transaction", milliseconds(node.transaction_ms)),
        field("Connected", &node.started),
    ];
    lines.extend(headed(if node.state.starts_with("idle") {
        "Last statement"
    } else {
        "Statement"
    }));
    lines.push(sql(&node.statement));
    if let Some(other) = above(nodes, index) {
        lines.extend(headed(&format!("Held up by {}: {}", other.pid, other.state)));
        lines.push(sql(&other.statement));
    }
    let others = below(nodes, index);
    if !others.is_empty() {
        lines.extend(headed("Holds up"));
        lines.extend(others.iter().map(|other| {
            let waits = other.waits_for.clone().unwrap_or_default();
            field(&format!("  {}", other.pid), waits)
        }));
    }
    lines.extend(hint(
        "y copies the statement · x cancels it · X ends the session (both after W)",
    ));
    Some(Sheet {
        title: format!("Session {}", node.pid),
        state: Some((tone, word.to_owned())),
        lines,
        copy: node.statement.clone(),
    })
}
