//! Runs pending migrations in one transaction, watches each statement, and rolls all of it back.
//!
//! The locks are real: whoever needs a table that a rehearsed statement has locked waits until the rollback. So every
//! wait is bounded: [`LOCK`] for a lock, [`STATEMENT`] for a statement, [`TOTAL`] for all together.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval_at};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config};

use super::rehearsal::{Finding, Outcome, Rehearsal, StatementReport};
use super::verdict::{Stop, changed, ended, in_the_way, too_long};
use super::watch::Tables;
use super::{Migration, known, lint, lock, place, run};
use crate::catalog::Catalog;
use crate::contract::{Described, Step, Undescribed};
use crate::db::{connect, introspect};
use crate::diagnostic::Diagnostic;
use crate::error::{Code, Error, Result};
use crate::openapi;

/// How long a statement waits for a lock. All who come after it for the same table wait behind it.
const LOCK: Duration = Duration::from_secs(2);
/// How long one statement may take.
pub(super) const STATEMENT: Duration = Duration::from_secs(30);
/// How long all statements together may take.
pub(super) const TOTAL: Duration = Duration::from_secs(60);
/// When it is asked, and asked again, who is in the way of a statement.
const ASK: Duration = Duration::from_millis(500);
/// The rule of findings about resource files that do not fit any more.
const RESOURCE_FILE: &str = "resource-file";

/// The database before the first migration, or after one that passed.
#[derive(Debug)]
pub struct Seen {
    /// Its tables, types and functions.
    pub catalog: Catalog,
    /// What it says of the statements of the SQL routes, in their order.
    pub routes: Vec<Result<Described, Undescribed>>,
}

/// What the project's files make of what was seen.
#[derive(Debug, Clone)]
pub struct Contracts {
    /// The `OpenAPI` document of those that fit.
    pub document: Value,
    /// Mistakes in those that do not.
    pub mistakes: Vec<Diagnostic>,
}

/// What is rehearsed, and for whom.
pub(super) struct Plan<'a> {
    /// Pending or not, in order.
    pub(super) migrations: &'a [Migration],
    /// The last one to look at.
    pub(super) upto: Option<&'a str>,
    /// The role that serves requests.
    pub(super) role: Option<&'a str>,
    /// The statements of each SQL route.
    pub(super) routes: &'a [&'a [Step]],
    /// How long another process may hold the migration lock.
    pub(super) wait: Duration,
}

/// Rehearses on a connection of its own: however this ends, even dropped half way, nothing outlives that connection.
/// `observer` asks meanwhile who is in the way.
pub(super) async fn run(
    owner: &Config,
    observer: &Client,
    plan: &Plan<'_>,
    contracts: impl Fn(Seen) -> Result<Contracts>,
) -> Result<Vec<Rehearsal>> {
    let mut config = owner.clone();
    config.application_name("windlass rehearsal");
    let client = connect::open(&config).await?;
    lock::take(&client, plan.wait).await?;
    let applied = run::applied(&client).await?;
    let mut pending: Vec<&Migration> = plan
        .migrations
        .iter()
        .filter(|m| !applied.contains_key(&m.version))
        .collect();
    let all = pending.len();
    if let Some(upto) = plan.upto {
        let Some(last) = pending.iter().position(|migration| migration.name == upto) else {
            return Err(Error::new(Code::MigrationInvalid, format!("`{upto}` is not pending"))
                .with_hint("`windlass migrate status` lists what is."));
        };
        pending.truncate(last + 1);
    }
    if pending.is_empty() {
        return Ok(Vec::new());
    }
    let mut stage = Stage::begin(&client, observer, plan).await.map_err(run::lost)?;
    let result = stage.all(&pending).await;
    // A connection that broke has rolled back, too.
    let ended = client.batch_execute("rollback").await;
    lock::release(&client).await;
    let mut rehearsals = result?;
    ended.map_err(run::lost)?;
    // Only now, when no lock is held any more: reading files and drawing documents takes its time.
    let drawn: Vec<Contracts> = stage.seen.into_iter().map(contracts).collect::<Result<_>>()?;
    for ((before, after), rehearsal) in drawn.iter().zip(drawn.iter().skip(1)).zip(&mut rehearsals) {
        rehearsal.routes = openapi::diff(&before.document, &after.document);
    }
    // A file may be right again after the next migration.
    if all == pending.len() && drawn.len() == all + 1 {
        lasting_mistakes(&drawn, &mut rehearsals);
    }
    Ok(rehearsals)
}

/// The transaction with all that is known of it.
struct Stage<'a> {
    client: &'a Client,
    observer: &'a Client,
    role: Option<&'a str>,
    pid: i32,
    /// The transaction's number: while it is this one, nothing is stored.
    transaction: String,
    server: u32,
    begun: Instant,
    tables: Tables,
    routes: &'a [&'a [Step]],
    /// Before the first migration, and after each that passed.
    seen: Vec<Seen>,
}

impl<'a> Stage<'a> {
    async fn begin(client: &'a Client, observer: &'a Client, plan: &Plan<'a>) -> Result<Self, tokio_postgres::Error> {
        client.batch_execute(&format!("begin; {}", bounds(STATEMENT))).await?;
        let about =
            "select pg_backend_pid(), current_setting('server_version_num')::int4 / 10000, txid_current()::text";
        let row = client.query_one(about, &[]).await?;
        Ok(Self {
            client,
            observer,
            role: plan.role,
            routes: plan.routes,
            pid: row.try_get(0)?,
            server: row.try_get::<_, i32>(1)?.unsigned_abs(),
            transaction: row.try_get(2)?,
            begun: Instant::now(),
            tables: Tables::look(client).await?,
            seen: Vec::new(),
        })
    }

    async fn all(&mut self, pending: &[&Migration]) -> Result<Vec<Rehearsal>> {
        let mut rehearsals: Vec<Rehearsal> = Vec::new();
        let mut reason = match self.look().await {
            Ok(before) => {
                self.seen.push(before);
                None
            }
            Err(Stop::NotRehearsed(reason) | Stop::Failed(reason)) => Some(reason),
            Err(Stop::Breaks(error)) => return Err(error),
        };
        for migration in pending {
            if reason.is_none() && !migration.in_transaction {
                let own = "it runs without a transaction, so nothing could be rolled back".to_owned();
                rehearsals.push(self.not_rehearsed(migration, own));
                reason = Some(format!("it comes after {}, which cannot be rehearsed", migration.name));
                continue;
            }
            if let Some(reason) = &reason {
                rehearsals.push(self.not_rehearsed(migration, reason.clone()));
                continue;
            }
            let rehearsal = self.one(migration, rehearsals.is_empty()).await?;
            reason = match &rehearsal.outcome {
                Outcome::Passed => None,
                Outcome::Failed { .. } => Some(format!("it comes after {}, which failed", migration.name)),
                Outcome::NotRehearsed { .. } => {
                    Some(format!("it comes after {}, which cannot be rehearsed", migration.name))
                }
            };
            rehearsals.push(rehearsal);
        }
        Ok(rehearsals)
    }

    async fn one(&mut self, migration: &Migration, first: bool) -> Result<Rehearsal> {
        let mut rehearsal = Rehearsal {
            name: migration.name.clone(),
            outcome: Outcome::Passed,
            statements: Vec::new(),
            findings: lint::findings(migration, self.server),
            routes: Vec::new(),
        };
        let mut blocked = Vec::new();
        let ran = self
            .statements(migration, first, &mut rehearsal.statements, &mut blocked)
            .await;
        let now = match ran {
            Ok(()) => {
                rehearsal.findings = lint::narrow(rehearsal.findings, &rehearsal.statements, &blocked);
                self.look().await
            }
            Err(stop) => Err(stop),
        };
        match now {
            Ok(now) => self.seen.push(now),
            Err(Stop::Failed(message)) => rehearsal.outcome = Outcome::Failed { message },
            Err(Stop::NotRehearsed(reason)) => rehearsal.outcome = Outcome::NotRehearsed { reason },
            Err(Stop::Breaks(error)) => return Err(error),
        }
        Ok(rehearsal)
    }

    async fn statements(
        &mut self,
        migration: &Migration,
        first: bool,
        reports: &mut Vec<StatementReport>,
        blocked: &mut Vec<bool>,
    ) -> Result<(), Stop> {
        let text = migration.up.as_str();
        // What an earlier file has set does not bind this one, as when it is applied.
        self.client
            .batch_execute("reset all; set local time zone 'UTC'")
            .await?;
        let mut blocks = false;
        for piece in place::pieces(text) {
            let statement = text.get(piece.clone()).unwrap_or_default();
            let words = place::words(statement);
            let clock = Instant::now();
            let mut report = StatementReport {
                line: lint::line(text, piece.start),
                text: statement.to_owned(),
                locks: Vec::new(),
                rewrites: Vec::new(),
                rows: None,
                duration_ms: 0,
            };
            let ran = self.watched(statement).await?;
            report.duration_ms = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
            if ran.is_ok() && run::transaction_id(self.client).await?.as_ref() != Some(&self.transaction) {
                let line = format!(":{}", report.line);
                return Err(Stop::Breaks(run::cut_short(&migration.file("up.sql"), &line)));
            }
            match ran {
                Ok(rows) => report.rows = changed(&words, rows),
                Err((error, blocker)) => {
                    reports.push(report);
                    return Err(ended(migration, first, Some(piece.start), error, blocker));
                }
            }
            let truncates = words.first().is_some_and(|word| word == "TRUNCATE");
            let seen = self.tables.since(self.client, !truncates).await?;
            blocks |= seen.blocks;
            (report.locks, report.rewrites) = (seen.locks, seen.rewrites);
            reports.push(report);
            blocked.push(blocks);
        }
        // A commit checks what was put off until then.
        match self.watched("set constraints all immediate").await? {
            Ok(_) => {}
            Err((error, blocker)) => return Err(ended(migration, first, None, error, blocker)),
        }
        self.put_off_again().await?;
        Ok(())
    }

    /// Lets the next migration find its constraints as a transaction of its own would.
    async fn put_off_again(&self) -> Result<(), tokio_postgres::Error> {
        let names = "select string_agg(quote_ident(n.nspname) || '.' || quote_ident(c.conname), ', ')
            from pg_catalog.pg_constraint c join pg_catalog.pg_namespace n on n.oid = c.connamespace
            where c.condeferred";
        let rows = self.client.query_typed(names, &[]).await?;
        let names = rows
            .first()
            .map(|row| row.try_get::<_, Option<String>>(0))
            .transpose()?;
        match names.flatten() {
            Some(names) => {
                self.client
                    .batch_execute(&format!("set constraints {names} deferred"))
                    .await
            }
            None => Ok(()),
        }
    }

    /// Runs a statement within its bounds; with an error comes who was in the way.
    async fn watched(&self, statement: &str) -> Result<Result<u64, (tokio_postgres::Error, Option<String>)>, Stop> {
        let left = TOTAL.saturating_sub(self.begun.elapsed());
        if left.is_zero() {
            return Err(Stop::NotRehearsed(too_long()));
        }
        // Each time anew: the migration may have set others.
        self.client.batch_execute(&bounds(left.min(STATEMENT))).await?;
        // The extended protocol takes one statement, so that none hides behind another.
        let (ran, blocker) = self.observed(self.client.execute_typed(statement, &[])).await;
        Ok(ran.map_err(|error| (error, blocker)))
    }

    /// Waits for `work` and notes who keeps this session waiting meanwhile.
    async fn observed<T>(&self, work: impl Future<Output = T>) -> (T, Option<String>) {
        let mut blocker = None;
        let mut work = std::pin::pin!(work);
        let mut ask = interval_at(tokio::time::Instant::now() + ASK, ASK);
        ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                done = &mut work => return (done, blocker),
                _ = ask.tick() => blocker = in_the_way(self.observer, self.pid).await.or(blocker),
            }
        }
    }

    async fn look(&self) -> Result<Seen, Stop> {
        let look = async {
            Ok(Seen {
                catalog: Box::pin(introspect::catalog_within(self.client, self.role)).await?,
                routes: introspect::describe_within(self.client, self.routes).await?,
            })
        };
        let (seen, blocker) = self.observed(Box::pin(look)).await;
        seen.map_err(|error| {
            // What a view allows is asked of its tables, which another session may have to itself.
            let source = std::error::Error::source(&error);
            let source = source.and_then(|source| source.downcast_ref::<tokio_postgres::Error>());
            match source.and_then(tokio_postgres::Error::code) {
                Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                    let blocker = blocker.unwrap_or_else(|| "another session".to_owned());
                    Stop::NotRehearsed(format!("the tables cannot be read: {blocker} has one of them locked"))
                }
                Some(&SqlState::QUERY_CANCELED) => Stop::NotRehearsed(too_long()),
                _ => Stop::Breaks(error),
            }
        })
    }

    fn not_rehearsed(&self, migration: &Migration, reason: String) -> Rehearsal {
        let text = migration.up.as_str();
        let statements = place::pieces(text).into_iter().map(|piece| {
            let statement = text.get(piece.clone()).unwrap_or_default();
            StatementReport {
                line: lint::line(text, piece.start),
                text: statement.to_owned(),
                locks: known::locks(statement),
                rewrites: Vec::new(),
                rows: None,
                duration_ms: 0,
            }
        });
        Rehearsal {
            name: migration.name.clone(),
            outcome: Outcome::NotRehearsed { reason },
            statements: statements.collect(),
            findings: lint::findings(migration, self.server),
            routes: Vec::new(),
        }
    }
}

fn bounds(statement: Duration) -> String {
    let statement = statement.as_millis().max(1);
    format!(
        "set local lock_timeout = {}; set local statement_timeout = {statement}; \
         set local idle_in_transaction_session_timeout = '10s'",
        LOCK.as_millis()
    )
}

/// Tells of resource files that fit before and do not when all is applied: the service would refuse to start. Each
/// goes to the migration after which it never fits again.
fn lasting_mistakes(drawn: &[Contracts], rehearsals: &mut [Rehearsal]) {
    let Some((at_first, after)) = drawn.split_first() else {
        return;
    };
    for mistake in after.last().map(|last| last.mistakes.as_slice()).unwrap_or_default() {
        let lasting = after
            .iter()
            .rev()
            .take_while(|now| now.mistakes.contains(mistake))
            .count();
        let guilty = after.len() - lasting;
        if lasting == after.len() && at_first.mistakes.contains(mistake) {
            continue;
        }
        if let Some(rehearsal) = rehearsals.get_mut(guilty) {
            rehearsal.findings.push(Finding {
                rule: RESOURCE_FILE.to_owned(),
                line: 1,
                message: format!("after it, {mistake}"),
                help: mistake.help.clone(),
            });
        }
    }
}
