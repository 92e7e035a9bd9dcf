//! Replies that are kept for writes that are sent again: those whose time is over go.

use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

use super::failed;
use crate::db::pool::Pool;
use crate::error::Result;

/// Rows that go in one statement, so that none of them is locked for long.
const BATCH: i64 = 500;

/// What another process is about to take away is left to it.
const FORGET: &str = "delete from windlass.idempotency i
      using (select scope from windlass.idempotency where created_at <= now() - interval '24 hours'
              order by created_at limit $1 for update skip locked) old
      where i.scope = old.scope";

/// Deletes the replies that are older than 24 hours, in batches; gives their number.
///
/// # Errors
/// If the database is away, or no connection comes free.
pub async fn forget_old(pool: &Pool) -> Result<usize> {
    let mut connection = pool.get().await?;
    let mut all = 0;
    loop {
        let delete = diesel::sql_query(FORGET).bind::<BigInt, _>(BATCH);
        let gone = delete.execute(&mut connection).await.map_err(failed)?;
        all += gone;
        if i64::try_from(gone).is_ok_and(|gone| gone < BATCH) {
            return Ok(all);
        }
    }
}
