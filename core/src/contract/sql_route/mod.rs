//! A SQL route: one file `routes/NAME.sql`, which is one endpoint.
//!
//! [`sql_drafts`] reads the files, the database describes their statements, [`sql_route`] puts both together.

mod clash;
mod columns;
mod derive;
mod front;
mod lexer;
mod load;
mod template;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use clash::clashes;
pub use derive::sql_route;
pub use lexer::Step;
pub use load::{Draft, read_draft, sql_drafts};
pub use template::Template;

use super::{Grant, PageLimits, Resource};
use crate::catalog::{Kind, PgType};

/// The schema-less name of the rows of a route; a resource made for them has it as its table.
pub const ROUTED: &str = "windlass_route";

/// The contract of one SQL route.
#[derive(Debug, Clone)]
pub struct SqlRoute {
    /// The file's name without `.sql`.
    pub name: String,
    /// The file it comes from, relative to the project.
    pub file: PathBuf,
    /// Its method; `HEAD` comes with `GET`.
    pub method: &'static str,
    /// Its path, with parameters in braces.
    pub path: String,
    /// The same, taken apart.
    pub template: Template,
    /// A line of the docs.
    pub summary: Option<String>,
    /// More of it.
    pub description: Option<String>,
    /// Under which it stands in the docs; empty: under `routes`.
    pub tags: Vec<String>,
    /// Whether the docs warn of it.
    pub deprecated: bool,
    /// Who may use it.
    pub access: Vec<Grant>,
    /// What it answers with.
    pub returns: Returns,
    /// The longest that each of its statements may take, where it is not as long as any may.
    pub timeout: Option<Duration>,
    /// `Cache-Control` of its replies.
    pub cache: Option<String>,
    /// What comes from each part of a request, in the order of [`Place::ALL`]: its fields are the parameters by the names
    /// that clients give them.
    pub inputs: [Arc<Resource>; 5],
    /// Whether the whole body is a parameter by itself.
    pub whole: bool,
    /// Every parameter of the statements.
    pub parameters: Vec<Parameter>,
    /// The statements, in order; they share a transaction, and the last one gives the reply.
    pub steps: Vec<Ready>,
    /// The rows of the last statement: the fields that are shown.
    pub rows: Arc<Resource>,
    /// Its columns, in their order, with what they are.
    pub outputs: Vec<(Output, Kind)>,
    /// How many rows and bytes a reply may have.
    pub page: PageLimits,
    /// Line and column of `route` in its file.
    pub at: (usize, usize),
}

impl SqlRoute {
    /// What comes from a part of the request.
    #[must_use]
    pub fn input(&self, place: Place) -> &Arc<Resource> {
        let [path, query, header, cookie, body] = &self.inputs;
        match place {
            Place::Path => path,
            Place::Query => query,
            Place::Header => header,
            Place::Cookie => cookie,
            Place::Body => body,
        }
    }

    /// Whether it changes nothing: a `GET`.
    #[must_use]
    pub fn reads(&self) -> bool {
        self.method == "GET"
    }

    /// Whether some columns set status or headers.
    #[must_use]
    pub fn steers(&self) -> bool {
        let mut outputs = self.outputs.iter();
        outputs.any(|(output, _)| matches!(output, Output::Status | Output::Header(_)))
    }
}

/// What a route answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    /// Rows.
    Many,
    /// One row; without it there is nothing at that address.
    One,
    /// Nothing.
    Exec,
    /// The JSON of one column of one row.
    Json,
}

impl Returns {
    /// Every word.
    pub const ALL: &'static [&'static str] = &["many", "one", "exec", "json"];

    /// Reads the word of a file.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "many" => Self::Many,
            "one" => Self::One,
            "exec" => Self::Exec,
            "json" => Self::Json,
            _ => return None,
        })
    }
}

/// A part of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named after the parts of a request")]
pub enum Place {
    Path,
    Query,
    Header,
    Cookie,
    Body,
}

impl Place {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Path, Self::Query, Self::Header, Self::Cookie, Self::Body];
    /// Their words.
    pub const WORDS: &'static [&'static str] = &["path", "query", "header", "cookie", "body"];

    /// Its word: the first step of a violation's `loc`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Body => "body",
        }
    }

    /// Reads the word of a file.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.as_str() == word)
    }
}

/// A parameter of the statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in the SQL, without the colon.
    pub name: String,
    /// Where its value comes from.
    pub place: Place,
    /// Its field among those of that place.
    pub field: usize,
    /// Line and column of its `default` in the file, where it has one.
    pub default_at: Option<(usize, usize)>,
}

/// A statement, ready to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// SQL with `$1 …`.
    pub text: String,
    /// Which of the route's parameters each `$n` is.
    pub binds: Vec<usize>,
}

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// It is shown: this field of the rows.
    Shown(usize),
    /// `_status`: the reply's status.
    Status,
    /// `_header_…`: the reply's header of this name.
    Header(String),
    /// Nothing is shown of it.
    Left,
}

/// What the database says of a route's statements.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// Of each statement the type of each `$n`.
    pub parameters: Vec<Vec<PgType>>,
    /// The columns of the last one.
    pub columns: Vec<Column>,
    /// Another text of the last one, with the same columns, where not all of them could be read otherwise.
    pub text: Option<String>,
    /// The first of them that writes or locks rows.
    pub writes: Option<usize>,
}

/// A column of the last statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub pg_type: PgType,
    /// Whether null may come.
    pub nullable: bool,
    /// The comment on the column that it comes from.
    pub comment: Option<String>,
}

/// Why the database does not take a route's statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undescribed {
    /// Which of them, from 0.
    pub step: usize,
    /// The character of its text, from 1.
    pub character: Option<usize>,
    /// The database's own words.
    pub message: String,
    /// What it advises.
    pub hint: Option<String>,
}
