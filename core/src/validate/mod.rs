//! Bodies and parameters against the contract: everything that is wrong, at once.
//!
//! Input: parsed JSON and a resource. Output: [`Checked`], whose values are in the text form that Postgres reads.

mod arguments;
mod check;
mod formats;
mod list;
pub mod nearest;
mod normalize;
mod number;
mod parameter;
mod report;
mod rules;
mod search;
mod shape;
pub mod sql_route;
mod temporal;
mod text;
mod value;
mod vector;

#[cfg(test)]
mod tests;

pub use arguments::{Arguments, arguments, texts, whole};
pub use check::body;
pub use parameter::{filter_value, path_value, value_of_kind};
pub use rules::stored_row;
pub use shape::shape;

/// What a body is for; it decides which fields may, and which must, be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// A new row: required fields must be there, absent ones take their default.
    Create,
    /// A whole row in place of a stored one: as `Create`, but the key comes from the path.
    Replace,
    /// Changes to a stored row: absent fields stay as they are.
    Update,
}

/// A value, ready to be bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bind {
    /// SQL's NULL.
    Null,
    /// Postgres's text input for the column's type.
    Text(String),
    /// JSON text, for `json` and `jsonb` columns; its numbers are exact.
    Json(String),
}

/// One row that keeps the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Index into the resource's fields, with the value; in field order, absent fields left out.
    pub values: Vec<(usize, Bind)>,
    /// True when some rule could not be decided from the body alone: it reads a field that only the
    /// database knows (a default, or what is stored). Then [`stored_row`] must judge the row before the commit.
    pub deferred: bool,
}

impl Row {
    /// Whether both give values to the same fields.
    #[must_use]
    pub fn sets_same(&self, other: &Self) -> bool {
        let fields = |row: &Self| row.values.iter().map(|(index, _)| *index).collect::<Vec<_>>();
        fields(self) == fields(other)
    }
}

/// A body that keeps the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The rows, in the order of the body.
    pub rows: Vec<Row>,
    /// Whether the body was an array.
    pub many: bool,
}
