//! A function as the API exposes it: everything of one name, as Postgres lets functions share one.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Field, Grant, PageLimits, Resource};
use crate::catalog::QualifiedName;

/// The schema-less name of the rows of a call within its statement; a resource made for them has it as its table.
pub const CALLED: &str = "windlass_call";

/// The contract of all functions of one name.
#[derive(Debug, Clone)]
pub struct Function {
    /// The resource file's name without `.toml`; also the last step of the path.
    pub name: String,
    /// Where it is served: `/api/rpc/<name>`.
    pub path: String,
    /// The file it comes from, relative to the project.
    pub file: PathBuf,
    /// The functions behind it.
    pub function: QualifiedName,
    /// What it does, in the docs.
    pub description: Option<String>,
    /// Who may call it.
    pub call: Vec<Grant>,
    /// How many rows a call gives.
    pub page: PageLimits,
    /// All functions of that name, in the order of their signatures.
    pub overloads: Vec<Arc<Overload>>,
}

impl Function {
    /// Whether some of them may be called with `GET`.
    #[must_use]
    pub fn reads(&self) -> bool {
        self.overloads.iter().any(|overload| overload.reads)
    }

    /// The methods that it offers; `HEAD` comes with `GET`.
    pub fn methods(&self) -> impl Iterator<Item = &'static str> {
        [("GET", self.reads()), ("POST", true)]
            .into_iter()
            .filter_map(|(method, offered)| offered.then_some(method))
    }
}

/// One of the functions that share a name.
#[derive(Debug, Clone)]
pub struct Overload {
    /// `search_movies(query, most)`: name and arguments, for people.
    pub signature: String,
    /// From the comment on the function.
    pub description: Option<String>,
    /// What it takes, as a body has it: its fields are the arguments, optional where they have a default.
    pub arguments: Arc<Resource>,
    /// The place of the variadic argument.
    pub variadic: Option<usize>,
    /// The whole body is its only argument, which has no name.
    pub whole: Option<Whole>,
    /// Whether it only reads: `STABLE` or `IMMUTABLE`.
    pub reads: bool,
    /// What a call gives.
    pub outcome: Outcome,
    /// The rows of a call. Its fields are those that the API shows, and it may be read by whoever may call the function.
    pub rows: Arc<Resource>,
    /// The resource whose rows these are.
    pub rows_of: Option<String>,
}

impl Overload {
    /// The arguments by name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.arguments.fields.iter().map(|field| field.name.as_str())
    }

    /// Whether a call with these arguments, and no others, is one of this function.
    #[must_use]
    pub fn takes(&self, given: &[&str]) -> bool {
        let known = |name: &&str| self.arguments.by_name.contains_key(*name);
        let said = |field: &Field| field.optional || given.contains(&field.name.as_str());
        self.whole.is_none() && given.iter().all(known) && self.arguments.fields.iter().all(said)
    }
}

/// What a body must be to be an argument by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    /// JSON, for `json` and `jsonb`.
    Json,
    /// `text/plain`, for `text`.
    Text,
    /// `application/octet-stream`, for `bytea`.
    Bytes,
}

/// What a call gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing: `void`.
    Nothing,
    /// One value.
    Value,
    /// One row.
    Row,
    /// Any number of values.
    Values,
    /// Any number of rows.
    Rows,
}

impl Outcome {
    /// Whether it is any number.
    #[must_use]
    pub const fn is_set(self) -> bool {
        matches!(self, Self::Values | Self::Rows)
    }

    /// Whether it has columns.
    #[must_use]
    pub const fn is_rows(self) -> bool {
        matches!(self, Self::Row | Self::Rows)
    }
}
