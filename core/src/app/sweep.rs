//! What a service forgets by itself, every hour.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tokio_postgres::Config;

use crate::db::pool::Pool;
use crate::db::store::idempotency;

const EVERY: Duration = Duration::from_hours(1);
/// For a connection to be made.
const WAIT: Duration = Duration::from_secs(5);

/// Sweeps from its start, and then every hour, until it is dropped. Several processes on one database may do so at once.
#[derive(Debug)]
pub struct Sweeper(JoinHandle<()>);

impl Sweeper {
    /// Begins; `owner` is the role to which Windlass's own tables belong.
    #[must_use]
    pub fn start(owner: Config) -> Self {
        Self(tokio::spawn(async move {
            let mut ticks = interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                // A pool for each time: once an hour is not worth a connection that is kept.
                match idempotency::forget_old(&Pool::new(&owner, 1, WAIT)).await {
                    Ok(0) => {}
                    Ok(rows) => tracing::info!(rows, "replies kept for 24 hours are deleted"),
                    Err(error) => tracing::warn!("old replies could not be deleted; in an hour again: {error}"),
                }
            }
        }))
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}
