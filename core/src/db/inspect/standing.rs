//! How the serving role stands in the database: what it owns, what binds it, and where it finds names.

use std::collections::BTreeMap;

use tokio_postgres::{Client, Row};

use super::{OWN, count, failed, get};
use crate::catalog::QualifiedName;
use crate::error::{Error, Result};

/// What is to be known of the serving role, apart from what it may serve.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub role: String,
    /// Whether it is a superuser.
    pub superuser: bool,
    /// Whether it has `BYPASSRLS`.
    pub bypasses: bool,
    /// Tables of the project with whose owner's rights it works, its own above all; in name order, without partitions.
    pub owned: Vec<QualifiedName>,
    /// Its `search_path`, if role, database or connection set one; not if the server's own holds.
    pub search_path: Option<String>,
    /// Schemas in which everybody may create things, in name order.
    pub open_schemas: Vec<String>,
    /// About how many rows there are: the larger of two guesses.
    pub rows: BTreeMap<QualifiedName, u64>,
}

const ROLE: &str = "select r.rolname::text, r.rolsuper, r.rolbypassrls,
       case when s.source in ('database', 'user', 'database user', 'client') then s.setting end
    from pg_roles r cross join pg_settings s
    where r.rolname = current_user and s.name = 'search_path'";

const OPEN: &str = "select n.nspname::text from pg_namespace n
    where n.nspname <> 'information_schema' and n.nspname !~ '^pg_' and has_schema_privilege('public', n.oid, 'create')
    order by 1";

/// Asks on a connection of the serving role.
///
/// # Errors
/// What the database says.
pub async fn standing(client: &Client) -> Result<Standing> {
    // A superuser owns nothing for that, though it may everything. `usage` is what row-level security asks of an owner.
    let owned = format!(
        "select n.nspname::text, c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p') and not c.relispartition and {OWN}
           and case when (select rolsuper from pg_roles where rolname = current_user)
               then c.relowner = (select oid from pg_roles where rolname = current_user)
               else pg_has_role(c.relowner, 'usage') end
         order by 1, 2"
    );
    let rows = format!(
        "select n.nspname::text, c.relname::text, greatest(t.n_live_tup, c.reltuples::int8)
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
         left join pg_stat_all_tables t on t.relid = c.oid
         where c.relkind in ('r', 'p', 'm') and {OWN}"
    );
    let (role, owned, open, rows) = futures_util::try_join!(
        client.query_typed(ROLE, &[]),
        client.query_typed(&owned, &[]),
        client.query_typed(OPEN, &[]),
        client.query_typed(&rows, &[]),
    )
    .map_err(failed)?;
    let role = role
        .first()
        .ok_or_else(|| Error::internal("the server does not know its own role"))?;
    let named =
        |row: &Row| -> Result<QualifiedName> { Ok(QualifiedName::new(get::<String>(row, 0)?, get::<String>(row, 1)?)) };
    Ok(Standing {
        role: get(role, 0)?,
        superuser: get(role, 1)?,
        bypasses: get(role, 2)?,
        search_path: get(role, 3)?,
        owned: owned.iter().map(named).collect::<Result<_>>()?,
        open_schemas: open.iter().map(|row| get(row, 0)).collect::<Result<_>>()?,
        rows: rows
            .iter()
            .map(|row| Ok((named(row)?, count(row, 2)?)))
            .collect::<Result<_>>()?,
    })
}
