//! A resource file's text while its mistakes are gathered.

use std::ops::Range;
use std::path::Path;

use crate::diagnostic::Diagnostic;

/// A file's text while its mistakes are gathered.
#[derive(Debug)]
pub(super) struct Source<'a> {
    file: &'a Path,
    text: &'a str,
    found: Vec<Diagnostic>,
}

impl<'a> Source<'a> {
    pub(super) fn new(file: &'a Path, text: &'a str) -> Self {
        Self {
            file,
            text,
            found: Vec::new(),
        }
    }

    pub(super) fn file(&self) -> &'a Path {
        self.file
    }

    /// Notes a mistake at the start of `span` (bytes); `0..0` for one about the whole file.
    pub(super) fn mistake(&mut self, span: Range<usize>, message: impl Into<String>, help: Option<String>) {
        let (line, column) = position(self.text, span.start);
        self.found.push(Diagnostic {
            file: self.file.to_owned(),
            line,
            column,
            message: message.into(),
            help,
        });
    }

    pub(super) fn has_mistakes(&self) -> bool {
        !self.found.is_empty()
    }

    /// What was found, in the file's order.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|d| (d.line, d.column));
        self.found
    }
}

/// Line and column (characters), both from 1, of a byte offset.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or_else(|| text.trim_end());
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before.get(start..).map_or(0, |s| s.chars().count()) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_from_one() {
        assert_eq!(position("", 0), (1, 1));
        assert_eq!(position("ä = 1\nöb", 9), (2, 2));
        assert_eq!(position("a\n\nb", 3), (3, 1));
        assert_eq!(position("a", 99), (1, 2));
    }
}
