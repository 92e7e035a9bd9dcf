//! What is wrong, worst first, and what to do about it: facts in, judgements out.

mod database;
mod facts;

use serde::{Deserialize, Serialize};

use super::protocol::ServiceState;
use database::{connections, counted_are, indexes, migrations, transactions, wraparound};
pub use facts::{Amount, DatabaseFacts, Facts, LaneFacts, MigrationFacts, Named, TrafficFacts};

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

/// So many seconds after a restart it is still told.
const RESTART_TOLD: u64 = 3600;

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

/// `3 s`, `4 min`.
fn ago(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        _ => format!("{} min", seconds / 60),
    }
}

fn database(facts: &DatabaseFacts) -> Check {
    let reason = facts.reason.clone().unwrap_or_default();
    match (facts.up, &facts.restarted) {
        (Some(true), Some((seconds, reason))) if *seconds < RESTART_TOLD => line(
            "database",
            Severity::Warning,
            format!("PostgreSQL died and was started again {} ago.", ago(*seconds)),
        )
        .evidence(reason)
        .next(
            "The log tells what came before: too little memory, a full disk, a kill.",
            "windlass logs",
        ),
        (Some(true), _) => line("database", Severity::Ok, "The database answers.").evidence(&facts.about),
        (Some(false), _) if facts.restarting => line(
            "database",
            Severity::Critical,
            "PostgreSQL died and is being started again; requests answer 503 until it is back.",
        )
        .evidence(reason)
        .next(
            "It comes back by itself. If it does not, the log says why.",
            "windlass logs",
        ),
        (Some(false), _) => line(
            "database",
            Severity::Critical,
            "The database does not answer; requests answer 503.",
        )
        .evidence(reason)
        .next("See in the log what it says, then check the settings.", "windlass logs"),
        (None, _) => line(
            "database",
            Severity::Unknown,
            "It is not known whether the database answers.",
        )
        .evidence(reason)
        .next("Check the project with its database.", "windlass check"),
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
mod tests;
