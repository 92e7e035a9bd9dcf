//! Reads filters: `score=gte.50`, `or=(a.lt.1,not.and(b.eq.2,c.is.null))`, `name=in.(a,"b,c")`.

use super::column::ColumnRef;
use super::filter::{Filter, Test};
use super::operator_parse::operator;
use super::reader::{Ending, Reader};
use crate::error::Result;

/// Deepest nesting of `and(…)`/`or(…)`.
const MAX_DEPTH: usize = 16;
/// Most conditions of one request.
pub const MAX_CONDITIONS: usize = 200;

/// Reads `column=operand`, as it stands in the query string (already percent-decoded).
///
/// # Errors
/// `bad_query` with the position and what was expected.
pub fn test(parameter: &str, column: ColumnRef, operand: &str) -> Result<Filter> {
    let mut reader = Reader::new(parameter, operand);
    let negated = reader.eat("not.");
    let operator = operator(&mut reader, Ending::End)?;
    if !reader.ended() {
        return Err(reader.expected("the end"));
    }
    Ok(wrap(negated, Filter::Test(Test { column, operator })))
}

/// Reads the value of `and` and `or`, of which `any` tells, and of their negations.
///
/// # Errors
/// `bad_query` with the position and what was expected.
pub fn logic(parameter: &str, negated: bool, any: bool, operand: &str) -> Result<Filter> {
    let mut tree = Tree {
        reader: Reader::new(parameter, operand),
        conditions: 0,
    };
    let members = tree.members(1)?;
    if !tree.reader.ended() {
        return Err(tree.reader.expected("the end"));
    }
    Ok(wrap(negated, join(any, members)))
}

fn wrap(negated: bool, filter: Filter) -> Filter {
    if negated { Filter::Not(Box::new(filter)) } else { filter }
}

fn join(any: bool, members: Vec<Filter>) -> Filter {
    if any {
        Filter::Any(members)
    } else {
        Filter::All(members)
    }
}

struct Tree<'a> {
    reader: Reader<'a>,
    conditions: usize,
}

impl Tree<'_> {
    /// `(member,member,…)`.
    fn members(&mut self, depth: usize) -> Result<Vec<Filter>> {
        if depth > MAX_DEPTH {
            return Err(self.reader.expected(&format!("at most {MAX_DEPTH} levels")));
        }
        if !self.reader.eat("(") {
            return Err(self.reader.expected("`(`"));
        }
        let mut members = Vec::new();
        loop {
            members.push(self.member(depth)?);
            if self.reader.eat(")") {
                return Ok(members);
            }
            if !self.reader.eat(",") {
                return Err(self.reader.expected("`,` or `)`"));
            }
        }
    }

    fn member(&mut self, depth: usize) -> Result<Filter> {
        self.conditions += 1;
        if self.conditions > MAX_CONDITIONS {
            return Err(self.reader.expected(&format!("at most {MAX_CONDITIONS} conditions")));
        }
        let start = self.reader.at;
        let negated = self.reader.eat("not.");
        for (word, any) in [("and(", false), ("or(", true)] {
            if self.reader.eat(word) {
                self.reader.at -= 1;
                return Ok(wrap(negated, join(any, self.members(depth + 1)?)));
            }
        }
        // A column may itself be called `not`.
        self.reader.at = start;
        let column = self.reader.column()?;
        if !self.reader.eat(".") {
            return Err(self.reader.expected("`.` and an operator"));
        }
        let negated = self.reader.eat("not.");
        let operator = operator(&mut self.reader, Ending::Member)?;
        Ok(wrap(negated, Filter::Test(Test { column, operator })))
    }
}
