//! How the service and its database are, at a glance; answered whatever is down.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::Desk;
use crate::admin::health::{self, Amount, DatabaseFacts, Facts, LaneFacts, MigrationFacts, Named, TrafficFacts};
use crate::admin::protocol::{
    Answer, Ask, DatabaseState, LanesState, MigrationState, MigrationStatus, Sample, ServiceState, Status,
};
use crate::admin::socket::WINDLASS;
use crate::db::cluster::ClusterState;
use crate::db::connect;
use crate::db::inspect::{self, Overview};
use crate::error::{Error, Result};
use crate::telemetry::machine::Gauge;

/// What is meant by "lately".
const LATELY: Duration = Duration::from_secs(60);
/// Migrations change seldom, and are not read for each look at the status.
const MIGRATIONS: Duration = Duration::from_secs(15);
/// Nor is the database's size.
const SIZE: Duration = Duration::from_secs(60);

impl Desk {
    pub(super) async fn status(&self) -> Status {
        // Side by side: a database that hangs costs the time of one.
        let (overview, size, migrations) = tokio::join!(
            self.door.state(|client| Box::pin(inspect::overview(client))),
            self.size(),
            self.cache.get(&Ask::Migrations, MIGRATIONS, async {
                Ok(Answer::Migrations(self.migrations().await?))
            }),
        );
        let (mut database, cluster) = self.database_state(&overview);
        database.bytes = size.filter(|_| database.up);
        let live = self.live.as_ref();
        let service = match live {
            None => ServiceState::Down,
            Some(live) if live.context.is_stopping() => ServiceState::Stopping,
            Some(_) => ServiceState::Running,
        };
        let samples = live.map(|live| live.context.telemetry.samples()).unwrap_or_default();
        let lanes = self.lanes();
        let mut facts = Facts {
            service: Some(service),
            database: DatabaseFacts {
                up: Some(database.up),
                reason: database.reason.clone(),
                restarting: matches!(cluster, Some(ClusterState::Restarting { .. })),
                restarted: match cluster {
                    Some(ClusterState::Running {
                        restarted: Some(restarted),
                        ..
                    }) => Some((restarted.at.elapsed().unwrap_or_default().as_secs(), restarted.reason)),
                    _ => None,
                },
                about: format!(
                    "PostgreSQL {} at {}{}",
                    database.version,
                    database.address,
                    match &overview {
                        Ok(overview) if overview.in_recovery => ", a standby that takes no writes",
                        _ => "",
                    }
                ),
            },
            migrations: match &migrations {
                Ok(Answer::Migrations(all)) => Some(counted(all)),
                _ => None,
            },
            reload_failed: self.reload.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            lanes: lanes.map(|lanes| self.lane_facts(lanes)),
            docs: Some(self.project.settings.docs),
            ..Facts::default()
        };
        if let Ok(overview) = &overview {
            facts.connections = Some((overview.connections, overview.max_connections));
            facts.oldest_transaction = overview.oldest_transaction;
            facts.idle_in_transaction = overview.idle_in_transaction;
            facts.invalid_indexes = Some(overview.invalid_indexes);
            facts.wraparound_age = Some(overview.wraparound_age);
        }
        if live.is_some() || overview.is_ok() {
            facts.disabled_routes = self.switched_off().await.into_keys().collect();
            facts.disabled_routes.sort_unstable();
        }
        self.machine(&samples, &mut facts);
        Status {
            windlass: WINDLASS.to_owned(),
            title: self.project.settings.title.clone(),
            directory: self.project.directory.display().to_string(),
            service,
            pid: live.map(|_| std::process::id()),
            started_at: live.map(|_| self.started.as_second()),
            listens: live.map(|live| live.listens.clone()).unwrap_or_default(),
            lanes,
            checks: health::checks(&facts),
            samples,
            database,
        }
    }

    /// The database's size, looked at once a minute: Postgres looks at every file for it.
    async fn size(&self) -> Option<u64> {
        let mut known = self.size.lock().await;
        if let Some((_, size)) = known.filter(|(at, _)| at.elapsed() < SIZE) {
            return size;
        }
        let size = self.door.ask(|client| Box::pin(inspect::bytes(client))).await.ok()?;
        *known = Some((Instant::now(), size));
        size
    }

    /// How the database is, and what the embedded cluster does, if this process runs it.
    fn database_state(&self, overview: &Result<Overview>) -> (DatabaseState, Option<ClusterState>) {
        let database = self.door.database().ok();
        let cluster = self.live.as_ref().and_then(|live| live.cluster.as_ref());
        let cluster = cluster.map(|state| state.borrow().clone());
        let pid = match &cluster {
            Some(ClusterState::Running { pid, .. }) => Some(*pid),
            _ => None,
        };
        let doing = self.door.trouble();
        let address = match (&database, &self.project.settings.database.url) {
            (Some(database), _) => connect::address(&database.owner),
            (None, Some(url)) => connect::address(url.reveal()),
            (None, None) => String::new(),
        };
        let reason = |error: &Error| error.message().to_owned();
        let state = DatabaseState {
            up: overview.is_ok() && doing.is_none(),
            version: overview
                .as_ref()
                .map(|overview| overview.version.clone())
                .unwrap_or_default(),
            address,
            embedded: self.project.settings.database.url.is_none(),
            pid,
            reason: doing.or_else(|| overview.as_ref().err().map(reason)),
            bytes: None,
        };
        (state, cluster)
    }

    /// Disk, memory and traffic: from the samples, or looked up when there are none.
    fn machine(&self, samples: &[Sample], facts: &mut Facts) {
        let known = |free: u64, total: u64| (total > 0).then_some(Amount { free, total });
        let Some(last) = samples.last() else {
            let found = Gauge::default().look(&self.project.directory);
            facts.disk = known(found.disk_free, found.disk_total);
            facts.memory = known(found.memory_free, found.memory_total);
            return;
        };
        facts.disk = known(last.disk_free, last.disk_total);
        facts.memory = known(last.memory_free, last.memory_total);
        let since = last.at - i64::try_from(LATELY.as_secs()).unwrap_or(i64::MAX);
        let lately = samples.iter().filter(|sample| sample.at > since);
        facts.traffic = Some(lately.fold(TrafficFacts::default(), |all, sample| TrafficFacts {
            requests: all.requests + u64::from(sample.requests),
            failed: all.failed + u64::from(sample.failed),
            p99_us: all.p99_us.max(sample.p99_us),
        }));
    }

    fn lane_facts(&self, lanes: LanesState) -> LaneFacts {
        let now = Instant::now();
        let mut seen = self.timeouts.lock().unwrap_or_else(PoisonError::into_inner);
        while seen.front().is_some_and(|(at, _)| now.duration_since(*at) > LATELY) {
            seen.pop_front();
        }
        seen.push_back((now, lanes.timeouts));
        let before = seen.front().map_or(lanes.timeouts, |(_, timeouts)| *timeouts);
        LaneFacts {
            busy: lanes.exclusive_busy,
            max: lanes.exclusive_max,
            timeouts: lanes.timeouts.saturating_sub(before),
        }
    }
}

fn counted(all: &[MigrationStatus]) -> MigrationFacts {
    let of = |state: MigrationState| {
        let mut those = all.iter().filter(|status| status.state == state);
        let first = those.clone().next().map(|status| match status.name.as_str() {
            "" => status.version.clone(),
            name => name.to_owned(),
        });
        Named {
            count: those.by_ref().count(),
            first: first.unwrap_or_default(),
        }
    };
    MigrationFacts {
        pending: of(MigrationState::Pending),
        failed: of(MigrationState::Failed),
        drifted: of(MigrationState::Drifted),
        gone: of(MigrationState::Gone),
    }
}
