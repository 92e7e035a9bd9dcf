//! What can be typed.

mod auth;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use windlass_core::config::Listen;

pub use auth::{Key, Tenant, Token};

/// A backend in one binary: `PostgreSQL`, a validated API over its tables, and live docs.
#[derive(Debug, Parser)]
#[command(name = "windlass", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// The project that a command works on.
#[derive(Debug, Clone, Args)]
pub struct Dir {
    /// The project's directory
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
}

/// The console of a project.
#[derive(Debug, Clone, Args)]
pub struct Console {
    #[command(flatten)]
    pub project: Dir,
    /// Use no colours, as with `NO_COLOR`
    #[arg(long)]
    pub no_color: bool,
    /// The terminal's background is light
    #[arg(long)]
    pub light: bool,
    /// The terminal shows nothing but ASCII
    #[arg(long)]
    pub ascii: bool,
    /// Let the wheel scroll; the terminal's own selection needs Shift then
    #[arg(long)]
    pub mouse: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new project
    New {
        /// A directory that does not exist yet, or is empty
        dir: PathBuf,
    },
    /// Serve the project's API and docs
    Serve {
        #[command(flatten)]
        project: Dir,
        /// Listen here instead of where the settings say: HOST:PORT or unix:PATH
        #[arg(long, value_name = "ADDR", num_args = 1..)]
        listen: Vec<Listen>,
        /// Apply pending migrations first
        #[arg(long)]
        migrate: bool,
    },
    /// Make the demo project, load its data through its own API, and serve it
    Demo {
        /// Where to make it
        #[arg(long, value_name = "DIR", default_value = "windlass-demo")]
        dir: PathBuf,
        /// Listen here: HOST:PORT or unix:PATH
        #[arg(long, value_name = "ADDR", num_args = 1..)]
        listen: Vec<Listen>,
    },
    /// Open the console: health, routes, migrations, database, traffic, logs, settings
    Tui(Console),
    /// Look for mistakes in settings, migrations and resource files
    Check {
        #[command(flatten)]
        project: Dir,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Look for what is unsafe or slow in project and database; exit code 1 with findings
    ///
    /// For each resource with `[tenant]` it tries every verb as one tenant against rows of another, and rolls that back.
    Doctor {
        #[command(flatten)]
        project: Dir,
        /// A tenant with rows, to try with; two are needed, and found by themselves in the embedded database
        #[arg(long = "tenant", value_name = "TENANT")]
        tenants: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show, apply, undo and make migrations
    Migrate {
        #[command(subcommand)]
        action: Migrate,
    },
    /// Work on resource files
    Resource {
        #[command(subcommand)]
        action: Resource,
    },
    /// Print the `OpenAPI` document, or what changed since an older one
    Openapi {
        #[command(flatten)]
        project: Dir,
        /// Compare with this document; a breaking change ends with exit code 1
        #[arg(long, value_name = "OLD")]
        diff: Option<PathBuf>,
        /// Print changes as JSON
        #[arg(long)]
        json: bool,
    },
    /// Say how service and database are, worst first; exit code 1 if something is critical or nothing serves
    Health {
        #[command(flatten)]
        project: Dir,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the routes, show one, switch one off and on
    #[command(args_conflicts_with_subcommands = true)]
    Routes {
        #[command(flatten)]
        project: Dir,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(subcommand)]
        action: Option<Routes>,
    },
    /// Show requests as they are answered, until interrupted
    Traffic {
        #[command(flatten)]
        project: Dir,
        /// Only these, such as `status:5xx ms:>200 path:/api/leads`
        filter: Vec<String>,
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Show the last lines of the log
    Logs {
        #[command(flatten)]
        project: Dir,
        /// Only these, such as `level:warn postgres`
        filter: Vec<String>,
        /// Go on with new lines, until interrupted
        #[arg(long, short)]
        follow: bool,
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// List the settings in force, and where each comes from
    Config {
        #[command(flatten)]
        project: Dir,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let the service read resource files and tables again
    Reload {
        #[command(flatten)]
        project: Dir,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List what operators did, newest first
    Audit {
        #[command(flatten)]
        project: Dir,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make, list and revoke the API keys with which clients ask
    Key {
        #[command(subcommand)]
        action: Key,
    },
    /// Make a token that the service takes, to try things out with
    Token(Token),
    /// Give the rows of tables to tenants, whom Postgres keeps apart
    Tenant {
        #[command(subcommand)]
        action: Tenant,
    },
    /// Work with the database itself
    Db {
        #[command(subcommand)]
        action: Db,
    },
    /// Print a shell's completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

#[derive(Debug, Subcommand)]
pub enum Migrate {
    /// List migrations and their states
    Status {
        #[command(flatten)]
        project: Dir,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Apply what is pending
    Up {
        #[command(flatten)]
        project: Dir,
        /// Do not dump the database first
        #[arg(long)]
        no_dump: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Undo the last one, or the last COUNT
    Down {
        #[command(flatten)]
        project: Dir,
        /// How many
        #[arg(default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        count: u32,
        /// Do not dump the database first
        #[arg(long)]
        no_dump: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Undo the last one and apply it again
    Redo {
        #[command(flatten)]
        project: Dir,
        /// Do not dump the database first
        #[arg(long)]
        no_dump: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what pending ones would do: runs them in a transaction that is rolled back
    ///
    /// The locks are real: others wait for the tables as long as the rehearsal takes, at most a minute.
    Check {
        #[command(flatten)]
        project: Dir,
        /// Fail on findings and breaking changes, too
        #[arg(long)]
        strict: bool,
        /// Stop after this one
        #[arg(long, value_name = "NAME")]
        upto: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make an empty one
    New {
        #[command(flatten)]
        project: Dir,
        /// What it does, such as `add_leads`
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Resource {
    /// Expose a table or a function: writes its resource file
    Add {
        #[command(flatten)]
        project: Dir,
        /// The table, view or function, with its schema if that is not `public`
        table: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Routes {
    /// Show one in full
    Show {
        #[command(flatten)]
        project: Dir,
        /// Method and path, such as 'GET /api/leads/{id}'
        route: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Answer 503 on a route from now on
    Disable {
        #[command(flatten)]
        project: Dir,
        /// Method and path, such as 'GET /api/leads/{id}'
        route: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Answer on a route again
    Enable {
        #[command(flatten)]
        project: Dir,
        /// Method and path, such as 'GET /api/leads/{id}'
        route: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// What a question about the database needs.
#[derive(Debug, Clone, Args)]
pub struct Question {
    #[command(flatten)]
    pub project: Dir,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A session of the database.
#[derive(Debug, Clone, Args)]
pub struct Session {
    #[command(flatten)]
    pub project: Dir,
    /// Its process, as `windlass db activity` shows it
    pub pid: i32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Db {
    /// List sessions and what they do
    Activity(Question),
    /// List the statements that took most time
    Slow(Question),
    /// Show who waits for whom
    Locks(Question),
    /// List tables with their sizes
    Tables(Question),
    /// List indexes with what is wrong with them
    Indexes(Question),
    /// Cancel what a session runs; the session stays
    Cancel(Session),
    /// End a session; its transaction is rolled back
    Terminate(Session),
    /// Run the embedded `PostgreSQL` alone, until interrupted
    Start {
        #[command(flatten)]
        project: Dir,
    },
    /// Print the address of the database
    Url {
        #[command(flatten)]
        project: Dir,
    },
    /// Open an SQL prompt; arguments after `--` go to psql
    Psql {
        #[command(flatten)]
        project: Dir,
        /// Arguments for psql
        #[arg(last = true)]
        args: Vec<OsString>,
    },
}

impl Command {
    /// Whether JSON is asked for: then failures are told in JSON, too.
    pub fn json(&self) -> bool {
        match self {
            Self::Check { json, .. }
            | Self::Doctor { json, .. }
            | Self::Openapi { json, .. }
            | Self::Health { json, .. }
            | Self::Traffic { json, .. }
            | Self::Logs { json, .. }
            | Self::Config { json, .. }
            | Self::Reload { json, .. }
            | Self::Audit { json, .. }
            | Self::Routes { json, action: None, .. }
            | Self::Routes {
                action: Some(Routes::Show { json, .. } | Routes::Disable { json, .. } | Routes::Enable { json, .. }),
                ..
            }
            | Self::Migrate {
                action:
                    Migrate::Status { json, .. }
                    | Migrate::Check { json, .. }
                    | Migrate::Up { json, .. }
                    | Migrate::Down { json, .. }
                    | Migrate::Redo { json, .. },
            } => *json,
            Self::Key {
                action: Key::Create { json, .. } | Key::List { json, .. } | Key::Revoke { json, .. },
            } => *json,
            Self::Token(token) => token.json,
            Self::Db { action } => match action {
                Db::Activity(question)
                | Db::Slow(question)
                | Db::Locks(question)
                | Db::Tables(question)
                | Db::Indexes(question) => question.json,
                Db::Cancel(session) | Db::Terminate(session) => session.json,
                Db::Start { .. } | Db::Url { .. } | Db::Psql { .. } => false,
            },
            _ => false,
        }
    }
}
