//! Answers the operator's questions and does what the operator asks for: with the handles of a running service, or
//! without one from files and the database.

mod acts;
mod cache;
mod database;
mod migrations;
mod routes;
mod status;
mod streams;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use self::cache::Cache;
use self::database::Door;
use super::protocol::{Activity, Answer, Ask, LanesState, RouteDetail, Setting, SlowSource, SlowStatements};
use super::route_detail;
use crate::app::{Context, Database, Project};
use crate::config;
use crate::contract::Owner;
use crate::db::cluster::ClusterState;
use crate::db::inspect;
use crate::error::{Code, Error, Result};

pub(super) use crate::app::audited::user_name;
pub use crate::app::{Actor, Via};

/// What a running service has.
pub struct Live {
    /// Its handles.
    pub context: Arc<Context>,
    /// Its database; see [`Database::beside`].
    pub database: Database,
    /// What the embedded cluster does; absent with `database.url`.
    pub cluster: Option<watch::Receiver<ClusterState>>,
    /// Where it listens, as URLs.
    pub listens: Vec<String>,
}

/// Answers and acts.
pub struct Desk {
    project: Project,
    live: Option<Live>,
    door: Door,
    cache: Cache,
    /// One change at a time.
    changes: tokio::sync::Mutex<()>,
    switches: routes::Switches,
    /// Why the last reload was refused, if it was.
    reload: std::sync::Mutex<Option<String>>,
    /// Those that the service began with.
    settings: Option<Vec<Setting>>,
    started: jiff::Timestamp,
    /// How often requests found no lane, at the times when somebody asked.
    timeouts: std::sync::Mutex<VecDeque<(Instant, u64)>>,
    /// The database's size, and when it was looked at.
    size: tokio::sync::Mutex<Option<(Instant, Option<u64>)>>,
    /// Held by each act; true when no more are taken.
    acting: tokio::sync::RwLock<bool>,
}

impl Desk {
    /// The desk of a running service.
    #[must_use]
    pub fn open(project: Project, live: Live) -> Self {
        let door = Door::new(project.clone(), Some(live.database.beside()), live.cluster.clone());
        let settings = config::effective(&project.directory).ok().map(|(settings, _)| settings);
        Self {
            settings,
            ..Self::new(project, Some(live), door)
        }
    }

    /// A desk without a service. It uses the database if that runs, and never starts it.
    #[must_use]
    pub fn offline(project: Project) -> Self {
        let door = Door::new(project.clone(), None, None);
        Self::new(project, None, door)
    }

    fn new(project: Project, live: Option<Live>, door: Door) -> Self {
        Self {
            project,
            live,
            door,
            cache: Cache::default(),
            changes: tokio::sync::Mutex::default(),
            switches: routes::Switches::default(),
            reload: std::sync::Mutex::default(),
            settings: None,
            started: jiff::Timestamp::now(),
            timeouts: std::sync::Mutex::default(),
            size: tokio::sync::Mutex::default(),
            acting: tokio::sync::RwLock::default(),
        }
    }

    /// Answers a question. What comes from the database is at most a few seconds old.
    ///
    /// # Errors
    /// What keeps it from being answered: most often [`Code::DatabaseUnavailable`].
    pub async fn ask(&self, ask: Ask) -> Result<Answer> {
        let age = match &ask {
            Ask::Status | Ask::Activity | Ask::Locks => 1000,
            Ask::Routes | Ask::Route { .. } | Ask::Migrations | Ask::Audit => 1000,
            Ask::Tables | Ask::Indexes | Ask::SlowStatements => 5000,
            Ask::Migration { .. } | Ask::Settings | Ask::Logs | Ask::Rehearse { .. } => 0,
        };
        match age {
            0 => Box::pin(self.find(&ask)).await,
            age => {
                let find = Box::pin(self.find(&ask));
                self.cache.get(&ask, Duration::from_millis(age), find).await
            }
        }
    }

    /// Boxed, one by one: together they are larger than a thread's stack likes.
    async fn find(&self, ask: &Ask) -> Result<Answer> {
        Ok(match ask {
            Ask::Status => Answer::Status(Box::new(Box::pin(self.status()).await)),
            Ask::Routes => Answer::Routes(Box::pin(self.routes()).await?),
            Ask::Route { route } => Answer::Route(Box::new(Box::pin(self.route(route)).await?)),
            Ask::Migrations => Answer::Migrations(Box::pin(self.migrations()).await?),
            Ask::Migration { name } => Answer::Migration(Box::pin(self.migration(name)).await?),
            Ask::Rehearse { upto } => Answer::Rehearse(Box::pin(self.rehearse(upto.as_deref())).await?),
            Ask::Activity => Answer::Activity(self.activity().await?),
            Ask::SlowStatements => Answer::SlowStatements(self.slow().await?),
            Ask::Locks => Answer::Locks(self.door.ask(|client| Box::pin(inspect::locks(client))).await?),
            Ask::Tables => Answer::Tables(self.door.ask(|client| Box::pin(inspect::tables(client))).await?),
            Ask::Indexes => Answer::Indexes(self.door.ask(|client| Box::pin(inspect::indexes(client))).await?),
            Ask::Settings => Answer::Settings(self.settings()?),
            Ask::Audit => Answer::Audit(self.audit().await?),
            Ask::Logs => Answer::Logs(self.last_lines().await?),
        })
    }

    fn settings(&self) -> Result<Vec<Setting>> {
        match &self.settings {
            Some(settings) => Ok(settings.clone()),
            None => config::effective(&self.project.directory).map(|(settings, _)| settings),
        }
    }

    /// What the lanes are at; nothing without a service.
    fn lanes(&self) -> Option<LanesState> {
        self.live.as_ref().map(|live| live.context.lanes.state())
    }

    async fn activity(&self) -> Result<Activity> {
        let (sessions, max_connections) = self
            .door
            .ask(|client| {
                Box::pin(async move {
                    Ok((
                        inspect::activity(client).await?,
                        inspect::max_connections(client).await?,
                    ))
                })
            })
            .await?;
        Ok(Activity {
            lanes: self.lanes(),
            sessions,
            max_connections,
        })
    }

    /// What the extension counted; without it, or without a database, what the lanes did.
    async fn slow(&self) -> Result<SlowStatements> {
        let counted = self.door.ask(|client| Box::pin(inspect::slow(client))).await;
        match (counted, &self.live) {
            (Ok(Some(statements)), _) => Ok(SlowStatements {
                source: SlowSource::PgStatStatements,
                statements,
            }),
            (_, Some(live)) => Ok(SlowStatements {
                source: SlowSource::Lanes,
                statements: live.context.lanes.slow(),
            }),
            (Ok(None), None) => Err(Error::new(
                Code::ServiceDown,
                "nobody counts statements: the service is not running, and the extension pg_stat_statements is not there",
            )
            .with_hint("Start the service with `windlass serve`.")),
            (Err(error), None) => Err(error),
        }
    }

    async fn route(&self, name: &str) -> Result<RouteDetail> {
        let snapshot = self.snapshot().await?;
        let route = routes::named(&snapshot, name)?;
        let line = self.line(route, &self.switched_off().await);
        let mut detail = route_detail::detail(route, self.project.settings.http.body_limit)?;
        detail.line = line;
        if let Owner::Sql(route) = &route.owner
            && route.steps.len() > 1
        {
            detail.explain_refused = Some("several statements have no plan together".to_owned());
        } else if let Some(sql) = detail.sql.clone() {
            // As the client's requests get it: another role sees other rows.
            let role = self.door.database().ok().filter(|database| database.embedded.is_some());
            let role = role.and_then(|database| database.login.get_user().map(ToOwned::to_owned));
            let plan = self
                .door
                .ask(move |client| Box::pin(async move { inspect::explain(client, &sql, role.as_deref()).await }));
            match plan.await {
                Ok(plan) => detail.explain = Some(plan),
                Err(error) => detail.explain_refused = Some(error.message().to_owned()),
            }
        }
        Ok(detail)
    }
}
