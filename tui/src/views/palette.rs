//! A command that is typed, and those that match.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::popup;
use crate::state::State;
use crate::state::palette::Palette;
use crate::theme::{Theme, Tone};
use crate::widgets::frame::bordered;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, palette: &Palette, theme: &Theme) {
    let area = popup(frame, area, 64, 12);
    let inner = bordered(frame, area, "Command · Tab completes · Enter runs", theme);
    let mut lines = vec![Line::from(vec![
        Span::styled(":", theme.style(Tone::Accent)),
        Span::raw(theme.text(palette.input.value())),
    ])];
    if let Some((at, message)) = palette.wrong(state.screen) {
        lines.push(Line::styled(
            theme.text(&format!("at {}: {message}", at + 1)),
            theme.style(Tone::Warning),
        ));
    }
    let matching = palette.matching(state.screen);
    let room = usize::from(inner.height).saturating_sub(lines.len()).max(1);
    let first = (palette.index + 1).saturating_sub(room);
    for (index, command) in matching.iter().enumerate().skip(first) {
        let line = Line::from(vec![
            Span::styled(format!("  {:<12}", command.name), theme.style(Tone::Accent)),
            Span::raw(theme.text(command.help)),
        ]);
        lines.push(if index == palette.index {
            line.style(theme.selected())
        } else {
            line
        });
    }
    frame.render_widget(Paragraph::new(lines), inner);
    let column = inner.x + 1 + u16::try_from(palette.input.visual_cursor()).unwrap_or_default();
    frame.set_cursor_position((column.min(inner.right().saturating_sub(1)), inner.y));
}
