//! A database that is thrown away: the place to try what is not applied yet.

use tokio_postgres::Config;

use super::cluster::{Endpoint, Role};
use super::connect;
use crate::error::{Error, Result};

/// What the cluster gives the project's database, too.
const RIGHTS: &str = "
alter schema public owner to pg_database_owner;
grant usage on schema public to windlass_login;
create schema windlass authorization windlass_owner;
alter default privileges for role windlass_owner in schema public
  grant select, insert, update, delete on tables to windlass_login;
alter default privileges for role windlass_owner in schema public grant usage on sequences to windlass_login;
do $$ begin
  if exists (select from pg_available_extensions where name = 'vector') then
    create extension vector schema public;
  end if;
end $$;
";

/// An empty database beside the project's, in the embedded cluster.
#[derive(Debug)]
pub struct Scratch {
    superuser: Config,
    name: String,
    /// Connects as the owner.
    pub owner: Config,
    /// Connects as the serving role.
    pub login: Config,
}

/// Drops what a killed process left: the number in the name is that of no process any more.
async fn drop_orphans(client: &tokio_postgres::Client) -> Result<()> {
    let names = client
        .query(
            "select datname::text from pg_database where datname like 'windlass\\_scratch\\_%'",
            &[],
        )
        .await
        .map_err(Error::internal)?;
    for row in names {
        let name: String = row.try_get(0).map_err(Error::internal)?;
        let process = name
            .strip_prefix("windlass_scratch_")
            .and_then(|number| number.parse::<u32>().ok());
        let Some(process) = process else { continue };
        if !std::path::Path::new(&format!("/proc/{process}")).exists() {
            let statement = format!("drop database if exists windlass_scratch_{process} with (force)");
            client.batch_execute(&statement).await.map_err(Error::internal)?;
        }
    }
    Ok(())
}

impl Scratch {
    /// Makes one; its name carries the process's number, so that two do not meet.
    ///
    /// # Errors
    /// If the cluster does not answer.
    pub async fn make(endpoint: &Endpoint) -> Result<Self> {
        let name = format!("windlass_scratch_{}", std::process::id());
        let superuser = endpoint.config(Role::Superuser);
        let client = connect::open(&superuser).await?;
        drop_orphans(&client).await?;
        for statement in [
            format!("drop database if exists {name} with (force)"),
            format!("create database {name} owner windlass_owner"),
        ] {
            client.batch_execute(&statement).await.map_err(Error::internal)?;
        }
        let inside = |role| {
            let mut config = endpoint.config(role);
            config.dbname(&name);
            config
        };
        let client = connect::open(&inside(Role::Superuser)).await?;
        client.batch_execute(RIGHTS).await.map_err(Error::internal)?;
        Ok(Self {
            owner: inside(Role::Owner),
            login: inside(Role::Login),
            superuser,
            name,
        })
    }

    /// Throws it away.
    ///
    /// # Errors
    /// If the cluster does not answer.
    pub async fn drop(self) -> Result<()> {
        let client = connect::open(&self.superuser).await?;
        let statement = format!("drop database if exists {} with (force)", self.name);
        client.batch_execute(&statement).await.map_err(Error::internal)
    }
}
