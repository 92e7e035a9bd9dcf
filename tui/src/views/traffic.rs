//! The screen Traffic: requests as they are answered, and one of them with the time of its stages.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::stream::{self, Words};
use crate::message::Link;
use crate::state::State;
use crate::state::stream_line::room;
use crate::state::traffic::parts;
use crate::theme::Theme;

/// Paints it.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, theme: &Theme) {
    let traffic = &state.panels.traffic;
    if let Some((exchange, scroll)) = traffic.opened() {
        let parts = parts(exchange, room(area.width));
        stream::detail(
            frame,
            area,
            state,
            "Request · y copies its id · Esc closes",
            &parts,
            scroll,
            theme,
        );
        return;
    }
    let empty = match state.link {
        Link::Offline { .. } => "No service runs, so no requests are answered; `windlass serve` starts it.",
        Link::Lost { .. } => "The service is gone; requests show again when it is back.",
        _ => "No request yet: what is answered from now on shows here.",
    };
    let words = Words { chosen: None, empty };
    stream::draw(frame, area, state, &traffic.tail, &words, theme);
}
