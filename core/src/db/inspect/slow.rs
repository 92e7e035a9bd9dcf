//! Which statements took most time, as the extension `pg_stat_statements` counts them.

use tokio_postgres::Client;

use super::{SlowStatement, count, failed, get, shown};
use crate::error::Result;

/// The view's schema and whether its columns have the names of version 1.8.
const VIEW: &str = "select quote_ident(n.nspname::text),
       exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'total_exec_time')
    from pg_extension e
    join pg_namespace n on n.oid = e.extnamespace
    join pg_class c on c.relnamespace = n.oid and c.relname = 'pg_stat_statements'
    where e.extname = 'pg_stat_statements'";

/// The hundred statements of this database that took most time in all; `None` where the extension does not count here.
///
/// # Errors
/// What the database says.
pub async fn slow(client: &Client) -> Result<Option<Vec<SlowStatement>>> {
    let views = client.query_typed(VIEW, &[]).await.map_err(failed)?;
    let Some(view) = views.first() else {
        return Ok(None);
    };
    let (schema, new): (String, bool) = (get(view, 0)?, get(view, 1)?);
    let (total, max) = if new {
        ("total_exec_time", "max_exec_time")
    } else {
        ("total_time", "max_time")
    };
    // One text may be there several times: for each role, and inside of functions.
    let query = format!(
        "select left(query, 2001), sum(calls)::int8, sum({total})::float8, max({max})::float8, sum(rows)::int8,
                sum({total})::float8 / sum(calls)::float8
         from {schema}.pg_stat_statements
         where dbid = (select oid from pg_database where datname = current_database()) and calls > 0
         group by query order by sum({total}) desc limit 100"
    );
    let rows = match client.query_typed(&query, &[]).await {
        Ok(rows) => rows,
        // Made in this database, but not loaded into the server; or not for this role.
        Err(error)
            if error
                .code()
                .is_some_and(|state| matches!(state.code(), "55000" | "42501")) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(failed(error)),
    };
    let statement = |row: &tokio_postgres::Row| -> Result<SlowStatement> {
        Ok(SlowStatement {
            statement: shown(&on_one_line(get(row, 0)?)),
            calls: count(row, 1)?,
            total_ms: get(row, 2)?,
            mean_ms: get(row, 5)?,
            max_ms: get(row, 3)?,
            rows: count(row, 4)?,
        })
    };
    rows.iter().map(statement).collect::<Result<_>>().map(Some)
}

/// Runs of white space become one space; a text with a comment to the end of a line stays as it is.
fn on_one_line(text: &str) -> String {
    if text.contains("--") {
        return text.trim().to_owned();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_put_on_one_line_where_that_keeps_their_meaning() {
        for (text, expected) in [
            (" select\n\t a\n from b ", "select a from b"),
            ("select 1 -- one\n from b", "select 1 -- one\n from b"),
            ("", ""),
        ] {
            assert_eq!(on_one_line(text), expected);
        }
    }
}
