//! Something that is opened over a table: parts side by side, each of them scrolls.

use crate::keys::Action;

/// What is opened, and where one is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// The row that is opened.
    pub key: String,
    /// The part that is shown, counted from 0.
    pub part: usize,
    /// Lines that are scrolled away at its top.
    pub scroll: usize,
}

impl Detail {
    /// At the beginning of a part.
    #[must_use]
    pub fn at(key: impl Into<String>, part: usize) -> Self {
        Self {
            key: key.into(),
            part,
            scroll: 0,
        }
    }

    /// Moves; false if the action moves nothing. There are so many parts, this one has so many lines, and so many of
    /// them fit on a page.
    pub fn go(&mut self, action: Action, parts: usize, lines: usize, page: usize) -> bool {
        let last = lines.saturating_sub(page);
        let at = self.scroll.min(last);
        self.scroll = match action {
            Action::Left | Action::Right => {
                let parts = parts.max(1);
                let by = if action == Action::Left { parts - 1 } else { 1 };
                self.part = (self.part + by) % parts;
                0
            }
            Action::Up => at.saturating_sub(1),
            Action::Down => (at + 1).min(last),
            Action::PageUp => at.saturating_sub(page),
            Action::PageDown => (at + page).min(last),
            Action::Top => 0,
            Action::Bottom => last,
            _ => return false,
        };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_within_its_ends() {
        let mut detail = Detail::at("a", 0);
        for (action, expected) in [
            (Action::Up, (0, 0)),
            (Action::Bottom, (0, 20)),
            (Action::Down, (0, 20)),
            (Action::Up, (0, 19)),
            (Action::PageUp, (0, 9)),
            (Action::PageDown, (0, 19)),
            (Action::PageDown, (0, 20)),
            (Action::Left, (2, 0)),
            (Action::Right, (0, 0)),
            (Action::Top, (0, 0)),
        ] {
            assert!(detail.go(action, 3, 30, 10));
            assert_eq!((detail.part, detail.scroll), expected, "{action:?}");
        }
        assert!(!detail.go(Action::Sort, 3, 30, 10));
    }
}
