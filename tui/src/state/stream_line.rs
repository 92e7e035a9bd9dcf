//! One line of a stream in full: facts, texts and a timeline, wrapped and scrolled.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::keys::Action;
use crate::theme::Tone;

/// Columns of the names of facts.
const NAME: usize = 12;

/// A line of a detail.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// A name and its value; what did not fit stands below without a name.
    Fact(String, String, Tone),
    /// A heading of the timeline, or of what follows.
    Heading(String),
    /// Text over the whole width.
    Text(String),
    /// A stage of a request.
    Stage(Bar),
}

/// A part of a request's time.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// The stage.
    pub name: String,
    /// How long it took, in microseconds.
    pub us: u64,
    /// Where it begins in the whole, from 0 to 1.
    pub from: f64,
    /// Its share of the whole, from 0 to 1.
    pub share: f64,
}

/// Adds a fact, wrapped to `width` columns.
pub fn fact(parts: &mut Vec<Part>, name: &str, value: &str, tone: Tone, width: usize) {
    let room = width.saturating_sub(NAME + 2);
    // A longer name takes a line of its own.
    let mut name = name;
    if name.width() > NAME {
        parts.push(Part::Fact(name.to_owned(), String::new(), tone));
        name = "";
    }
    for line in wrap(value, room) {
        parts.push(Part::Fact(name.to_owned(), line, tone));
        name = "";
    }
}

/// A fact's name, as wide as all of them.
#[must_use]
pub fn padded(name: &str) -> String {
    format!("{name:<NAME$}")
}

/// Lines of at most `width` columns; breaks at spaces where it can. There is at least one.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for line in text.lines() {
        let line: String = line
            .replace('\t', "    ")
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let mut rest = line.as_str();
        while let Some(end) = end(rest, width) {
            let (head, _) = rest.split_at_checked(end).unwrap_or((rest, ""));
            // A break at a space is taken unless it leaves most of the line empty.
            let at = head.rfind(' ').filter(|at| *at > end / 2).unwrap_or(end);
            let (head, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
            lines.push(head.trim_end().to_owned());
            rest = tail.trim_start_matches(' ');
        }
        lines.push(rest.to_owned());
    }
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

/// Where a text that is wider than `width` columns must end; a sign at least is in it.
fn end(text: &str, width: usize) -> Option<usize> {
    let mut used = 0;
    text.char_indices().find_map(|(at, c)| {
        used += c.width().unwrap_or_default();
        (used > width && at > 0).then_some(at)
    })
}

/// Columns inside of a detail's border, on a terminal of this width.
#[must_use]
pub fn room(columns: u16) -> usize {
    usize::from(columns).saturating_sub(4)
}

/// Scrolls a detail of so many lines, of which a page is shown; whether the action does that.
pub fn scroll(at: &mut usize, action: Action, page: usize, lines: usize) -> bool {
    let last = lines.saturating_sub(page);
    *at = match action {
        Action::Up => at.saturating_sub(1),
        Action::Down => *at + 1,
        Action::PageUp => at.saturating_sub(page),
        Action::PageDown => *at + page,
        Action::Top => 0,
        Action::Bottom => last,
        _ => return false,
    }
    .min(last);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_wrapped_at_spaces_where_they_can_be() {
        for (text, width, lines) in [
            ("", 5, &[""][..]),
            ("short", 5, &["short"]),
            ("two words", 5, &["two", "words"]),
            ("abcdefgh", 3, &["abc", "def", "gh"]),
            ("a bcdefgh", 4, &["a bc", "defg", "h"]),
            ("one\ntwo\n\nthree", 9, &["one", "two", "", "three"]),
            ("früher wäre besser", 7, &["früher", "wäre", "besser"]),
            ("日本語日本語", 5, &["日本", "語日", "本語"]),
            ("日本", 1, &["日", "本"]),
        ] {
            assert_eq!(wrap(text, width), lines, "{text}");
        }
    }
}
