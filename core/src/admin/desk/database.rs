//! The desk's own connection to the database: never a lane, opened when first needed, given up when it hangs.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::{Client, Config};

use crate::app::{Database, Project};
use crate::db::cluster::Role;
use crate::db::connect;
use crate::error::{Code, Error, Result};

/// For one question, connecting included: a console shows what is known rather than wait.
pub(super) const LIMIT: Duration = Duration::from_millis(2500);

/// The way to the database.
#[derive(Debug)]
pub(super) struct Door {
    project: Project,
    /// The one that the service uses; looked for anew each time without a service.
    fixed: Option<Arc<Database>>,
    client: Mutex<Option<Arc<Client>>>,
}

impl Door {
    pub(super) fn new(project: Project, fixed: Option<Database>) -> Self {
        Self {
            project,
            fixed: fixed.map(Arc::new),
            client: Mutex::default(),
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

    /// As whom the desk connects: whoever sees most.
    pub(super) fn config(database: &Database) -> Config {
        let mut config = match &database.embedded {
            Some((endpoint, _)) => endpoint.config(Role::Superuser),
            None => database.owner.clone(),
        };
        config.application_name("windlass admin");
        config
    }

    /// Works with the connection, within [`LIMIT`].
    pub(super) async fn with<T>(&self, work: impl AsyncFnOnce(&Client) -> Result<T>) -> Result<T> {
        let all = async {
            let client = self.client().await?;
            work(&client).await
        };
        match timeout(LIMIT, all).await {
            Ok(done) => done,
            Err(_) => {
                // A connection that hangs may hang for ever.
                if let Ok(mut kept) = self.client.try_lock() {
                    *kept = None;
                }
                Err(Error::new(
                    Code::DatabaseUnavailable,
                    format!("the database did not answer within {} s", LIMIT.as_secs_f32()),
                )
                .with_retry_after(1)
                .with_hint("It is overloaded or hangs; `windlass logs postgres` may say why."))
            }
        }
    }

    async fn client(&self) -> Result<Arc<Client>> {
        let mut kept = self.client.lock().await;
        if let Some(client) = kept.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        *kept = None;
        let config = Self::config(&*self.database()?);
        let client = Arc::new(connect::open(&config).await?);
        *kept = Some(Arc::clone(&client));
        Ok(client)
    }
}
