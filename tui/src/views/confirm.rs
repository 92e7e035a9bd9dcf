//! An act that waits for its confirmation: what it does, the SQL, the equal command, and Cancel first.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::popup;
use crate::state::confirm::Confirm;
use crate::state::document;
use crate::theme::{Theme, Tone};
use crate::widgets::document::paint;
use crate::widgets::frame::bordered;

/// Columns of the box.
const WIDTH: u16 = 76;

/// Lines around the SQL: border, question, command and answer, and one that stays empty.
const AROUND: u16 = 9;

fn lines(sql: &[String]) -> Vec<document::Line> {
    sql.iter().map(|line| document::Line::sql(None, line)).collect()
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, confirm: &Confirm, theme: &Theme) {
    // All of it can be read: long lines go on below, and the title tells how much there is.
    let width = usize::from(WIDTH.min(area.width).saturating_sub(2));
    let all = document::wrap(lines(&confirm.sql), width).len();
    let lines_below = document::wrap(lines(confirm.sql.get(confirm.scroll..).unwrap_or_default()), width);
    let height = u16::try_from(all).unwrap_or(u16::MAX).saturating_add(AROUND);
    let room = usize::from(height.min(area.height).saturating_sub(AROUND - 1));
    let title = if all > room {
        format!(
            "Confirm · SQL line {} of {} · PgDn",
            confirm.scroll + 1,
            confirm.sql.len()
        )
    } else {
        "Confirm".to_owned()
    };
    let area = popup(frame, area, WIDTH, height);
    let inner = bordered(frame, area, &title, theme);
    let [question, code, command, answer] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Fill(1),
        Constraint::Length(2),
        Constraint::Length(2),
    ])
    .areas(inner);
    let text = Paragraph::new(theme.text(&confirm.question())).wrap(Wrap { trim: true });
    frame.render_widget(text.style(theme.style(Tone::Title)), question);
    let shown: Vec<Line<'_>> = lines_below.iter().map(|line| paint(line, false, theme)).collect();
    frame.render_widget(Paragraph::new(shown), code);
    let equal = Line::from(vec![
        Span::styled("the same as  ", theme.style(Tone::Dim)),
        Span::raw(theme.text(&confirm.act.command())),
    ]);
    frame.render_widget(Paragraph::new(vec![Line::default(), equal]), command);
    let choice = match confirm.name.as_ref() {
        Some(name) => vec![
            Line::from(format!("Type {name} to go on; Esc cancels.")),
            Line::from(vec![
                Span::styled("> ", theme.style(Tone::Accent)),
                Span::raw(theme.text(confirm.typed.value())),
            ]),
        ],
        None => {
            let button = |text: &'static str, chosen: bool| {
                let text = if chosen {
                    format!("[{text}]")
                } else {
                    format!(" {text} ")
                };
                Span::styled(
                    text,
                    if chosen {
                        theme.selected()
                    } else {
                        theme.style(Tone::Plain)
                    },
                )
            };
            vec![
                Line::default(),
                Line::from(vec![
                    button("Cancel", !confirm.yes),
                    Span::raw("   "),
                    button("Do it", confirm.yes),
                    Span::styled("   arrows choose, Enter answers", theme.style(Tone::Dim)),
                ]),
            ]
        }
    };
    frame.render_widget(Paragraph::new(choice), answer);
    if confirm.name.as_ref().is_some() && answer.height > 1 {
        let column = answer.x + 2 + u16::try_from(confirm.typed.visual_cursor()).unwrap_or_default();
        frame.set_cursor_position((column.min(answer.right().saturating_sub(1)), answer.y + 1));
    }
}
