//! Facts in a line: the first ones matter most, and those that find no room are left out.

use ratatui::text::{Line, Span};

use crate::state::figure::Figure;
use crate::theme::{Theme, Tone};
use crate::widgets::text::cut;

/// Facts as at most so many lines of so many columns.
#[must_use]
pub fn lines(figures: &[Figure], columns: usize, most: usize, stale: bool, theme: &Theme) -> Vec<Line<'static>> {
    let between = theme.text(" · ");
    let mut lines: Vec<Line<'static>> = Vec::new();
    for figure in figures {
        let text = match figure.tone {
            Tone::Plain => figure.text.clone(),
            tone => format!("{} {}", theme.mark(tone), figure.text),
        };
        let tone = if stale { Tone::Dim } else { figure.tone };
        let span = Span::styled(theme.text(&cut(&text, columns)), theme.style(tone));
        let more = lines.len() < most;
        match lines.last_mut() {
            Some(line) if line.width() + 3 + span.width() <= columns => {
                line.push_span(Span::styled(between.clone(), theme.style(Tone::Dim)));
                line.push_span(span);
            }
            _ if more => lines.push(Line::from(span)),
            _ => break,
        }
    }
    lines
}
