//! The edges of a page: the order's values of its first and last row, from which cursors are made.

use tokio_postgres::Row;

use super::wire;
use crate::error::{Error, Result};
use crate::sql::Paged;

/// The order's values of one row, in Postgres's text form.
pub type Values = Vec<Option<String>>;

/// What lies at the edges of a page; of rows as they came, which is last first on the way back.
#[derive(Debug, Default)]
pub struct Edges {
    /// Of the first row.
    pub first: Option<Values>,
    last: Option<Values>,
    /// Whether a row came that is not of the page any more.
    more: bool,
    /// Where each row begins in the reply, if they must be turned round.
    starts: Vec<usize>,
}

impl Edges {
    /// Looks at the row with this number; whether it belongs to the page. Its `columns` begin at `first`, and its JSON
    /// at `start`.
    pub(super) fn look(&mut self, paged: &Paged, row: &Row, first: usize, number: u64, start: usize) -> Result<bool> {
        let values = || values(row, first + paged.from);
        if number >= paged.limit {
            self.more = true;
            return Ok(false);
        }
        if number == 0 {
            self.first = Some(values()?);
        }
        if number + 1 == paged.limit {
            self.last = Some(values()?);
        }
        if paged.backward {
            self.starts.push(start);
        }
        Ok(true)
    }

    /// Of the last row, if others follow.
    #[must_use]
    pub fn last(&self) -> Option<&Values> {
        self.last.as_ref().filter(|_| self.more)
    }

    /// Puts objects with commas between them in the opposite order, if they came last first.
    pub(super) fn turn(&mut self, json: &mut String) {
        let starts = std::mem::take(&mut self.starts);
        if starts.len() < 2 {
            return;
        }
        let mut turned = String::with_capacity(json.len());
        let mut end = json.len();
        for start in starts.into_iter().rev() {
            if !turned.is_empty() {
                turned.push(',');
            }
            turned.push_str(json.get(start..end).unwrap_or_default());
            // Without the comma in front of it.
            end = start.saturating_sub(1);
        }
        *json = turned;
    }
}

fn values(row: &Row, from: usize) -> Result<Values> {
    (from..row.len())
        .map(|index| {
            let bytes = wire::raw(row, index)?;
            let text = bytes.map(|bytes| std::str::from_utf8(bytes).map(str::to_owned));
            text.transpose().map_err(Error::internal)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_turned_round() {
        let mut edges = Edges::default();
        let mut json = r#"{},{"a":1},{"b":{}}"#.to_owned();
        edges.starts = vec![0, 3, 11];
        edges.turn(&mut json);
        assert_eq!(json, r#"{"b":{}},{"a":1},{}"#);
    }
}
