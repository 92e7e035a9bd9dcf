//! Keys that all processes on one database share; its own migration makes them, once.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::failed;
use crate::db::pool::Pool;
use crate::db::schema::secret;
use crate::error::{Error, Result};

/// The key of the cursors of lists.
///
/// # Errors
/// If the database is away, or no connection comes free; `internal` if somebody took the key away.
pub async fn of_cursors(pool: &Pool) -> Result<[u8; 32]> {
    let mut connection = pool.get().await?;
    let value: Vec<u8> = secret::table
        .find("cursors")
        .select(secret::value)
        .first(&mut connection)
        .await
        .map_err(failed)?;
    value
        .try_into()
        .map_err(|_| Error::internal("the key of cursors in windlass.secret has not 32 bytes"))
}
