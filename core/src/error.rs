//! What can go wrong, told once: a code from one catalogue, a message for people and the next step.
//!
//! Nothing here knows HTTP; `http/problem.rs` turns a [`Kind`] into a status. The catalogue is also
//! the source of the error table in the docs and of the error replies in the `OpenAPI` document.

use std::borrow::Cow;
use std::fmt;

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How an error is to be answered; the HTTP layer gives each kind one status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request cannot be read.
    Malformed,
    /// The request can be read, but breaks rules of the contract.
    Invalid,
    /// The request can be understood in several ways.
    Ambiguous,
    /// Nobody is logged in, and the route asks for it.
    Unauthenticated,
    /// The principal may not do this.
    Forbidden,
    /// There is no such route or row.
    Missing,
    /// The route exists, but not with this method.
    MethodNotAllowed,
    /// None of the media types asked for can be made.
    NotAcceptable,
    /// It contradicts what is stored.
    Conflict,
    /// A stated precondition does not hold.
    Precondition,
    /// The body is larger than allowed.
    TooLarge,
    /// The body has a media type nobody reads here.
    UnsupportedMedia,
    /// The client took too long to send its request.
    SlowClient,
    /// Too many requests came.
    TooMany,
    /// The range asked for lies outside of the rows.
    Range,
    /// It would work later: a full pool, a restarting database.
    Unavailable,
    /// It took too long.
    Timeout,
    /// The operator must act: settings, files, migrations, cluster.
    Operator,
    /// A fault of Windlass or of the database behind it.
    Internal,
    /// A database function chose the status itself (`PTxyz`, a `PostgREST` convention).
    Chosen(u16),
}

macro_rules! catalogue {
    ($($name:ident, $text:literal, $kind:ident, $title:literal;)*) => {
        /// The catalogue of error codes. The text form is stable and part of the API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each variant's title in the catalogue is its description")]
        pub enum Code { $($name),* }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable text form, for example `validation_failed`.
            #[must_use]
            pub const fn as_str(self) -> &'static str { match self { $(Self::$name => $text),* } }

            /// How it is to be answered.
            #[must_use]
            pub const fn kind(self) -> Kind { match self { $(Self::$name => Kind::$kind),* } }

            /// One sentence that says what the code means.
            #[must_use]
            pub const fn title(self) -> &'static str { match self { $(Self::$name => $title),* } }

            /// The code of a text form, if there is one.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> { Self::ALL.iter().copied().find(|code| code.as_str() == text) }
        }
    };
}

catalogue! {
    BadJson, "bad_json", Malformed, "The body is not valid JSON";
    BadQuery, "bad_query", Malformed, "The query string cannot be read";
    BadPath, "bad_path", Malformed, "The path cannot be read";
    BadHeader, "bad_header", Malformed, "A header cannot be read";
    UnknownColumn, "unknown_column", Malformed, "The request names a column that this resource does not have";
    UnknownRelation, "unknown_relation", Malformed, "The request embeds what this resource has no relation to";
    AmbiguousEmbed, "ambiguous_embed", Ambiguous, "Several relations lead to what the request embeds";
    AmbiguousFunction, "ambiguous_function", Ambiguous, "Several functions of this name take these arguments";
    MassWrite, "mass_write", Malformed, "A write to many rows needs a filter";
    UnindexedFilter, "unindexed_filter", Malformed, "No index can serve the filters of the request";
    TooCostly, "too_costly", Malformed, "The request would cost the database more than allowed";
    ReplyTooLarge, "reply_too_large", Malformed, "The reply would be larger than allowed";
    MaxAffected, "max_affected", Malformed, "More rows would be written than `max-affected` allows";
    DatabaseRule, "database_rule", Malformed, "A rule in the database refused it";
    DatabaseStatus, "database_status", Malformed, "A function in the database chose this status";
    ValidationFailed, "validation_failed", Invalid, "The request breaks rules of the contract";
    CheckFailed, "check_failed", Invalid, "The database refused a value";
    IdempotencyMismatch, "idempotency_mismatch", Invalid, "The Idempotency-Key was used for another request";
    Unauthenticated, "unauthenticated", Unauthenticated, "Credentials are needed";
    Forbidden, "forbidden", Forbidden, "This is not allowed";
    RouteNotFound, "route_not_found", Missing, "There is no such route";
    UnknownFunction, "unknown_function", Missing, "No function of this name takes these arguments";
    RowNotFound, "row_not_found", Missing, "There is no such row";
    MethodNotAllowed, "method_not_allowed", MethodNotAllowed, "The route does not have this method";
    NotAcceptable, "not_acceptable", NotAcceptable, "None of the media types asked for can be made";
    NotOneRow, "not_one_row", NotAcceptable, "One row was asked for, but the result has none or several";
    UniqueConflict, "unique_conflict", Conflict, "A row with these values exists already";
    ForeignKeyConflict, "foreign_key_conflict", Conflict, "A reference points to no row, or rows still point here";
    WriteConflict, "write_conflict", Conflict, "Another write came between; try again";
    IdempotencyInFlight, "idempotency_in_flight", Conflict, "A request with this Idempotency-Key is still at work";
    PreconditionFailed, "precondition_failed", Precondition, "A stated precondition does not hold";
    BodyTooLarge, "body_too_large", TooLarge, "The body is larger than allowed";
    UnsupportedMediaType, "unsupported_media_type", UnsupportedMedia, "The body's media type is not read here";
    RequestTimeout, "request_timeout", SlowClient, "The request took too long to arrive";
    RangeNotSatisfiable, "range_not_satisfiable", Range, "The range lies outside of the rows";
    RateLimited, "rate_limited", TooMany, "Too many requests came";
    PoolTimeout, "pool_timeout", Unavailable, "No database connection came free in time";
    DatabaseUnavailable, "database_unavailable", Unavailable, "The database cannot be reached right now";
    KeysUnavailable, "keys_unavailable", Unavailable, "The keys of tokens cannot be had right now";
    RouteDisabled, "route_disabled", Unavailable, "This route is switched off for now";
    ShuttingDown, "shutting_down", Unavailable, "The service is stopping";
    CommitUnknown, "commit_unknown", Unavailable, "The connection broke during the commit: the write may or may not be stored";
    StatementTimeout, "statement_timeout", Timeout, "The database took too long";
    Internal, "internal", Internal, "Something went wrong inside";
    Interrupted, "interrupted", Operator, "The operator ended it";
    Usage, "usage", Operator, "The command was called wrongly";
    ConfigInvalid, "config_invalid", Operator, "A setting is wrong";
    ProjectInvalid, "project_invalid", Operator, "The project has mistakes";
    ProjectMissing, "project_missing", Operator, "There is no project here";
    MigrationInvalid, "migration_invalid", Operator, "A migration cannot be read";
    MigrationFailed, "migration_failed", Operator, "A migration failed";
    MigrationsPending, "migrations_pending", Operator, "Migrations are pending";
    MigrationsChanged, "migrations_changed", Operator, "Other migrations are pending or applied than was thought";
    MigrationsLocked, "migrations_locked", Operator, "Another process is migrating";
    DumpFailed, "dump_failed", Operator, "The dump before a migration failed";
    ClusterFailed, "cluster_failed", Operator, "The embedded PostgreSQL does not run";
    ClusterInUse, "cluster_in_use", Operator, "Another Windlass uses this directory";
    DatabaseRefused, "database_refused", Operator, "The database refused the connection";
    ListenFailed, "listen_failed", Operator, "The address cannot be listened on";
    ServiceDown, "service_down", Operator, "The service is not running";
    ActRefused, "act_refused", Operator, "What was asked for cannot be done as things are";
    ProtocolMismatch, "protocol_mismatch", Operator, "This program and the service are of different versions";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One step on the way to a value: a name or a position, as in Pydantic's `loc`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum Step {
    /// A field, parameter or part of the request (`body`, `query`, `path`, `header`).
    Name(String),
    /// A position in an array, from 0.
    Index(usize),
}

impl From<&str> for Step {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// One broken rule, with Pydantic's words (`type`, `loc`, `msg`, `input`, `ctx`).
#[derive(Debug, Clone, serde::Serialize)]
pub struct Violation {
    /// Pydantic's type string, for example `string_too_short`.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    /// The way to the value; the first step is body, query, path, header or cookie.
    pub loc: Vec<Step>,
    /// What is wrong, as a phrase: `must be at most 100`.
    pub msg: String,
    /// The value as it came; absent when it is missing or too long to repeat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Box<serde_json::value::RawValue>>,
    /// The limits that were broken, for example `{"le": 100}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ctx: Option<serde_json::Value>,
}

impl Violation {
    /// `email: not an e-mail address`: the way below the part of the request, and what is wrong.
    fn phrase(&self) -> String {
        let steps: Vec<String> = self
            .loc
            .iter()
            .skip(1)
            .map(|step| match step {
                Step::Name(name) => name.clone(),
                Step::Index(index) => index.to_string(),
            })
            .collect();
        if steps.is_empty() {
            self.msg.clone()
        } else {
            format!("{}: {}", steps.join("."), self.msg)
        }
    }
}

/// An error with its code, a message for people and, where there is one, the next step.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    code: Code,
    message: String,
    details: Option<String>,
    hint: Option<String>,
    retry_after: Option<u32>,
    violations: Vec<Violation>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `code` with a message that may be shown to whoever asked.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind: code.kind(),
            code,
            message: message.into(),
            details: None,
            hint: None,
            retry_after: None,
            violations: Vec::new(),
            source: None,
        }))
    }

    /// Broken rules, gathered; never call it with none.
    #[must_use]
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let count = violations.len();
        Self::invalid_of(violations, count)
    }

    /// The first ones of so many broken rules.
    #[must_use]
    pub fn invalid_of(violations: Vec<Violation>, count: usize) -> Self {
        let message = match count {
            1 => "The request breaks 1 rule".to_owned(),
            n => format!("The request breaks {n} rules"),
        };
        let told: Vec<String> = violations.iter().take(20).map(Violation::phrase).collect();
        let mut error = Self::new(Code::ValidationFailed, message).with_details(told.join("; "));
        if count > violations.len() {
            error = error.with_hint(format!("`errors` holds the first {}", violations.len()));
        }
        error.0.violations = violations;
        error
    }

    /// A fault of ours: the reason goes to the log, never into a reply.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Code::Internal, Code::Internal.title()).with_source(source)
    }

    /// Adds more detail that may be shown.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<String>) -> Self {
        self.0.details = Some(details.into());
        self
    }

    /// Adds the next step.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the cause, for the log alone.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds broken rules.
    #[must_use]
    pub fn with_violations(mut self, violations: Vec<Violation>) -> Self {
        self.0.violations = violations;
        self
    }

    /// Says after how many seconds another try makes sense.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Its details; those of a fault of ours with the chain of causes, which are for the operator alone.
    #[must_use]
    pub fn details_with_causes(&self) -> Option<String> {
        let mut lines: Vec<String> = self.0.details.iter().cloned().collect();
        if self.0.code == Code::Internal {
            let mut cause = std::error::Error::source(self);
            while let Some(reason) = cause {
                lines.push(reason.to_string());
                cause = reason.source();
            }
        }
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// The same for one more who asked; the cause of a fault of ours becomes its details.
    #[must_use]
    pub fn retold(&self) -> Self {
        Self(Box::new(Inner {
            kind: self.0.kind,
            code: self.0.code,
            message: self.0.message.clone(),
            details: self.details_with_causes(),
            hint: self.0.hint.clone(),
            retry_after: self.0.retry_after,
            violations: self.0.violations.clone(),
            source: None,
        }))
    }

    /// Replaces the kind that the code has by default.
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }

    /// How it is to be answered.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What happened, for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// More detail, where there is some.
    #[must_use]
    pub fn details(&self) -> Option<&str> {
        self.0.details.as_deref()
    }

    /// The next step, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Seconds to wait before another try.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        self.0.retry_after
    }

    /// The broken rules, if that is what it is about.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|e| e as &(dyn std::error::Error + 'static))
    }
}
