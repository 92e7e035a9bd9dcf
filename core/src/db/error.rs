//! Postgres's errors in Windlass's words: SQLSTATE decides the code, the contract names the fields.
//!
//! Postgres's own message goes to the log. A reply holds it only where the database's author wrote it
//! for clients (`RAISE EXCEPTION`, SQLSTATE P0001, and the `PTxyz` convention of `PostgREST`).

use tokio_postgres::error::DbError;

use crate::contract::{ROUTED, Resource};
use crate::error::{Code, Error, Kind, Violation};

/// Seconds after which a client may try again when the database is away.
const RETRY_AFTER: u32 = 1;

/// Translates an error of a statement. `resource` names the fields of a broken constraint;
/// `committing` says that a write may have reached the database before the connection broke.
#[must_use]
pub fn translate(error: tokio_postgres::Error, resource: Option<&Resource>, committing: bool) -> Error {
    let Some(database) = error.as_db_error() else {
        return if error.is_closed() || is_io(&error) {
            lost(committing).with_source(error)
        } else {
            fault(committing).with_source(error)
        };
    };
    // A trigger may fail on another table, whose constraints and columns are none of this resource's.
    let own = |resource: &&Resource| {
        database.table().is_none_or(|table| table == resource.table.name)
            && database.schema().is_none_or(|schema| schema == resource.table.schema)
    };
    // A server that ends the session in the middle of a write still says so before the commit.
    let state = database.code().code();
    let told = match function(database) {
        Some(place) if matches!(state.get(..2), Some("22" | "54")) => stumbled(state, place),
        _ => of_state(state, database, resource.filter(own)),
    };
    told.with_source(error)
}

/// Where in a function of the database it happened, without the statement, which may hold values.
fn function(database: &DbError) -> Option<&str> {
    let inside = |line: &&str| line.starts_with("PL/pgSQL function") || line.starts_with("SQL function");
    database.where_()?.lines().find(inside)
}

/// What a function could not do: whether its author or who called it erred, only the author can tell.
fn stumbled(state: &str, place: &str) -> Error {
    tracing::warn!(sqlstate = state, place, "a function of the database failed");
    let what = if state.starts_with("54") {
        "it went too deep, or made a value that is too large"
    } else {
        "it cannot work with these values"
    };
    Error::new(Code::CheckFailed, "A function of the database failed").with_details(what)
}

/// As [`translate`], of a statement that only reads: what the database refuses there is no value to be stored.
#[must_use]
pub fn translate_read(error: tokio_postgres::Error, resource: &Resource) -> Error {
    let within = error.as_db_error().is_some_and(|database| function(database).is_some());
    let refused = translate(error, Some(resource), false);
    if refused.code() != Code::CheckFailed || within {
        return refused;
    }
    Error::new(
        Code::BadQuery,
        "A value does not fit the type that the query takes it for",
    )
    .with_hint("it stands in a filter, or is stored and cast by `select`: correct the one, leave the other away")
    .with_source(refused)
}

/// As [`translate`], of a function that is declared to change nothing and runs in a transaction where it cannot.
#[must_use]
pub fn translate_call(error: tokio_postgres::Error, resource: &Resource) -> Error {
    if error.code().is_some_and(|state| state.code() == "25006") && resource.table.name == ROUTED {
        return Error::new(Code::DatabaseRule, "The route writes, although it is a GET")
            .with_hint("give it another method in its file; what it calls may write then")
            .with_source(error);
    }
    if error.code().is_some_and(|state| state.code() == "25006") {
        return Error::new(
            Code::DatabaseRule,
            "The function writes, although it is declared not to",
        )
        .with_hint("declare it `volatile` in a migration; then it is called with POST")
        .with_source(error);
    }
    translate(error, Some(resource), false)
}

/// The connection broke.
#[must_use]
pub fn lost(committing: bool) -> Error {
    if committing {
        Error::new(Code::CommitUnknown, Code::CommitUnknown.title())
            .with_hint("read the row before you try again")
            .with_retry_after(RETRY_AFTER)
    } else {
        unavailable()
    }
}

/// An answer that cannot be read. After a write the row may be there all the same.
fn fault(committing: bool) -> Error {
    if committing {
        lost(true)
    } else {
        Error::new(Code::Internal, Code::Internal.title())
    }
}

/// The database cannot be reached.
#[must_use]
pub fn unavailable() -> Error {
    Error::new(Code::DatabaseUnavailable, Code::DatabaseUnavailable.title()).with_retry_after(RETRY_AFTER)
}

/// The table changed, and what was made for its former columns does not fit any more. Nothing was stored.
#[must_use]
pub fn changed() -> Error {
    unavailable().with_details("the table has changed; nothing was stored")
}

/// The table changed after the statement was prepared.
#[must_use]
pub fn is_stale(database: &DbError) -> bool {
    match database.code().code() {
        "26000" => true,
        "0A000" => database.message().contains("cached plan"),
        _ => false,
    }
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>())
}

fn of_state(state: &str, database: &DbError, resource: Option<&Resource>) -> Error {
    let constraint = database.constraint().unwrap_or("");
    let of = |code: Code| Error::new(code, code.title());
    match state {
        "23505" => {
            let fields = resource.map(|r| unique_fields(r, constraint)).unwrap_or_default();
            named(of(Code::UniqueConflict), &fields, "already taken")
        }
        "21000" => of(Code::UniqueConflict).with_details("two rows of the body have the same key"),
        "42P10" => no_arbiter(),
        "55000" if database.message().contains("ON CONFLICT") => no_arbiter(),
        "23P01" => of(Code::UniqueConflict).with_details("it overlaps with a row that exists already"),
        "23503" | "23001" => {
            let fields = resource.map(|r| reference_fields(r, constraint)).unwrap_or_default();
            if fields.is_empty() {
                of(Code::ForeignKeyConflict)
                    .with_details("other rows refer to this one, or a reference points to no row")
            } else {
                named(
                    of(Code::ForeignKeyConflict),
                    &fields,
                    "refers to a row that does not exist, or that others still need",
                )
            }
        }
        "23502" => {
            let field = database
                .column()
                .filter(|name| resource.is_some_and(|r| r.field(name).is_some()));
            broken(
                field.into_iter().map(str::to_owned).collect(),
                "missing",
                "must not be null",
            )
        }
        "44000" => broken(Vec::new(), "value_error", "the row would fall outside of this view"),
        _ if state.starts_with("54") => broken(
            Vec::new(),
            "value_error",
            "a value is larger than the database can store or index",
        ),
        "23514" => broken(
            resource.map(|r| check_fields(r, constraint)).unwrap_or_default(),
            "value_error",
            "breaks a rule of the database",
        ),
        // A language that has gone since the contracts were read.
        "42704" if matches!(database.routine(), Some("regconfigin" | "get_ts_config_oid")) => {
            Error::new(Code::BadQuery, "The database knows no such text search language")
                .with_hint("write for example `fts(english).word`")
        }
        // Statements are prepared first. What is no syntax afterwards is a value of a type with a language of its own, such
        // as `jsonpath`, unless a function in the database wrote SQL.
        "42601" if database.position().is_none() && database.where_().is_none() => unfit(database, resource),
        "22025" | "2201B" => Error::new(Code::BadQuery, "A pattern in the query string cannot be read"),
        _ if state.starts_with("22") => unfit(database, resource),
        "42501" => of(Code::Forbidden),
        "40001" | "40P01" | "55P03" => of(Code::WriteConflict).with_retry_after(RETRY_AFTER),
        "57014" => of(Code::StatementTimeout),
        // A standby that has not been promoted yet.
        "25006" => unavailable(),
        // Prepared anew, it would work: the table changed meanwhile, which is no mistake of the client's.
        "0A000" if is_stale(database) => changed(),
        "0A000" => Error::new(Code::BadQuery, "The database cannot do this with these columns"),
        "P0001" => said(Code::DatabaseRule, database),
        _ if state.starts_with("PT") => chosen(state, database),
        _ if state.starts_with("53") || state.starts_with("08") || state.starts_with("57P") => unavailable(),
        _ => of(Code::Internal),
    }
}

/// What the database's author wrote for clients.
fn said(code: Code, database: &DbError) -> Error {
    Error::new(code, database.message())
        .with_details_if(database.detail())
        .with_hint_if(database.hint())
}

/// `PT404`: the author chose the status, of those that tell of an error.
fn chosen(state: &str, database: &DbError) -> Error {
    let status = state.get(2..).and_then(|status| status.parse().ok());
    match status.filter(|status| (400..600).contains(status)) {
        Some(status) => said(Code::DatabaseStatus, database).with_kind(Kind::Chosen(status)),
        None => said(Code::DatabaseRule, database),
    }
}

fn unfit(database: &DbError, resource: Option<&Resource>) -> Error {
    let field = database
        .column()
        .filter(|name| resource.is_some_and(|r| r.field(name).is_some()));
    broken(
        field.into_iter().map(str::to_owned).collect(),
        "value_error",
        "a value is not one that the database can store",
    )
}

fn no_arbiter() -> Error {
    Error::new(Code::BadQuery, "Rows cannot be found by this unique key")
        .with_hint("a deferrable constraint cannot be used with `on_conflict`")
}

impl Error {
    fn with_details_if(self, details: Option<&str>) -> Self {
        match details {
            Some(details) => self.with_details(details),
            None => self,
        }
    }

    fn with_hint_if(self, hint: Option<&str>) -> Self {
        match hint {
            Some(hint) => self.with_hint(hint),
            None => self,
        }
    }
}

fn named(error: Error, fields: &[String], what: &str) -> Error {
    if fields.is_empty() {
        error
    } else {
        error.with_details(format!("{}: {what}", fields.join(", ")))
    }
}

/// A refusal by the database, in the shape of the validator's.
fn broken(fields: Vec<String>, kind: &'static str, msg: &str) -> Error {
    let error = Error::new(Code::CheckFailed, Code::CheckFailed.title());
    if fields.is_empty() {
        return error.with_details(msg.to_owned());
    }
    let details = format!("{}: {msg}", fields.join(", "));
    let violations = fields.into_iter().map(|field| Violation {
        kind: kind.into(),
        loc: vec!["body".into(), field.as_str().into()],
        msg: msg.to_owned(),
        input: None,
        ctx: None,
    });
    error.with_violations(violations.collect()).with_details(details)
}

fn names(resource: &Resource, fields: &[usize]) -> Vec<String> {
    fields
        .iter()
        .filter_map(|index| resource.fields.get(*index))
        .map(|field| field.name.clone())
        .collect()
}

fn unique_fields(resource: &Resource, constraint: &str) -> Vec<String> {
    resource
        .unique
        .iter()
        .find(|u| u.constraint == constraint)
        .map(|u| names(resource, &u.fields))
        .unwrap_or_default()
}

fn reference_fields(resource: &Resource, constraint: &str) -> Vec<String> {
    resource
        .references
        .iter()
        .find(|r| r.constraint == constraint)
        .map(|r| names(resource, &r.fields))
        .unwrap_or_default()
}

fn check_fields(resource: &Resource, constraint: &str) -> Vec<String> {
    resource
        .checks
        .iter()
        .find(|c| c.constraint == constraint)
        .map(|c| names(resource, &c.fields))
        .unwrap_or_default()
}
