//! One migrating process at a time: a session advisory lock, taken before anything is listed.

use std::time::{Duration, Instant};

use tokio_postgres::Client;

use crate::error::{Code, Error, Result};

/// `WIND` and `MIGR` in ASCII.
const KEY: (i32, i32) = (0x5749_4e44, 0x4d49_4752);

/// Takes the lock, trying again until `wait` has passed.
pub(super) async fn take(client: &Client, wait: Duration) -> Result<()> {
    let start = Instant::now();
    loop {
        // Polled rather than waited for, so that a deadlock between two waiting sessions cannot come up.
        let row = client
            .query_one("select pg_try_advisory_lock($1, $2)", &[&KEY.0, &KEY.1])
            .await
            .map_err(super::run::lost)?;
        if row.try_get(0).map_err(Error::internal)? {
            return Ok(());
        }
        if start.elapsed() >= wait {
            return Err(locked(client).await);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Gives it back; a session that is gone has lost it anyway.
pub(super) async fn release(client: &Client) {
    if let Err(error) = client
        .execute("select pg_advisory_unlock($1, $2)", &[&KEY.0, &KEY.1])
        .await
    {
        tracing::debug!("the migration lock went with its session: {error}");
    }
}

async fn locked(client: &Client) -> Error {
    let holder = client
        .query_opt(
            "select l.pid, coalesce(a.application_name, '') from pg_locks l left join pg_stat_activity a on a.pid = l.pid \
             where l.locktype = 'advisory' and l.granted and l.classid::bigint = $1 and l.objid::bigint = $2 \
             and l.database = (select oid from pg_database where datname = current_database()) limit 1",
            &[&i64::from(KEY.0), &i64::from(KEY.1)],
        )
        .await;
    let who = match holder {
        Ok(Some(row)) => {
            let pid: i32 = row.try_get(0).unwrap_or_default();
            let name: String = row.try_get(1).unwrap_or_default();
            format!("backend process {pid} ({name}) is migrating")
        }
        _ => "another process is migrating".to_owned(),
    };
    Error::new(Code::MigrationsLocked, who)
        .with_hint("Wait until it has finished; if it hangs, end it with `select pg_terminate_backend(PID)`.")
}
