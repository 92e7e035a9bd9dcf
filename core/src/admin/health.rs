//! What is wrong, worst first, and what to do about it: facts in, judgements out.

use serde::{Deserialize, Serialize};

use super::protocol::ServiceState;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// A word, such as `database`, `migrations`, `disk`.
    pub name: String,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence: what is so.
    pub summary: String,
    /// Figures, names, messages that show it; may be empty.
    pub evidence: String,
    /// What to do, if something is wrong.
    pub next_step: Option<String>,
    /// The command that does it, or shows more.
    pub command: Option<String>,
}

/// How bad something is; the worst comes first in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Requests fail, or data is in danger.
    Critical,
    /// It will go wrong if nobody acts.
    Warning,
    /// It could not be found out.
    Unknown,
    /// Worth knowing.
    Notice,
    /// All is well.
    Ok,
}

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
    fn percent(self) -> u64 {
        (u128::from(self.free) * 100)
            .checked_div(u128::from(self.total))
            .map_or(100, |percent| u64::try_from(percent).unwrap_or(100))
    }
}

/// Judges the facts; the worst comes first, otherwise in the order in which they are looked at.
#[must_use]
pub fn checks(facts: &Facts) -> Vec<Check> {
    let mut checks = vec![service(facts), database(&facts.database)];
    let answers = facts.database.up == Some(true);
    if answers {
        checks.extend([
            migrations(facts.migrations.as_ref()),
            connections(facts.connections),
            transactions(facts),
            indexes(facts.invalid_indexes),
            wraparound(facts.wraparound_age),
        ]);
    } else {
        checks.push(
            line(
                "tables",
                Severity::Unknown,
                "What is in the database cannot be seen while it does not answer.",
            )
            .evidence("migrations, connections, transactions, indexes, wraparound"),
        );
    }
    // Nothing is in force where nothing runs.
    if facts.reload_failed.is_some() || facts.service != Some(ServiceState::Down) {
        checks.push(contracts(facts.reload_failed.as_deref()));
    }
    checks.extend(facts.lanes.map(lanes));
    checks.extend(facts.traffic.map(traffic));
    checks.push(disk(facts.disk));
    checks.push(memory(facts.memory));
    checks.extend(routes(&facts.disabled_routes));
    checks.extend(docs(facts.docs));
    checks.sort_by_key(|check| check.severity);
    checks
}

fn line(name: &str, severity: Severity, summary: impl Into<String>) -> Check {
    Check {
        name: name.to_owned(),
        severity,
        summary: summary.into(),
        evidence: String::new(),
        next_step: None,
        command: None,
    }
}

impl Check {
    fn evidence(mut self, evidence: impl Into<String>) -> Self {
        self.evidence = evidence.into();
        self
    }

    fn next(mut self, step: &str, command: &str) -> Self {
        self.next_step = Some(step.to_owned());
        self.command = Some(command.to_owned());
        self
    }
}

fn service(facts: &Facts) -> Check {
    match facts.service {
        Some(ServiceState::Running) => line("service", Severity::Ok, "The service answers requests."),
        Some(ServiceState::Stopping) => line(
            "service",
            Severity::Warning,
            "The service is stopping: it finishes what is under way and takes nothing new.",
        )
        .next("See in the log who stopped it.", "windlass logs"),
        Some(ServiceState::Down) => line("service", Severity::Critical, "No service runs for this project.")
            .next("Start it; the log says why it ended.", "windlass serve"),
        None => line(
            "service",
            Severity::Unknown,
            "It is not known whether the service runs.",
        )
        .next("Ask the log.", "windlass logs"),
    }
}

fn database(facts: &DatabaseFacts) -> Check {
    let reason = facts.reason.clone().unwrap_or_default();
    match facts.up {
        Some(true) => line("database", Severity::Ok, "The database answers.").evidence(&facts.about),
        Some(false) if facts.restarting => line(
            "database",
            Severity::Critical,
            "PostgreSQL died and is being started again; requests answer 503 until it is back.",
        )
        .evidence(reason)
        .next(
            "It comes back by itself. If it does not, the log says why.",
            "windlass logs",
        ),
        Some(false) => line(
            "database",
            Severity::Critical,
            "The database does not answer; requests answer 503.",
        )
        .evidence(reason)
        .next("See in the log what it says, then check the settings.", "windlass logs"),
        None => line(
            "database",
            Severity::Unknown,
            "It is not known whether the database answers.",
        )
        .evidence(reason)
        .next("Check the project with its database.", "windlass check"),
    }
}

fn migrations(facts: Option<&MigrationFacts>) -> Check {
    let name = "migrations";
    let Some(facts) = facts else {
        return line(
            name,
            Severity::Unknown,
            "The state of the migrations could not be read.",
        )
        .next("Ask for it.", "windlass migrate status");
    };
    let MigrationFacts {
        pending,
        failed,
        drifted,
        gone,
    } = facts;
    let told: Vec<String> = [
        (failed, "failed"),
        (pending, "pending"),
        (drifted, "edited"),
        (gone, "gone"),
    ]
    .into_iter()
    .filter(|(named, _)| named.count > 0)
    .map(|(named, word)| match named.count {
        1 => format!("{word}: {}", named.first),
        n => format!("{word}: {} and {} more", named.first, n - 1),
    })
    .collect();
    let check = if failed.count > 0 {
        line(
            name,
            Severity::Critical,
            format!(
                "{} failed; the database is as it was before.",
                counted(failed.count, "migration")
            ),
        )
        .next(
            "See what it would do, mend its file and apply it.",
            "windlass migrate check",
        )
    } else if pending.count > 0 {
        line(
            name,
            Severity::Warning,
            format!("{} not applied yet.", counted_are(pending.count, "migration")),
        )
        .next("See what they would do, then apply them.", "windlass migrate check")
    } else if drifted.count > 0 {
        line(
            name,
            Severity::Warning,
            format!(
                "{} edited after being applied.",
                counted_were(drifted.count, "migration")
            ),
        )
        .next("Undo the edit, or write a new migration.", "windlass migrate status")
    } else if gone.count > 0 {
        line(
            name,
            Severity::Warning,
            format!(
                "{} applied, but the directory is gone.",
                counted_were(gone.count, "migration")
            ),
        )
        .next(
            "Bring the directory back: without it nothing can be undone.",
            "windlass migrate status",
        )
    } else {
        line(name, Severity::Ok, "Every migration is applied.")
    };
    check.evidence(told.join("; "))
}

fn connections(facts: Option<(u32, u32)>) -> Check {
    let name = "connections";
    let Some((used, max)) = facts else {
        return line(name, Severity::Unknown, "The number of connections could not be read.")
            .next("Ask for the sessions.", "windlass db activity");
    };
    let evidence = format!("{used} of {max}");
    // The last ones are kept for superusers.
    if used.saturating_add(3) >= max {
        line(name, Severity::Critical, "The database takes no more connections.")
            .evidence(evidence)
            .next(
                "See who holds them, and end what is not needed.",
                "windlass db activity",
            )
    } else if u64::from(used) * 100 >= u64::from(max) * 85 {
        line(
            name,
            Severity::Warning,
            "The database's connections are nearly used up.",
        )
        .evidence(evidence)
        .next("See who holds them.", "windlass db activity")
    } else {
        line(name, Severity::Ok, "Connections are free.").evidence(evidence)
    }
}

/// Longer transactions keep VACUUM from its work.
const LONG_MS: u64 = 5 * 60_000;
/// Doing nothing in a transaction holds its locks.
const IDLE_MS: u64 = 60_000;

fn transactions(facts: &Facts) -> Check {
    let name = "transactions";
    let told = |(pid, milliseconds): (i32, u64)| format!("session {pid}, {}", duration(milliseconds));
    if let Some(idle) = facts.idle_in_transaction.filter(|(_, ms)| *ms > IDLE_MS) {
        return line(
            name,
            Severity::Warning,
            "A session does nothing in an open transaction and holds its locks.",
        )
        .evidence(told(idle))
        .next(
            "See whom it holds up; end it if its program is stuck.",
            "windlass db locks",
        );
    }
    if let Some(oldest) = facts.oldest_transaction.filter(|(_, ms)| *ms > LONG_MS) {
        return line(
            name,
            Severity::Warning,
            "A transaction has been open for long: dead rows pile up meanwhile.",
        )
        .evidence(told(oldest))
        .next("See what it does.", "windlass db activity");
    }
    line(name, Severity::Ok, "No transaction is open for long.")
        .evidence(facts.oldest_transaction.map(told).unwrap_or_default())
}

fn indexes(invalid: Option<u32>) -> Check {
    let name = "indexes";
    match invalid {
        None => {
            line(name, Severity::Unknown, "The indexes could not be read.").next("Ask for them.", "windlass db indexes")
        }
        Some(0) => line(name, Severity::Ok, "Every index is valid."),
        Some(n) => line(
            name,
            Severity::Warning,
            format!(
                "{} invalid: writes pay for what no read uses.",
                counted_are(usize::try_from(n).unwrap_or(usize::MAX), "index")
            ),
        )
        .next(
            "Drop or rebuild what is invalid, in a migration.",
            "windlass db indexes",
        ),
    }
}

fn wraparound(age: Option<u64>) -> Check {
    let name = "wraparound";
    let Some(age) = age else {
        return line(name, Severity::Unknown, "The age of the oldest row could not be read.")
            .next("Ask for the tables.", "windlass db tables");
    };
    let evidence = format!("{} million of 2,147 million transactions", age / 1_000_000);
    if age > 1_500_000_000 {
        line(
            name,
            Severity::Critical,
            "Postgres will soon take no more writes: its transaction numbers run out.",
        )
        .evidence(evidence)
        .next(
            "End what keeps VACUUM from its work, then run `vacuum freeze`.",
            "windlass db activity",
        )
    } else if age > 500_000_000 {
        line(
            name,
            Severity::Warning,
            "Autovacuum does not keep up: transaction numbers are used up faster.",
        )
        .evidence(evidence)
        .next("Look for transactions that are open for long.", "windlass db activity")
    } else {
        line(name, Severity::Ok, "Transaction numbers are far from running out.").evidence(evidence)
    }
}

fn contracts(failed: Option<&str>) -> Check {
    match failed {
        Some(message) => line(
            "contracts",
            Severity::Warning,
            "The resource files could not be read again; those from before are in force.",
        )
        .evidence(message)
        .next("Correct what is told, then reload.", "windlass check"),
        None => line("contracts", Severity::Ok, "The resource files are in force."),
    }
}

fn lanes(facts: LaneFacts) -> Check {
    let evidence = format!(
        "{} of {} at work, {} refused in a minute",
        facts.busy, facts.max, facts.timeouts
    );
    if facts.timeouts > 0 {
        line(
            "lanes",
            Severity::Critical,
            "Requests are refused, as no database connection comes free in time.",
        )
        .evidence(evidence)
        .next(
            "See which statements take the time; then raise database.max_connections.",
            "windlass db slow",
        )
    } else if facts.max > 0 && facts.busy >= facts.max {
        line("lanes", Severity::Notice, "Every exclusive lane is at work.")
            .evidence(evidence)
            .next("See what they do.", "windlass db activity")
    } else {
        line("lanes", Severity::Ok, "Lanes to the database are free.").evidence(evidence)
    }
}

fn traffic(facts: TrafficFacts) -> Check {
    let TrafficFacts {
        requests,
        failed,
        p99_us,
    } = facts;
    let evidence = format!(
        "{requests} requests in a minute, {failed} failed, p99 {}.{:03} ms",
        p99_us / 1_000,
        p99_us % 1_000
    );
    // One failure of two requests at night is no alarm.
    let (many, some) = (failed >= 5 && failed * 20 >= requests, failed > 0);
    if many {
        line("traffic", Severity::Critical, "More than one of twenty requests fails.")
            .evidence(evidence)
            .next("See what the failures say.", "windlass logs")
    } else if some {
        line("traffic", Severity::Warning, "Some requests failed in the last minute.")
            .evidence(evidence)
            .next("See what the failures say.", "windlass logs")
    } else if p99_us > 1_000_000 {
        line(
            "traffic",
            Severity::Warning,
            "One of a hundred requests takes longer than a second.",
        )
        .evidence(evidence)
        .next("See which statements take the time.", "windlass db slow")
    } else {
        line("traffic", Severity::Ok, "No request failed in the last minute.").evidence(evidence)
    }
}

fn disk(amount: Option<Amount>) -> Check {
    let name = "disk";
    let Some(amount) = amount else {
        return line(name, Severity::Unknown, "The disk's free space could not be read.");
    };
    let evidence = format!("{} of {} free", size(amount.free), size(amount.total));
    match amount.percent() {
        0..5 => line(
            name,
            Severity::Critical,
            "The disk is nearly full: Postgres stops when it is.",
        )
        .evidence(evidence)
        .next("Make room; see which tables are large.", "windlass db tables"),
        5..15 => line(name, Severity::Warning, "The disk fills up.")
            .evidence(evidence)
            .next("See which tables are large.", "windlass db tables"),
        _ => line(name, Severity::Ok, "The disk has room.").evidence(evidence),
    }
}

fn memory(amount: Option<Amount>) -> Check {
    let name = "memory";
    let Some(amount) = amount else {
        return line(name, Severity::Unknown, "The machine's free memory could not be read.");
    };
    let evidence = format!("{} of {} free", size(amount.free), size(amount.total));
    match amount.percent() {
        0..5 => line(
            name,
            Severity::Critical,
            "Memory is nearly used up: the system will kill something.",
        )
        .evidence(evidence)
        .next("Lower postgres.memory, or end what else runs here.", "windlass config"),
        5..10 => line(name, Severity::Warning, "Memory runs short.")
            .evidence(evidence)
            .next("Lower postgres.memory, or end what else runs here.", "windlass config"),
        _ => line(name, Severity::Ok, "Memory is free.").evidence(evidence),
    }
}

fn routes(disabled: &[String]) -> Option<Check> {
    let first = disabled.first()?;
    let evidence = match disabled.len() {
        1 => first.clone(),
        n => format!("{first} and {} more", n - 1),
    };
    let check = line(
        "routes",
        Severity::Notice,
        format!(
            "{} switched off and {} 503.",
            counted_are(disabled.len(), "route"),
            if disabled.len() == 1 { "answers" } else { "answer" }
        ),
    );
    Some(
        check
            .evidence(evidence)
            .next("Switch on what should answer again.", "windlass routes"),
    )
}

fn docs(served: Option<bool>) -> Option<Check> {
    served?.then(|| {
        line(
            "docs",
            Severity::Notice,
            "The docs are served to everybody who reaches the service.",
        )
        .next(
            "Switch them off with docs.enabled if they should not be public.",
            "windlass config",
        )
    })
}

fn counted(count: usize, word: &str) -> String {
    match (count, word) {
        (1, word) => format!("1 {word}"),
        (n, "index") => format!("{n} indexes"),
        (n, word) => format!("{n} {word}s"),
    }
}

fn counted_are(count: usize, word: &str) -> String {
    format!("{} {}", counted(count, word), if count == 1 { "is" } else { "are" })
}

fn counted_were(count: usize, word: &str) -> String {
    format!("{} {}", counted(count, word), if count == 1 { "was" } else { "were" })
}

/// `42 s`, `7 min`, `3 h 20 min`.
fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

/// `512 MiB`, `1.5 GiB`.
fn size(bytes: u64) -> String {
    let mebibytes = bytes >> 20;
    if mebibytes < 1_024 {
        format!("{mebibytes} MiB")
    } else {
        format!("{}.{} GiB", mebibytes / 1_024, mebibytes % 1_024 * 10 / 1_024)
    }
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
