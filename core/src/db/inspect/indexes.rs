//! The project's indexes, and what is wrong with them.

use tokio_postgres::{Client, Row};

use super::{IndexFigures, IndexProblem, LOCKED, OWN, count, failed, get};
use crate::error::Result;

/// Fewer rows than that are read whole in any case.
const WORTH_AN_INDEX: u64 = 1_000;

/// Whether the index `i` is invalid, and not because it is being built: that takes a lock on its table and shows its
/// progress, though to other roles only who builds and not what.
pub(super) const BROKEN: &str = "not (i.indisvalid and i.indisready and i.indislive)
         and not exists (select from pg_stat_progress_create_index p
            where p.index_relid = i.indexrelid
               or p.pid in (select l.pid from pg_locks l where l.locktype = 'relation' and l.relation = i.indrelid
                              and l.mode = 'ShareUpdateExclusiveLock' and l.granted))";

/// An index with what its problem depends on.
struct Found {
    figures: IndexFigures,
    invalid: bool,
    valid: bool,
    /// Its table and everything that makes it what it is; equal ones serve the same reads.
    shape: String,
    /// How it keeps values unique, if it does.
    unique: Option<String>,
    /// Whether a constraint of the catalog rests on it, a reference from elsewhere among them.
    owned: bool,
    /// Whether it belongs to an index of a partitioned table, and cannot go alone.
    part: bool,
    rows: u64,
    table_scans: u64,
}

/// The project's indexes, the largest first.
///
/// # Errors
/// What the database says.
pub async fn indexes(client: &Client) -> Result<Vec<IndexFigures>> {
    // Of a locked one nothing is asked that would wait: it is told by its name, and is no duplicate.
    let query = format!(
        "{LOCKED}
         select xn.nspname || '.' || x.relname, n.nspname || '.' || c.relname,
                case when k.locked then '-- locked at the moment' else coalesce(pg_get_indexdef(i.indexrelid), '') end,
                case when k.locked then x.relpages::int8 * current_setting('block_size')::int8
                     else pg_relation_size(x.oid) end,
                s.idx_scan, i.indisunique or i.indisexclusion, {BROKEN}, i.indisvalid,
                case when k.locked then concat('locked ', i.indexrelid) else
                concat(i.indrelid, '|', x.relam, '|', i.indnkeyatts, '|', i.indkey, '|', i.indclass, '|', i.indcollation,
                       '|', i.indoption, '|', pg_get_expr(i.indexprs, i.indrelid), '|', pg_get_expr(i.indpred, i.indrelid)) end,
                -- How nulls count is a column of version 15.
                case when i.indisunique then concat(i.indimmediate, to_jsonb(i) ->> 'indnullsnotdistinct') end,
                exists (select from pg_constraint o where o.conindid = i.indexrelid),
                x.relispartition,
                greatest(t.n_live_tup, c.reltuples::int8), coalesce(t.seq_scan, 0) + coalesce(t.idx_scan, 0)
         from pg_index i
         join pg_class x on x.oid = i.indexrelid and x.relkind = 'i'
         join pg_namespace xn on xn.oid = x.relnamespace
         join pg_class c on c.oid = i.indrelid
         join pg_namespace n on n.oid = c.relnamespace
         left join pg_stat_all_indexes s on s.indexrelid = i.indexrelid
         left join pg_stat_all_tables t on t.relid = i.indrelid
         cross join lateral (select c.oid in (table locked) or x.oid in (table locked) as locked) k
         where c.relkind in ('r', 'm') and {OWN}
         -- What is to be kept comes first: the older one, too.
         order by i.indisprimary desc, exists (select from pg_constraint o where o.conindid = i.indexrelid) desc,
                  i.indisunique desc, i.indexrelid",
    );
    let rows = client.query_typed(&query, &[]).await.map_err(failed)?;
    let found: Vec<Found> = rows.iter().map(read).collect::<Result<_>>()?;
    let mut indexes = judged(found);
    indexes.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    Ok(indexes)
}

fn read(row: &Row) -> Result<Found> {
    Ok(Found {
        figures: IndexFigures {
            name: get(row, 0)?,
            table: get(row, 1)?,
            definition: get(row, 2)?,
            bytes: count(row, 3)?,
            scans: count(row, 4)?,
            constraint: get(row, 5)?,
            problem: None,
        },
        invalid: get(row, 6)?,
        valid: get(row, 7)?,
        shape: get(row, 8)?,
        unique: get(row, 9)?,
        owned: get(row, 10)?,
        part: get(row, 11)?,
        rows: count(row, 12)?,
        table_scans: count(row, 13)?,
    })
}

/// Says of each what is wrong with it; those to be kept come first.
fn judged(found: Vec<Found>) -> Vec<IndexFigures> {
    let mut kept: Vec<(String, Option<String>, String)> = Vec::new();
    let mut indexes = Vec::with_capacity(found.len());
    for index in found {
        let mut figures = index.figures;
        let twin = kept.iter().find(|(shape, unique, _)| {
            // What keeps values unique is only replaced by what does so, too.
            *shape == index.shape && (index.unique.is_none() || *unique == index.unique)
        });
        figures.problem = if index.invalid {
            Some(IndexProblem::Invalid)
        } else if index.owned || index.part || !index.valid {
            None
        } else if let Some((_, _, name)) = twin {
            Some(IndexProblem::Duplicate { of: name.clone() })
        } else if !figures.constraint && figures.scans == 0 && index.table_scans > 0 && index.rows >= WORTH_AN_INDEX {
            Some(IndexProblem::Unused)
        } else {
            None
        };
        let lost = matches!(figures.problem, Some(IndexProblem::Duplicate { .. }));
        if index.valid && !lost {
            kept.push((index.shape, index.unique, figures.name.clone()));
        }
        indexes.push(figures);
    }
    indexes
}
