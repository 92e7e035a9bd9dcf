//! What a statement did to the tables that were there before it: locks that are held now, files that are new.

use std::collections::HashMap;

use tokio_postgres::types::Oid;
use tokio_postgres::{Client, Error};

use super::rehearsal::{LockTaken, Rewrite};

/// Lock modes of tables, weakest first (PostgreSQL, "Explicit Locking").
const MODES: [&str; 8] = [
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
];

/// Asking for a size waits for whoever has the table to himself; then the size of the last `analyze` has to do.
const TABLES: &str = "select c.oid, n.nspname::text || '.' || c.relname::text, c.relfilenode,
       greatest(c.reltuples::int8, pg_catalog.pg_stat_get_live_tuples(c.oid), 0),
       case when c.relkind not in ('r', 'm') then 0
            when taken.mode is null then pg_catalog.pg_table_size(c.oid)
            else c.relpages::int8 * pg_catalog.current_setting('block_size')::int8 end,
       c.relkind in ('r', 'm') and (taken.mode is not null or pg_catalog.pg_relation_size(c.oid) > 0)
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join lateral (select l.mode from pg_catalog.pg_locks l
      where l.relation = c.oid and l.locktype = 'relation' and l.mode = 'AccessExclusiveLock'
        and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
      limit 1) taken on true
    where c.relkind in ('r', 'p', 'm', 'v', 'f')
      and n.nspname not in ('pg_catalog', 'information_schema', 'windlass')
      and n.nspname !~ '^pg_(toast|temp|toast_temp)'
      and c.relname <> '__diesel_schema_migrations'";

const LOCKS: &str = "select l.relation, l.mode from pg_catalog.pg_locks l
    where l.locktype = 'relation' and l.granted and l.pid = pg_catalog.pg_backend_pid()
      and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())";

const FILES: &str = "select c.oid, c.relfilenode from pg_catalog.pg_class c where c.relkind in ('r', 'm')";

/// Tables, views and materialized views as they were before the first statement.
pub(super) struct Tables {
    known: HashMap<Oid, Known>,
}

struct Known {
    name: String,
    file: Oid,
    rows: u64,
    bytes: u64,
    filled: bool,
    /// The strongest lock that is held; 0 for none, else one more than its place in [`MODES`].
    held: usize,
}

/// What one statement did.
pub(super) struct Seen {
    pub(super) locks: Vec<LockTaken>,
    pub(super) rewrites: Vec<Rewrite>,
    /// Whether somebody waits for a table with rows because of it.
    pub(super) blocks: bool,
}

/// Who waits while a lock of this mode is held.
pub(super) fn blocked(mode: &str) -> &'static str {
    match mode {
        "AccessExclusiveLock" => "reads and writes",
        "ShareLock" | "ShareRowExclusiveLock" | "ExclusiveLock" => "writes",
        _ => "nobody",
    }
}

impl Tables {
    /// Notes what is there.
    pub(super) async fn look(client: &Client) -> Result<Self, Error> {
        let mut known = HashMap::new();
        for row in client.query_typed(TABLES, &[]).await? {
            let number = |column| row.try_get::<_, i64>(column).map(i64::unsigned_abs);
            let table = Known {
                name: row.try_get(1)?,
                file: row.try_get(2)?,
                rows: number(3)?,
                bytes: number(4)?,
                filled: row.try_get(5)?,
                held: 0,
            };
            known.insert(row.try_get(0)?, table);
        }
        Ok(Self { known })
    }

    /// What came since the last look. `copies` says whether a new file holds the old rows, which it does not after
    /// `truncate`.
    pub(super) async fn since(&mut self, client: &Client, copies: bool) -> Result<Seen, Error> {
        let mut taken: HashMap<Oid, usize> = HashMap::new();
        for row in client.query_typed(LOCKS, &[]).await? {
            let mode: &str = row.try_get(1)?;
            let strength = MODES
                .iter()
                .position(|known| *known == mode)
                .map_or(0, |place| place + 1);
            let strongest = taken.entry(row.try_get(0)?).or_default();
            *strongest = strength.max(*strongest);
        }
        let mut seen = Seen {
            locks: Vec::new(),
            rewrites: Vec::new(),
            blocks: false,
        };
        for (oid, strength) in taken {
            let Some(table) = self.known.get_mut(&oid).filter(|table| table.held < strength) else {
                continue;
            };
            table.held = strength;
            let Some(mode) = MODES.get(strength - 1) else { continue };
            let blocks = blocked(mode);
            seen.blocks |= table.filled && blocks != "nobody";
            seen.locks.push(LockTaken {
                table: table.name.clone(),
                mode: (*mode).to_owned(),
                blocks: blocks.to_owned(),
            });
        }
        for row in client.query_typed(FILES, &[]).await? {
            let (oid, file): (Oid, Oid) = (row.try_get(0)?, row.try_get(1)?);
            let Some(table) = self.known.get_mut(&oid).filter(|table| table.file != file) else {
                continue;
            };
            table.file = file;
            if copies {
                seen.rewrites.push(Rewrite {
                    table: table.name.clone(),
                    rows: table.rows,
                    bytes: table.bytes,
                });
            }
        }
        seen.locks.sort_by(|a, b| a.table.cmp(&b.table));
        seen.rewrites.sort_by(|a, b| a.table.cmp(&b.table));
        Ok(seen)
    }
}
