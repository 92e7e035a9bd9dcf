//! A screen's table: as many columns as there is room for, the selected row in view, and what it shows when it is empty.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::text::{cut, pad};
use crate::message::Link;
use crate::state::State;
use crate::state::list::{Column, List, Row, Width};
use crate::theme::{Theme, Tone};

/// Draws the table of the screen that is shown; `empty` is what is said when there are no rows at all.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, empty: &str, theme: &Theme) {
    draw_rows(frame, area, state, &state.panel().shown(&state.data), empty, theme);
}

/// The same, where the rows that are shown are known already.
pub fn draw_rows(frame: &mut Frame<'_>, area: Rect, state: &State, rows: &[Row], empty: &str, theme: &Theme) {
    let panel = state.panel();
    let Some(list) = panel.list() else { return };
    let columns = panel.columns();
    let stale = matches!(state.link, Link::Lost { .. });
    let widths = widths(columns, area.width);
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    frame.render_widget(heading(columns, &widths, list, rows.len(), theme), head);
    if rows.is_empty() {
        let text = if panel.rows(&state.data).is_empty() {
            empty
        } else {
            "nothing matches the filter; Esc clears it"
        };
        let text = Paragraph::new(theme.text(text)).wrap(Wrap { trim: true });
        frame.render_widget(text.style(theme.style(Tone::Dim)), body);
        return;
    }
    let height = usize::from(body.height);
    let selected = list.selected(rows).unwrap_or_default();
    let first = first_line(selected, rows.len(), height);
    let lines: Vec<Line<'_>> = rows
        .iter()
        .enumerate()
        .skip(first)
        .take(height)
        .map(|(index, row)| {
            let line = line(row, columns, &widths, stale, theme);
            if index == selected {
                line.style(theme.selected())
            } else {
                line
            }
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), body);
}

/// The first line that is shown, so that the selected one is about in the middle.
#[must_use]
pub fn first_line(selected: usize, count: usize, height: usize) -> usize {
    selected.saturating_sub(height / 2).min(count.saturating_sub(height))
}

/// The width of each column; 0 for those that are dropped.
fn widths(columns: &[Column], total: u16) -> Vec<u16> {
    let least = |column: &Column| match column.width {
        Width::Fixed(width) | Width::Fill(width) => width,
    };
    let mut shown: Vec<bool> = columns.iter().map(|_| true).collect();
    loop {
        let needed: u32 = columns
            .iter()
            .zip(&shown)
            .filter(|(_, shown)| **shown)
            .map(|(column, _)| u32::from(least(column)) + 1)
            .sum();
        let next = columns
            .iter()
            .enumerate()
            .filter(|(index, column)| shown.get(*index) == Some(&true) && column.drop > 0)
            .max_by_key(|(_, column)| column.drop)
            .map(|(index, _)| index);
        match next.and_then(|index| shown.get_mut(index)) {
            Some(place) if needed > u32::from(total) + 1 => *place = false,
            _ => {
                let fills = columns
                    .iter()
                    .zip(&shown)
                    .filter(|(column, shown)| **shown && matches!(column.width, Width::Fill(_)))
                    .count();
                let spare = u32::from(total).saturating_sub(needed.saturating_sub(1));
                let each = spare / u32::try_from(fills).unwrap_or(1).max(1);
                return columns
                    .iter()
                    .zip(&shown)
                    .map(|(column, shown)| match column.width {
                        _ if !shown => 0,
                        Width::Fixed(width) => width,
                        Width::Fill(width) => width.saturating_add(u16::try_from(each).unwrap_or_default()),
                    })
                    .collect();
            }
        }
    }
}

fn heading(columns: &[Column], widths: &[u16], list: &List, count: usize, theme: &Theme) -> Line<'static> {
    let mut spans = Vec::new();
    // The filter stands where there is room for it.
    let roomy = columns
        .iter()
        .position(|column| matches!(column.width, Width::Fill(_)))
        .unwrap_or_default();
    for (index, (column, width)) in columns.iter().zip(widths).enumerate() {
        if *width == 0 {
            continue;
        }
        let mark = match list.sort {
            Some((sorted, turned)) if sorted == index => match (turned, theme.ascii) {
                (false, false) => "▾",
                (true, false) => "▴",
                (false, true) => "v",
                (true, true) => "^",
            },
            _ => "",
        };
        // A list that follows its end tells of its filter above it.
        let title = if index == roomy && !list.filter.is_empty() && !list.is_tail() {
            format!("{}{mark} ({count}) /{}", column.title, list.filter)
        } else {
            format!("{}{mark}", column.title)
        };
        spans.push(Span::styled(
            padded(&title, *width, column.right, theme),
            theme.style(Tone::Title),
        ));
        spans.push(Span::raw(" "));
    }
    Line::from(spans)
}

fn line(row: &Row, columns: &[Column], widths: &[u16], stale: bool, theme: &Theme) -> Line<'static> {
    let mut spans = Vec::new();
    for ((cell, column), width) in row.cells.iter().zip(columns).zip(widths) {
        if *width == 0 {
            continue;
        }
        let tone = if stale { Tone::Dim } else { cell.tone };
        let text = if cell.marked {
            format!("{} {}", theme.mark(cell.tone), cell.text)
        } else {
            cell.text.clone()
        };
        spans.push(Span::styled(
            padded(&text, *width, column.right, theme),
            theme.style(tone),
        ));
        spans.push(Span::raw(" "));
    }
    Line::from(spans)
}

fn padded(text: &str, width: u16, right: bool, theme: &Theme) -> String {
    let width = usize::from(width);
    // Line breaks and tabs in statements and messages would break the line.
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // In this order: the sign of a cut is not ASCII itself.
    let text = theme.text(&cut(&text, width));
    pad(&text, width, right)
}
