//! A table's rows as meanings, and what is selected, sorted and filtered in it.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::list_filter;
use crate::theme::Tone;

/// A column of a table.
#[derive(Debug)]
pub struct Column {
    /// Its heading; also its name in filters, in lower case.
    pub title: &'static str,
    /// How wide it is.
    pub width: Width,
    /// Whether it stands to the right, as numbers do.
    pub right: bool,
    /// On narrow terminals the columns with the largest number go first; 0 stays.
    pub drop: u8,
}

/// How wide a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// Always so many columns.
    Fixed(u16),
    /// What is left, but at least so many.
    Fill(u16),
}

impl Column {
    /// A column of text.
    #[must_use]
    pub const fn text(title: &'static str, width: Width, drop: u8) -> Self {
        Self {
            title,
            width,
            right: false,
            drop,
        }
    }

    /// A column of numbers.
    #[must_use]
    pub const fn number(title: &'static str, width: u16, drop: u8) -> Self {
        Self {
            title,
            width: Width::Fixed(width),
            right: true,
            drop,
        }
    }
}

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// What is shown.
    pub text: String,
    /// What it means.
    pub tone: Tone,
    /// What it is sorted by; its text, if absent.
    pub number: Option<f64>,
    /// Whether the mark of its meaning stands before it.
    pub marked: bool,
}

impl Cell {
    /// Plain text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            tone: Tone::Plain,
            number: None,
            marked: false,
        }
    }

    /// A number with its text.
    #[must_use]
    pub fn number(number: f64, text: impl Into<String>) -> Self {
        Self {
            number: Some(number),
            ..Self::text(text)
        }
    }

    /// With a meaning and its mark.
    #[must_use]
    pub fn marked(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self.marked = true;
        self
    }

    /// With a meaning.
    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Names it, so that it stays selected when others come and go.
    pub key: String,
    /// One per column.
    pub cells: Vec<Cell>,
}

/// Gives rows of the same name a number each: two of one name could not be selected one after the other.
#[must_use]
pub fn told_apart(mut rows: Vec<Row>) -> Vec<Row> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for row in &mut rows {
        let count = seen.entry(row.key.clone()).or_default();
        *count += 1;
        if *count > 1 {
            row.key = format!("{}#{count}", row.key);
        }
    }
    rows
}

/// What is selected, sorted and filtered.
#[derive(Debug, Clone, Default)]
pub struct List {
    key: Option<String>,
    index: usize,
    tail: bool,
    /// The column and whether it is turned round; absent: as the rows come.
    pub sort: Option<(usize, bool)>,
    /// The filter's text.
    pub filter: String,
}

impl List {
    /// A list that follows its end while nothing else is selected: the last row, or the first one once it is sorted. The
    /// keys of its rows must be in the order in which they come.
    #[must_use]
    pub fn tail() -> Self {
        Self {
            tail: true,
            ..Self::default()
        }
    }

    /// Whether it is a list that can follow its end.
    #[must_use]
    pub fn is_tail(&self) -> bool {
        self.tail
    }

    /// Whether it follows its end now.
    #[must_use]
    pub fn follows(&self) -> bool {
        self.tail && self.key.is_none()
    }

    /// Follows the end again.
    pub fn follow(&mut self) {
        self.key = None;
    }

    /// The row that is followed.
    fn end(&self, count: usize) -> usize {
        if self.sort.is_some() {
            0
        } else {
            count.saturating_sub(1)
        }
    }

    /// The rows that are shown, in their order.
    #[must_use]
    pub fn shown(&self, mut rows: Vec<Row>, columns: &[Column]) -> Vec<Row> {
        // A filter that is wrong shows everything; the status line says what is wrong.
        if let Ok(filter) = list_filter::parse(&self.filter, columns) {
            rows.retain(|row| filter.matches(row));
        }
        self.sorted(rows)
    }

    /// The rows in their order.
    #[must_use]
    pub fn sorted(&self, mut rows: Vec<Row>) -> Vec<Row> {
        if let Some((column, turned)) = self.sort {
            rows.sort_by(|a, b| {
                let order = compare(a.cells.get(column), b.cells.get(column));
                if turned { order.reverse() } else { order }
            });
        }
        rows
    }

    /// The index of the selected row: the row that was selected, or the one that took its place.
    #[must_use]
    pub fn selected(&self, rows: &[Row]) -> Option<usize> {
        let named = self
            .key
            .as_ref()
            .and_then(|key| rows.iter().position(|row| &row.key == key));
        named.or_else(|| {
            let last = rows.len().checked_sub(1)?;
            Some(match &self.key {
                None if self.tail => self.end(rows.len()),
                // What came next takes the place of what was dropped at the beginning.
                Some(key) if self.tail && self.sort.is_none() => {
                    rows.iter().position(|row| row.key >= *key).unwrap_or(last)
                }
                _ => self.index.min(last),
            })
        })
    }

    /// The key of the selected row.
    #[must_use]
    pub fn key<'a>(&self, rows: &'a [Row]) -> Option<&'a str> {
        Some(rows.get(self.selected(rows)?)?.key.as_str())
    }

    /// The index of the selected row among all of them, as they came.
    #[must_use]
    pub fn chosen(&self, rows: &[Row], columns: &[Column]) -> Option<usize> {
        let shown = self.shown(rows.to_vec(), columns);
        let key = self.key(&shown)?;
        rows.iter().position(|row| row.key == key)
    }

    /// Selects the row `by` further, within the ends.
    pub fn step(&mut self, rows: &[Row], by: isize) {
        if let Some(at) = self.selected(rows) {
            self.select(rows, at.saturating_add_signed(by));
        }
    }

    /// Selects a row by its index, at most the last one.
    pub fn select(&mut self, rows: &[Row], index: usize) {
        self.index = index.min(rows.len().saturating_sub(1));
        let followed = self.tail && self.index == self.end(rows.len());
        self.key = rows.get(self.index).filter(|_| !followed).map(|row| row.key.clone());
    }

    /// Selects a row by its key, whether it is there yet or not.
    pub fn select_key(&mut self, key: impl Into<String>) {
        self.key = Some(key.into());
    }

    /// Sorts by the next column; after the last one, as the rows come.
    pub fn sort_next(&mut self, columns: usize) {
        self.sort = match self.sort {
            None => (columns > 0).then_some((0, false)),
            Some((column, _)) => (column + 1 < columns).then_some((column + 1, false)),
        };
    }

    /// Turns the order round.
    pub fn reverse(&mut self) {
        if let Some((_, turned)) = &mut self.sort {
            *turned = !*turned;
        }
    }
}

/// Numbers have the largest first, texts the alphabet.
fn compare(a: Option<&Cell>, b: Option<&Cell>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => match (a.number, b.number) {
            (Some(a), Some(b)) => b.total_cmp(&a),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => a.text.cmp(&b.text),
        },
        _ => Ordering::Equal,
    }
}
