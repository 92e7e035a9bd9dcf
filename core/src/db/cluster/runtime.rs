//! Short folders for sockets: a Unix socket's address has 108 bytes, and a project may lie deeper than that.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::place::make;
use super::{at, failed};
use crate::error::Result;

/// The parent of all such folders when root runs Windlass.
pub const SYSTEM: &str = "/run/windlass";
/// A Unix socket's address has 108 bytes, the last of them zero; the longest name is that of the lock beside it.
const LONGEST_FOLDER: usize = 107 - "/.s.PGSQL.65535".len();

/// Makes a folder of this name for the sockets of a user who is not root. Where nothing else is said, it and its parent
/// are for that user alone.
///
/// # Errors
/// [`crate::error::Code::ClusterFailed`] if none of the places can be used.
pub fn folder(uid: u32, name: &str) -> Result<PathBuf> {
    let service = std::env::var("RUNTIME_DIRECTORY").ok();
    let service = service
        .as_deref()
        .and_then(|folders| folders.split(':').next())
        .map(PathBuf::from);
    let session = std::env::var_os("XDG_RUNTIME_DIR").map(|folder| Path::new(&folder).join("windlass"));
    let bases = service.into_iter().chain(session).filter(|base| {
        base.is_absolute()
            && base.parent().is_some_and(Path::is_dir)
            && base.as_os_str().len() + 1 + name.len() <= LONGEST_FOLDER
    });
    let mut refused = None;
    for base in bases.chain([last(uid)]) {
        match folder_below(&base, uid, name) {
            Ok(folder) => return Ok(folder),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or_else(|| failed("there is no folder for a socket")))
}

/// As [`folder`], in one place.
///
/// # Errors
/// As [`folder`].
pub fn folder_below(base: &Path, uid: u32, name: &str) -> Result<PathBuf> {
    let folder = base.join(name);
    private(base, uid).and_then(|()| private(&folder, uid)).map(|()| folder)
}

/// The parent of a user's folders where the system gives none.
#[must_use]
pub fn last(uid: u32) -> PathBuf {
    format!("/tmp/windlass-{uid}").into()
}

/// The folder of this name when root runs Windlass: others may pass, but not look around.
///
/// # Errors
/// [`crate::error::Code::ClusterFailed`] if it cannot be made.
pub fn system(name: &str) -> Result<PathBuf> {
    let base = Path::new(SYSTEM);
    make(base, 0o755)?;
    let folder = base.join(name);
    make(&folder, 0o711)?;
    Ok(folder)
}

/// Creates a folder for `uid` alone, and trusts an existing one only if nobody else writes to it: /tmp is open to
/// everybody.
fn private(folder: &Path, uid: u32) -> Result<()> {
    make(folder, 0o700)?;
    let found = folder.symlink_metadata().map_err(at("read", folder))?;
    if found.is_dir() && found.uid() == uid && found.mode() & 0o022 == 0 {
        return Ok(());
    }
    Err(failed(format!(
        "{} is to hold a socket, but others can write to it",
        folder.display()
    ))
    .with_hint("Remove it, or set XDG_RUNTIME_DIR to a folder of your own."))
}
