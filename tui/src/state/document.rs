//! A text that scrolls: lines as meanings, wrapped to a width.

use unicode_width::UnicodeWidthChar;

use crate::theme::Tone;

/// How the text of a line is painted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// In the line's tone.
    #[default]
    Text,
    /// Word by word.
    Sql,
}

/// One line, before it is wrapped: indent, mark, lead and text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// Columns that stay empty.
    pub indent: usize,
    /// The mark of this meaning stands before the lead.
    pub mark: Option<Tone>,
    /// Such as a label or a line's number; it is not wrapped.
    pub lead: String,
    /// The text; what does not fit goes on below its own beginning.
    pub text: String,
    /// What the text means.
    pub tone: Tone,
    /// How it is painted.
    pub kind: Kind,
}

impl Line {
    /// Plain text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// A heading.
    #[must_use]
    pub fn heading(text: impl Into<String>) -> Self {
        Self::text(text).tone(Tone::Title)
    }

    /// A label and what belongs to it.
    #[must_use]
    pub fn field(label: &str, width: usize, text: impl Into<String>) -> Self {
        Self {
            lead: format!("{label:<width$}  "),
            ..Self::text(text)
        }
    }

    /// SQL, with the number of its line if it has one.
    #[must_use]
    pub fn sql(number: Option<usize>, text: impl Into<String>) -> Self {
        Self {
            lead: number.map_or_else(String::new, |number| format!("{number:>4}  ")),
            kind: Kind::Sql,
            ..Self::text(text)
        }
    }

    /// With a meaning.
    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    /// With a meaning and its mark.
    #[must_use]
    pub fn marked(mut self, tone: Tone) -> Self {
        self.mark = Some(tone);
        self.tone(tone)
    }

    /// Further to the right.
    #[must_use]
    pub fn indented(mut self, columns: usize) -> Self {
        self.indent = columns;
        self
    }

    /// Columns before the text.
    fn before(&self) -> usize {
        self.indent + if self.mark.is_some() { 2 } else { 0 } + width(&self.lead)
    }
}

/// A text as lines, such as a file or a plan.
pub fn lines(text: &str) -> impl Iterator<Item = Line> {
    text.lines().map(Line::text)
}

/// SQL as numbered lines.
pub fn numbered(sql: &str) -> impl Iterator<Item = Line> {
    sql.lines()
        .enumerate()
        .map(|(index, line)| Line::sql(Some(index + 1), line))
}

/// Columns of a text on a terminal.
#[must_use]
pub fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or_default()).sum()
}

/// The lines as they fit into so many columns.
#[must_use]
pub fn wrap(lines: Vec<Line>, columns: usize) -> Vec<Line> {
    let mut wrapped = Vec::with_capacity(lines.len());
    for line in lines {
        let before = line.before();
        // However narrow it is, something of the text is seen.
        let room = columns.saturating_sub(before).max(8);
        let mut first = Some(line.clone());
        for piece in line.text.split('\n').flat_map(|text| pieces(&clean(text), room)) {
            wrapped.push(match first.take() {
                Some(first) => Line { text: piece, ..first },
                None => Line {
                    indent: before,
                    text: piece,
                    tone: line.tone,
                    kind: line.kind,
                    ..Line::default()
                },
            });
        }
    }
    wrapped
}

/// Without what would move the cursor.
fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => clean.push_str("    "),
            c if c.is_control() => {}
            c => clean.push(c),
        }
    }
    clean
}

/// A text in pieces of at most so many columns, broken after spaces where there are any.
fn pieces(text: &str, room: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or_default();
        if used + wide > room && !piece.is_empty() {
            // A space that only indents is no place to break.
            let rest = match piece.rfind(' ') {
                _ if c == ' ' => String::new(),
                Some(at) if piece.trim_start().contains(' ') => piece.split_off(at + 1),
                _ => String::new(),
            };
            used = width(&rest);
            let full = std::mem::replace(&mut piece, rest);
            pieces.push(full.trim_end().to_owned());
        }
        // A line that goes on does not begin with the space it was broken at.
        if c == ' ' && piece.is_empty() && !pieces.is_empty() {
            continue;
        }
        piece.push(c);
        used += wide;
    }
    pieces.push(piece);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: Vec<Line>, columns: usize) -> Vec<String> {
        wrap(lines, columns)
            .iter()
            .map(|line| format!("{}{}{}", " ".repeat(line.indent), line.lead, line.text))
            .collect()
    }

    #[test]
    fn lines_are_broken_at_spaces_and_go_on_below_their_text() {
        for (line, columns, expected) in [
            (Line::text("one two three"), 9, vec!["one two", "three"]),
            (Line::text("one two three"), 8, vec!["one two", "three"]),
            (Line::text("abcdefgh ij"), 8, vec!["abcdefgh", "ij"]),
            (Line::text("abcdefghijkl"), 8, vec!["abcdefgh", "ijkl"]),
            (Line::text(""), 8, vec![""]),
            (Line::text("a\tb\u{1b}[0m"), 20, vec!["a    b[0m"]),
            (Line::text("one\n  two"), 20, vec!["one", "  two"]),
            (
                Line::sql(Some(7), "select one from leads"),
                20,
                vec!["   7  select one", "      from leads"],
            ),
            (Line::text("日本語日本語"), 8, vec!["日本語日", "本語"]),
            (
                Line::field("File", 6, "a b c d e f g"),
                16,
                vec!["File    a b c d", "        e f g"],
            ),
        ] {
            assert_eq!(texts(vec![line.clone()], columns), expected, "{line:?}");
        }
    }
}
