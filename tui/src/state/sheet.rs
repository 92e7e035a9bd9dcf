//! One thing in full, opened over a table: kept as it was last, as it may end while it is read.

use super::detail::Detail;
use super::document::{self, Line};
use super::panel::Step;
use crate::keys::Action;
use crate::theme::Tone;

/// What is written on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Its name.
    pub title: String,
    /// What is to be said beside the title, with its meaning.
    pub state: Option<(Tone, String)>,
    /// Its text, not wrapped yet.
    pub lines: Vec<Line>,
    /// What `y` copies.
    pub copy: String,
}

/// A sheet that is open.
#[derive(Debug)]
pub struct Opened {
    /// The row that is opened, and how far it is scrolled.
    pub at: Detail,
    /// What it shows.
    pub sheet: Sheet,
    /// Whether the row is not there any more.
    pub gone: bool,
}

impl Opened {
    /// At its beginning.
    #[must_use]
    pub fn new(key: impl Into<String>, sheet: Sheet) -> Self {
        Self {
            at: Detail::at(key, 0),
            sheet,
            gone: false,
        }
    }

    /// Takes what the row holds now; without a row the sheet stays as it was.
    pub fn refresh(&mut self, sheet: Option<Sheet>) {
        self.gone = sheet.is_none();
        if let Some(sheet) = sheet {
            self.sheet = sheet;
        }
    }

    /// What is to be said beside the title.
    #[must_use]
    pub fn state(&self) -> Option<(Tone, &str)> {
        if self.gone {
            return Some((Tone::Notice, "it has ended; this is how it was last"));
        }
        self.sheet.state.as_ref().map(|(tone, text)| (*tone, text.as_str()))
    }

    /// Scrolls and copies; `None` for what it has nothing to do with. `size` is the terminal's, in columns and rows.
    pub fn act(&mut self, action: Action, size: (u16, u16), page: usize) -> Option<Vec<Step>> {
        match action {
            Action::Copy => return Some(vec![Step::Copy(self.sheet.copy.clone())]),
            // What is opened has one part, and what lies below it stays as it is.
            Action::Left | Action::Right | Action::PreviousTab | Action::NextTab | Action::Open => {}
            _ => {
                let lines = document::wrap(self.sheet.lines.clone(), usize::from(size.0)).len();
                if !self.at.go(action, 1, lines, page) {
                    return None;
                }
            }
        }
        Some(Vec::new())
    }
}

/// The widest label of a sheet, in columns.
const LABEL: usize = 12;

/// A label and what belongs to it.
#[must_use]
pub fn field(label: &str, text: impl Into<String>) -> Line {
    let text = text.into();
    Line::field(label, LABEL, if text.is_empty() { "–".to_owned() } else { text })
}

/// A heading with an empty line before it.
#[must_use]
pub fn headed(title: &str) -> [Line; 2] {
    [Line::text(""), Line::heading(title)]
}

/// SQL, a little to the right.
#[must_use]
pub fn sql(text: &str) -> Line {
    Line::sql(None, text).indented(2)
}

/// What the keys do with it.
#[must_use]
pub fn hint(text: &str) -> [Line; 2] {
    [Line::text(""), Line::text(text).tone(Tone::Dim)]
}
