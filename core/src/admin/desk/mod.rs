//! Answers the operator's questions and does what the operator asks for: with the handles of a running service, or
//! without one from files and the database.

mod cache;
mod database;

use std::sync::Arc;
use std::time::Duration;

use nix::unistd::{Uid, User};
use tokio::sync::watch;

use self::cache::Cache;
use self::database::Door;
use super::batches::Batches;
use super::protocol::{Act, Answer, Ask, Done, Exchange, LogLine};
use crate::app::{Context, Database, Project};
use crate::db::cluster::ClusterState;
use crate::error::{Code, Error, Result};

/// From where somebody acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The console.
    Console,
    /// A command, or a program of the operator's.
    Command,
}

impl Via {
    /// `console` or `command`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Command => "command",
        }
    }

    /// Reads [`Via::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Console, Self::Command]
            .into_iter()
            .find(|via| via.as_str() == text)
    }
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The operating system's user.
    pub user: String,
    /// By which means.
    pub via: Via,
}

impl Actor {
    /// The user of this process.
    #[must_use]
    pub fn own(via: Via) -> Self {
        Self {
            user: user_name(Uid::effective().as_raw()),
            via,
        }
    }
}

/// A user's name, or `uid N` for one without.
pub(super) fn user_name(uid: u32) -> String {
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => user.name,
        _ => format!("uid {uid}"),
    }
}

/// What a running service has.
pub struct Live {
    /// Its handles.
    pub context: Arc<Context>,
    /// Its database; see [`Database::beside`].
    pub database: Database,
    /// What the embedded cluster does; absent with `database.url`.
    pub cluster: Option<watch::Receiver<ClusterState>>,
    /// Where it listens, as URLs.
    pub listens: Vec<String>,
}

/// Answers and acts.
pub struct Desk {
    project: Project,
    live: Option<Live>,
    door: Door,
    cache: Cache,
    /// One change at a time.
    changes: tokio::sync::Mutex<()>,
    routes: routes::Switches,
    /// Why the last reload was refused, if it was.
    reload: std::sync::Mutex<Option<String>>,
    started: jiff::Timestamp,
}

impl Desk {
    /// The desk of a running service.
    #[must_use]
    pub fn open(project: Project, live: Live) -> Self {
        let door = Door::new(project.clone(), Some(live.database.beside()));
        Self::new(project, Some(live), door)
    }

    /// A desk without a service. It uses the database if that runs, and never starts it.
    #[must_use]
    pub fn offline(project: Project) -> Self {
        let door = Door::new(project.clone(), None);
        Self::new(project, None, door)
    }

    fn new(project: Project, live: Option<Live>, door: Door) -> Self {
        Self {
            project,
            live,
            door,
            cache: Cache::default(),
            changes: tokio::sync::Mutex::default(),
            routes: routes::Switches::default(),
            reload: std::sync::Mutex::default(),
            started: jiff::Timestamp::now(),
        }
    }

    /// Answers a question. What comes from the database is at most a few seconds old.
    ///
    /// # Errors
    /// What keeps it from being answered: most often [`Code::DatabaseUnavailable`].
    pub async fn ask(&self, ask: Ask) -> Result<Answer> {
        let age = match &ask {
            Ask::Status | Ask::Activity | Ask::Locks => 1000,
            Ask::Routes | Ask::Route { .. } | Ask::Migrations | Ask::Audit => 1000,
            Ask::Tables | Ask::Indexes | Ask::SlowStatements => 5000,
            Ask::Migration { .. } | Ask::Settings | Ask::Logs | Ask::Rehearse { .. } => 0,
        };
        match age {
            0 => self.find(&ask).await,
            age => self.cache.get(&ask, Duration::from_millis(age), self.find(&ask)).await,
        }
    }

    async fn find(&self, ask: &Ask) -> Result<Answer> {
        Ok(match ask {
            Ask::Status => Answer::Status(Box::new(self.status().await)),
            Ask::Routes => Answer::Routes(self.routes().await?),
            Ask::Route { route } => Answer::Route(Box::new(self.route(route).await?)),
            Ask::Migrations => Answer::Migrations(self.migrations().await?),
            Ask::Migration { name } => Answer::Migration(self.migration(name).await?),
            Ask::Rehearse { upto } => Answer::Rehearse(self.rehearse(upto.as_deref()).await?),
            Ask::Activity => Answer::Activity(self.activity().await?),
            Ask::SlowStatements => Answer::SlowStatements(self.slow().await?),
            Ask::Locks => Answer::Locks(self.door.with(async |client| inspect::locks(client).await).await?),
            Ask::Tables => Answer::Tables(self.door.with(async |client| inspect::tables(client).await).await?),
            Ask::Indexes => Answer::Indexes(self.door.with(async |client| inspect::indexes(client).await).await?),
            Ask::Settings => Answer::Settings(crate::config::effective(&self.project.directory)?),
            Ask::Audit => Answer::Audit(self.audit().await?),
            Ask::Logs => Answer::Logs(self.last_lines().await?),
        })
    }
}
