//! What is said on the admin socket.
//!
//! JSON over HTTP/1.1: `GET /version` has the same shape for ever; `POST /v1/ask` takes an [`Ask`] and gives an
//! [`Answer`], `POST /v1/act` an [`Act`] and gives a [`Done`]; `GET /v1/traffic` and `GET /v1/logs` stream one JSON object
//! per line until the client leaves. Refusals are `application/problem+json`, as everywhere.

use serde::{Deserialize, Serialize};

pub use super::health::{Check, Severity};
pub use crate::config::{Setting, Source};
pub use crate::db::inspect::{IndexFigures, IndexProblem, LockNode, Session, SlowSource, SlowStatement, TableFigures};
pub use crate::db::lane::LanesState;
pub use crate::db::migrate::rehearsal::{Finding, LockTaken, Outcome, Rehearsal, Rewrite, StatementReport};
pub use crate::db::migrate::{Done as Migrated, Expected, State as MigrationState, Status as MigrationStatus};
pub use crate::openapi::Change;
pub use crate::telemetry::logs::LogLine;
pub use crate::telemetry::metrics::{RouteFigures, Sample};
pub use crate::telemetry::traffic::{Exchange, StageTime};

/// The protocol's number. A console that speaks another one says so instead of failing.
pub const PROTOCOL: u32 = 1;

/// The answer of `GET /version`. Its shape never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The protocol that is spoken.
    pub protocol: u32,
    /// The program's version.
    pub windlass: String,
}

/// A question. Asking changes nothing; a rehearsal takes the locks of what it rehearses, for as long as that runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ask")]
pub enum Ask {
    /// How the service is.
    Status,
    /// Every route with its figures.
    Routes,
    /// One route in full.
    Route {
        /// Such as `GET /api/leads/{id}`.
        route: String,
    },
    /// Every migration with its state.
    Migrations,
    /// One migration's files.
    Migration {
        /// The directory's name.
        name: String,
    },
    /// What pending migrations would do; a name stops after that one.
    Rehearse {
        /// Up to this migration; absent: all that are pending.
        upto: Option<String>,
    },
    /// Lanes and sessions.
    Activity,
    /// The statements that took most time.
    SlowStatements,
    /// Who waits for whom.
    Locks,
    /// Tables with their sizes.
    Tables,
    /// Indexes with what is wrong with them.
    Indexes,
    /// The settings in force.
    Settings,
    /// What was done through this door, newest first.
    Audit,
    /// The last lines of the log, oldest first.
    Logs,
}

/// An answer, with the name of its question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer", content = "value")]
#[expect(missing_docs, reason = "each answers the question of its name")]
pub enum Answer {
    Status(Box<Status>),
    Routes(Vec<RouteLine>),
    Route(Box<RouteDetail>),
    Migrations(Vec<MigrationStatus>),
    Migration(MigrationFiles),
    Rehearse(Vec<Rehearsal>),
    Activity(Activity),
    SlowStatements(SlowStatements),
    Locks(Vec<LockNode>),
    Tables(Vec<TableFigures>),
    Indexes(Vec<IndexFigures>),
    Settings(Vec<Setting>),
    Audit(Vec<AuditEntry>),
    Logs(Vec<LogLine>),
}

/// Whether a service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    /// It answers requests.
    Running,
    /// It finishes what is under way.
    Stopping,
    /// There is none; the answers come from files and the database.
    Down,
}

/// How the database is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseState {
    /// Whether it answers.
    pub up: bool,
    /// The server's version, such as `16.13`; empty if unknown.
    pub version: String,
    /// Where it is, without a password.
    pub address: String,
    /// Whether it is the embedded cluster.
    pub embedded: bool,
    /// The cluster's main process, where it is ours.
    pub pid: Option<i32>,
    /// Why it is down, or what it is doing instead, such as `restarting, attempt 2: killed by signal 9`.
    pub reason: Option<String>,
    /// The database's size in bytes, if it is up.
    pub bytes: Option<u64>,
}

/// The answer to [`Ask::Status`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The program that answers.
    pub windlass: String,
    /// The project's title.
    pub title: String,
    /// The project's directory.
    pub directory: String,
    /// Whether a service runs.
    pub service: ServiceState,
    /// Its process.
    pub pid: Option<u32>,
    /// When it started: Unix time in seconds.
    pub started_at: Option<i64>,
    /// Where it listens, as URLs.
    pub listens: Vec<String>,
    /// The database.
    pub database: DatabaseState,
    /// The ways to it; absent without a service.
    pub lanes: Option<LanesState>,
    /// Worst first.
    pub checks: Vec<Check>,
    /// The last two minutes, a second each, oldest first; empty without a service.
    pub samples: Vec<Sample>,
}

/// One route in the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RouteLine {
    /// `GET /api/leads/{id}`: names the route everywhere.
    pub route: String,
    /// `GET`
    pub method: String,
    /// `/api/leads/{id}`
    pub path: String,
    /// The file that it comes from, relative to the project.
    pub file: String,
    /// Who may use it, such as `public` or `scope:leads.read`.
    pub access: Vec<String>,
    /// Switched off by the operator.
    pub disabled: Option<Disabled>,
    /// Its figures; absent without a service.
    pub figures: Option<RouteFigures>,
}

/// Why a route is switched off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// When, RFC 3339.
    pub at: String,
    /// Who did it.
    pub by: String,
}

/// One route in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RouteDetail {
    /// As in the list.
    pub line: RouteLine,
    /// What it is, from the contract.
    pub description: Option<String>,
    /// Parameters of path, query and headers.
    pub parameters: Vec<Parameter>,
    /// Fields of the body; empty for a route without one.
    pub body: Vec<FieldLine>,
    /// Fields of the reply.
    pub reply: Vec<FieldLine>,
    /// What runs before it, in order.
    pub guards: Vec<String>,
    /// The statement of a plain request.
    pub sql: Option<String>,
    /// Postgres's plan of it, as the serving role gets it.
    pub explain: Option<String>,
    /// Why there is no plan, where one was asked for.
    pub explain_refused: Option<String>,
    /// A body that would be accepted, as JSON.
    pub example: Option<String>,
}

/// One parameter of a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// `path`, `query` or `header`.
    pub location: String,
    /// Its type, in the contract's words.
    pub kind: String,
    /// Whether it must be there.
    pub required: bool,
    /// What it does.
    pub description: String,
}

/// One field of a body or a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldLine {
    /// Its name.
    pub name: String,
    /// Its type with its rules, such as `text, email, at most 200 characters`.
    pub kind: String,
    /// Whether a body must have it.
    pub required: bool,
    /// Whether it may be null.
    pub nullable: bool,
}

/// A migration's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrationFiles {
    /// Its state.
    pub status: MigrationStatus,
    /// `up.sql`; empty if the directory is gone.
    pub up: String,
    /// `down.sql`
    pub down: Option<String>,
    /// Whether it runs in a transaction.
    pub in_transaction: bool,
    /// Of `up.sql`, in hexadecimal; see [`Expected`].
    pub up_sha256: String,
    /// Of `down.sql`; empty without one.
    pub down_sha256: String,
}

/// Lanes and sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Absent without a service.
    pub lanes: Option<LanesState>,
    /// Active ones first, the longest first.
    pub sessions: Vec<Session>,
    /// Sessions that the server allows.
    pub max_connections: u32,
}

/// The statements that took most time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SlowStatements {
    /// Who measured.
    pub source: SlowSource,
    /// Most total time first.
    pub statements: Vec<SlowStatement>,
}

/// What was done through this door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Counts up.
    pub id: i64,
    /// When it began, RFC 3339.
    pub at: String,
    /// Who: the operating system's user at the other end of the socket.
    pub actor: String,
    /// `console` or `command`.
    pub via: String,
    /// When it ended, RFC 3339; absent while it is under way, or if nobody knows.
    pub finished_at: Option<String>,
    /// The act's name, such as `migrate_up`.
    pub action: String,
    /// What it was done to.
    pub target: String,
    /// The equal command.
    pub command: String,
    /// `started`, `done`, `refused` or `failed`. `started` that stays means that nobody knows how it ended.
    pub outcome: String,
    /// Why it was refused.
    pub error: Option<String>,
}

/// Something that changes something. Each is written to the audit table before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "act")]
pub enum Act {
    /// Answers 503 on a route until it is enabled again.
    DisableRoute {
        /// The route.
        route: String,
    },
    /// Answers on it again.
    EnableRoute {
        /// The route.
        route: String,
    },
    /// Applies pending migrations.
    MigrateUp {
        /// What the operator saw as pending, in order: anything else is refused.
        expect: Vec<Expected>,
        /// Whether a dump is made first.
        dump: bool,
    },
    /// Undoes the last migration.
    MigrateDown {
        /// What the operator saw as the last one, with its `down.sql`: anything else is refused.
        expect: Expected,
        /// Whether a dump is made first.
        dump: bool,
    },
    /// Cancels a session's statement.
    CancelStatement {
        /// The session.
        pid: i32,
        /// As in [`Session::started`]: a number may be another session's by now.
        started: String,
        /// As in [`Session::statement_started`]: a session may run another statement by now.
        statement_started: String,
    },
    /// Ends a session.
    TerminateSession {
        /// The session.
        pid: i32,
        /// As in [`Session::started`].
        started: String,
    },
    /// Reads the project's resource files and the database again.
    Reload,
}

/// What an act came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// One sentence for the status line.
    pub message: String,
    /// More lines, if there is more to say.
    pub details: Vec<String>,
    /// Whether it is done, but something is wrong now.
    #[serde(default)]
    pub warning: bool,
}

impl Act {
    /// Its name in the audit table.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::DisableRoute { .. } => "disable_route",
            Self::EnableRoute { .. } => "enable_route",
            Self::MigrateUp { .. } => "migrate_up",
            Self::MigrateDown { .. } => "migrate_down",
            Self::CancelStatement { .. } => "cancel_statement",
            Self::TerminateSession { .. } => "terminate_session",
            Self::Reload => "reload",
        }
    }

    /// What it is done to.
    #[must_use]
    pub fn target(&self) -> String {
        match self {
            Self::DisableRoute { route } | Self::EnableRoute { route } => route.clone(),
            Self::MigrateUp { expect, .. } => {
                let names: Vec<&str> = expect.iter().map(|expected| expected.name.as_str()).collect();
                names.join(", ")
            }
            Self::MigrateDown { expect, .. } => expect.name.clone(),
            Self::CancelStatement { pid, .. } | Self::TerminateSession { pid, .. } => format!("session {pid}"),
            Self::Reload => "contracts".to_owned(),
        }
    }

    /// The command that does the same.
    #[must_use]
    pub fn command(&self) -> String {
        match self {
            Self::DisableRoute { route } => format!("windlass routes disable '{route}'"),
            Self::EnableRoute { route } => format!("windlass routes enable '{route}'"),
            Self::MigrateUp { dump: true, .. } => "windlass migrate up".to_owned(),
            Self::MigrateUp { dump: false, .. } => "windlass migrate up --no-dump".to_owned(),
            Self::MigrateDown { dump: true, .. } => "windlass migrate down".to_owned(),
            Self::MigrateDown { dump: false, .. } => "windlass migrate down --no-dump".to_owned(),
            Self::CancelStatement { pid, .. } => format!("windlass db cancel {pid}"),
            Self::TerminateSession { pid, .. } => format!("windlass db terminate {pid}"),
            Self::Reload => "windlass reload".to_owned(),
        }
    }

    /// The name to be typed before it is done, for what cannot be undone.
    #[must_use]
    pub fn typed(&self) -> Option<&str> {
        match self {
            Self::MigrateDown { expect, .. } => Some(&expect.name),
            _ => None,
        }
    }
}
