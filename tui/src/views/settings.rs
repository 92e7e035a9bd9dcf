//! The screen Settings.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::state::State;
use crate::state::settings::Tab;
use crate::theme::Theme;
use crate::widgets::tabbed::{self, Tabbed};

/// Paints it.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, theme: &Theme) {
    let panel = &state.panels.settings;
    if let Some(opened) = panel.opened() {
        tabbed::opened(frame, area, state, opened, theme);
        return;
    }
    let tab = panel.tab();
    let shown = Tabbed {
        titles: &Tab::ALL.map(Tab::title),
        current: Tab::ALL.iter().position(|other| *other == tab).unwrap_or_default(),
        hint: "[ ] tab  Enter all  y copy  R reload",
        figures: panel.figures(&state.data),
        ask: tab.ask(),
        empty: tab.empty(),
    };
    tabbed::draw(frame, area, state, shown, theme);
}
