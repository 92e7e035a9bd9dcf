//! Judgements of what only a database that answers can tell.

use super::facts::{Facts, MigrationFacts};
use super::{Check, Severity, line};

pub(super) fn migrations(facts: Option<&MigrationFacts>) -> Check {
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
                "{} failed; `windlass migrate status` says where, and whether it left something.",
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

pub(super) fn connections(facts: Option<(u32, u32)>) -> Check {
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
pub(super) const LONG_MS: u64 = 5 * 60_000;
/// Doing nothing in a transaction holds its locks.
pub(super) const IDLE_MS: u64 = 60_000;

pub(super) fn transactions(facts: &Facts) -> Check {
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

pub(super) fn indexes(invalid: Option<u32>) -> Check {
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

pub(super) fn wraparound(age: Option<u64>) -> Check {
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

fn counted(count: usize, word: &str) -> String {
    match (count, word) {
        (1, word) => format!("1 {word}"),
        (n, "index") => format!("{n} indexes"),
        (n, word) => format!("{n} {word}s"),
    }
}

pub(super) fn counted_are(count: usize, word: &str) -> String {
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
