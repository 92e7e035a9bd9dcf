//! The desk's own connections to the database: never a lane, opened when first needed, given up when they hang.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::{Client, Config};

use crate::app::{Database, Project};
use crate::db::cluster::Role;
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
    stores: OnceLock<Pool>,
    /// For how it is: never behind a question that takes long.
    state: Mutex<Option<Client>>,
    questions: Mutex<Option<Client>>,
}

impl Door {
    pub(super) fn new(project: Project, fixed: Option<Database>) -> Self {
        Self {
            project,
            fixed: fixed.map(Arc::new),
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

    /// Connections for Windlass's own tables.
    pub(super) fn stores(&self) -> Result<Pool> {
        let make = |database: &Database| Pool::new(&database.owner, STORES, LIMIT);
        match &self.fixed {
            Some(database) => Ok(self.stores.get_or_init(|| make(database)).clone()),
            None => Ok(make(&*self.database()?)),
        }
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
