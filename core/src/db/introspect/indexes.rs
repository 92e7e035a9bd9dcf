//! Indexes, as far as they tell which filters they serve.

use tokio_postgres::Row;

use super::Found;
use crate::catalog::{Index, IndexKey, Relation};

/// One row per key of each valid index, and per partitioned table one for the first column of its key: partitions that
/// cannot hold what is asked for are left out, as an index would.
///
/// Which operators serve stands in the catalog, for access methods and types of extensions as well. Orderings
/// (`amoppurpose = 'o'`) are no filters.
pub(super) const INDEXES: &str = "select i.indrelid, i.indexrelid, m.amname::text,
       coalesce(pg_index_column_has_property(i.indexrelid, 1, 'search_nulls'), false),
       pg_get_expr(i.indpred, i.indrelid),
       a.attname::text,
       case when i.indkey[k.at - 1] = 0 then pg_get_indexdef(i.indexrelid, k.at, false) end,
       array(select distinct o.oprname::text from pg_amop p join pg_operator o on o.oid = p.amopopr
             where p.amopfamily = c.opcfamily and p.amoppurpose = 's'),
       coalesce(i.indcollation[k.at - 1] = a.attcollation, true),
       coalesce(case when l.collname = 'default'
         then (select d.datcollate in ('C', 'POSIX') from pg_database d where d.datname = current_database())
         else l.collname in ('C', 'POSIX', 'ucs_basic', 'pg_c_utf8') end, false),
       k.at
    from pg_index i
    join seen s on s.oid = i.indrelid
    join pg_class x on x.oid = i.indexrelid
    join pg_am m on m.oid = x.relam
    cross join generate_series(1, i.indnkeyatts::int4) k(at)
    join pg_opclass c on c.oid = i.indclass[k.at - 1]
    left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[k.at - 1] and a.attnum > 0
    left join pg_collation l on l.oid = i.indcollation[k.at - 1]
    where i.indisvalid
    union all
    select p.partrelid, p.partrelid, 'partition', true, null, a.attname::text, null,
       case p.partstrat when 'h' then array['='] else array['=', '<', '<=', '>=', '>'] end, true, false, 1
    from pg_partitioned_table p
    join seen s on s.oid = p.partrelid
    join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0] and a.attnum > 0
    order by 1, 2, 11";

pub(super) fn read(rows: &[Row], found: &mut Found) -> Result<(), tokio_postgres::Error> {
    let mut last = None;
    for row in rows {
        let (table, index) = (row.try_get(0)?, row.try_get::<_, u32>(1)?);
        let Some(relation) = found.get_mut(&table) else {
            continue;
        };
        if last != Some((table, index)) {
            last = Some((table, index));
            relation.indexes.push(Index {
                method: row.try_get(2)?,
                nulls: row.try_get(3)?,
                predicate: row
                    .try_get::<_, Option<&str>>(4)?
                    .map(|predicate| columns(relation, predicate)),
                keys: Vec::new(),
            });
        }
        let key = IndexKey {
            column: row.try_get(5)?,
            expression: row.try_get(6)?,
            operators: row.try_get(7)?,
            same_collation: row.try_get(8)?,
            by_bytes: row.try_get(9)?,
        };
        if let Some(index) = relation.indexes.last_mut() {
            index.keys.push(key);
        }
    }
    Ok(())
}

/// The columns that an expression names, hidden ones as well. Texts in it name none.
fn columns(relation: &Relation, expression: &str) -> Vec<String> {
    let code: String = expression.split('\'').step_by(2).collect::<Vec<_>>().join(" ");
    let named = |column: &str| {
        let quoted = format!("\"{}\"", column.replace('"', "\"\""));
        let mut words = code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
        code.contains(&quoted) || words.any(|word| word == column)
    };
    let columns = relation.columns.iter().map(|column| column.name.as_str());
    columns.filter(|column| named(column)).map(str::to_owned).collect()
}
