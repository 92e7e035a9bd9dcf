//! The screen Logs: lines as they are written, and one of them in full.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::stream::{self, Words};
use crate::message::Link;
use crate::state::State;
use crate::state::logs::{Level, parts};
use crate::state::stream_line::room;
use crate::theme::Theme;

/// Paints it.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, theme: &Theme) {
    let logs = &state.panels.logs;
    if let Some((line, scroll)) = logs.opened() {
        let parts = parts(line, room(area.width));
        stream::detail(
            frame,
            area,
            state,
            "Line · y copies it · Esc closes",
            &parts,
            scroll,
            theme,
        );
        return;
    }
    let empty = match state.link {
        Link::Offline { .. } => "No service runs, and neither the journal nor PostgreSQL's log has a line.",
        Link::Lost { .. } => "The service is gone; its log shows again when it is back.",
        _ => "Nothing was logged yet; `log.level` says what is.",
    };
    let chosen = match logs.level {
        Level::All => None,
        Level::Warnings => Some("warnings and errors"),
        Level::Errors => Some("errors only"),
    };
    stream::draw(frame, area, state, &logs.tail, &Words { chosen, empty }, theme);
}
