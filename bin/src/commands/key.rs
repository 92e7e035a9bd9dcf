//! `windlass key`: makes, lists and revokes the keys with which clients ask.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use windlass_core::app::{Actor, Database, Project, Via, audited};
use windlass_core::db::migrate;
use windlass_core::db::pool::Pool;
use windlass_core::db::store::api_key::{self, Entry};
use windlass_core::error::{Code, Error, Result};
use windlass_core::guards::{NewKey, mint};

use super::with_database;
use crate::cli::Key;
use crate::report;

/// For a connection to be made.
const WAIT: Duration = Duration::from_secs(5);

/// Runs one of its actions.
pub async fn run(action: Key) -> Result<ExitCode> {
    match action {
        Key::Create {
            project,
            name,
            scopes,
            tenant,
            role,
            expires,
            json,
        } => {
            let new = NewKey {
                name,
                scopes,
                tenant,
                role,
                lifetime: expires,
                created_by: Actor::own(Via::Command).user,
            };
            create(&project.dir, new, json).await
        }
        Key::List { project, json } => list(&project.dir, json).await,
        Key::Revoke { project, id, json } => revoke(&project.dir, id, json).await,
    }
}

async fn create(directory: &Path, new: NewKey, json: bool) -> Result<ExitCode> {
    if new.name.trim().is_empty() {
        return Err(Error::new(Code::Usage, "a key needs a name that says what it is for"));
    }
    let (name, command) = (new.name.clone(), format!("windlass key create {:?}", new.name));
    let (key, entry) = with_stores(directory, async |database, pool| {
        audited(database, "key_create", &name, &command, mint(pool, new)).await
    })
    .await?;
    if json {
        let mut shown = serde_json::to_value(&entry).map_err(Error::internal)?;
        if let Some(members) = shown.as_object_mut() {
            members.insert("key".to_owned(), key.into());
        }
        report::json(&shown);
    } else {
        report::line(key);
        report::note(format_args!(
            "This is key {}. It is shown this once and stored nowhere: keep it where secrets are kept.",
            entry.id
        ));
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(directory: &Path, json: bool) -> Result<ExitCode> {
    let keys = with_stores(directory, async |_, pool| api_key::all(pool).await).await?;
    if json {
        report::json(&keys);
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = keys
        .into_iter()
        .map(|key| {
            vec![
                key.id.to_string(),
                format!("{}…", key.hint),
                key.name,
                key.scopes.join(" "),
                key.tenant.unwrap_or_default(),
                key.role.unwrap_or_default(),
                key.expires_at.unwrap_or_default(),
                key.last_used_at.unwrap_or_default(),
                key.revoked_at.unwrap_or_default(),
            ]
        })
        .collect();
    let headings = [
        "id",
        "key",
        "name",
        "scopes",
        "tenant",
        "role",
        "expires",
        "last used",
        "revoked",
    ];
    report::table(&headings, &rows);
    Ok(ExitCode::SUCCESS)
}

async fn revoke(directory: &Path, id: i64, json: bool) -> Result<ExitCode> {
    let (target, command) = (id.to_string(), format!("windlass key revoke {id}"));
    let entry = with_stores(directory, async |database, pool| {
        audited(database, "key_revoke", &target, &command, revoked(pool, id)).await
    })
    .await?;
    if json {
        report::json(&entry);
    } else {
        report::line(format_args!("key {} ({}) is revoked", entry.id, entry.name));
    }
    Ok(ExitCode::SUCCESS)
}

async fn revoked(pool: &Pool, id: i64) -> Result<Entry> {
    api_key::revoke(pool, id).await?.ok_or_else(|| {
        Error::new(Code::ActRefused, format!("there is no key {id}"))
            .with_hint("`windlass key list` shows which there are.")
    })
}

/// Works with Windlass's own tables, which are made if they are not there yet.
async fn with_stores<T>(directory: &Path, work: impl AsyncFnOnce(&Database, &Pool) -> Result<T>) -> Result<T> {
    let project = Project::open(directory)?;
    with_database(&project, async |database| {
        migrate::own_tables(&database.owner).await?;
        work(database, &Pool::new(&database.owner, 1, WAIT)).await
    })
    .await
}
