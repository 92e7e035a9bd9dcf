//! A statement: SQL text, binds, and how each column of its result is written as JSON.

use crate::catalog::{Kind, PgType, QualifiedName};
use crate::contract::{Field, JsonForm};
use crate::validate::Bind;

/// A statement ready to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// SQL with `$1 …`; equal plans give equal text, so prepared statements are found again.
    pub text: String,
    /// In order of their numbers.
    pub binds: Vec<Bind>,
    /// The result's columns.
    pub columns: Vec<Column>,
    /// How its rows are written.
    pub rows: Rows,
    /// Whether two columns come before `columns`: the count of all matching rows, and whether this row is one.
    pub counted: bool,
    /// For a page with others beside it.
    pub paged: Option<Paged>,
    /// From which of `columns` the tag of the first row is made.
    pub tag: Tag,
    /// Whether a row is told as its only value, without the column's name.
    pub bare: bool,
    /// Whether a column comes after `columns` that says whether the row was there before.
    pub marked: bool,
    /// Settings of Postgres that hold for this statement alone. Their names are ours, their values are bound.
    pub settings: Vec<(&'static str, String)>,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rows {
    /// JSON, with commas between them.
    #[default]
    Json,
    /// One JSON value per line.
    Lines,
    /// RFC 4180, without the header line.
    Csv,
}

/// How the edges of a page are found among its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paged {
    /// Rows of the page; one more that comes is of the next.
    pub limit: u64,
    /// The first of `columns` with the order's values as Postgres's text; they go on to the end.
    pub from: usize,
    /// The rows come last first.
    pub backward: bool,
}

/// The columns whose JSON makes a row's tag: all that may be read, in field order, under their own names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tag {
    /// There is none.
    #[default]
    None,
    /// Those that are shown, as all of them are.
    Shown,
    /// Those that are neither shown nor of the key.
    Hidden,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its JSON name.
    pub label: String,
    /// How its bytes become JSON.
    pub form: Form,
    /// Whether it is part of the reply's rows.
    pub shown: bool,
    /// Whether it is part of the key that `Location` names.
    pub key: bool,
}

/// How a column's binary form becomes JSON.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "named after Postgres's types")]
pub enum Form {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    /// Text that becomes a JSON string.
    Text,
    Uuid,
    Date,
    Time,
    TimeTz,
    Timestamp,
    TimestampTz,
    Interval,
    Bytea,
    /// JSON text that is copied.
    Json,
    /// One version byte, then JSON text that is copied.
    Jsonb,
    Array(Box<Form>),
    /// pgvector's sparse text, which becomes an object.
    Sparse,
    /// A number written as a JSON string.
    Quoted(Box<Form>),
    /// A row inside of a row: a record with these columns.
    Record(Vec<Column>),
    /// Rows inside of a row: an array of records with these columns.
    Records(Vec<Column>),
    /// Such a row or rows whose members stand among those of the row around it.
    Spread(Box<Form>),
}

/// Writes statements piece by piece.
#[derive(Debug, Default)]
pub(super) struct Builder {
    pub text: String,
    pub binds: Vec<Bind>,
    /// The name of the row that columns are taken of; nothing for `t`.
    scope: String,
    /// How many rows were named.
    scopes: usize,
    /// Whether `t` is a row of a subquery, which holds the table's own row in a column.
    pub(super) within: bool,
}

impl Builder {
    /// Calls the row that columns are taken of by a new name; gives back what it was called before.
    pub(super) fn enter(&mut self) -> String {
        self.scopes += 1;
        std::mem::replace(&mut self.scope, format!("e{}", self.scopes))
    }

    /// Takes columns of the former row again.
    pub(super) fn leave(&mut self, scope: String) {
        self.scope = scope;
    }

    /// What the row is called that columns are taken of.
    pub(super) fn row(&self) -> &str {
        if self.scope.is_empty() { "t" } else { &self.scope }
    }

    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// A name from the contract, quoted.
    pub(super) fn name(&mut self, name: &str) -> &mut Self {
        self.text.push('"');
        self.text.push_str(&name.replace('"', "\"\""));
        self.text.push('"');
        self
    }

    pub(super) fn table(&mut self, table: &QualifiedName) -> &mut Self {
        // What stands in the statement itself is in no schema.
        if !table.schema.is_empty() {
            self.name(&table.schema).push(".");
        }
        self.name(&table.name)
    }

    /// A column of the row at hand: `t`, or a related one.
    pub(super) fn column(&mut self, field: &Field) -> &mut Self {
        let row = self.row().to_owned();
        self.push(&row).push(".").name(&field.name)
    }

    /// The next `$n`, cast to `cast`.
    pub(super) fn bind(&mut self, bind: Bind, cast: &str) -> &mut Self {
        self.binds.push(bind);
        let number = self.binds.len();
        self.text.push('$');
        self.text.push_str(itoa::Buffer::new().format(number));
        self.push(cast)
    }

    /// An output column, cast to text where Windlass does not read the type's binary form.
    pub(super) fn output(&mut self, field: &Field) -> &mut Self {
        if field.pg_type.base == "inet" {
            // A cast would write `10.0.0.1/32` for what went in as `10.0.0.1`.
            return self
                .push("pg_catalog.textin(pg_catalog.inet_out(")
                .column(field)
                .push("))");
        }
        self.column(field).push(output_cast(&field.pg_type))
    }

    pub(super) fn finish(self, columns: Vec<Column>, counted: bool) -> Statement {
        Statement {
            text: self.text,
            binds: self.binds,
            columns,
            rows: Rows::default(),
            counted,
            paged: None,
            tag: Tag::None,
            bare: false,
            marked: false,
            settings: Vec::new(),
        }
    }
}

/// The cast of a bound value: through `text` for types that Postgres's client library does not know by number.
/// Never one with a length, which would cut the value without a word.
pub(super) fn input_cast(pg_type: &PgType) -> String {
    match (builtin(&pg_type.kind), pg_type.base.as_str()) {
        // `bit` alone means one bit.
        (_, "bit") => "::text::varbit".to_owned(),
        (Some(name), base) if !base.ends_with("citext") => format!("::{name}"),
        (_, base) => format!("::text::{base}"),
    }
}

fn builtin(kind: &Kind) -> Option<String> {
    Some(
        match kind {
            Kind::Bool => "bool",
            Kind::Int2 => "int2",
            Kind::Int4 => "int4",
            Kind::Int8 => "int8",
            Kind::Float4 => "float4",
            Kind::Float8 => "float8",
            Kind::Numeric { .. } => "numeric",
            Kind::Text { .. } => "text",
            Kind::Uuid => "uuid",
            Kind::Date => "date",
            Kind::Time => "time",
            Kind::TimeTz => "timetz",
            Kind::Timestamp => "timestamp",
            Kind::TimestampTz => "timestamptz",
            Kind::Interval => "interval",
            Kind::Bytea => "bytea",
            Kind::Json => "json",
            Kind::Jsonb => "jsonb",
            Kind::Array { item } => return builtin(&item.kind).map(|item| format!("{item}[]")),
            _ => return None,
        }
        .to_owned(),
    )
}

/// The cast of an output column, so that its binary form is one that [`Form`] reads.
pub(super) fn output_cast(pg_type: &PgType) -> &'static str {
    match &pg_type.kind {
        Kind::Array { item } if builtin(&item.kind).is_none() => "::text[]",
        Kind::Array { .. } => "",
        kind if builtin(kind).is_none() => "::text",
        _ => "",
    }
}

/// How a field's column is written.
pub(super) fn form(field: &Field) -> Form {
    let form = kind_form(&field.pg_type.kind);
    match field.json {
        JsonForm::String if field.pg_type.kind.is_number() => Form::Quoted(Box::new(form)),
        _ => form,
    }
}

pub(super) fn kind_form(kind: &Kind) -> Form {
    match kind {
        Kind::Bool => Form::Bool,
        Kind::Int2 => Form::Int2,
        Kind::Int4 => Form::Int4,
        Kind::Int8 => Form::Int8,
        Kind::Float4 => Form::Float4,
        Kind::Float8 => Form::Float8,
        Kind::Numeric { .. } => Form::Numeric,
        Kind::Uuid => Form::Uuid,
        Kind::Date => Form::Date,
        Kind::Time => Form::Time,
        Kind::TimeTz => Form::TimeTz,
        Kind::Timestamp => Form::Timestamp,
        Kind::TimestampTz => Form::TimestampTz,
        Kind::Interval => Form::Interval,
        Kind::Bytea => Form::Bytea,
        Kind::Jsonb => Form::Jsonb,
        // pgvector's text form, `[1,2.5]`, is a JSON array.
        Kind::Json | Kind::Vector { .. } | Kind::HalfVec { .. } => Form::Json,
        Kind::Array { item } => Form::Array(Box::new(match &item.kind {
            // Inside an array these come as text.
            Kind::Vector { .. } | Kind::HalfVec { .. } => Form::Json,
            kind => kind_form(kind),
        })),
        Kind::SparseVec { .. } => Form::Sparse,
        Kind::Text { .. } | Kind::Enum { .. } | Kind::Range | Kind::Other => Form::Text,
    }
}
