//! What can be typed.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use windlass_core::config::Listen;

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
    /// Look for mistakes in settings, migrations and resource files
    Check {
        #[command(flatten)]
        project: Dir,
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
    /// Expose a table: writes its resource file
    Add {
        #[command(flatten)]
        project: Dir,
        /// The table or view, with its schema if that is not `public`
        table: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Db {
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
