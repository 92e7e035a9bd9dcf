//! The keys of the demo: made at its first start, and written where only its operator reads them.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use windlass_core::app::{Actor, Via};
use windlass_core::db::pool::Pool;
use windlass_core::db::store::api_key;
use windlass_core::error::{Code, Error, Result};
use windlass_core::guards::{NewKey, mint};

use crate::report;

/// The file that holds them, as a shell reads variables.
pub const FILE: &str = "demo-keys.env";

/// A key to be made.
#[derive(Debug)]
pub struct Wanted {
    /// The variable that holds it; also its name.
    pub variable: &'static str,
    /// What may be done with it.
    pub scopes: &'static [&'static str],
    /// For which tenant.
    pub tenant: Option<&'static str>,
}

/// Makes the keys and writes them, unless both the file and the keys are there. A file whose keys the database does not have is
/// that of another database, and is written anew.
///
/// # Errors
/// If the database is away, or the file cannot be written.
pub async fn write(directory: &Path, pool: &Pool, wanted: &[Wanted]) -> Result<()> {
    let path = directory.join(FILE);
    let stored = api_key::all(pool).await?;
    let valid = |wanted: &Wanted| {
        let of = |entry: &&api_key::Entry| entry.name == wanted.variable && entry.revoked_at.is_none();
        stored.iter().any(|entry| of(&entry))
    };
    if path.exists() && wanted.iter().all(valid) {
        return Ok(());
    }
    // Keys that were made for a file that is gone could never be used again.
    for old in stored
        .iter()
        .filter(|entry| entry.revoked_at.is_none() && wanted.iter().any(|wanted| wanted.variable == entry.name))
    {
        api_key::revoke(pool, old.id).await?;
    }
    let mut text =
        String::from("# Keys of this demo, shown nowhere else. `windlass key list` tells what they may do.\n");
    for wanted in wanted {
        let new = NewKey {
            name: wanted.variable.to_owned(),
            scopes: wanted.scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            tenant: wanted.tenant.map(ToOwned::to_owned),
            created_by: Actor::own(Via::Command).user,
            ..NewKey::default()
        };
        let (key, _) = mint(pool, new).await?;
        text.push_str(&format!("{}={key}\n", wanted.variable));
    }
    write_private(&path, text.as_bytes()).map_err(|error| {
        Error::new(
            Code::ProjectInvalid,
            format!("cannot write {}: {error}", path.display()),
        )
    })?;
    report::line(format_args!("keys to try it with: {}", path.display()));
    Ok(())
}

/// Nobody else may read it, at no moment; it is whole or not there.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(unfinished, path)
}
