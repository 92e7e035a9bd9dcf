//! The filter of a table: words that must all be in a row, `column:word` for one column, `-` before a word for its opposite.

use super::list::{Column, Row};

/// A filter that was understood.
#[derive(Debug, Default)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Debug)]
struct Term {
    column: Option<usize>,
    word: String,
    not: bool,
}

/// Reads a filter.
///
/// # Errors
/// The place of the wrong term, counted in characters from 0, and what is allowed.
pub fn parse(text: &str, columns: &[Column]) -> Result<Filter, (usize, String)> {
    let mut filter = Filter::default();
    let mut at = 0;
    for part in text.split(' ') {
        let start = at;
        at += part.chars().count() + 1;
        let (part, not) = match part.strip_prefix('-') {
            Some(rest) if !rest.is_empty() => (rest, true),
            _ => (part, false),
        };
        if part.is_empty() {
            continue;
        }
        let (column, word) = match part.split_once(':') {
            // `http://…` and `12:30` are words.
            Some((name, word))
                if !name.is_empty()
                    && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
                    && !word.starts_with("//") =>
            {
                let index = columns.iter().position(|column| name_of(column) == name);
                let Some(index) = index else {
                    let names: Vec<String> = columns.iter().map(name_of).filter(|name| !name.is_empty()).collect();
                    return Err((start, format!("no column `{name}`; there are {}", names.join(", "))));
                };
                if word.is_empty() {
                    return Err((
                        start + name.chars().count() + 1 + usize::from(not),
                        format!("a word belongs after `{name}:`"),
                    ));
                }
                (Some(index), word)
            }
            _ => (None, part),
        };
        filter.terms.push(Term {
            column,
            word: word.to_lowercase(),
            not,
        });
    }
    Ok(filter)
}

/// A column's name in filters.
fn name_of(column: &Column) -> String {
    column.title.to_lowercase().replace([' ', '/'], "_")
}

impl Filter {
    /// Whether a row is shown.
    #[must_use]
    pub fn matches(&self, row: &Row) -> bool {
        self.terms.iter().all(|term| {
            let found = row
                .cells
                .iter()
                .enumerate()
                .filter(|(index, _)| term.column.is_none_or(|column| column == *index))
                .any(|(_, cell)| cell.text.to_lowercase().contains(&term.word));
            found != term.not
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::list::{Cell, Width};
    use super::*;

    const COLUMNS: &[Column] = &[Column::text("Route", Width::Fill(10), 0), Column::number("p99", 6, 1)];

    #[test]
    fn rows_are_chosen_by_words_and_columns() {
        let row = Row {
            key: "a".to_owned(),
            cells: vec![Cell::text("GET /api/Leads"), Cell::number(12.0, "12 ms")],
        };
        for (text, expected) in [
            ("", true),
            ("leads", true),
            ("leads get", true),
            ("leads movies", false),
            ("-movies", true),
            ("-leads", false),
            ("route:leads", true),
            ("p99:leads", false),
            ("  12  ", true),
        ] {
            assert_eq!(
                parse(text, COLUMNS).map(|filter| filter.matches(&row)),
                Ok(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn a_wrong_filter_is_told_with_its_place() {
        assert_eq!(
            parse("leads rout:x", COLUMNS).err(),
            Some((6, "no column `rout`; there are route, p99".to_owned()))
        );
        assert_eq!(
            parse("route:", COLUMNS).err(),
            Some((6, "a word belongs after `route:`".to_owned()))
        );
        assert!(parse("http://x 12:30", COLUMNS).is_ok());
    }
}
