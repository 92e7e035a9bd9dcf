//! What is known of a service, before it is judged.

use crate::admin::protocol::ServiceState;

/// What is known of a service, gathered elsewhere; `None` is what could not be found out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Whether a service runs; `None` if its socket does not tell.
    pub service: Option<ServiceState>,
    /// The database.
    pub database: DatabaseFacts,
    /// The project's migrations.
    pub migrations: Option<MigrationFacts>,
    /// Why the last reading of the resource files came to nothing; the contracts from before stay in force.
    pub reload_failed: Option<String>,
    /// The ways to the database, in a running service.
    pub lanes: Option<LaneFacts>,
    /// Requests of the last minute, in a running service.
    pub traffic: Option<TrafficFacts>,
    /// Free and all bytes of the disk that holds the project.
    pub disk: Option<Amount>,
    /// Free and all bytes of the machine's memory.
    pub memory: Option<Amount>,
    /// Sessions of the server and the most that it allows.
    pub connections: Option<(u32, u32)>,
    /// The session that has been in its transaction for longest, with how many milliseconds.
    pub oldest_transaction: Option<(i32, u64)>,
    /// The session that has done nothing in its transaction for longest, with how many milliseconds.
    pub idle_in_transaction: Option<(i32, u64)>,
    /// Indexes whose creation failed.
    pub invalid_indexes: Option<u32>,
    /// Transactions since the oldest row that is not frozen.
    pub wraparound_age: Option<u64>,
    /// Routes that an operator switched off.
    pub disabled_routes: Vec<String>,
    /// Whether the docs are served.
    pub docs: Option<bool>,
}

/// How the database is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// Whether it answers; `None` if it was not asked.
    pub up: Option<bool>,
    /// Why it does not.
    pub reason: Option<String>,
    /// Whether it is the embedded cluster, and being started again.
    pub restarting: bool,
    /// Seconds since it was started again after it ended by itself, and how it ended; of the embedded cluster alone.
    pub restarted: Option<(u64, String)>,
    /// Its version and address, for the evidence.
    pub about: String,
}

/// Counts of migrations that are not as they should be, each with its first name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationFacts {
    /// Waiting to be applied.
    pub pending: Named,
    /// Those whose last run failed.
    pub failed: Named,
    /// Edited after they were applied.
    pub drifted: Named,
    /// Applied, but their directory is gone.
    pub gone: Named,
}

/// So many, and the name of the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// How many.
    pub count: usize,
    /// The first one's name.
    pub first: String,
}

/// The exclusive lanes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaneFacts {
    /// Those at work.
    pub busy: u32,
    /// At most so many.
    pub max: u32,
    /// Requests of the last minute that were refused, as no lane came free.
    pub timeouts: u64,
}

/// The last minute's requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrafficFacts {
    /// All of them.
    pub requests: u64,
    /// Those answered with 5xx.
    pub failed: u64,
    /// 99th percentile of their times, in microseconds.
    pub p99_us: u32,
}

/// A part of a whole, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// What is left.
    pub free: u64,
    /// All of it.
    pub total: u64,
}

impl Amount {
    /// What is left, in percent; nothing of nothing is all.
    pub(super) fn percent(self) -> u64 {
        (u128::from(self.free) * 100)
            .checked_div(u128::from(self.total))
            .map_or(100, |percent| u64::try_from(percent).unwrap_or(100))
    }
}
