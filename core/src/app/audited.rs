//! Who acts, and the audit of what is done to the database outside of the admin desk.

use std::time::Duration;

use nix::unistd::{Uid, User};

use super::project::Database;
use crate::db::pool::Pool;
use crate::db::store::audit::{self, Ending, New};
use crate::error::Result;

pub use crate::db::store::audit::Via;

/// Connections for two lines.
const CONNECTIONS: u32 = 1;
/// For one to be made.
const WAIT: Duration = Duration::from_secs(5);

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
#[must_use]
pub fn user_name(uid: u32) -> String {
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => user.name,
        _ => format!("uid {uid}"),
    }
}

/// Does something that is in the audit table before it begins, and with its end after that. The table must be there.
///
/// # Errors
/// Those of `work`; if the audit cannot be written, nothing is begun.
pub async fn audited<T>(
    database: &Database,
    action: &str,
    target: &str,
    command: &str,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let actor = Actor::own(Via::Command);
    let pool = Pool::new(&database.owner, CONNECTIONS, WAIT);
    let new = New {
        actor: actor.user,
        via: actor.via,
        action: action.to_owned(),
        target: target.to_owned(),
        command: command.to_owned(),
        detail: None,
    };
    let id = audit::begin(&pool, new).await?;
    let done = work.await;
    let (ending, reason) = match &done {
        Ok(_) => (Ending::Done, None),
        Err(error) => (Ending::of(error), Some(error.message())),
    };
    if let Err(error) = audit::end(&pool, id, ending, reason).await {
        tracing::warn!(
            audit = id,
            "how it ended could not be written to the audit table: {error}"
        );
    }
    done
}
