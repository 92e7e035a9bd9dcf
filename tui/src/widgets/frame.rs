//! A border with a title.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::symbols::border;
use ratatui::widgets::Block;

use crate::theme::{Theme, Tone};

const ASCII: border::Set<'_> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// Draws a border, and gives what is inside of it.
pub fn bordered(frame: &mut Frame<'_>, area: Rect, title: &str, theme: &Theme) -> Rect {
    let block = Block::bordered()
        .border_set(if theme.ascii { ASCII } else { border::PLAIN })
        .border_style(theme.style(Tone::Dim))
        .title_style(theme.style(Tone::Title))
        .title(theme.text(&format!(" {title} ")));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}
