//! The screen Traffic.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::state::State;
use crate::theme::Theme;

/// Paints it.
pub fn draw(_frame: &mut Frame<'_>, _area: Rect, _state: &State, _theme: &Theme) {}
