//! How Postgres would run a statement, without running it and without values for its `$1 …`.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::failed;
use crate::error::{Code, Error, Result};

/// The first version with plans for statements whose values are not known.
const SINCE: u32 = 160_000;

/// Postgres's generic plan of one statement, as text. Nothing is run: the transaction around it is read-only and rolled
/// back. With `role`, it is the plan that this role gets, row-level security included. Whoever drops the future must drop the connection, too.
///
/// # Errors
/// [`Code::Usage`] if the server is older than version 16; what the database says of the statement.
pub async fn explain(client: &Client, sql: &str, role: Option<&str>) -> Result<String> {
    let version = client
        .query_typed("select current_setting('server_version_num')::int4", &[])
        .await
        .map_err(failed)?;
    let version: i32 = version.first().map_or(Ok(0), |row| super::get(row, 0))?;
    if u32::try_from(version).unwrap_or_default() < SINCE {
        return Err(Error::new(
            Code::Usage,
            format!(
                "PostgreSQL {} shows no plan of a statement without its values",
                version / 10_000
            ),
        )
        .with_hint("Plans are shown from PostgreSQL 16 on; `explain` in psql takes the statement with values."));
    }
    client
        .batch_execute("begin read only; set local statement_timeout = '2s'")
        .await
        .map_err(failed)?;
    let plan = async {
        if let Some(role) = role {
            client
                .query_typed("select set_config('role', $1, true)", &[(&role, Type::TEXT)])
                .await
                .map_err(failed)?;
        }
        planned(client, sql).await
    };
    let plan = plan.await;
    let end = client.batch_execute("rollback").await.map_err(failed);
    let plan = plan?;
    end?;
    Ok(plan)
}

async fn planned(client: &Client, sql: &str) -> Result<String> {
    // The simple protocol, which the plan needs, would run what stands behind a semicolon; a statement that can be
    // prepared is only one.
    client.prepare(sql).await.map_err(refused)?;
    let messages = client
        .simple_query(&format!("explain (generic_plan) {sql}"))
        .await
        .map_err(refused)?;
    let lines: Vec<&str> = messages
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        })
        .collect();
    Ok(lines.join("\n"))
}

/// Postgres's own words, as the operator is the one who asks.
fn refused(error: tokio_postgres::Error) -> Error {
    let said = error.as_db_error().map(|said| said.message().to_owned());
    let translated = failed(error);
    match said {
        Some(said) => Error::new(translated.code(), format!("Postgres made no plan: {said}")).with_source(translated),
        None => translated,
    }
}
