//! The screen Migrations: what is pending first, or one of them in parts.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::message::Link;
use crate::state::State;
use crate::state::migration_text::{self, PARTS};
use crate::theme::Theme;
use crate::widgets::document::{self, Opened};
use crate::widgets::table;

/// Paints it.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, theme: &Theme) {
    let Some(detail) = state.panels.migrations.opened() else {
        let empty = match state.data.migrations() {
            None => "asking for the migrations…",
            Some(_) => "no migrations yet: `windlass migrate new NAME` makes one",
        };
        table::draw(frame, area, state, empty, theme);
        return;
    };
    let status = state
        .data
        .migrations()
        .into_iter()
        .flatten()
        .find(|status| migration_text::name(status) == detail.key);
    let opened = Opened {
        title: &detail.key,
        state: status.map(|status| migration_text::state(status.state)),
        parts: PARTS,
        part: detail.part,
        lines: migration_text::part(&state.data, &detail.key, detail.part),
        scroll: detail.scroll,
        stale: matches!(state.link, Link::Lost { .. }),
    };
    document::draw(frame, area, opened, theme);
}
