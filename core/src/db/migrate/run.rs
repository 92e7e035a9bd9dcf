//! Runs one migration and records it in Diesel's list.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::{Migration, place, shown};
use crate::diagnostic::Diagnostic;
use crate::error::{Code, Error, Result};

/// Diesel's own definition, so that either may come first.
const LIST: &str = "create table if not exists public.__diesel_schema_migrations (\
     version varchar(50) primary key not null, run_on timestamp not null default current_timestamp)";
/// The list is no business of requests: new tables are open to the serving role by default.
const PRIVATE: &str = "do $$ begin if exists (select from pg_catalog.pg_roles where rolname = 'windlass_login') then \
     revoke all on public.__diesel_schema_migrations from windlass_login; end if; end $$";
/// How often a migration is tried that waits too long for a lock.
const TRIES: u32 = 3;
/// How long a statement may wait for a lock: behind it, every other query of that table waits, too.
const LOCK_TIMEOUT: &str =
    "set lock_timeout = '5s'; set statement_timeout = 0; set idle_in_transaction_session_timeout = 0";

/// Versions that are applied, with the time (RFC 3339).
pub(super) async fn applied(client: &Client) -> Result<BTreeMap<String, String>> {
    let exists = client
        .query_one(
            "select to_regclass('public.__diesel_schema_migrations') is not null",
            &[],
        )
        .await
        .and_then(|row| row.try_get::<_, bool>(0))
        .map_err(lost)?;
    if !exists {
        return Ok(BTreeMap::new());
    }
    let rows = client
        .query(
            "select version::text, to_char(run_on, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
             from public.__diesel_schema_migrations order by version",
            &[],
        )
        .await
        .map_err(lost)?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<Result<_, tokio_postgres::Error>>()
        .map_err(lost)
}

/// Runs it; after a failure the database is as it was, if the migration runs in a transaction.
pub(super) async fn one(client: &mut Client, migration: &Migration, direction: &str) -> Result<()> {
    let text = match direction {
        "up" => migration.up.as_str(),
        _ => migration.down.as_deref().unwrap_or_default(),
    };
    // What an earlier file has set is not to bind this one. Diesel's list keeps times without a zone: in UTC.
    client
        .batch_execute(&format!(
            "reset all; {LOCK_TIMEOUT}; set time zone 'UTC'; {LIST}; {PRIVATE}"
        ))
        .await
        .map_err(|error| failed(migration, direction, text, 0, error))?;
    let mut attempt = 1;
    loop {
        let (finished, error) = match once(client, migration, direction, text).await {
            Ok(Whole::Yes) => return Ok(()),
            Ok(Whole::No) => return Err(cut_short(&shown(migration, direction), "")),
            Err(failure) => failure,
        };
        if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) && migration.in_transaction && attempt < TRIES {
            tracing::warn!(
                migration = migration.name,
                attempt,
                "a lock did not come free; trying again"
            );
            tokio::time::sleep(Duration::from_secs(1)).await;
            attempt += 1;
            continue;
        }
        return Err(failed(migration, direction, text, finished, error));
    }
}

pub(super) type Failure = (usize, tokio_postgres::Error);

/// Whether a migration ran as one transaction.
enum Whole {
    Yes,
    /// It ended its transaction itself, and is not recorded.
    No,
}

/// The transaction that is open, or none.
pub(super) async fn transaction_id(
    client: &impl tokio_postgres::GenericClient,
) -> Result<Option<String>, tokio_postgres::Error> {
    let row = client.query_one("select txid_current_if_assigned()::text", &[]).await?;
    row.try_get(0)
}

/// A migration that ended its transaction, whatever got past the check of its text.
pub(super) fn cut_short(file: &Path, line: &str) -> Error {
    Error::new(
        Code::MigrationFailed,
        format!(
            "{}{line}: this ended its transaction; what stood before it is stored now",
            file.display()
        ),
    )
    .with_hint("Look with `windlass db psql` what it left, undo that, and leave BEGIN and COMMIT to Windlass.")
}

async fn once(client: &mut Client, migration: &Migration, direction: &str, text: &str) -> Result<Whole, Failure> {
    if migration.in_transaction {
        let transaction = client.transaction().await.map_err(|error| (0, error))?;
        // Asking for its number gives it one.
        let begun = transaction.query_one("select txid_current()::text", &[]).await;
        let begun: Option<String> = begun.and_then(|row| row.try_get(0)).map_err(|error| (0, error))?;
        execute(&transaction, text).await?;
        let record = record(direction);
        let after = usize::MAX;
        let now = transaction_id(&transaction).await.map_err(|error| (after, error))?;
        if now != begun {
            return Ok(Whole::No);
        }
        transaction
            .execute(record, &[&migration.version])
            .await
            .map_err(|error| (after, error))?;
        transaction.commit().await.map_err(|error| (after, error))?;
    } else {
        execute(client, text).await?;
        let result = client.execute(record(direction), &[&migration.version]).await;
        result.map_err(|error| (usize::MAX, error))?;
    }
    Ok(Whole::Yes)
}

fn record(direction: &str) -> &'static str {
    match direction {
        "up" => "insert into public.__diesel_schema_migrations (version) values ($1)",
        _ => "delete from public.__diesel_schema_migrations where version = $1",
    }
}

/// Sends the text as one message, as Diesel does, and counts the statements that came to an end; gives the number of
/// rows in the last one's tag.
pub(super) async fn execute(client: &impl tokio_postgres::GenericClient, text: &str) -> Result<u64, Failure> {
    let messages = client
        .client()
        .simple_query_raw(text)
        .await
        .map_err(|error| (0, error))?;
    let mut messages = std::pin::pin!(messages);
    let (mut finished, mut rows) = (0, 0);
    loop {
        match messages.try_next().await {
            Ok(Some(SimpleQueryMessage::CommandComplete(changed))) => (finished, rows) = (finished + 1, changed),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(rows),
            Err(error) => return Err((finished, error)),
        }
    }
}

fn failed(migration: &Migration, direction: &str, text: &str, finished: usize, error: tokio_postgres::Error) -> Error {
    let Some(said) = error.as_db_error() else {
        return lost(error);
    };
    // Errors without a position: the statement after the last that came to an end.
    let statement = place::statements(text).get(finished).copied();
    let diagnostic = placed(&shown(migration, direction), text, 0, statement, said);
    let details = details(said);
    let kept = match migration.in_transaction {
        true => "The database is as it was before this migration.",
        false => "This migration runs without a transaction: look what it left, then correct it.",
    };
    let hint = if said.code() == &SqlState::LOCK_NOT_AVAILABLE {
        format!("Another session keeps a lock on the table: try again when it is quiet. {kept}")
    } else {
        format!("Correct the file, then run `windlass migrate {direction}` again. {kept}")
    };
    let mut failed = Error::new(Code::MigrationFailed, diagnostic.to_string()).with_hint(hint);
    if !details.is_empty() {
        failed = failed.with_details(details.join("\n"));
    }
    failed.with_source(error)
}

/// Postgres's message with its place in `text`, of which the part from `sent` on was sent; `otherwise` is the place of
/// errors that have none.
pub(super) fn placed(file: &Path, text: &str, sent: usize, otherwise: Option<usize>, said: &DbError) -> Diagnostic {
    let message = format!("{} (SQLSTATE {})", said.message(), said.code().code());
    let position = match said.position() {
        Some(ErrorPosition::Original(position)) => {
            Some(sent + place::byte_of(text.get(sent..).unwrap_or_default(), *position))
        }
        _ => otherwise,
    };
    match position {
        Some(byte) => Diagnostic::at(file, text, byte, message),
        None => Diagnostic::file(file, message),
    }
}

/// What Postgres adds to its message.
pub(super) fn details(said: &DbError) -> Vec<&str> {
    [said.detail(), said.hint(), said.where_()]
        .into_iter()
        .flatten()
        .collect()
}

/// A failure that no file is to blame for.
pub(super) fn lost(error: tokio_postgres::Error) -> Error {
    if error.is_closed() || error.as_db_error().is_none() {
        return Error::new(Code::DatabaseUnavailable, "the connection to the database broke")
            .with_hint(
                "Look at the server, then run the command again: `windlass migrate status` shows where it stands.",
            )
            .with_source(error);
    }
    let reason = error
        .as_db_error()
        .map(|said| said.message().to_owned())
        .unwrap_or_default();
    Error::new(Code::MigrationFailed, format!("the database refused: {reason}")).with_source(error)
}
