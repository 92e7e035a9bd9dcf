//! Routes that an operator switched off.

use diesel::data_types::PgTimestamp;
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{failed, rfc3339};
use crate::db::pool::Pool;
use crate::db::schema::route_state;
use crate::error::Result;

/// A route that is switched off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Off {
    /// Such as `GET /api/leads/{id}`.
    pub route: String,
    /// Since when, RFC 3339.
    pub at: String,
    /// By whom.
    pub by: String,
}

/// Switches a route off; one that is off already stays so, since when and by whom it was.
///
/// # Errors
/// If the database is away, or no connection comes free.
pub async fn disable(pool: &Pool, route: &str, by: &str) -> Result<bool> {
    let mut connection = pool.get().await?;
    let made = diesel::insert_into(route_state::table)
        .values((
            route_state::route.eq(route),
            route_state::disabled_at.eq(now),
            route_state::disabled_by.eq(by),
        ))
        .on_conflict_do_nothing()
        .execute(&mut connection)
        .await
        .map_err(failed)?;
    Ok(made > 0)
}

/// Switches a route on; gives whether it was off.
///
/// # Errors
/// If the database is away, or no connection comes free.
pub async fn enable(pool: &Pool, route: &str) -> Result<bool> {
    let mut connection = pool.get().await?;
    let gone = diesel::delete(route_state::table.find(route))
        .execute(&mut connection)
        .await
        .map_err(failed)?;
    Ok(gone > 0)
}

/// Every route that is off, in order of their names.
///
/// # Errors
/// If the database is away, or no connection comes free.
pub async fn all(pool: &Pool) -> Result<Vec<Off>> {
    let mut connection = pool.get().await?;
    let rows: Vec<(String, PgTimestamp, String)> = route_state::table
        .order(route_state::route)
        .load(&mut connection)
        .await
        .map_err(failed)?;
    Ok(rows
        .into_iter()
        .map(|(route, at, by)| Off {
            route,
            at: rfc3339(at),
            by,
        })
        .collect())
}
