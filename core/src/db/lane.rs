//! Lanes: the ways to run a statement.
//!
//! The shared lane is a few connections on which reads of single rows are pipelined; exclusive lanes
//! are pooled connections that serve one request at a time: lists, and every write. A connection that
//! broke, or whose request was dropped half-way, is never used again.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant};

use bb8::{ManageConnection, Pool, PooledConnection, RunError};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::timeout;
use tokio_postgres::Config;

use super::connection::Connection;
use super::edges::Edges;
use super::error::unavailable;
use super::inspect::SlowStatement;
use super::once::Kept;
use super::statements::Statements;
use super::stream::{self, Stream, Task};
use super::transaction::Checks;
use crate::contract::Resource;
use crate::error::{Code, Error, Result};
use crate::sql::Statement;

/// After a failed connect, requests are refused at once for so long, instead of queueing up to try again.
const PAUSE: Duration = Duration::from_millis(250);

/// How many connections, and how long to wait for one.
#[derive(Debug, Clone)]
pub struct LaneOptions {
    /// Connections of the shared lane.
    pub shared: usize,
    /// Connections of the exclusive lanes.
    pub exclusive: u32,
    /// Longest wait for a lane.
    pub wait: Duration,
    /// Postgres's `statement_timeout`; a second later the connection is given up.
    pub statement_timeout: Duration,
}

/// The rows of a reply, already written as their statement says.
#[derive(Debug, Default)]
pub struct Reply {
    /// As JSON, objects with commas between them, without brackets; as CSV without the header line.
    pub json: String,
    /// How many.
    pub rows: u64,
    /// All rows that match, where they were counted.
    pub total: Option<u64>,
    /// The key of the first row, where the statement returned it.
    pub key: Vec<String>,
    /// What cursors to the pages beside this one are made from.
    pub edges: Edges,
    /// How long it waited for a lane.
    pub wait: Duration,
    /// The tag of the first row, where the statement asks for it.
    pub tag: Option<String>,
    /// How many of the rows are new, where the statement tells.
    pub inserted: u64,
    /// The reply that is kept under the write's key.
    pub kept: Option<Kept>,
}

/// Connections and who waits for them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanesState {
    /// Open connections of the shared lane.
    pub shared: u32,
    /// At most so many.
    pub shared_max: u32,
    /// Open exclusive lanes.
    pub exclusive: u32,
    /// Those at work.
    pub exclusive_busy: u32,
    /// At most so many.
    pub exclusive_max: u32,
    /// Requests refused since the start, as no lane came free.
    pub timeouts: u64,
}

impl Reply {
    /// Takes the rows as a JSON array.
    #[must_use]
    pub fn array(&mut self) -> String {
        let mut json = std::mem::take(&mut self.json);
        json.insert(0, '[');
        json.push(']');
        json
    }
}

/// All lanes to one database.
pub struct Lanes {
    manager: Manager,
    shared: Vec<Place>,
    next: AtomicUsize,
    exclusive: Pool<Manager>,
    size: u32,
    // As long as a reader likes: so that lists and writes still find lanes, not all of these may be held by streams.
    streams: Arc<Semaphore>,
    wait: Duration,
    timeouts: AtomicU64,
}

/// One place of the shared lane.
#[derive(Default)]
struct Place {
    slot: Mutex<Slot>,
    // For who only looks, as the slot may be held for seconds.
    seen: std::sync::Mutex<Weak<Connection>>,
}

#[derive(Default)]
struct Slot {
    connection: Option<Arc<Connection>>,
    failed: Option<Instant>,
}

impl Lanes {
    /// Opens lanes as the role of `config`. The first connection is tried, the rest come as they are needed.
    ///
    /// # Errors
    /// As [`super::connect::open`].
    pub async fn open(mut config: Config, options: &LaneOptions) -> Result<Self> {
        // What the session looks like never depends on the server's settings.
        let session = format!(
            "{} -c statement_timeout={} -c idle_in_transaction_session_timeout=30000 -c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres",
            config.get_options().unwrap_or_default(),
            options.statement_timeout.as_millis()
        );
        config.application_name("windlass").options(session.trim());
        let manager = Manager {
            config,
            deadline: options.statement_timeout + Duration::from_secs(1),
            statements: Arc::default(),
        };
        let first = Place::default();
        first.set(&mut *first.slot.lock().await, Arc::new(manager.connect().await?));
        let rest = (1..options.shared.max(1)).map(|_| Place::default());
        let size = options.exclusive.max(1);
        let exclusive = Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .test_on_check_out(false)
            .connection_timeout(options.wait)
            .max_lifetime(Some(Duration::from_secs(1800)))
            .idle_timeout(Some(Duration::from_secs(300)))
            .error_sink(Box::new(Sink))
            .build_unchecked(manager.clone());
        Ok(Self {
            manager,
            shared: std::iter::once(first).chain(rest).collect(),
            next: AtomicUsize::new(0),
            exclusive,
            size,
            streams: Arc::new(Semaphore::new(usize::try_from(size.div_ceil(2)).unwrap_or(1))),
            wait: options.wait,
            timeouts: AtomicU64::new(0),
        })
    }

    /// Runs a read of one row on the shared lane.
    ///
    /// # Errors
    /// Translated errors of Postgres.
    pub async fn point(&self, statement: &Statement, resource: &Resource) -> Result<Reply> {
        let asked = Instant::now();
        let lane = self.shared().await?;
        let wait = asked.elapsed();
        let mut reply = lane.read(statement, resource, u64::MAX).await?;
        reply.wait = wait;
        Ok(reply)
    }

    /// Runs a read of many rows on an exclusive lane; their JSON may have `most` bytes. Once `gone` is there, nobody waits any
    /// more, and the statement is cancelled.
    ///
    /// # Errors
    /// Translated errors of Postgres; `pool_timeout`, `reply_too_large`.
    pub async fn list(
        &self,
        statement: &Statement,
        resource: &Resource,
        most: u64,
        gone: impl Future<Output = ()>,
    ) -> Result<Reply> {
        let asked = Instant::now();
        let lane = self.lane().await?;
        let wait = asked.elapsed();
        let work = lane.begin();
        let reply = awaited(&lane, lane.read(statement, resource, most), gone).await;
        if matches!(&reply, Err(error) if error.code() == Code::ReplyTooLarge) {
            // Its other rows are of no use any more.
            lane.cancel().await;
        }
        finish(work, &reply);
        reply.map(|reply| Reply { wait, ..reply })
    }

    /// Calls a function that only reads, where nothing can be changed; else as [`Lanes::list`].
    ///
    /// # Errors
    /// As [`Lanes::list`].
    pub async fn call(
        &self,
        statement: Statement,
        resource: &Resource,
        most: u64,
        gone: impl Future<Output = ()>,
    ) -> Result<Reply> {
        let checks = Checks {
            read_only: true,
            bytes: Some(most),
            ..Checks::default()
        };
        self.write_while(&[statement], resource, checks, gone).await
    }

    /// Runs a read whose rows are handed on as they come; it holds an exclusive lane until the last one is read, or nobody
    /// reads any more. Half of the lanes serve streams at most.
    ///
    /// # Errors
    /// Translated errors of Postgres before the first row; `pool_timeout`. Later ones come from [`Stream::chunks`].
    pub async fn stream(&self, task: Task) -> Result<Stream> {
        let asked = Instant::now();
        // Who waits for both waits no longer than who waits for a lane alone.
        let both = timeout(self.wait, async {
            let permit = Arc::clone(&self.streams).acquire_owned().await;
            (permit, self.lane().await)
        });
        let Ok((Ok(permit), lane)) = both.await else {
            return Err(self.no_lane(RunError::TimedOut));
        };
        let lane = lane?;
        let wait = asked.elapsed();
        let (reading, writing) = stream::channel();
        tokio::spawn(async move {
            stream::pump(lane, task, writing).await;
            drop(permit);
        });
        reading.begun(wait).await
    }

    /// Runs a write: one statement by itself, several (or one with checks) in a transaction.
    ///
    /// # Errors
    /// Translated errors of Postgres; `commit_unknown` if the connection broke while the write may have been stored.
    pub async fn write(&self, statements: &[Statement], resource: &Resource, checks: Checks<'_>) -> Result<Reply> {
        self.write_while(statements, resource, checks, std::future::pending())
            .await
    }

    /// As [`Lanes::write`]. Once `gone` is there, nobody waits any more, and nothing is stored: what is under way is cancelled.
    ///
    /// # Errors
    /// As [`Lanes::write`].
    pub async fn write_while(
        &self,
        statements: &[Statement],
        resource: &Resource,
        checks: Checks<'_>,
        gone: impl Future<Output = ()>,
    ) -> Result<Reply> {
        let asked = Instant::now();
        let lane = self.lane().await?;
        let wait = asked.elapsed();
        let work = lane.begin();
        let ran = async {
            match statements {
                [statement] if !checks.any() => lane.autocommit(statement, resource).await,
                _ => lane.transaction(statements, resource, &checks).await,
            }
        };
        let reply = awaited(&lane, ran, gone).await;
        finish(work, &reply);
        reply.map(|reply| Reply { wait, ..reply })
    }

    /// The connections, and how often none came free.
    #[must_use]
    pub fn state(&self) -> LanesState {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let pool = self.exclusive.state();
        LanesState {
            shared: count(self.shared.iter().filter(|place| place.is_open()).count()),
            shared_max: count(self.shared.len()),
            exclusive: pool.connections,
            exclusive_busy: pool.connections.saturating_sub(pool.idle_connections),
            exclusive_max: self.size,
            timeouts: self.timeouts.load(Ordering::Relaxed),
        }
    }

    /// The statements that ran on the lanes since the service started, most total time first; the 500 used last.
    #[must_use]
    pub fn slow(&self) -> Vec<SlowStatement> {
        self.manager.statements.slow()
    }

    /// Whether the database answers, within two seconds.
    ///
    /// # Errors
    /// `database_unavailable`.
    pub async fn ping(&self) -> Result<()> {
        let asked = timeout(Duration::from_secs(2), async { self.shared().await?.ping().await });
        asked.await.unwrap_or_else(|_| Err(unavailable()))
    }

    async fn shared(&self) -> Result<Arc<Connection>> {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.shared.len();
        let place = self.shared.get(at).ok_or_else(unavailable)?;
        timeout(self.wait, self.connected(place))
            .await
            .unwrap_or_else(|_| Err(unavailable()))
    }

    /// The slot is held while connecting, so that one request reconnects and the others wait for it.
    async fn connected(&self, place: &Place) -> Result<Arc<Connection>> {
        let mut slot = place.slot.lock().await;
        if let Some(connection) = slot.connection.as_ref().filter(|connection| !connection.is_closed()) {
            return Ok(Arc::clone(connection));
        }
        if slot.failed.is_some_and(|failed| failed.elapsed() < PAUSE) {
            return Err(unavailable());
        }
        // Noted beforehand: a connect that outlasts the wait is dropped in the middle.
        slot.failed = Some(Instant::now());
        let connection = Arc::new(
            self.manager
                .connect()
                .await
                .map_err(|error| unavailable().with_source(error))?,
        );
        place.set(&mut slot, Arc::clone(&connection));
        Ok(connection)
    }

    /// A lane that its holder may keep for as long as it works.
    async fn lane(&self) -> Result<PooledConnection<'static, Manager>> {
        // Lanes that broke while they lay idle are dropped here, not handed to a request.
        for _ in 0..=self.size {
            let lane = self.exclusive.get_owned().await.map_err(|error| self.no_lane(error))?;
            if !lane.is_broken() {
                return Ok(lane);
            }
        }
        Err(unavailable())
    }

    /// Within the wait there was neither a lane nor a new connection: all are at work, or the database is away.
    fn no_lane(&self, error: RunError<Error>) -> Error {
        match error {
            RunError::User(error) => unavailable().with_source(error),
            RunError::TimedOut if self.exclusive.state().connections == 0 => unavailable(),
            RunError::TimedOut => {
                self.timeouts.fetch_add(1, Ordering::Relaxed);
                Error::new(Code::PoolTimeout, Code::PoolTimeout.title()).with_retry_after(1)
            }
        }
    }
}

impl Place {
    fn set(&self, slot: &mut Slot, connection: Arc<Connection>) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&connection);
        *slot = Slot {
            connection: Some(connection),
            failed: None,
        };
    }

    fn is_open(&self) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.upgrade().is_some_and(|connection| !connection.is_closed())
    }
}

/// Awaits a reply, or cancels what nobody waits for any more: then the lane counts as taken until the statement has ended, and
/// its connection goes, as the cancellation may come late.
async fn awaited(
    lane: &Connection,
    reply: impl Future<Output = Result<Reply>>,
    gone: impl Future<Output = ()>,
) -> Result<Reply> {
    tokio::select! {
        biased;
        reply = reply => reply,
        () = gone => {
            tracing::debug!("nobody waits for a reply any more");
            lane.abandon().await;
            Err(unavailable())
        }
    }
}

/// A lane goes back to the pool unless its connection may be in the middle of something.
fn finish(work: super::connection::Work<'_>, reply: &Result<Reply>) {
    let broken = |error: &Error| {
        matches!(
            error.code(),
            Code::CommitUnknown | Code::DatabaseUnavailable | Code::Internal
        )
    };
    if !reply.as_ref().is_err_and(broken) {
        work.done();
    }
}

#[derive(Clone)]
pub(super) struct Manager {
    config: Config,
    deadline: Duration,
    statements: Arc<Statements>,
}

impl ManageConnection for Manager {
    type Connection = Connection;
    type Error = Error;

    async fn connect(&self) -> Result<Connection> {
        Connection::open(&self.config, self.deadline, Arc::clone(&self.statements)).await
    }

    async fn is_valid(&self, connection: &mut Connection) -> Result<()> {
        if connection.is_closed() {
            Err(unavailable())
        } else {
            Ok(())
        }
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        connection.is_broken()
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
