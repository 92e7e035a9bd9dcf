//! Keys with which clients ask. A key itself is never stored: whoever reads the table has none.

use diesel::data_types::PgTimestamp;
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Timestamptz};
use diesel_async::RunQueryDsl;

use super::{failed, rfc3339};
use crate::db::pool::Pool;
use crate::db::schema::{api_key, api_key_generation};
use crate::error::{Error, Result};

/// Later uses of several keys in one statement; a time that is older than the one that is stored stays out.
const TOUCH: &str = "update windlass.api_key k set last_used_at = u.at
      from unnest($1, $2) u(id, at)
      where k.id = u.id and (k.last_used_at is null or k.last_used_at < u.at)";

/// A key to be stored.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = api_key)]
#[diesel(treat_none_as_default_value = false)]
pub struct New {
    /// What it is for.
    pub name: String,
    /// How it begins.
    pub hint: String,
    /// SHA-256 of it.
    pub hash: Vec<u8>,
    /// What may be done with it.
    pub scopes: Vec<String>,
    /// For which tenant.
    pub tenant: Option<String>,
    /// In which role.
    pub role: Option<String>,
    /// The operating system's user who made it.
    pub created_by: String,
    /// Until when it is valid.
    pub expires_at: Option<PgTimestamp>,
}

/// A key as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    /// Names it.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// How it begins.
    pub hint: String,
    /// What may be done with it.
    pub scopes: Vec<String>,
    /// For which tenant.
    pub tenant: Option<String>,
    /// In which role.
    pub role: Option<String>,
    /// When it was made, RFC 3339, as all of these times.
    pub created_at: String,
    /// By whom.
    pub created_by: String,
    /// Until when it is valid.
    pub expires_at: Option<String>,
    /// Since when it is not valid any more.
    pub revoked_at: Option<String>,
    /// When a request last came with it.
    pub last_used_at: Option<String>,
}

/// A key that was not revoked, as requests are compared with it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = api_key)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct Active {
    /// Names it.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// SHA-256 of it.
    pub hash: Vec<u8>,
    /// What may be done with it.
    pub scopes: Vec<String>,
    /// For which tenant.
    pub tenant: Option<String>,
    /// In which role.
    pub role: Option<String>,
    /// Until when it is valid.
    pub expires_at: Option<PgTimestamp>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_key)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Row {
    id: i64,
    name: String,
    hint: String,
    scopes: Vec<String>,
    tenant: Option<String>,
    role: Option<String>,
    created_at: PgTimestamp,
    created_by: String,
    expires_at: Option<PgTimestamp>,
    revoked_at: Option<PgTimestamp>,
    last_used_at: Option<PgTimestamp>,
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            hint: row.hint,
            scopes: row.scopes,
            tenant: row.tenant,
            role: row.role,
            created_at: rfc3339(row.created_at),
            created_by: row.created_by,
            expires_at: row.expires_at.map(rfc3339),
            revoked_at: row.revoked_at.map(rfc3339),
            last_used_at: row.last_used_at.map(rfc3339),
        }
    }
}

/// Stores a key.
///
/// # Errors
/// If the database is away, or no connection comes free.
pub async fn insert(pool: &Pool, new: &New) -> Result<Entry> {
    let mut connection = pool.get().await?;
    let row: Row = diesel::insert_into(api_key::table)
        .values(new)
        .returning(Row::as_returning())
        .get_result(&mut connection)
        .await
        .map_err(failed)?;
    Ok(row.into())
}

/// Every key there ever was, newest first.
///
/// # Errors
/// As [`insert`].
pub async fn all(pool: &Pool) -> Result<Vec<Entry>> {
    let mut connection = pool.get().await?;
    let rows: Vec<Row> = api_key::table
        .select(Row::as_select())
        .order(api_key::id.desc())
        .load(&mut connection)
        .await
        .map_err(failed)?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// Revokes a key; one that was revoked before keeps its time. None: there is no such key.
///
/// # Errors
/// As [`insert`].
pub async fn revoke(pool: &Pool, id: i64) -> Result<Option<Entry>> {
    let mut connection = pool.get().await?;
    let open = api_key::table.filter(api_key::id.eq(id).and(api_key::revoked_at.is_null()));
    diesel::update(open)
        .set(api_key::revoked_at.eq(now))
        .execute(&mut connection)
        .await
        .map_err(failed)?;
    let row: Option<Row> = api_key::table
        .find(id)
        .select(Row::as_select())
        .first(&mut connection)
        .await
        .optional()
        .map_err(failed)?;
    Ok(row.map(Entry::from))
}

/// How often the keys changed.
///
/// # Errors
/// As [`insert`].
pub async fn generation(pool: &Pool) -> Result<i64> {
    let mut connection = pool.get().await?;
    let value: Option<i64> = api_key_generation::table
        .select(api_key_generation::value)
        .first(&mut connection)
        .await
        .optional()
        .map_err(failed)?;
    value.ok_or_else(|| Error::internal("windlass.api_key_generation has no row"))
}

/// The keys that were not revoked.
///
/// # Errors
/// As [`insert`].
pub async fn active(pool: &Pool) -> Result<Vec<Active>> {
    let mut connection = pool.get().await?;
    api_key::table
        .filter(api_key::revoked_at.is_null())
        .select(Active::as_select())
        .load(&mut connection)
        .await
        .map_err(failed)
}

/// Notes when keys were last used.
///
/// # Errors
/// As [`insert`].
pub async fn touch(pool: &Pool, used: &[(i64, PgTimestamp)]) -> Result<()> {
    let (ids, times): (Vec<i64>, Vec<PgTimestamp>) = used.iter().copied().unzip();
    let mut connection = pool.get().await?;
    diesel::sql_query(TOUCH)
        .bind::<Array<BigInt>, _>(ids)
        .bind::<Array<Timestamptz>, _>(times)
        .execute(&mut connection)
        .await
        .map(drop)
        .map_err(failed)
}
