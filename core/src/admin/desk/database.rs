//! The desk's own connections to the database: never a lane, opened when first needed, given up when they hang.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;
use tokio_postgres::{Client, Config};

use crate::app::{Database, Project};
use crate::db::cluster::{ClusterState, Role};
use crate::db::inspect;
use crate::db::pool::Pool;
use crate::error::{Code, Error, Result};

/// For one question, connecting included: a console shows what is known rather than wait.
pub(super) const LIMIT: Duration = Duration::from_millis(2500);
/// Connections for Windlass's own tables.
const STORES: u32 = 2;

/// The way to the database.
#[derive(Debug)]
pub(super) struct Door {
    project: Project,
    /// The one that the service uses; looked for anew each time without a service.
    fixed: Option<Arc<Database>>,
    /// What the embedded cluster does, if this process runs it.
    cluster: Option<watch::Receiver<ClusterState>>,
    stores: OnceLock<Pool>,
    /// For how it is: never behind a question that takes long.
    state: Mutex<Option<Client>>,
    questions: Mutex<Option<Client>>,
}

impl Door {
    pub(super) fn new(
        project: Project,
        fixed: Option<Database>,
        cluster: Option<watch::Receiver<ClusterState>>,
    ) -> Self {
        Self {
            project,
            fixed: fixed.map(Arc::new),
            cluster,
            stores: OnceLock::new(),
            state: Mutex::default(),
            questions: Mutex::default(),
        }
    }

    /// Where the database is, if it can be there.
    pub(super) fn database(&self) -> Result<Arc<Database>> {
        if let Some(database) = &self.fixed {
            return Ok(Arc::clone(database));
        }
        self.project.reach()?.map(Arc::new).ok_or_else(|| {
            Error::new(Code::DatabaseUnavailable, "the embedded PostgreSQL is not running")
                .with_hint("Start it with `windlass serve`, or alone with `windlass db start`.")
        })
    }

    /// What the embedded cluster does instead of running.
    pub(super) fn trouble(&self) -> Option<String> {
        match &*self.cluster.as_ref()?.borrow() {
            ClusterState::Running { .. } => None,
            ClusterState::Starting => Some("starting".to_owned()),
            ClusterState::Restarting { attempt, reason } => Some(format!("restarting, attempt {attempt}: {reason}")),
            ClusterState::Stopped => Some("stopped".to_owned()),
        }
    }

    /// Refuses at once where waiting is in vain.
    fn reachable(&self) -> Result<()> {
        match self.trouble() {
            None => Ok(()),
            Some(doing) => Err(Error::new(Code::DatabaseUnavailable, format!("PostgreSQL is {doing}"))
                .with_retry_after(1)
                .with_hint("`windlass health` says how it is.")),
        }
    }

    /// Works on Windlass's own tables. Connections that broke while they lay idle are passed over.
    pub(super) async fn stored<T, F>(&self, work: impl Fn(Pool) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        self.reachable()?;
        // As who sees most: on the embedded cluster there is a place for it even when all others are taken.
        let make = |database: &Database| Pool::new(&config(database), STORES, LIMIT);
        let pool = match &self.fixed {
            Some(database) => self.stores.get_or_init(|| make(database)).clone(),
            None => make(&*self.database()?),
        };
        within(async {
            for _ in 0..STORES {
                match work(pool.clone()).await {
                    Err(error) if error.code() == Code::DatabaseUnavailable => {}
                    done => return done,
                }
            }
            work(pool.clone()).await
        })
        .await
    }

    /// As [`Door::stored`], but never twice: a line that may be stored already is not written again. On a new connection,
    /// as one that lay idle may have broken.
    pub(super) async fn stored_once<T, F>(&self, work: impl FnOnce(Pool) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        self.reachable()?;
        let pool = Pool::new(&config(&*self.database()?), 1, LIMIT);
        within(work(pool)).await
    }

    /// Sends a signal to a session, on a connection of its own: never behind a question that takes long.
    ///
    /// # Errors
    /// [`Code::CommitUnknown`] if it was sent, and no answer came.
    pub(super) async fn signal<T, F>(&self, send: impl FnOnce(Client) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        self.reachable()?;
        let database = self.database()?;
        let client = within(inspect::connect(&config(&database))).await?;
        timeout(LIMIT, send(client)).await.unwrap_or_else(|_| {
            Err(Error::new(
                Code::CommitUnknown,
                "the signal was sent, but the database did not say whether it arrived",
            )
            .with_hint("`windlass db activity` shows whether the session is still there."))
        })
    }

    /// Asks how the database is.
    pub(super) async fn state<T>(
        &self,
        question: impl for<'c> FnOnce(&'c Client) -> BoxFuture<'c, Result<T>>,
    ) -> Result<T> {
        within(self.on(&self.state, question)).await
    }

    /// Asks what the database has.
    pub(super) async fn ask<T>(
        &self,
        question: impl for<'c> FnOnce(&'c Client) -> BoxFuture<'c, Result<T>>,
    ) -> Result<T> {
        within(self.on(&self.questions, question)).await
    }

    async fn on<T>(
        &self,
        place: &Mutex<Option<Client>>,
        question: impl for<'c> FnOnce(&'c Client) -> BoxFuture<'c, Result<T>>,
    ) -> Result<T> {
        self.reachable()?;
        let mut place = place.lock().await;
        // Taken out meanwhile: a question that is given up in the middle takes its connection with it.
        let client = match place.take().filter(|client| !client.is_closed()) {
            Some(client) => client,
            None => inspect::connect(&config(&*self.database()?)).await?,
        };
        let answer = question(&client).await;
        *place = Some(client);
        answer
    }
}

/// As whom the desk asks: whoever sees most.
fn config(database: &Database) -> Config {
    match &database.embedded {
        Some((endpoint, _)) => endpoint.config(Role::Superuser),
        None => database.owner.clone(),
    }
}

/// Waits no longer than [`LIMIT`].
pub(super) async fn within<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(LIMIT, work).await.unwrap_or_else(|_| {
        Err(Error::new(
            Code::DatabaseUnavailable,
            format!("the database did not answer within {} s", LIMIT.as_secs_f32()),
        )
        .with_retry_after(1)
        .with_hint("It is overloaded, or hangs: `windlass logs` may say why."))
    })
}
