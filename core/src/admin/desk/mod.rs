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
use super::feed::Feed;
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
