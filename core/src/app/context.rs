//! What every request is given: the snapshot in force, the lanes, the limits, and whom to tell of it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;

use crate::config::CostRules;
use crate::contract::Snapshot;
use crate::db::lane::Lanes;
use crate::db::stream::STALL;
use crate::error::{Error, Result};
use crate::plan::cursor::Key;
use crate::telemetry::Telemetry;
use crate::telemetry::metrics::RouteCounters;

/// A snapshot with the document that describes it; swapped as one.
#[derive(Debug, Clone)]
pub struct Published {
    /// The contracts.
    pub snapshot: Arc<Snapshot>,
    /// The `OpenAPI` document's bytes.
    pub openapi: Bytes,
    /// The counters of each of the snapshot's routes, in their order; empty until it is in force.
    pub counters: Vec<Arc<RouteCounters>>,
    /// Whether each of the snapshot's routes is switched off, in their order; empty until it is in force.
    pub disabled: Vec<bool>,
}

impl Published {
    /// Makes the document of a snapshot.
    ///
    /// # Errors
    /// `internal` if the document cannot be written.
    pub fn new(snapshot: Snapshot) -> Result<Self> {
        let document = crate::openapi::document(&snapshot)?;
        let openapi = serde_json::to_vec(&document).map_err(Error::internal)?.into();
        Ok(Self {
            snapshot: Arc::new(snapshot),
            openapi,
            counters: Vec::new(),
            disabled: Vec::new(),
        })
    }
}

/// Bounds on what a client may send, and for how long.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest body, in bytes.
    pub body: usize,
    /// Longest time for a request's head.
    pub header_timeout: Duration,
    /// Longest time for a whole body.
    pub body_timeout: Duration,
    /// Longest silence on a connection.
    pub idle_timeout: Duration,
    /// Longest wait for requests in flight on shutdown.
    pub shutdown_timeout: Duration,
    /// Most bytes of rows that are gathered in memory for one reply.
    pub reply: u64,
    /// Longest time for a streamed reply to be read to its end.
    pub stream_timeout: Duration,
    /// Longest time for a chunk of a streamed reply to be taken.
    pub stream_stall: Duration,
    /// Whether a client may have a write rolled back with `Prefer: tx=rollback`.
    pub tx_rollback: bool,
    /// What requests may cost where a resource says nothing else.
    pub cost: CostRules,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1 << 20,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            shutdown_timeout: Duration::from_secs(30),
            reply: 64 << 20,
            stream_timeout: Duration::from_mins(10),
            stream_stall: STALL,
            tx_rollback: false,
            cost: CostRules::default(),
        }
    }
}

/// The shared handles.
pub struct Context {
    /// What is in force; changed by [`Context::publish`] alone.
    pub published: ArcSwap<Published>,
    /// The ways to the database.
    pub lanes: Lanes,
    /// What a client may send.
    pub limits: Limits,
    /// Whether `/docs`, `/redoc` and `/openapi.json` are served.
    pub docs: bool,
    /// Seals and opens the cursors of lists.
    pub cursors: Key,
    /// What the service knows of itself.
    pub telemetry: Arc<Telemetry>,
    // Held while what is in force changes, so that no change undoes another.
    disabled: Mutex<HashSet<String>>,
    stopping: AtomicBool,
}

impl Context {
    /// Puts the handles together. Processes that share a database share the key of cursors.
    #[must_use]
    pub fn new(published: Published, lanes: Lanes, limits: Limits, docs: bool, cursors: Key) -> Self {
        let telemetry = Arc::new(Telemetry::default());
        Self {
            published: ArcSwap::from_pointee(resolved(published, &telemetry, &HashSet::new())),
            lanes,
            limits,
            docs,
            cursors,
            telemetry,
            disabled: Mutex::default(),
            stopping: AtomicBool::new(false),
        }
    }

    /// Puts a new snapshot in force, from the next request on. Routes of the same name go on counting where they are,
    /// and stay switched off if they are.
    pub fn publish(&self, published: Published) {
        let disabled = self.disabled();
        self.published
            .store(Arc::new(resolved(published, &self.telemetry, &disabled)));
    }

    /// Switches off the routes of these names, and all others on, from the next request on. Names without a route are
    /// kept: it may come with the next snapshot.
    pub fn set_disabled(&self, names: HashSet<String>) {
        let mut disabled = self.disabled();
        *disabled = names;
        let published = Published::clone(&self.published.load());
        self.published
            .store(Arc::new(resolved(published, &self.telemetry, &disabled)));
    }

    /// Whether the route of this name is switched off.
    #[must_use]
    pub fn is_disabled(&self, name: &str) -> bool {
        self.disabled().contains(name)
    }

    fn disabled(&self) -> MutexGuard<'_, HashSet<String>> {
        // The set is replaced whole, so a panic elsewhere leaves it right.
        self.disabled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on readiness fails, so that no new requests are sent here.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether the service is on its way out.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// With what each request looks up by its route's place.
fn resolved(mut published: Published, telemetry: &Telemetry, disabled: &HashSet<String>) -> Published {
    let names = published.snapshot.routes.iter().map(|route| route.name.as_str());
    published.counters = telemetry.counters(names.clone());
    published.disabled = names.map(|name| disabled.contains(name)).collect();
    published
}
