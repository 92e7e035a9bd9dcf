//! Functions with their arguments and what they return.

use super::{PgType, QualifiedName};

/// One function; others may have the same name and other arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Schema and name.
    pub name: QualifiedName,
    /// Its arguments as Postgres tells functions of one name apart: `query text, most integer`.
    pub signature: String,
    /// What it takes, in order: `IN`, `INOUT` and `VARIADIC`.
    pub arguments: Vec<Argument>,
    /// Whether the same arguments give the same rows within a statement, and nothing is changed: `STABLE`, `IMMUTABLE`.
    pub reads: bool,
    /// Whether it returns a set.
    pub set: bool,
    /// Whether the planner is told that the set has one row (`ROWS 1`).
    pub single: bool,
    /// What it returns, or each row of the set.
    pub returns: Returned,
    /// `comment on function`.
    pub comment: Option<String>,
}

/// What a function takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// Its name; empty without one.
    pub name: String,
    /// Its type; that of the array for the last one of a variadic function.
    pub pg_type: PgType,
    /// The table or view of which it is a row.
    pub row_of: Option<QualifiedName>,
    /// A type that stands for others (`anyelement`, `record`, `internal`), of which no value can be told.
    pub pseudo: bool,
    /// `VARIADIC`.
    pub variadic: bool,
    /// The default's SQL text, where there is one.
    pub default: Option<String>,
}

/// What a function returns.
#[derive(Debug, Clone, PartialEq)]
pub enum Returned {
    /// `void`.
    Nothing,
    /// One value.
    Value(PgType),
    /// A row of a table or view.
    Relation(QualifiedName),
    /// A row with these columns: `TABLE (…)`, `OUT` arguments, a composite type.
    Columns(Vec<(String, PgType)>),
    /// What cannot be told beforehand, by the name of its type: `record`, `trigger`, `anyelement`.
    Unknown(String),
}
