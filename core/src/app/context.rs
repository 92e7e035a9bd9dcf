//! What every request is given: the snapshot in force, the lanes, and the limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;

use crate::contract::Snapshot;
use crate::db::lane::Lanes;
use crate::error::{Error, Result};

/// A snapshot with the document that describes it; swapped as one.
#[derive(Debug)]
pub struct Published {
    /// The contracts.
    pub snapshot: Arc<Snapshot>,
    /// The `OpenAPI` document's bytes.
    pub openapi: Bytes,
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
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1 << 20,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

/// The shared handles.
pub struct Context {
    /// What is in force.
    pub published: ArcSwap<Published>,
    /// The ways to the database.
    pub lanes: Lanes,
    /// What a client may send.
    pub limits: Limits,
    /// Whether `/docs`, `/redoc` and `/openapi.json` are served.
    pub docs: bool,
    stopping: AtomicBool,
}

impl Context {
    /// Puts the handles together.
    #[must_use]
    pub fn new(published: Published, lanes: Lanes, limits: Limits, docs: bool) -> Self {
        Self {
            published: ArcSwap::from_pointee(published),
            lanes,
            limits,
            docs,
            stopping: AtomicBool::new(false),
        }
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
