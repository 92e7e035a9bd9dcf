//! The project's tables with their sizes.

use tokio_postgres::Client;

use super::{LOCKED, OWN, TableFigures, count, failed, get, moment};
use crate::error::Result;

/// The project's tables and materialized views, the largest first. Of a partitioned table each partition counts, as the
/// table itself holds nothing.
///
/// # Errors
/// What the database says.
pub async fn tables(client: &Client) -> Result<Vec<TableFigures>> {
    // The size of what is locked is that of the last VACUUM or ANALYZE: asking for the real one would wait.
    let query = format!(
        "{LOCKED}
         select n.nspname || '.' || c.relname,
                case when c.reltuples >= 0 then c.reltuples::int8 end,
                s.n_dead_tup,
                case when c.oid in (table locked) then c.relpages::int8 * b.size else pg_table_size(c.oid) end as bytes,
                coalesce((select sum(case when c.oid in (table locked) or x.oid in (table locked)
                                     then x.relpages::int8 * b.size else pg_relation_size(x.oid) end)
                          from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = c.oid), 0)::int8,
                s.seq_scan, s.idx_scan, {vacuumed}, {analyzed}
         from pg_class c
         join pg_namespace n on n.oid = c.relnamespace
         left join pg_stat_all_tables s on s.relid = c.oid
         cross join (select current_setting('block_size')::int8 as size) b
         where c.relkind in ('r', 'm') and {OWN}
         order by bytes desc nulls last, 1",
        vacuumed = moment("greatest(s.last_vacuum, s.last_autovacuum)"),
        analyzed = moment("greatest(s.last_analyze, s.last_autoanalyze)"),
    );
    let rows = client.query_typed(&query, &[]).await.map_err(failed)?;
    let table = |row: &tokio_postgres::Row| -> Result<TableFigures> {
        let estimate: Option<i64> = get(row, 1)?;
        Ok(TableFigures {
            name: get(row, 0)?,
            rows: estimate.and_then(|rows| u64::try_from(rows).ok()),
            dead_rows: count(row, 2)?,
            bytes: count(row, 3)?,
            index_bytes: count(row, 4)?,
            sequential_scans: count(row, 5)?,
            index_scans: count(row, 6)?,
            vacuumed_at: get(row, 7)?,
            analyzed_at: get(row, 8)?,
        })
    };
    rows.iter().map(table).collect()
}
