//! Locks that a statement takes by its text alone, for what cannot be rehearsed (PostgreSQL, "Explicit Locking").

use super::place;
use super::rehearsal::LockTaken;
use super::watch::blocked;

/// Words that may stand between a command and the name of its table.
const FILLING: [&str; 12] = [
    "IF",
    "NOT",
    "EXISTS",
    "ONLY",
    "CONCURRENTLY",
    "TABLE",
    "FULL",
    "FREEZE",
    "VERBOSE",
    "ANALYZE",
    "INDEX",
    "INTO",
];

/// The lock of a simple statement; none where the text alone does not tell.
pub(super) fn locks(statement: &str) -> Vec<LockTaken> {
    let names = place::names(statement);
    let words: Vec<String> = names.iter().map(|name| name.to_ascii_uppercase()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let has = |word: &str| words.contains(&word);
    let concurrently = has("CONCURRENTLY");
    let (mode, skip) = match words.as_slice() {
        ["CREATE", "UNIQUE", "INDEX", ..] | ["CREATE", "INDEX", ..] => {
            let Some(on) = words.iter().position(|word| *word == "ON") else {
                return Vec::new();
            };
            (
                if concurrently {
                    "ShareUpdateExclusiveLock"
                } else {
                    "ShareLock"
                },
                on + 1,
            )
        }
        ["DROP", "INDEX", ..] if concurrently => ("ShareUpdateExclusiveLock", 2),
        ["REINDEX", ..] if concurrently => ("ShareUpdateExclusiveLock", 1),
        ["REINDEX", ..] => ("ShareLock", 1),
        ["VACUUM", ..] if has("FULL") => ("AccessExclusiveLock", 1),
        ["VACUUM" | "ANALYZE", ..] => ("ShareUpdateExclusiveLock", 1),
        ["ALTER", "TABLE", ..] if has("VALIDATE") || (has("DETACH") && concurrently) => ("ShareUpdateExclusiveLock", 2),
        ["ALTER" | "DROP", "TABLE", ..] => ("AccessExclusiveLock", 2),
        ["TRUNCATE" | "CLUSTER", ..] => ("AccessExclusiveLock", 1),
        ["REFRESH", "MATERIALIZED", "VIEW", ..] if concurrently => ("ExclusiveLock", 3),
        ["REFRESH", "MATERIALIZED", "VIEW", ..] => ("AccessExclusiveLock", 3),
        ["INSERT", "INTO", ..] | ["DELETE", "FROM", ..] => ("RowExclusiveLock", 2),
        ["UPDATE", ..] => ("RowExclusiveLock", 1),
        _ => return Vec::new(),
    };
    let table = names
        .iter()
        .zip(&words)
        .skip(skip)
        .find(|(_, word)| !FILLING.contains(word));
    let lock = table.map(|(name, _)| LockTaken {
        table: (*name).to_owned(),
        mode: mode.to_owned(),
        blocks: blocked(mode).to_owned(),
    });
    lock.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_tells_the_lock_of_simple_statements() {
        for (statement, expected) in [
            (
                "create unique index concurrently if not exists i on only public.leads (email)",
                "public.leads ShareUpdateExclusiveLock",
            ),
            ("create index on leads (email)", "leads ShareLock"),
            ("drop index concurrently if exists i", "i ShareUpdateExclusiveLock"),
            ("reindex table concurrently leads", "leads ShareUpdateExclusiveLock"),
            ("vacuum (full, verbose) \"Leads\"", "\"Leads\" AccessExclusiveLock"),
            ("vacuum analyze", ""),
            (
                "alter table if exists only leads add c int",
                "leads AccessExclusiveLock",
            ),
            (
                "alter table leads validate constraint c",
                "leads ShareUpdateExclusiveLock",
            ),
            ("refresh materialized view concurrently m", "m ExclusiveLock"),
            ("update leads set a = 1", "leads RowExclusiveLock"),
            ("select 1", ""),
        ] {
            let found: Vec<String> = locks(statement)
                .iter()
                .map(|lock| format!("{} {}", lock.table, lock.mode))
                .collect();
            assert_eq!(found.join(", "), expected, "{statement}");
        }
    }
}
