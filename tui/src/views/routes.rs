//! The screen Routes: every route with its figures, or one of them in parts.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::message::Link;
use crate::state::State;
use crate::state::route_text::{self, PARTS};
use crate::theme::{Theme, Tone};
use crate::widgets::document::{self, Opened};
use crate::widgets::table;

/// Paints it.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, theme: &Theme) {
    let Some(detail) = state.panels.routes.opened() else {
        let empty = match state.data.routes() {
            None => "asking for the routes…",
            Some(_) => "no routes yet: `windlass resource add TABLE` exposes a table",
        };
        table::draw(frame, area, state, empty, theme);
        return;
    };
    let line = state
        .data
        .routes()
        .into_iter()
        .flatten()
        .find(|line| line.route == detail.key);
    let disabled = line.is_some_and(|line| line.disabled.is_some());
    let opened = Opened {
        title: &detail.key,
        state: disabled.then_some((Tone::Warning, "disabled")),
        parts: PARTS,
        part: detail.part,
        lines: route_text::part(&state.data, &detail.key, detail.part),
        scroll: detail.scroll,
        stale: matches!(state.link, Link::Lost { .. }),
    };
    document::draw(frame, area, opened, theme);
}
