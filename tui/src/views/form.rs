//! The form that tries a route.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::state::trial::Form;
use crate::theme::Theme;

pub(super) fn draw(_frame: &mut Frame<'_>, _area: Rect, _form: &Form, _theme: &Theme) {}
