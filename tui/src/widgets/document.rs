//! What is opened over a table: its title, its parts, and the text of the one that is shown.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::sql;
use super::text::cut;
use crate::state::document::{self, Kind};
use crate::theme::{Theme, Tone};

/// What is opened.
#[derive(Debug)]
pub struct Opened<'a> {
    /// Its name, and what is to be said beside it.
    pub title: &'a str,
    /// With its meaning, such as `disabled`.
    pub state: Option<(Tone, &'a str)>,
    /// The parts.
    pub parts: &'a [&'a str],
    /// The one that is shown.
    pub part: usize,
    /// Its text, not wrapped yet.
    pub lines: Vec<document::Line>,
    /// Lines that are scrolled away.
    pub scroll: usize,
    /// Whether what is shown is old.
    pub stale: bool,
}

/// Draws it: two lines, then the text.
pub fn draw(frame: &mut Frame<'_>, area: Rect, opened: Opened<'_>, theme: &Theme) {
    let [title, parts, body] =
        Layout::vertical([Constraint::Length(1), Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let width = usize::from(area.width);
    let state = opened
        .state
        .map(|(tone, text)| (tone, format!("  {} {text}", theme.mark(tone))));
    let room = width.saturating_sub(state.as_ref().map_or(0, |(_, text)| document::width(text)));
    let mut spans = vec![Span::styled(
        theme.text(&cut(opened.title, room)),
        theme.style(Tone::Title),
    )];
    if let Some((tone, text)) = state {
        spans.push(Span::styled(theme.text(&text), theme.style(tone)));
    }
    frame.render_widget(Line::from(spans), title);

    let lines = document::wrap(opened.lines, width);
    let height = usize::from(body.height);
    let scroll = opened.scroll.min(lines.len().saturating_sub(height));
    frame.render_widget(heading(opened.parts, opened.part, theme), parts);
    if lines.len() > height {
        let text = format!("{}-{}/{}", scroll + 1, scroll + height, lines.len());
        place(frame, parts, &text, theme);
    }
    let shown: Vec<Line<'_>> = lines
        .iter()
        .skip(scroll)
        .take(height)
        .map(|line| paint(line, opened.stale, theme))
        .collect();
    frame.render_widget(Paragraph::new(shown), body);
}

/// The parts; the shown one stands in brackets, as colours may be missing.
fn heading(parts: &[&str], part: usize, theme: &Theme) -> Line<'static> {
    let spans = parts.iter().enumerate().map(|(index, name)| {
        if index == part {
            Span::styled(format!("[{name}]"), theme.selected())
        } else {
            Span::styled(format!(" {name} "), theme.style(Tone::Accent))
        }
    });
    Line::from_iter(spans)
}

/// Which lines are shown, to the right if there is room.
fn place(frame: &mut Frame<'_>, area: Rect, text: &str, theme: &Theme) {
    let width = u16::try_from(text.len()).unwrap_or(u16::MAX);
    if width + 50 > area.width {
        return;
    }
    let right = Rect {
        x: area.right() - width,
        width,
        ..area
    };
    frame.render_widget(Span::styled(text.to_owned(), theme.style(Tone::Dim)), right);
}

/// A line that is wrapped already.
#[must_use]
pub fn paint(line: &document::Line, stale: bool, theme: &Theme) -> Line<'static> {
    let tone = |tone| if stale { Tone::Dim } else { tone };
    let mut spans = vec![Span::raw(" ".repeat(line.indent))];
    if let Some(mark) = line.mark {
        spans.push(Span::styled(format!("{} ", theme.mark(mark)), theme.style(tone(mark))));
    }
    if !line.lead.is_empty() {
        spans.push(Span::styled(theme.text(&line.lead), theme.style(Tone::Dim)));
    }
    match line.kind {
        Kind::Sql if !stale => spans.extend(sql::line(&line.text, theme).spans),
        _ => spans.push(Span::styled(theme.text(&line.text), theme.style(tone(line.tone)))),
    }
    Line::from(spans)
}
