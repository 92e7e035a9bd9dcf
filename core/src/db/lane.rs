//! Lanes: the ways to run a statement.
//!
//! The shared lane is a few connections on which reads of single rows are pipelined; exclusive lanes
//! are pooled connections that serve one request at a time: lists, and every write. A connection that
//! broke, or whose request was dropped half-way, is never used again.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bb8::{ManageConnection, Pool, RunError};
use tokio::sync::Mutex;
use tokio_postgres::{Client, Config, Row};

use super::connect;
use super::error::{lost, translate, unavailable};
use super::wire;
use crate::contract::Resource;
use crate::error::{Code, Error, Result};
use crate::sql::Statement;

/// Most prepared statements that one connection keeps.
const PREPARED: usize = 256;

/// How many connections, and how long to wait for one.
#[derive(Debug, Clone)]
pub struct LaneOptions {
    /// Connections of the shared lane.
    pub shared: usize,
    /// Connections of the exclusive lanes.
    pub exclusive: u32,
    /// Longest wait for an exclusive lane.
    pub wait: Duration,
    /// Postgres's `statement_timeout`.
    pub statement_timeout: Duration,
}

/// The rows of a reply, already JSON.
#[derive(Debug, Default)]
pub struct Reply {
    /// Objects with commas between them, without brackets.
    pub json: String,
    /// How many.
    pub rows: u64,
    /// All rows that match, where they were counted.
    pub total: Option<u64>,
    /// The key of the first row, where the statement returned it.
    pub key: Vec<String>,
}

/// Called with each row as stored, before the commit; an error rolls everything back.
pub type Verify<'a> = &'a (dyn Fn(usize, &serde_json::Value) -> Result<()> + Send + Sync);

/// All lanes to one database.
pub struct Lanes {
    config: Config,
    shared: Vec<Mutex<Option<Arc<Connection>>>>,
    next: AtomicUsize,
    exclusive: Pool<Manager>,
}

impl Lanes {
    /// Opens lanes as the role of `config`. The first connection is tried, the rest come as they are needed.
    ///
    /// # Errors
    /// As [`connect::open`].
    pub async fn open(mut config: Config, options: &LaneOptions) -> Result<Self> {
        config.application_name("windlass").options(format!(
            "-c statement_timeout={} -c idle_in_transaction_session_timeout=30000",
            options.statement_timeout.as_millis()
        ));
        let first = Connection::open(&config).await?;
        let mut shared: Vec<_> = (0..options.shared.max(1)).map(|_| Mutex::new(None)).collect();
        if let Some(slot) = shared.first_mut() {
            *slot.get_mut() = Some(Arc::new(first));
        }
        let exclusive = Pool::builder()
            .max_size(options.exclusive.max(1))
            .min_idle(Some(1))
            .test_on_check_out(false)
            .connection_timeout(options.wait)
            .max_lifetime(Some(Duration::from_secs(1800)))
            .idle_timeout(Some(Duration::from_secs(300)))
            .error_sink(Box::new(Sink))
            .build_unchecked(Manager { config: config.clone() });
        Ok(Self {
            config,
            shared,
            next: AtomicUsize::new(0),
            exclusive,
        })
    }

    /// Runs a read of one row on the shared lane.
    ///
    /// # Errors
    /// Translated errors of Postgres.
    pub async fn point(&self, statement: &Statement, resource: &Resource) -> Result<Reply> {
        let connection = self.shared().await?;
        connection.read(statement, resource).await
    }

    /// Runs a read of many rows on an exclusive lane.
    ///
    /// # Errors
    /// Translated errors of Postgres; `pool_timeout`.
    pub async fn list(&self, statement: &Statement, resource: &Resource) -> Result<Reply> {
        let lane = self.lane().await?;
        let work = lane.begin();
        let reply = lane.read(statement, resource).await;
        work.done();
        reply
    }

    /// Runs a write: one statement by itself, several (or one to verify) in a transaction.
    ///
    /// # Errors
    /// Translated errors of Postgres; `commit_unknown` if the connection broke while the write may have been stored.
    pub async fn write(
        &self,
        statements: &[Statement],
        resource: &Resource,
        verify: Option<Verify<'_>>,
    ) -> Result<Reply> {
        let lane = self.lane().await?;
        let work = lane.begin();
        let reply = match statements {
            [statement] if verify.is_none() => lane.autocommit(statement, resource).await,
            _ => lane.transaction(statements, resource, verify).await,
        };
        work.done();
        reply
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// `database_unavailable`.
    pub async fn ping(&self) -> Result<()> {
        let connection = self.shared().await?;
        let asked = tokio::time::timeout(Duration::from_secs(2), connection.client.simple_query("")).await;
        match asked {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(translate(error, None, false)),
            Err(_) => Err(unavailable()),
        }
    }

    async fn shared(&self) -> Result<Arc<Connection>> {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.shared.len();
        let slot = self.shared.get(at).ok_or_else(unavailable)?;
        // Held while connecting, so that one request reconnects and the others wait for it.
        let mut slot = slot.lock().await;
        if let Some(connection) = slot.as_ref().filter(|connection| !connection.client.is_closed()) {
            return Ok(Arc::clone(connection));
        }
        let connection = Arc::new(
            Connection::open(&self.config)
                .await
                .map_err(|error| unavailable().with_source(error))?,
        );
        *slot = Some(Arc::clone(&connection));
        Ok(connection)
    }

    async fn lane(&self) -> Result<bb8::PooledConnection<'_, Manager>> {
        self.exclusive.get().await.map_err(|error| match error {
            RunError::User(error) => unavailable().with_source(error),
            RunError::TimedOut => {
                // No lane and no connection within the wait: a full pool, or a database that is away.
                if self.exclusive.state().connections == 0 {
                    unavailable()
                } else {
                    Error::new(Code::PoolTimeout, Code::PoolTimeout.title()).with_retry_after(1)
                }
            }
        })
    }
}

/// A connection with its prepared statements.
pub struct Connection {
    client: Client,
    prepared: Mutex<HashMap<String, (tokio_postgres::Statement, u64)>>,
    clock: AtomicU64,
    busy: std::sync::atomic::AtomicBool,
}

/// Marks a connection as busy; if it is dropped before [`Work::done`], the connection is not used again.
struct Work<'a>(&'a Connection);

impl Work<'_> {
    fn done(self) {
        self.0.busy.store(false, Ordering::Release);
    }
}

impl Connection {
    async fn open(config: &Config) -> Result<Self> {
        let client = connect::open(config).await?;
        Ok(Self {
            client,
            prepared: Mutex::new(HashMap::new()),
            clock: AtomicU64::new(0),
            busy: false.into(),
        })
    }

    fn begin(&self) -> Work<'_> {
        self.busy.store(true, Ordering::Release);
        Work(self)
    }

    async fn prepare(&self, text: &str) -> Result<tokio_postgres::Statement, tokio_postgres::Error> {
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        if let Some((statement, used)) = self.prepared.lock().await.get_mut(text) {
            *used = now;
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(text).await?;
        let mut prepared = self.prepared.lock().await;
        if prepared.len() >= PREPARED {
            let oldest = prepared
                .iter()
                .min_by_key(|(_, (_, used))| *used)
                .map(|(text, _)| text.clone());
            oldest.and_then(|text| prepared.remove(&text));
        }
        prepared.insert(text.to_owned(), (statement.clone(), now));
        Ok(statement)
    }

    async fn query(&self, statement: &Statement) -> Result<Vec<Row>, tokio_postgres::Error> {
        use futures_util::TryStreamExt;
        let prepared = self.prepare(&statement.text).await?;
        self.client
            .query_raw(&prepared, &statement.binds)
            .await?
            .try_collect()
            .await
    }

    /// A statement whose table changed under it is prepared anew, once; only safe outside a transaction.
    async fn query_fresh(&self, statement: &Statement) -> Result<Vec<Row>, tokio_postgres::Error> {
        match self.query(statement).await {
            Err(error)
                if error
                    .code()
                    .is_some_and(|code| matches!(code.code(), "0A000" | "26000")) =>
            {
                self.prepared.lock().await.remove(&statement.text);
                self.query(statement).await
            }
            done => done,
        }
    }

    async fn read(&self, statement: &Statement, resource: &Resource) -> Result<Reply> {
        let rows = self
            .query_fresh(statement)
            .await
            .map_err(|error| translate(error, Some(resource), false))?;
        let mut reply = Reply::default();
        collect(statement, &rows, &mut reply)?;
        Ok(reply)
    }

    async fn autocommit(&self, statement: &Statement, resource: &Resource) -> Result<Reply> {
        // Prepared first: what breaks here has surely not been stored.
        self.prepare(&statement.text)
            .await
            .map_err(|error| translate(error, Some(resource), false))?;
        let rows = self
            .query_fresh(statement)
            .await
            .map_err(|error| translate(error, Some(resource), true))?;
        let mut reply = Reply::default();
        collect(statement, &rows, &mut reply)?;
        Ok(reply)
    }

    async fn transaction(
        &self,
        statements: &[Statement],
        resource: &Resource,
        verify: Option<Verify<'_>>,
    ) -> Result<Reply> {
        self.client
            .batch_execute("BEGIN")
            .await
            .map_err(|error| translate(error, None, false))?;
        let done = self.steps(statements, resource, verify).await;
        let reply = match done {
            Ok(reply) => reply,
            Err(error) => {
                // A connection that cannot roll back is closed by Postgres, which rolls back, too.
                if self.client.batch_execute("ROLLBACK").await.is_err() {
                    tracing::debug!("a connection broke before its rollback");
                }
                return Err(error);
            }
        };
        match self.client.batch_execute("COMMIT").await {
            Ok(()) => Ok(reply),
            // Deferred constraints speak at the commit; a lost connection leaves it unknown.
            Err(error) if error.as_db_error().is_some() => Err(translate(error, Some(resource), false)),
            Err(error) => Err(lost(true).with_source(error)),
        }
    }

    async fn steps(&self, statements: &[Statement], resource: &Resource, verify: Option<Verify<'_>>) -> Result<Reply> {
        let mut reply = Reply::default();
        for statement in statements {
            let before = usize::try_from(reply.rows).unwrap_or(usize::MAX);
            let rows = self
                .query(statement)
                .await
                .map_err(|error| translate(error, Some(resource), false))?;
            if let Some(verify) = verify {
                let mut text = String::new();
                for (index, row) in rows.iter().enumerate() {
                    text.clear();
                    wire::object(
                        row,
                        0,
                        &statement.columns,
                        |column| !column.shown && !column.key,
                        &mut text,
                    )?;
                    verify(before + index, &serde_json::from_str(&text).map_err(Error::internal)?)?;
                }
            }
            collect(statement, &rows, &mut reply)?;
        }
        Ok(reply)
    }
}

/// Writes rows into the reply.
fn collect(statement: &Statement, rows: &[Row], reply: &mut Reply) -> Result<()> {
    let first = if statement.counted { 2 } else { 0 };
    let shown = statement.columns.iter().any(|column| column.shown);
    for row in rows {
        if statement.counted {
            let total: i64 = row.try_get(0).map_err(Error::internal)?;
            reply.total = u64::try_from(total).ok();
            if row.try_get::<_, Option<bool>>(1).map_err(Error::internal)?.is_none() {
                continue;
            }
        }
        if reply.rows == 0 {
            for (index, column) in statement.columns.iter().enumerate().filter(|(_, column)| column.key) {
                reply.key.push(
                    wire::raw(row, first + index)?
                        .map_or(Ok(String::new()), |bytes| wire::plain(&column.form, bytes))?,
                );
            }
        }
        if shown {
            if reply.rows > 0 {
                reply.json.push(',');
            }
            wire::object(row, first, &statement.columns, |column| column.shown, &mut reply.json)?;
        }
        reply.rows += 1;
    }
    Ok(())
}

struct Manager {
    config: Config,
}

impl ManageConnection for Manager {
    type Connection = Connection;
    type Error = Error;

    async fn connect(&self) -> Result<Connection> {
        Connection::open(&self.config).await
    }

    async fn is_valid(&self, connection: &mut Connection) -> Result<()> {
        if connection.client.is_closed() {
            Err(unavailable())
        } else {
            Ok(())
        }
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        connection.client.is_closed() || connection.busy.load(Ordering::Acquire)
    }
}

/// bb8 swallows what goes wrong in the background unless it is given a place to say it.
#[derive(Debug, Clone, Copy)]
struct Sink;

impl bb8::ErrorSink<Error> for Sink {
    fn sink(&self, error: Error) {
        tracing::warn!(code = %error.code(), "a database connection could not be opened: {error}");
    }

    fn boxed_clone(&self) -> Box<dyn bb8::ErrorSink<Error>> {
        Box::new(*self)
    }
}
