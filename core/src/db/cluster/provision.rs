//! Roles, database and rights inside a running cluster. Asked for on each start, done only when something is missing.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use super::endpoint::{DATABASE, Endpoint, Role};
use super::failed;
use crate::error::Result;

/// Stored as the comment of the database; raise the number with each change of the statements below.
const MARK: &str = "Windlass cluster, layout 1";

/// Roles are of the whole cluster. `pg_temp` is named, since it would otherwise be searched before everything else.
const ROLES: &str = "
do $$ declare name text; begin
  foreach name in array array['windlass_owner', 'windlass_login', 'windlass_anonymous'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = name) then
      execute pg_catalog.format('create role %I', name);
    end if;
  end loop;
end $$;
alter role windlass_owner login nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
alter role windlass_login login nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
alter role windlass_anonymous nologin nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
grant windlass_anonymous to windlass_login;
alter role windlass_owner set search_path = public, pg_temp;
alter role windlass_login set search_path = public, pg_temp;
-- Details of an error name values of rows; and what requests do wrong is told by Windlass itself.
alter role windlass_owner set log_error_verbosity = terse;
alter role windlass_login set log_error_verbosity = terse;
alter role windlass_login set log_min_messages = log;
";

const RIGHTS: &str = "
revoke all on database windlass from public;
grant connect, temporary on database windlass to windlass_login;
alter schema public owner to pg_database_owner;
revoke create on schema public from public;
grant usage on schema public to windlass_login, windlass_anonymous;
create schema if not exists windlass authorization windlass_owner;
alter default privileges for role windlass_owner in schema public
  grant select, insert, update, delete on tables to windlass_login;
alter default privileges for role windlass_owner in schema public
  grant usage on sequences to windlass_login;
";

/// One round trip on a cluster that has everything.
const LOOK: &str = "
select (select pg_catalog.shobj_description(oid, 'pg_database') from pg_catalog.pg_database
         where datname = pg_catalog.current_database()),
       (select default_version from pg_catalog.pg_available_extensions where name = 'vector'),
       (select extversion from pg_catalog.pg_extension where extname = 'vector')";

/// Makes sure that the cluster has what Windlass relies on; this also proves that it answers.
pub(super) async fn ensure(endpoint: &Endpoint, fresh: bool) -> Result<()> {
    let refused = |error: tokio_postgres::Error| {
        failed(format!(
            "PostgreSQL runs, but does not answer as it should: {}",
            words(&error)
        ))
        .with_source(error)
    };
    if fresh {
        // Without asking first: the question alone would put an error into the log of every new project.
        create(endpoint).await.map_err(refused)?;
    }
    let mut client = match connect(endpoint, DATABASE).await {
        Ok(client) => client,
        Err(error) if error.code() == Some(&SqlState::INVALID_CATALOG_NAME) => {
            create(endpoint).await.map_err(refused)?;
            connect(endpoint, DATABASE).await.map_err(refused)?
        }
        Err(error) => return Err(refused(error)),
    };
    complete(&mut client).await.map_err(refused)
}

async fn create(endpoint: &Endpoint) -> Result<(), tokio_postgres::Error> {
    let client = connect(endpoint, "postgres").await?;
    client.batch_execute(ROLES).await?;
    client
        .batch_execute("create database windlass owner windlass_owner")
        .await
}

async fn complete(client: &mut Client) -> Result<(), tokio_postgres::Error> {
    let found = client.query_one(LOOK, &[]).await?;
    let (mark, offered, installed): (Option<String>, Option<String>, Option<String>) =
        (found.try_get(0)?, found.try_get(1)?, found.try_get(2)?);
    if mark.as_deref() == Some(MARK) && (offered.is_none() || offered == installed) {
        return Ok(());
    }
    let work = client.transaction().await?;
    work.batch_execute(ROLES).await?;
    work.batch_execute(RIGHTS).await?;
    if offered.is_some() {
        work.batch_execute("create extension if not exists vector schema public; alter extension vector update")
            .await?;
    }
    work.batch_execute(&format!("comment on database {DATABASE} is '{MARK}'"))
        .await?;
    work.commit().await?;
    tracing::info!(vector = offered, "prepared roles and database");
    Ok(())
}

async fn connect(endpoint: &Endpoint, database: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = endpoint.config(Role::Superuser).dbname(database).connect(NoTls).await?;
    tokio::spawn(async move {
        // What goes wrong on the way is also the result of the statement that waits.
        let _reported = connection.await;
    });
    Ok(client)
}

/// What the server said, or the system: the error's own text alone is "db error".
fn words(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => error.message().to_owned(),
        None => error.to_string(),
    }
}
