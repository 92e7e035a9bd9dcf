//! `order=a.desc.nullslast,meta->>b,owner(name)`.

use super::column::ColumnRef;
use super::nearest::{self, NearestTerm};
use super::reader::Reader;
use crate::error::{Error, Result};

/// Most terms of one order.
const MAX_TERMS: usize = 32;

/// One term of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderTerm {
    /// `relation(column)`: the column is one of the single related row.
    pub relation: Option<String>,
    /// The column, in the client's words.
    pub column: ColumnRef,
    /// `desc`.
    pub descending: bool,
    /// Where nulls go; Postgres's default otherwise.
    pub nulls: Option<Nulls>,
    /// By distance from a vector instead of by value.
    pub nearest: Option<NearestTerm>,
}

/// Where nulls go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the dialect")]
pub enum Nulls {
    First,
    Last,
}

/// Reads the value of `order`, which messages call the parameter `parameter`.
///
/// # Errors
/// `bad_query` with the position and what was expected.
pub fn parse(parameter: &str, text: &str) -> Result<Vec<OrderTerm>> {
    let mut reader = Reader::new(parameter, text);
    let mut terms = Vec::new();
    loop {
        if terms.len() >= MAX_TERMS {
            return Err(reader.expected(&format!("at most {MAX_TERMS} terms")));
        }
        terms.push(term(&mut reader).map_err(hinted)?);
        if reader.ended() {
            return Ok(terms);
        }
        if !reader.eat(",") {
            return Err(hinted(reader.expected("`,` or the end")));
        }
    }
}

fn term(reader: &mut Reader<'_>) -> Result<OrderTerm> {
    let mut column = reader.column()?;
    let mut relation = None;
    if column.path.is_empty() && reader.eat("(") {
        relation = Some(column.name);
        column = reader.column()?;
        if !reader.eat(")") {
            return Err(reader.expected("`)`"));
        }
    }
    let mut term = OrderTerm {
        relation,
        column,
        descending: false,
        nulls: None,
        nearest: None,
    };
    let mut expected = "asc, desc, nullsfirst or nullslast";
    while reader.eat(".") {
        let at = reader.at;
        let rest = reader.rest();
        let length = rest.find(['.', ',']).unwrap_or(rest.len());
        reader.at += length;
        match rest.get(..length).unwrap_or("") {
            "asc" if expected.starts_with("asc") => expected = "nullsfirst or nullslast",
            "desc" if expected.starts_with("asc") => {
                term.descending = true;
                expected = "nullsfirst or nullslast";
            }
            "nearest" if expected.starts_with("asc") => {
                term.nearest = Some(nearest::parse(reader)?);
                return Ok(term);
            }
            "nullsfirst" if term.nulls.is_none() => {
                term.nulls = Some(Nulls::First);
                expected = "`,` or the end";
            }
            "nullslast" if term.nulls.is_none() => {
                term.nulls = Some(Nulls::Last);
                expected = "`,` or the end";
            }
            _ => {
                reader.at = at;
                return Err(reader.expected(expected));
            }
        }
    }
    Ok(term)
}

fn hinted(error: Error) -> Error {
    error.with_hint("write for example `order=created_at.desc.nullslast,id`")
}
