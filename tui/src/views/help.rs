//! The help: made from the table of the keys, so that none is missing.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::popup;
use crate::keys;
use crate::screen::Screen;
use crate::state::State;
use crate::theme::{Theme, Tone};
use crate::widgets::frame::bordered;

/// The keys of a screen and those of all screens: `None` is a heading.
#[must_use]
pub fn lines(screen: Screen) -> Vec<(Option<String>, String)> {
    let mut lines = Vec::new();
    let own: Vec<_> = keys::bindings(screen)
        .filter(|binding| binding.screen.is_some())
        .collect();
    if !own.is_empty() {
        lines.push((None, format!("On {}", screen.title())));
        lines.extend(own.iter().map(|binding| line(binding)));
    }
    lines.push((None, "Everywhere".to_owned()));
    lines.extend(
        keys::BINDINGS
            .iter()
            .filter(|binding| binding.screen.is_none())
            .map(line),
    );
    lines
}

fn line(binding: &keys::Binding) -> (Option<String>, String) {
    let armed = if binding.writes { " (after W)" } else { "" };
    (Some(keys::names(binding)), format!("{}{armed}", binding.help))
}

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, scroll: usize, theme: &Theme) {
    let lines = lines(state.screen);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let area = popup(frame, area, 64, height);
    let inner = bordered(frame, area, "Keys · Esc closes", theme);
    let last = lines.len().saturating_sub(usize::from(inner.height));
    let shown: Vec<Line<'_>> = lines
        .into_iter()
        .skip(scroll.min(last))
        .map(|(keys, help)| match keys {
            Some(keys) => Line::from(vec![
                Span::styled(format!("  {keys:<14}"), theme.style(Tone::Accent)),
                Span::raw(theme.text(&help)),
            ]),
            None => Line::styled(help, theme.style(Tone::Title)),
        })
        .collect();
    frame.render_widget(Paragraph::new(shown), inner);
}
